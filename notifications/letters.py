"""What a mail says: the clinic, that something waits, when, and where. Never more."""

from datetime import datetime
from urllib.parse import urljoin
from zoneinfo import ZoneInfo

from django.conf import settings

from coordination.languages import ENGLISH, FRENCH, Language, language_of, notice_of
from coordination.models import Location
from coordination.phrases import DAYS, MAILS, MONTHS, in_mail
from notifications.channels.contract import Letter
from notifications.consents import unsubscribe_url
from notifications.kinds import MessageKind, Particulars
from notifications.models import Message

_TEXT = """\
{hello}

{text}

{clinic}
{since}
{link}
{privacy} {closing}{notice}
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
_QUESTION = "If you have a question, ask your clinic."
_NO_MORE = "If you would rather not get mails like this one, open this and press the button:"


def write(message: Message, kind: MessageKind, *, address: str) -> Letter:
    """Return the letter of a message whose recipient and organization are loaded.

    Patients are written to in the language of their record; staff in English, with the particulars
    of the subject.
    """
    clinic = " ".join(message.organization.name.split())
    language = language_to(message)
    told = _particulars(message, kind)
    since = spoken(told.since or message.due_at, zone_of(message), language)
    return Letter(
        message_id=message.id,
        address=address,
        subject=f"{clinic}: {in_mail(kind.subject_line, language)}",
        text=_TEXT.format(
            hello=in_mail("Hello,", language),
            text=" ".join(filter(None, [in_mail(kind.text, language), told.text])),
            clinic=in_mail("Clinic: {clinic}", language).format(clinic=clinic),
            since=in_mail("Since: {since}", language).format(since=since),
            link=_link(message),
            privacy=in_mail("To protect privacy, this mail says no more than that.", language),
            closing=_closing(message, kind, language),
            notice=_notice(language),
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


def language_to(message: Message) -> Language:
    """Return the language in which a message is written: that of the patient to whom it goes."""
    return language_of(message.to_patient.language) if message.to_patient is not None else ENGLISH


def spoken(moment: datetime, zone: ZoneInfo, language: Language = ENGLISH) -> str:
    """Return a moment as people write it: `Monday 23 November 2026, 10:00 (EST)`."""
    there = moment.astimezone(zone)
    if language == FRENCH:
        day, month = DAYS[there.weekday()], MONTHS[there.month]
        number = "1er" if there.day == 1 else there.day
        return f"{day} {number} {month} {there:%Y, %H h %M (%Z)}"
    return f"{there:%A} {there.day} {there:%B %Y, %H:%M (%Z)}"


def _particulars(message: Message, kind: MessageKind) -> Particulars:
    if kind.particulars is None or message.to_patient_id is not None:
        return Particulars()
    return kind.particulars(message.subject_id, message.occurrence)


def _link(message: Message) -> str:
    # a patient has no login here: a link that opens nothing for them would only worry them
    if message.to_patient_id is not None:
        return ""
    return _LINK.format(link=urljoin(f"{settings.PUBLIC_URL}/", message.path.lstrip("/")))


def _notice(language: Language) -> str:
    found = notice_of(MAILS, language)
    return f"\n\n{found}" if found else ""


def _closing(message: Message, kind: MessageKind, language: Language) -> str:
    if message.to_patient_id is not None:
        question, no_more = in_mail(_QUESTION, language), in_mail(_NO_MORE, language)
        return f"{question} {no_more}\n{unsubscribe_url(message)}"
    return _STAFF if kind.safety else _STAFF_CHOICE
