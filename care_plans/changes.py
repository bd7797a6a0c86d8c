"""What changed on a patient's plan since a practitioner last looked, as far as they may know.

What was shown at a look is kept, as ids and states. The next look compares with what is there now:
so a late entry, or one that was committed while somebody looked, is a change like any other. What
is withheld meanwhile is left out, and not told as gone.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from care_plans.disclosing import disclose
from care_plans.models import (
    CarePlan,
    Course,
    Goal,
    Lane,
    LaneSignOff,
    LastLook,
    PatientStatement,
    StageStay,
)
from coordination.access import patient_for
from coordination.actors import Actor
from coordination.consent import consents_visible_to
from coordination.models import Consent
from coordination.problems import NotAllowed, Stale

State = Mapping[str, Any]
Seen = dict[str, dict[str, dict[str, Any]]]
KINDS = ("stages", "lanes", "goals", "consents")


class NotAPractitioner(NotAllowed):
    """Only who practises has looks of their own."""

    type = "not-a-practitioner"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is not what it was; `before` is None for what was not there (or shown)."""

    id: UUID
    about: str
    course: UUID | None
    before: State | None
    after: State


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed, by kind; `state` names what was seen, to be sent back when it was read."""

    patient: UUID
    as_of: datetime
    since: datetime | None
    state: str
    changes: Mapping[str, list[Change]]


def changes_since(patient_id: UUID, *, actor: Actor, now: datetime) -> Changes:
    """Return what changed since the practitioner last looked; everything, at the first look.

    Looking alone marks nothing as seen: `mark_seen` does. Takes a constant number of queries.
    Raises `PatientNotFound`, `NotAPractitioner`.
    """
    patient_for(actor, patient_id, now=now)
    last = _last(patient_id, actor)
    present = _shown(_Reader(patient_id, actor, now))
    before: Seen = last.seen if last else {}
    return Changes(
        patient=patient_id,
        as_of=now,
        since=last.looked_at if last else None,
        state=_digest(_kept(present)),
        changes={kind: list(_differ(kind, before, present)) for kind in KINDS},
    )


@transaction.atomic
def mark_seen(patient_id: UUID, state: str, *, actor: Actor, now: datetime) -> Changes:
    """Keep that the practitioner has seen what `changes_since` named `state`.

    Raises `Stale` if something has changed since then: nothing is marked as seen that nobody saw.
    """
    patient_for(actor, patient_id, now=now)
    present = _kept(_shown(_Reader(patient_id, actor, now)))
    if _digest(present) != state:
        raise Stale("Something has changed since: look at it again.")
    LastLook.objects.bulk_create(
        [
            LastLook(
                organization_id=actor.organization_id,
                patient_id=patient_id,
                practitioner_id=_practitioner(actor),
                looked_at=now,
                seen=present,
            )
        ],
        update_conflicts=True,
        unique_fields=["organization", "patient", "practitioner"],
        update_fields=["looked_at", "seen"],
    )
    return changes_since(patient_id, actor=actor, now=now)


def _practitioner(actor: Actor) -> UUID:
    if not actor.practitioner_roles:
        raise NotAPractitioner("Only practitioners look at a plan of care.")
    found: UUID = actor.practitioner_roles[0].practitioner_id
    return found


def _last(patient_id: UUID, actor: Actor) -> LastLook | None:
    mine = LastLook.objects.filter(patient_id=patient_id, practitioner_id=_practitioner(actor))
    found: LastLook | None = mine.first()
    return found


def _digest(seen: Seen) -> str:
    return sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest()


def _differ(kind: str, before: Seen, present: Iterable["_Thing"]) -> Iterable[Change]:
    known = before.get(kind, {})
    for one in present:
        was = known.get(str(one.id))
        if one.kind == kind and was != one.state:
            yield Change(one.id, one.about, one.course, was, one.state)


@dataclass(frozen=True, slots=True)
class _Thing:
    """Something on a plan: how it is called, the course that it is part of, and how it stands."""

    kind: str
    id: UUID
    about: str
    course: UUID | None
    state: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Reader:
    """Whoever looks at a patient's plan, now."""

    patient_id: UUID
    actor: Actor
    now: datetime

    def of(self, model: Any, path: str = "course__patient_id") -> QuerySet[Any, Any]:
        """Return the patient's rows of a model that nothing withholds from the reader."""
        rows: QuerySet[Any, Any] = QuerySet(model).filter(**{path: self.patient_id})
        return disclose(rows, self.actor, self.now).order_by("id")


def _shown(reader: _Reader) -> list[_Thing]:
    """Return all that the reader may know of the patient's plans."""
    return [*_stages(reader), *_lanes(reader), *_goals(reader), *_consents(reader)]


def _kept(things: Iterable[_Thing]) -> Seen:
    """Return what is kept of a look: by kind and id, how each thing stood."""
    seen: Seen = {kind: {} for kind in KINDS}
    for one in things:
        seen[one.kind][str(one.id)] = one.state
    return seen


def _stages(reader: _Reader) -> Iterable[_Thing]:
    for plan in reader.of(CarePlan, "patient_id"):
        state = {"status": plan.status, "outcome": plan.outcome}
        yield _Thing("stages", plan.pk, "plan", None, state)
    stays = {stay.course_id: stay for stay in reader.of(StageStay).filter(left_at=None)}
    for course in reader.of(Course, "patient_id"):
        stay = stays.get(course.pk)
        state = {
            "status": course.status,
            "stage": course.stage,
            "severity": course.severity,
            "outcome": course.outcome,
            "stay": stay.sequence if stay else None,
            "standing": stay.standing if stay else None,
        }
        yield _Thing("stages", course.pk, course.condition, course.pk, state)


def _lanes(reader: _Reader) -> Iterable[_Thing]:
    said = _last_words(reader.of(LaneSignOff).filter(stay__left_at=None))
    for lane in reader.of(Lane):
        word, does_it = said.get(lane.pk), lane.practitioner_role_id
        state = {
            "needed": lane.needed,
            "practitioner_role": str(does_it) if does_it else None,
            "sign_off": str(word.pk) if word else None,
            "verdict": word.verdict if word else None,
        }
        yield _Thing("lanes", lane.pk, lane.discipline, lane.course_id, state)


def _goals(reader: _Reader) -> Iterable[_Thing]:
    for goal in reader.of(Goal):
        yield _Thing("goals", goal.pk, goal.text, goal.course_id, {"status": goal.status})
    for one in reader.of(PatientStatement, "patient_id"):
        state = {"status": one.status, "version": one.version}
        yield _Thing("goals", one.pk, one.kind, None, state)


def _consents(reader: _Reader) -> Iterable[_Thing]:
    """Yield the newest version of each agreement that the reader may know of."""
    rows = consents_visible_to(reader.actor, reader.now).filter(patient_id=reader.patient_id)
    newest: dict[UUID, Consent] = {one.agreement: one for one in rows.order_by("version", "id")}
    for one in newest.values():
        state = {
            "decision": one.decision,
            "version": one.version,
            "in_force": one.expires_at is None or one.expires_at > reader.now,
        }
        yield _Thing("consents", one.agreement, one.category, None, state)


def _last_words(rows: QuerySet[Any, Any]) -> dict[UUID, LaneSignOff]:
    return {one.lane_id: one for one in rows.order_by("effective_at", "recorded_at", "id")}
