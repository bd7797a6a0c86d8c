"""A request for a discipline's work, and everything that is kept of its life."""

from .records import ReferralReport, ReferralTransition, RoutingDecision
from .referral import REQUEST_TRANSITIONS, Referral

__all__ = [
    "REQUEST_TRANSITIONS",
    "Referral",
    "ReferralReport",
    "ReferralTransition",
    "RoutingDecision",
]
