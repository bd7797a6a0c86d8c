"""The last look before sending: whether it still holds and the recipient may still be told.

A due time is a hint. Between writing and sending, an appointment moves, a plan is paused,
somebody leaves the team or has had enough of mails; so everything is asked again here.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Q

from coordination.access import View, patients_visible_to
from coordination.actors import Actor, Role, actor_for
from coordination.disclosure import something_withheld
from coordination.models import PractitionerRole, User
from notifications import letters
from notifications.channels.contract import Letter
from notifications.kinds import MessageKind, kind_named
from notifications.models import Channel, Message, Preference, Purpose
from notifications.preferences import is_permitted, whose
from notifications.recipients import Recipient


@dataclass(frozen=True, slots=True)
class Send:
    """It may go."""

    letter: Letter


@dataclass(frozen=True, slots=True)
class Suppress:
    """It may not, for this reason; the reason is kept and shown, so it tells no health data."""

    reason: str


@dataclass(frozen=True, slots=True)
class PutBack:
    """It may not yet."""

    until: datetime


Decision = Send | Suppress | PutBack


class _Withheld(Exception):
    """Carries the reason out of the questions below."""


def decide(message: Message, *, now: datetime) -> Decision:
    """Say what is to become of a claimed message, inside its organization.

    Raises `UnknownKind` when this process does not know the kind (an older version, say).
    """
    kind = kind_named(message.kind)
    verdict = kind.still_holds(message.subject_id, now)
    if verdict.not_before is not None and verdict.not_before > now:
        return PutBack(verdict.not_before)
    if not verdict.holds:
        return Suppress(verdict.reason or "no-longer-holds")
    if kind.concerns is not None and not kind.concerns(message.subject_id, _to(message), now):
        return Suppress("no-longer-concerned")
    if _is_withheld(message, kind, now):
        return Suppress("withheld")
    try:
        address = _address(message, kind, now)
        _ask_preference(message, kind, now)
    except _Withheld as withheld:
        return Suppress(str(withheld))
    return Send(letters.write(message, kind, address=address))


def _is_withheld(message: Message, kind: MessageKind, now: datetime) -> bool:
    """Say whether a directive keeps what it is about from the practitioner written to."""
    role = message.to_practitioner_role
    if role is None or message.patient_id is None or role.practitioner.user is None:
        return False
    actor = _alone(actor_for(role.practitioner.user, message.organization_id, now=now), role)
    if not something_withheld(actor, now, [message.patient_id]):
        return False
    if kind.disclosed is None:
        return True
    return not kind.disclosed(actor, now).filter(pk=message.subject_id).exists()


def _alone(actor: Actor, role: PractitionerRole) -> Actor:
    """Return the person in one role: nobody is told in it by grace of another."""
    return replace(actor, roles=frozenset({Role.PRACTITIONER}), practitioner_roles=(role,))


def _to(message: Message) -> Recipient:
    return Recipient(
        user_id=message.to_user_id,
        practitioner_role_id=message.to_practitioner_role_id,
        patient_id=message.to_patient_id,
        as_role=message.as_role,
    )


def _address(message: Message, kind: MessageKind, now: datetime) -> str:
    """Return where the recipient is reached, if they may still be told.

    Of a patient who is noted as deceased staff hears what somebody's safety depends on all the
    same: the note may be wrong.
    """
    about = message.patient
    if about is not None and about.deceased_at is not None and not kind.safety:
        raise _Withheld("deceased")
    if message.to_patient is not None:
        if message.to_patient.deceased_at is not None:
            raise _Withheld("deceased")
        return _written(message, message.to_patient.email)
    if message.to_practitioner_role is not None:
        return _written(message, _practising(message, message.to_practitioner_role, now).email)
    if message.to_user is None:  # a login that never belonged here is not to be seen
        raise _Withheld("not-a-member")
    return _written(message, _working(message, message.to_user, now).email)


def _written(message: Message, address: str) -> str:
    if message.channel == Channel.EMAIL and not address:
        raise _Withheld("no-address")
    return address


def _practising(message: Message, role: PractitionerRole, now: datetime) -> User:
    user = role.practitioner.user
    if user is None:
        raise _Withheld("no-login")
    actor = _actor(message, user, now)
    if role.id not in actor.practitioner_role_ids:
        raise _Withheld("not-registered")
    _ask_reach(message, _alone(actor, role), now, view="clinical")
    return user


def _working(message: Message, user: User, now: datetime) -> User:
    actor = _actor(message, user, now)
    if message.as_role and message.as_role not in actor.roles:
        raise _Withheld(f"no-longer-{message.as_role}")
    privacy = message.as_role == Role.PRIVACY_OFFICER
    _ask_reach(message, actor, now, view="oversight" if privacy else "directory")
    return user


def _actor(message: Message, user: User, now: datetime) -> Actor:
    actor = actor_for(user, message.organization_id, now=now)
    if not user.is_active or not actor.roles:
        raise _Withheld("not-a-member")
    return actor


def _ask_reach(message: Message, actor: Actor, now: datetime, *, view: View) -> None:
    if message.patient_id is None:
        return
    if not patients_visible_to(actor, now, view=view).filter(pk=message.patient_id).exists():
        raise _Withheld("outside-circle")


def _ask_preference(message: Message, kind: MessageKind, now: datetime) -> None:
    if kind.safety:
        return
    chosen = Preference.objects.filter(
        _whose(message), purpose=message.purpose, channel=message.channel
    )
    latest = chosen.order_by("changed_at", "id").last()
    if latest is not None and not latest.wanted:
        raise _Withheld("opted-out")
    if message.purpose == Purpose.COMMERCIAL and not _has_consented(message, now):
        raise _Withheld("no-consent")


def _has_consented(message: Message, now: datetime) -> bool:
    patient_id = message.to_patient_id
    return patient_id is not None and is_permitted(
        patient_id, message.purpose, message.channel, now
    )


def _whose(message: Message) -> Q:
    if message.to_practitioner_role is not None:
        return whose(user_id=message.to_practitioner_role.practitioner.user_id)
    if message.to_patient is not None:
        return whose(patient_id=message.to_patient.id)
    return whose(user_id=message.to_user_id)
