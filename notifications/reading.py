"""Who may read what of messages: one's own inbox, and what was sent about a patient."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from coordination import audit, proxies
from coordination.access import within_reach
from coordination.actors import Actor, Role
from coordination.disclosure import EVERY_ROW, applying_to, disclosed_to, is_bound
from coordination.models import RelatedPersonRight
from coordination.problems import NotFound
from notifications.kinds import registered
from notifications.models import Message

type Messages = QuerySet[Message, Message]


class MessageNotFound(NotFound):
    """No such message, or none of this actor's."""

    type = "message-not-found"


def inbox_of(actor: Actor, now: datetime) -> Messages:
    """Return what has become visible to a person, as long as they may see whom it is about."""
    mine = Q(to_user_id=actor.user_id) | Q(to_practitioner_role_id__in=actor.practitioner_role_ids)
    about = Q(patient=None) | within_reach(actor, now, view="directory")
    if Role.PRIVACY_OFFICER in actor.roles:
        about |= within_reach(actor, now, view="oversight")
    found: Messages = Message.objects.inbox().filter(
        mine,
        about,
        Q(to_practitioner_role=None) | _disclosed(actor, now),
        organization_id=actor.organization_id,
    )
    return found


def outbox_visible_to(actor: Actor, now: datetime) -> Messages:
    """Return every message that the actor may ask after: "did it go out?".

    Practitioners may ask about the patients of their circle; schedulers about what concerns
    referrals, or was addressed to schedulers or to a patient. What a course had to say to those
    who treat is clinical and stays in the circle.
    """
    within = within_reach(actor, now) & _disclosed(actor, now)
    if Role.SCHEDULER in actor.roles:
        logistics = Q(kind__startswith="referral.") | Q(as_role=Role.SCHEDULER)
        logistics |= Q(to_patient__isnull=False)
        within |= within_reach(actor, now, view="directory") & logistics
    found: Messages = Message.objects.filter(within)
    return found


def sent_to_patient(patient_id: UUID, *, actor: Actor, now: datetime) -> Messages:
    """Return what a patient was sent, to whoever holds the right `message` for them now.

    What was locked away from everyone is left out. Raises `NotTheirProxy`, `Denied`.
    """
    proxies.demand(RelatedPersonRight.Right.MESSAGE, actor, patient_id, now)
    found: Messages = Message.objects.filter(
        _disclosed(actor, now),
        organization_id=actor.organization_id,
        to_patient_id=patient_id,
        status=Message.Status.SENT,
    )
    return found


def _disclosed(actor: Actor, now: datetime) -> Q:
    """Select the messages of which neither recipient nor subject is withheld from the actor."""
    if not is_bound(actor):
        return EVERY_ROW
    locked = Exists(applying_to(actor, now).filter(patient_id=OuterRef("patient_id")))
    subjects = Q(patient=None) | ~Q(locked)
    for kind in registered():
        if kind.disclosed is not None:
            shown = kind.disclosed(actor, now).filter(pk=OuterRef("subject_id"))
            subjects |= Q(Exists(shown), kind=kind.name)
    return subjects & disclosed_to(Message, actor, now)


@transaction.atomic
def mark_read(message_id: UUID, *, actor: Actor, now: datetime) -> Message:
    """Note that the person has read a message of theirs; the first time counts.

    Raises `MessageNotFound`.
    """
    mine = inbox_of(actor, now).filter(pk=message_id)
    changed = mine.filter(read_at=None).update(read_at=now)
    message = mine.select_related("patient").first()
    if message is None:
        raise MessageNotFound("There is no such message in your inbox.")
    # a repeat changes nothing, but shows the message all the same
    audit.record(
        actor=actor,
        now=now,
        action=audit.Action.ACT if changed else audit.Action.READ,
        event="message.read",
        resource="Message",
        resource_id=message.id,
        patient_ids=[message.patient_id] if message.patient_id else [],
    )
    return message
