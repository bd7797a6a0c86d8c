"""Deciding about two records that may be one person, so that every decision can be undone.

A merge links one record to the other and rewrites nothing: both are read together afterwards, and
`unmerge` takes the link away. What is under way on the record that would rest must be ended by
people first, for only they can say which of two plans holds.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from care_plans.models import CarePlan, RedFlag, SafetyAlert
from care_plans.telling import tell
from coordination import audit, lockbox
from coordination.actors import Actor, Role
from coordination.models import (
    OPEN_WORK,
    DuplicateReview,
    DuplicateStep,
    HandOff,
    Patient,
    PatientIdentifier,
    WorkItem,
)
from coordination.persons import records_of_person
from coordination.problems import Denied, Invalid, NotAllowed, NotFound, Stale
from coordination.refusals import Words, actions_from
from referrals.models import Referral

Status = DuplicateReview.Status


class DuplicateReviewNotFound(NotFound):
    """No such review, or the actor is not among those who compare records."""

    type = "duplicate-review-not-found"


class StillUnderWay(NotAllowed):
    """Something is open on the record that would rest; `open` names what."""

    type = "still-under-way"


class MergedAlready(NotAllowed):
    """One of the two records takes part in another merge."""

    type = "merged-already"


@dataclass(frozen=True, slots=True)
class Move:
    """One row of the table."""

    to: DuplicateReview.Status
    needs_survivor: bool = False


MOVES: Mapping[tuple[str, str], Move] = {
    (Status.OPEN, "not-the-same"): Move(Status.DISTINCT),
    (Status.OPEN, "merge"): Move(Status.MERGED, needs_survivor=True),
    (Status.MERGED, "unmerge"): Move(Status.OPEN),
    (Status.DISTINCT, "reopen"): Move(Status.OPEN),
}
WORDS = Words(
    subject="These two records",
    pronoun="they",
    states={
        Status.OPEN: "are being compared",
        Status.MERGED: "are merged",
        Status.DISTINCT: "were told apart",
    },
    actions={
        "not-the-same": "told apart",
        "merge": "merged",
        "unmerge": "unmerged",
        "reopen": "compared again",
    },
)
HAPPENED: Mapping[str, str] = {
    "not-the-same": "told-apart",
    "merge": "merged",
    "unmerge": "unmerged",
    "reopen": "reopened",
}


@transaction.atomic
def decide(
    review_id: UUID,
    action: str,
    *,
    because: str,
    survivor_id: UUID | None = None,
    actor: Actor,
    now: datetime,
) -> DuplicateReview:
    """Take one action of `MOVES` and return the review as it is afterwards.

    `survivor_id` is the record that goes on after `merge`. Raises `DuplicateReviewNotFound`,
    `Denied`, `NotAllowed`, `Invalid`, `StillUnderWay`, `MergedAlready`, and `Stale` when somebody
    else was faster; then nothing has changed.
    """
    if Role.SCHEDULER not in actor.roles:
        raise Denied("Only a scheduler compares records.", rule=f"duplicate-review.{action}")
    seen = DuplicateReview.objects.filter(pk=review_id).first()
    if seen is None:
        raise DuplicateReviewNotFound("There is no such review.")
    # In one order, so that two decisions about the same records wait for each other; and for
    # update, so that they wait for whatever begins on either (`must_go_on`).
    pair = Patient.objects.filter(pk__in=[seen.patient_id, seen.candidate_id])
    records = {row.id: row for row in pair.select_for_update().order_by("pk")}
    review = DuplicateReview.objects.get(pk=review_id)
    move = MOVES.get((review.status, action))
    if move is None:
        raise NotAllowed(WORDS.refuse(review.status, action, actions_from(MOVES, review.status)))
    if not because.strip():
        raise Invalid.field("/because", "Say why.")
    _check_survivor(records, move, survivor_id)
    before = review.status  # as the lock shows it: somebody may have decided since `seen`
    _change(review, move, survivor_id, now=now)
    taken = _follow(review, action, records, survivor_id, now=now)
    _write(review, action, before, because, taken, actor=actor, now=now)
    if action in {"merge", "unmerge"}:
        _lock_alike(review, actor=actor, now=now)
    return review


def _check_survivor(records: Mapping[UUID, Patient], move: Move, survivor_id: UUID | None) -> None:
    if move.needs_survivor and survivor_id not in records:
        raise Invalid.field("/survivor", "One of the two records that are compared.")


def _change(
    review: DuplicateReview, move: Move, survivor_id: UUID | None, *, now: datetime
) -> None:
    changes = {
        "status": move.to,
        "survivor_id": survivor_id if move.needs_survivor else None,
        "decided_at": None if move.to == Status.OPEN else now,
    }
    unmoved = DuplicateReview.objects.filter(pk=review.pk, status=review.status)
    if unmoved.update(**changes) != 1:
        raise Stale("Somebody else decided first; look at it again.")
    for name, value in changes.items():
        setattr(review, name, value)


def _follow(
    review: DuplicateReview,
    action: str,
    records: Mapping[UUID, Patient],
    survivor_id: UUID | None,
    *,
    now: datetime,
) -> list[dict[str, Any]]:
    match action:
        case "merge":
            assert survivor_id is not None
            _link(records, survivor_id, now=now)
        case "unmerge":
            _unlink(review, now=now)
        case "not-the-same":
            return _take_parked(review)
        case "reopen":
            _give_back(review)
    return []


def _link(records: Mapping[UUID, Patient], survivor_id: UUID, *, now: datetime) -> None:
    (resting,) = (row for row in records.values() if row.id != survivor_id)
    merged = Patient.objects.filter(merged_into_id=resting.id).exists()
    if merged or any(row.merged_into_id for row in records.values()):
        raise MergedAlready("One of these records is merged with another one; undo that first.")
    under_way = list(_under_way(resting.id))
    if under_way:
        raise StillUnderWay(
            f"On the record that would rest there is still: {', '.join(under_way)}. "
            "End it first, or let that record go on.",
            open=under_way,
        )
    Patient.objects.filter(pk=resting.id, merged_into=None).update(
        merged_into=survivor_id, version=resting.version + 1, updated_at=now
    )


def _under_way(patient_id: UUID) -> Iterator[str]:
    if CarePlan.objects.filter(patient_id=patient_id, status=CarePlan.Status.OPEN).exists():
        yield "an open care plan"
    referrals = Referral.objects.filter(patient_id=patient_id)
    if referrals.filter(status__in=["draft", "active", "on_hold"]).exists():
        yield "an open referral"
    if HandOff.objects.filter(patient_id=patient_id, closed_at=None).exists():
        yield "an open hand-off"
    owed = WorkItem.objects.filter(patient_id=patient_id, status__in=OPEN_WORK)
    if owed.exclude(kind__in=["referral", "hand_off"]).exists():
        yield "other open work"
    flags = RedFlag.objects.filter(patient_id=patient_id)
    if flags.exclude(status=RedFlag.Status.CLEARED).exists():
        yield "an open red flag"
    alerts = SafetyAlert.objects.filter(patient_id=patient_id)
    if alerts.exclude(status=SafetyAlert.Status.CLOSED).exists():
        yield "an open safety alert"


def _unlink(review: DuplicateReview, *, now: datetime) -> None:
    pair = [review.patient_id, review.candidate_id]
    for row in Patient.objects.filter(pk__in=pair, merged_into__in=pair):
        Patient.objects.filter(pk=row.pk).update(
            merged_into=None, version=row.version + 1, updated_at=now
        )


def _lock_alike(review: DuplicateReview, *, actor: Actor, now: datetime) -> None:
    pair = Patient.objects.filter(pk__in=[review.patient_id, review.candidate_id])
    for records in {tuple(records_of_person(one)) for one in pair.order_by("pk")}:
        lockbox.lock_alike(records, actor=actor, now=now)


def _take_parked(review: DuplicateReview) -> list[dict[str, Any]]:
    """Take the numbers that are the other person's from the record that claimed them."""
    borne = PatientIdentifier.objects.filter(patient_id=review.candidate_id, is_parked=False)
    numbers = set(borne.values_list("system", "value"))
    taken = []
    for row in PatientIdentifier.objects.filter(patient_id=review.patient_id, is_parked=True):
        if (row.system, row.value) in numbers:
            taken.append({name: getattr(row, name) for name in _KEPT})
            row.delete()
    return taken


