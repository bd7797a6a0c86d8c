"""What somebody wants to receive: by purpose and channel; without a choice, they want it."""

from dataclasses import dataclass
from datetime import datetime
from itertools import product
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from coordination import audit, proxies
from coordination.access import patient_for
from coordination.actors import Actor
from coordination.models import RelatedPersonRight
from coordination.persons import records_of_persons
from coordination.problems import Denied, NotAllowed
from notifications import evidence
from notifications.models import Channel, Preference, Purpose

Right = RelatedPersonRight.Right


class ConsentNeeded(NotAllowed):
    """Offers are sent only to patients whose consent is on file."""

    type = "messaging-consent-needed"


@dataclass(frozen=True, slots=True)
class Choice:
    """Whether one person wants messages of one purpose by one channel."""

    purpose: str
    channel: str
    wanted: bool
    patient: UUID | None = None


def choices_of(*, patient_id: UUID | None = None, actor: Actor, now: datetime) -> list[Choice]:
    """Return the actor's own choices, or those of a patient within reach (directory view).

    Raises `PatientNotFound`.
    """
    return _choices(_whose(patient_id, actor, now), patient_id, actor=actor, now=now)


def choices_by_proxy(patient_id: UUID, *, actor: Actor, now: datetime) -> list[Choice]:
    """Return a patient's choices to whoever holds the right `message` for them now.

    Raises `NotTheirProxy`, `Denied`.
    """
    proxies.demand(Right.MESSAGE, actor, patient_id, now)
    return _choices(None, patient_id, actor=actor, now=now)


def _choices(
    user_id: UUID | None, patient_id: UUID | None, *, actor: Actor, now: datetime
) -> list[Choice]:
    made = {
        (purpose, channel): wanted
        for purpose, channel, wanted in Preference.objects.filter(
            whose(user_id=user_id, patient_id=patient_id), organization_id=actor.organization_id
        )
        .order_by("changed_at", "id")
        .values_list("purpose", "channel", "wanted")
    }
    return [
        Choice(
            purpose,
            channel,
            made.get((purpose, channel), True)
            and (patient_id is None or is_permitted(patient_id, purpose, channel, now)),
            patient_id,
        )
        for purpose, channel in product(_purposes(patient_id), Channel.values)
    ]


def whose(*, user_id: UUID | None = None, patient_id: UUID | None = None) -> Q:
    """Select what a login chose, or a patient on any of their records: the latest word counts."""
    if patient_id is None:
        return Q(user=user_id, patient=None)
    return Q(user=None, patient__in=records_of_persons([patient_id]))


def is_permitted(patient_id: UUID, purpose: str, channel: str, now: datetime) -> bool:
    """Say whether a patient may be written to at all: offers need a consent that stands."""
    if purpose != Purpose.COMMERCIAL:
        return True
    return evidence.stands(patient_id, purpose=purpose, channel=channel, now=now)


def _purposes(patient_id: UUID | None) -> list[str]:
    # nobody at the clinic is sent offers
    return [one for one in Purpose.values if patient_id or one != Purpose.COMMERCIAL]


@transaction.atomic
def choose(
    *,
    purpose: str,
    channel: str,
    wanted: bool,
    patient_id: UUID | None = None,
    actor: Actor,
    now: datetime,
) -> Choice:
    """Let the actor, or a patient who told them so, receive such messages or not from now on.

    It counts for what is sent from this moment, also if it was enqueued before. Messages on which
    somebody's safety depends are sent all the same. Wanting offers takes a consent with its
    evidence (`consents.record_consent`). Raises `PatientNotFound`, `ConsentNeeded`.
    """
    user_id = _whose(patient_id, actor, now)
    if wanted and patient_id is None and purpose == Purpose.COMMERCIAL:
        raise ConsentNeeded("Only patients are sent offers.")
    choice = Choice(purpose, channel, wanted, patient_id)
    if patient_id is not None:
        _keep_evidence(choice, patient_id, means="spoken", actor=actor, now=now)
    set_wanted(
        user_id=user_id,
        patient_id=patient_id,
        purpose=purpose,
        channel=channel,
        wanted=wanted,
        actor=actor,
        now=now,
    )
    return choice


@transaction.atomic
def choose_by_proxy(
    patient_id: UUID, *, purpose: str, channel: str, wanted: bool, actor: Actor, now: datetime
) -> Choice:
    """Choose for a patient, as whoever holds the right `message` for them now.

    It counts as `choose` does, and wanting offers takes the patient's consent here too. Raises
    `NotTheirProxy`, `Denied`, `ConsentNeeded`.
    """
    proxies.demand(Right.MESSAGE, actor, patient_id, now)
    choice = Choice(purpose, channel, wanted, patient_id)
    _keep_evidence(choice, patient_id, means="online", actor=actor, now=now)
    set_wanted(
        user_id=None,
        patient_id=patient_id,
        purpose=purpose,
        channel=channel,
        wanted=wanted,
        actor=actor,
        now=now,
        basis="proxy",
    )
    return choice


def _keep_evidence(
    choice: Choice, patient_id: UUID, *, means: str, actor: Actor, now: datetime
) -> None:
    """Add a withdrawal to the history; wanting offers needs a consent that stands there."""
    if choice.wanted:
        if not is_permitted(patient_id, choice.purpose, choice.channel, now):
            raise ConsentNeeded("Record the patient's consent to such messages first.")
        return
    evidence.append(
        organization_id=actor.organization_id,
        patient_id=patient_id,
        purpose=choice.purpose,
        channel=choice.channel,
        decision="withdrawn",
        means=means,
        obtained_at=now,
        recorded_by=actor.label,
        user_id=actor.user_id,
        recorded_at=now,
    )


def set_wanted(
    *,
    user_id: UUID | None,
    patient_id: UUID | None,
    purpose: str,
    channel: str,
    wanted: bool,
    actor: Actor,
    now: datetime,
    basis: str = "",
) -> None:
    """Write the choice of one person down, for a caller who knows that it is theirs."""
    Preference.objects.bulk_create(
        [
            Preference(
                organization_id=actor.organization_id,
                user_id=user_id,
                patient_id=patient_id,
                purpose=purpose,
                channel=channel,
                wanted=wanted,
                changed_at=now,
            )
        ],
        update_conflicts=True,
        unique_fields=["organization", "user", "patient", "purpose", "channel"],
        update_fields=["wanted", "changed_at"],
    )
    audit.record(
        actor=actor,
        now=now,
        action=audit.Action.UPDATE,
        event="message-preference.chosen",
        resource="Preference",
        patient_ids=[patient_id] if patient_id else [],
        basis=basis,
        detail={"purpose": purpose, "channel": channel, "wanted": wanted},
    )


def _whose(patient_id: UUID | None, actor: Actor, now: datetime) -> UUID | None:
    if patient_id is not None:
        patient_for(actor, patient_id, now=now, view="directory")
        return None
    if actor.user_id is None:
        raise Denied("Only people have preferences.", rule="message-preference.own")
    return actor.user_id
