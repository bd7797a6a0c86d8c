"""People, places and trust."""

from .answers import KeptAnswer
from .consent import Consent, Directive, Override
from .corrections import REQUEST_MOVES, RecordRequest, StatementOfDisagreement
from .coverage import Coverage
from .duplicates import DuplicateReview, DuplicateStep
from .hand_offs import HandOff, HandOffStep
from .labels import Labels
from .logins import (
    LoginSession,
    Portal,
    PortalAccessToken,
    PortalGrant,
    PortalIdToken,
    PortalRefreshToken,
)
from .on_call import OnCallDuty
from .owned import Editable, OrganizationOwned, new_id
from .patient_words import PatientWord
from .patients import AccessGrant, CareTeamMember, Patient, PatientIdentifier, current
from .people import (
    ApiToken,
    Discipline,
    Membership,
    Practitioner,
    PractitionerRole,
    User,
)
from .places import DirectoryEntry, Location, Organization
from .policy import Denial, ScopeNarrowing
from .records import APPEND_ONLY, AuditEvent, Event
from .relations import RelatedPerson, RelatedPersonRight
from .retention import DISPOSABLE, LegalHold, RetentionPolicy
from .reviews import AccessReview, AccessSample
from .seals import AuditCheckpoint, AuditSeal
from .work import KEPT, OPEN_WORK, WORK_TRANSITIONS, WorkItem

__all__ = [
    "APPEND_ONLY",
    "DISPOSABLE",
    "KEPT",
    "OPEN_WORK",
    "REQUEST_MOVES",
    "WORK_TRANSITIONS",
    "AccessGrant",
    "AccessReview",
    "AccessSample",
    "ApiToken",
    "AuditCheckpoint",
    "AuditEvent",
    "AuditSeal",
    "CareTeamMember",
    "Consent",
    "Coverage",
    "Denial",
    "Directive",
    "DirectoryEntry",
    "Discipline",
    "DuplicateReview",
    "DuplicateStep",
    "Editable",
    "Event",
    "HandOff",
    "HandOffStep",
    "KeptAnswer",
    "Labels",
    "LegalHold",
    "Location",
    "LoginSession",
    "Membership",
    "OnCallDuty",
    "Organization",
    "OrganizationOwned",
    "Override",
    "Patient",
    "PatientIdentifier",
    "PatientWord",
    "Portal",
    "PortalAccessToken",
    "PortalGrant",
    "PortalIdToken",
    "PortalRefreshToken",
    "Practitioner",
    "PractitionerRole",
    "RecordRequest",
    "RelatedPerson",
    "RelatedPersonRight",
    "RetentionPolicy",
    "ScopeNarrowing",
    "StatementOfDisagreement",
    "User",
    "WorkItem",
    "current",
    "new_id",
]
