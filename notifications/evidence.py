"""The history of consent to messages: what was said last, and writing down what is said now."""

from datetime import datetime
from typing import Any
from uuid import UUID

from notifications.models import MessagingConsent


def stands(patient_id: UUID, *, purpose: str, channel: str, now: datetime) -> bool:
    """Say whether the patient's latest word is a consent that has not run out."""
    latest = (
        MessagingConsent.objects.filter(patient_id=patient_id, purpose=purpose, channel=channel)
        .order_by("-recorded_at", "-id")
        .first()
    )
    if latest is None or latest.decision != MessagingConsent.Decision.GIVEN:
        return False
    return latest.expires_at is None or latest.expires_at > now


def append(**fields: Any) -> MessagingConsent:
    """Add one step to the history."""
    return MessagingConsent.objects.create(**fields)
