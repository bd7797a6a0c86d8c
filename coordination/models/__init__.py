"""People, places and trust."""

from .answers import KeptAnswer
from .labels import Labels
from .owned import Editable, OrganizationOwned, new_id
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
from .records import APPEND_ONLY, AuditEvent, Event
from .work import KEPT, OPEN_WORK, WORK_TRANSITIONS, WorkItem

__all__ = [
    "APPEND_ONLY",
    "KEPT",
    "OPEN_WORK",
    "WORK_TRANSITIONS",
    "AccessGrant",
    "ApiToken",
    "AuditEvent",
    "CareTeamMember",
    "DirectoryEntry",
    "Discipline",
    "Editable",
    "Event",
    "KeptAnswer",
    "Labels",
    "Location",
    "Membership",
    "Organization",
    "OrganizationOwned",
    "Patient",
    "PatientIdentifier",
    "Practitioner",
    "PractitionerRole",
    "User",
    "WorkItem",
    "current",
    "new_id",
]
