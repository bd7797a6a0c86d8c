"""Consent to messages, with its evidence; and opting out in one step from the message itself.

Messages about somebody's care and offers are different purposes with separate opt-outs. Care needs
no consent but heeds an opt-out; an offer is sent only while a consent stands.
"""

from datetime import datetime
from urllib.parse import urljoin
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.db.models import QuerySet

from coordination import audit
from coordination.access import must_go_on, owned_by_patient, patient_for
from coordination.actors import Actor
from coordination.problems import Invalid, NotFound
from coordination.tenancy import acting_in
from notifications import evidence
from notifications.models import Message, MessagingConsent
from notifications.preferences import set_wanted

Basis = MessagingConsent.Basis
_SALT = "notifications.unsubscribe"


class LinkBroken(NotFound):
    """This is no link that this server wrote."""

    type = "link-broken"


def consents_visible_to(
    actor: Actor, now: datetime
) -> QuerySet[MessagingConsent, MessagingConsent]:
    """Return the history of patients within reach (directory view)."""
    return owned_by_patient(MessagingConsent.objects.all(), actor, now, view="directory")


@transaction.atomic
def record_consent(
    patient_id: UUID,
    *,
    purpose: str,
    channel: str,
    basis: str,
    means: str,
    evidence_at: str,
    wording: str = "",
    obtained_at: datetime | None = None,
    expires_at: datetime | None = None,
    actor: Actor,
    now: datetime,
) -> MessagingConsent:
    """Record that a patient agreed to messages of one purpose by one channel, and the proof.

    Express consent names the version of the words, implied consent the moment when it runs out:
    which one that is, the clinic decides. An opt-out is lifted by express consent alone, and only
    by one obtained after it. Raises `PatientNotFound`, `Invalid`.
    """
    patient = patient_for(actor, patient_id, now=now, view="directory")
    must_go_on(patient)
    at = obtained_at or now
    if at > now:
        raise Invalid.field("/obtained_at", "This lies in the future.")
    if basis == Basis.EXPRESS and not wording.strip():
        raise Invalid.field("/wording", "Express consent names the words agreed to.")
    if basis == Basis.IMPLIED and expires_at is None:
        raise Invalid.field("/expires_at", "Implied consent runs out: say when.")
    if expires_at is not None and expires_at <= at:
        raise Invalid.field("/expires_at", "It runs out after it was obtained.")
    row = evidence.append(
        organization_id=actor.organization_id,
        patient=patient,
        purpose=purpose,
        channel=channel,
        decision=MessagingConsent.Decision.GIVEN,
        basis=basis,
        means=means,
        wording=wording,
        evidence=evidence_at,
        obtained_at=at,
        expires_at=expires_at,
        recorded_by=actor.label,
        user_id=actor.user_id,
        recorded_at=now,
    )
    if evidence.stands(patient.pk, purpose=purpose, channel=channel, now=now):
        set_wanted(
            user_id=None,
            patient_id=patient.pk,
            purpose=purpose,
            channel=channel,
            wanted=True,
            actor=actor,
            now=now,
        )
    audit.record(
        actor=actor,
        now=now,
        action=audit.Action.CREATE,
        event="messaging-consent.given",
        resource="MessagingConsent",
        resource_id=row.pk,
        patient_ids=[patient.pk],
        detail={"purpose": purpose, "channel": channel, "basis": basis},
    )
    return row


def unsubscribe_url(message: Message) -> str:
    """Return the address that opts the recipient out of the message's purpose and channel.

    It names the message and the organization, signed; nobody's name, id or health.
    """
    token = signing.dumps([str(message.organization_id), str(message.pk)], salt=_SALT)
    return urljoin(f"{settings.PUBLIC_URL}/", f"unsubscribe/{token}")


def message_behind(token: str) -> Message:
    """Return the message whose link this is; call it inside `acting_in` of `organization_in`."""
    message = Message.objects.filter(pk=_read(token)[1]).first()
    if message is None:
        raise LinkBroken("This link leads nowhere.")
    found: Message = message
    return found


def organization_in(token: str) -> UUID:
    """Return which organization wrote the link; raises `LinkBroken` unless we signed it."""
    return _read(token)[0]


def unsubscribe(token: str, *, now: datetime) -> None:
    """Opt the recipient out of the message's purpose by its channel, from now on.

    It holds for whatever is claimed next. A repeat changes nothing. Raises `LinkBroken`.
    """
    organization_id = organization_in(token)
    with acting_in(organization_id):
        message = message_behind(token)
        actor = Actor.system("notifications.unsubscribe", organization_id)
        if message.to_patient_id is not None:
            _withdraw(message, message.to_patient_id, actor, now)
        set_wanted(
            user_id=None if message.to_patient_id else message.person,
            patient_id=message.to_patient_id,
            purpose=message.purpose,
            channel=message.channel,
            wanted=False,
            actor=actor,
            now=now,
        )


def _withdraw(message: Message, patient_id: UUID, actor: Actor, now: datetime) -> None:
    evidence.append(
        organization_id=actor.organization_id,
        patient_id=patient_id,
        purpose=message.purpose,
        channel=message.channel,
        decision=MessagingConsent.Decision.WITHDRAWN,
        means=MessagingConsent.Means.LINK,
        evidence=f"message {message.pk}",
        obtained_at=now,
        recorded_by=actor.label,
        recorded_at=now,
    )


def _read(token: str) -> tuple[UUID, UUID]:
    try:
        organization, message = signing.loads(token, salt=_SALT)
        return UUID(organization), UUID(message)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise LinkBroken("This link leads nowhere.") from error
