"""What a hand-off asks its receiver to review: kinds and ids of records, never copies."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Model, QuerySet

from care_plans.models import (
    Assessment,
    Course,
    Goal,
    Recommendation,
    RedFlag,
    RedFlagScreen,
    StageStay,
)
from coordination.access import owned_by_patient
from coordination.actors import Actor
from coordination.models import HandOff
from coordination.problems import Invalid
from referrals.models import Referral

#: each kind of record that can be named, with the path to its patient
KINDS: Mapping[str, tuple[type[Model], str]] = {
    "Course": (Course, "patient_id"),
    "StageStay": (StageStay, "course__patient_id"),
    "Assessment": (Assessment, "patient_id"),
    "RedFlagScreen": (RedFlagScreen, "patient_id"),
    "Recommendation": (Recommendation, "patient_id"),
    "Goal": (Goal, "course__patient_id"),
    "Referral": (Referral, "patient_id"),
}
MOST = 50


@dataclass(frozen=True, slots=True)
class Shown:
    """The evidence that one reader may see, and how much is withheld from them."""

    records: list[dict[str, str]]
    withheld: int


def gathered(patient_id: UUID) -> list[dict[str, str]]:
    """Return what is open or under way, what endangers the patient first.

    That is: each screen whose finding is not cleared, what waits for a decision, each course, its
    present stay and its latest assessment.
    """
    flags = RedFlag.objects.filter(patient_id=patient_id).exclude(status=RedFlag.Status.CLEARED)
    screens = dict.fromkeys(flags.order_by("due_at", "id").values_list("screen_id", flat=True))
    courses = Course.objects.filter(patient_id=patient_id).underway().order_by("applied_at", "id")
    found = [_named("RedFlagScreen", screen_id) for screen_id in screens]
    waiting = Recommendation.objects.filter(patient_id=patient_id, until=None, status="open")
    found += [
        _named("Recommendation", one)
        for one in waiting.order_by("made_at", "id").values_list("id", flat=True)
    ]
    found += [_named("Course", course_id) for course_id in courses.values_list("id", flat=True)]
    stays = StageStay.objects.filter(course__in=courses.order_by(), left_at=None).order_by("id")
    found += [_named("StageStay", stay_id) for stay_id in stays.values_list("id", flat=True)]
    latest = (
        Assessment.objects.filter(course__in=courses.order_by())
        .order_by("course_id", "-effective_at", "-id")
        .distinct("course_id")
    )
    found += [_named("Assessment", one) for one in latest.values_list("id", flat=True)]
    return found[:MOST]


def checked(
    patient_id: UUID, evidence: Sequence[Mapping[str, Any]], *, actor: Actor, now: datetime
) -> list[dict[str, str]]:
    """Return the records named, once each; raises `Invalid` for one that the actor cannot see."""
    wanted = [(str(one["kind"]), UUID(str(one["id"]))) for one in evidence]
    reached = _reached(wanted, actor, now, patient_ids=[patient_id])
    for position, named in enumerate(wanted):
        if named not in reached:
            raise Invalid.field(
                f"/evidence/{position}", "There is no such record of this patient within reach."
            )
    return [_named(kind, record_id) for kind, record_id in dict.fromkeys(wanted)]


def shown_to(actor: Actor, hand_offs: Iterable[HandOff], *, now: datetime) -> Mapping[UUID, Shown]:
    """Return what the actor may see of each hand-off's evidence, in one query for each kind."""
    wanted = list(hand_offs)
    named = {one.id: [(each["kind"], UUID(each["id"])) for each in one.evidence] for one in wanted}
    everything = [pair for pairs in named.values() for pair in pairs]
    reached = _reached(everything, actor, now, patient_ids=[one.patient_id for one in wanted])
    return {
        hand_off_id: Shown(
            [_named(*pair) for pair in pairs if pair in reached],
            sum(pair not in reached for pair in pairs),
        )
        for hand_off_id, pairs in named.items()
    }


def _reached(
    wanted: Iterable[tuple[str, UUID]], actor: Actor, now: datetime, *, patient_ids: Sequence[UUID]
) -> set[tuple[str, UUID]]:
    by_kind: dict[str, list[UUID]] = {}
    for kind, record_id in wanted:
        by_kind.setdefault(kind, []).append(record_id)
    found: set[tuple[str, UUID]] = set()
    for kind, ids in by_kind.items():
        model, path = KINDS[kind]
        rows: QuerySet[Any, Any] = QuerySet(model).filter(
            **{"pk__in": ids, f"{path}__in": list(patient_ids)}
        )
        visible = owned_by_patient(rows, actor, now, path=path)
        found |= {(kind, record_id) for record_id in visible.values_list("pk", flat=True)}
    return found


def _named(kind: str, record_id: UUID) -> dict[str, str]:
    return {"kind": kind, "id": str(record_id)}
