"""What a mail says: the clinic, that something waits, when, and where. Never more."""

from datetime import datetime
from urllib.parse import urljoin
from zoneinfo import ZoneInfo

from django.conf import settings

from coordination.models import Location
from notifications.channels.contract import Letter
from notifications.consents import unsubscribe_url
from notifications.kinds import MessageKind
from notifications.models import Message

_TEXT = """\
Hello,

{text}

Clinic: {clinic}
Since: {since}
{link}
To protect privacy, this mail says no more than that. {closing}
"""

_LINK = """
You can open it here:
{link}
"""

_STAFF = "Log in to see the rest."
_STAFF_CHOICE = (
    "Log in to see the rest. If you would rather not get mails like this one, you can change your "
    "message preferences in Continuum."
)
_PATIENT = """\
If you have a question, ask your clinic. \
If you would rather not get mails like this one, open this and press the button:
{link}"""


def write(message: Message, kind: MessageKind, *, address: str) -> Letter:
    """Return the letter of a message whose recipient and organization are loaded."""
    clinic = " ".join(message.organization.name.split())
    return Letter(
        message_id=message.id,
        address=address,
        subject=f"{clinic}: {kind.subject_line}",
        text=_TEXT.format(
            text=kind.text,
            clinic=clinic,
            since=spoken(message.due_at, zone_of(message)),
            link=_link(message),
            closing=_closing(message, kind),
        ),
        unsubscribe=unsubscribe_url(message) if message.to_patient_id is not None else "",
    )


def zone_of(message: Message) -> ZoneInfo:
    """Return the zone of the recipient's location, or of the organization's first."""
    if message.to_practitioner_role is not None:
        return ZoneInfo(message.to_practitioner_role.location.time_zone)
    first = (
        Location.objects.filter(organization_id=message.organization_id)
        .order_by("id")
        .values_list("time_zone", flat=True)
        .first()
    )
    return ZoneInfo(first or "UTC")


def spoken(moment: datetime, zone: ZoneInfo) -> str:
    """Return a moment as people write it: `Monday 23 November 2026, 10:00 (EST)`."""
    there = moment.astimezone(zone)
    return f"{there:%A} {there.day} {there:%B %Y, %H:%M (%Z)}"


def _link(message: Message) -> str:
    # a patient has no login here: a link that opens nothing for them would only worry them
    if message.to_patient_id is not None:
        return ""
    return _LINK.format(link=urljoin(f"{settings.PUBLIC_URL}/", message.path.lstrip("/")))


def _closing(message: Message, kind: MessageKind) -> str:
    if message.to_patient_id is not None:
        return _PATIENT.format(link=unsubscribe_url(message))
    return _STAFF if kind.safety else _STAFF_CHOICE
