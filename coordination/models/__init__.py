"""People, places and trust."""

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

__all__ = [
    "APPEND_ONLY",
    "AccessGrant",
    "ApiToken",
    "AuditEvent",
    "CareTeamMember",
    "DirectoryEntry",
    "Discipline",
    "Editable",
    "Event",
    "Location",
    "Membership",
    "Organization",
    "OrganizationOwned",
    "Patient",
    "PatientIdentifier",
    "Practitioner",
    "PractitionerRole",
    "User",
    "current",
    "new_id",
]