_KEPT = ("kind", "system", "value", "version_code")


def _give_back(review: DuplicateReview) -> None:
    latest = review.steps.filter(action="not-the-same").order_by("-recorded_at", "-id").first()
    for each in latest.identifiers if latest else []:
        PatientIdentifier.objects.create(
            organization_id=review.organization_id,
            patient_id=review.patient_id,
            is_parked=True,
            **each,
        )


def _write(
    review: DuplicateReview,
    action: str,
    before: str,
    because: str,
    taken: list[dict[str, Any]],
    *,
    actor: Actor,
    now: datetime,
) -> None:
    DuplicateStep.objects.create(
        organization_id=review.organization_id,
        review=review,
        action=action,
        from_status=before,
        to_status=review.status,
        survivor_id=review.survivor_id,
        identifiers=taken,
        because=because,
        actor=actor.label,
        user_id=actor.user_id,
        recorded_at=now,
    )
    event = f"duplicate-review.{HAPPENED[action]}"
    audit.record(
        actor=actor,
        now=now,
        action=audit.Action.ACT,
        event=event,
        resource="DuplicateReview",
        resource_id=review.id,
        patient_ids=[review.patient_id, review.candidate_id],
        detail={"survivor": str(review.survivor_id)} if review.survivor_id else None,
    )
    if action in {"merge", "unmerge"}:
        for patient_id in (review.patient_id, review.candidate_id):
            tell(
                f"patient.{HAPPENED[action]}",
                subject="Patient",
                subject_id=patient_id,
                patient_id=patient_id,
                actor=actor,
                now=now,
                detail={"review": str(review.id)},
            )
