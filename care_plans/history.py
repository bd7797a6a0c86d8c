"""What became of a course: stages, pauses, lanes and owners, when it was so and when entered.

The moves alone tell everything: `rebuild` makes the present out of them, and what it makes is what
is stored. How long a stay lasted is counted in effective time, without the pauses in it, so an
entry that comes late changes no duration but its own.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from care_plans.disclosing import decisions_shown, disclose
from care_plans.models import (
    Course,
    Lane,
    LaneDecision,
    LaneOwner,
    SeverityChange,
    StageStay,
    StageTransition,
)
from coordination.actors import Actor
from coordination.disclosure import disclosed_to

Status = Course.Status


@dataclass(frozen=True, slots=True)
class Move:
    """What is read of a transition."""

    action: str
    from_status: str
    to_status: str
    from_stage: str | None
    to_stage: str | None
    effective_at: datetime


class HistoryBroken(Exception):
    """A move does not begin where the one before it ended."""


@dataclass(slots=True)
class Span:
    """Something that lasted: a stay in a stage, or a pause; `left_at` is None while it lasts."""

    stage: str
    entered_at: datetime
    left_at: datetime | None = None


@dataclass(slots=True)
class Rebuilt:
    """Where the moves lead."""

    status: str = Status.INTAKE
    stage: str | None = None
    started_at: datetime | None = None
    paused_at: datetime | None = None
    discharged_at: datetime | None = None
    stays: list[Span] = field(default_factory=list)
    pauses: list[Span] = field(default_factory=list)


def rebuild(moves: Iterable[Move]) -> Rebuilt:
    """Return what a course's moves, in the order in which they were recorded, make of it.

    Raises `HistoryBroken` where one does not follow from those before it.
    """
    found = Rebuilt()
    for move in moves:
        if (move.from_status, move.from_stage) != (found.status, found.stage):
            raise HistoryBroken(f"{move.action} begins at {move.from_status}/{move.from_stage}")
        _apply(found, move)
    return found


def _apply(found: Rebuilt, move: Move) -> None:
    at = move.effective_at
    if move.to_status == Status.PAUSED:
        found.pauses.append(Span(move.from_stage or "", at))
    elif move.from_status == Status.PAUSED:
        found.pauses[-1].left_at = at
    found.paused_at = at if move.to_status == Status.PAUSED else None
    if move.action in ("start", "advance", "regress") or move.to_status == Status.DISCHARGED:
        if found.stays:
            found.stays[-1].left_at = at
        if move.to_status != Status.DISCHARGED:
            found.stays.append(Span(move.to_stage or "", at))
    if move.from_status == Status.INTAKE and move.to_status == Status.ACTIVE:
        found.started_at = at
    found.discharged_at = at if move.to_status == Status.DISCHARGED else None
    found.status, found.stage = move.to_status, move.to_stage


def dwell(stay: Span, pauses: Sequence[Span], *, now: datetime) -> timedelta:
    """Return how long a stay has lasted by now, without the pauses in it."""
    end = stay.left_at or now
    rested = sum((_overlap(stay.entered_at, end, one, now) for one in pauses), timedelta())
    return max(end - stay.entered_at - rested, timedelta())


def _overlap(begin: datetime, end: datetime, pause: Span, now: datetime) -> timedelta:
    return max(min(end, pause.left_at or now) - max(begin, pause.entered_at), timedelta())


@dataclass(frozen=True, slots=True)
class Stayed:
    """One stay with both its times, and how long it lasted without pauses."""

    stage: str
    sequence: int
    entered_at: datetime
    left_at: datetime | None
    recorded_at: datetime
    days: float


@dataclass(frozen=True, slots=True)
class History:
    """A course over time, as far as the reader may know."""

    course: UUID
    as_of: datetime
    stays: list[Stayed]
    pauses: list[Span]
    severities: list[Any]
    owners: list[Any]
    lanes: list[Any]


def moves_of(course: Course) -> list[Move]:
    """Return every move of a course, the first first."""
    names = [one.name for one in fields(Move)]
    rows = StageTransition.objects.filter(course=course).order_by("recorded_at", "id")
    return [Move(*row) for row in rows.values_list(*names)]


def history(course: Course, *, actor: Actor, now: datetime) -> History:
    """Return how a course within the actor's reach went, as far as they may know."""
    pauses = rebuild(moves_of(course)).pauses
    stays = disclose(StageStay.objects.filter(course=course), actor, now).order_by("sequence")
    owners = disclose(
        LaneOwner.objects.filter(disclosed_to(Lane, actor, now, at="lane__"), course=course),
        actor,
        now,
    )
    lanes = decisions_shown(
        disclose(LaneDecision.objects.filter(course=course), actor, now), actor, now
    )
    severities = disclose(SeverityChange.objects.filter(course=course), actor, now)
    return History(
        course=course.pk,
        as_of=now,
        stays=[_stayed(stay, pauses, now) for stay in stays],
        pauses=pauses,
        severities=list(severities.order_by("effective_at", "recorded_at", "id")),
        owners=list(
            owners.select_related("lane", "practitioner_role__practitioner").order_by(
                "effective_at", "recorded_at", "id"
            )
        ),
        lanes=list(lanes.order_by("recorded_at", "id")),
    )


def _stayed(stay: StageStay, pauses: Sequence[Span], now: datetime) -> Stayed:
    lasted = dwell(Span(stay.stage, stay.entered_at, stay.left_at), pauses, now=now)
    return Stayed(
        stage=stay.stage,
        sequence=stay.sequence,
        entered_at=stay.entered_at,
        left_at=stay.left_at,
        recorded_at=stay.recorded_at,
        days=round(lasted / timedelta(days=1), 2),
    )
