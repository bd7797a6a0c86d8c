"""Who pays for how long, beside where the care stands: neither moves the other.

A payer's block is what the clinic wrote down of it (`Coverage`): a period, visits, dollars. No
stage begins or ends with it, no alert is timed by it, and no coverage changes with a stage. Where
the two do not fit, that is said, and a person decides.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from care_plans.content.pathways import PathwayDefinition
from care_plans.disclosing import disclose
from care_plans.models import CarePlan, Course, Encounter, Lane, StageStay
from care_plans.stay_dates import Dated, dates_of
from coordination.actors import Actor
from coordination.coverage import coverages_visible_to
from coordination.models import Coverage


@dataclass(frozen=True, slots=True)
class Block:
    """A payer's programme for a patient, as it stands on a day.

    `visits_used` is what the payer or the clinic entered; `visits_recorded` counts the finished
    visits here that the reader may know of: neither is made of the other.
    """

    coverage: Coverage
    is_running: bool
    day: int | None
    days: int | None
    days_left: int | None
    visits_recorded: int


@dataclass(frozen=True, slots=True)
class Clinical:
    """Where a course stands."""

    course: UUID
    condition: str
    status: str
    stage: str | None
    stage_since: datetime | None
    expected_until: datetime | None
    disciplines: list[str]
    dated: Dated | None
    definition: PathwayDefinition


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A block that does not reach as far as a stage is expected to last, or has no visits left.

    `dated` is the rule by which the stage is expected to last so long, where that is compared.
    """

    coverage: UUID
    course: UUID
    kind: str
    text: str
    definition: PathwayDefinition
    dated: Dated | None = None


@dataclass(frozen=True, slots=True)
class Funding:
    """Clinical stage and funding window, side by side."""

    as_of: datetime
    blocks: list[Block]
    courses: list[Clinical]
    mismatches: list[Mismatch]


def funding(plan: CarePlan, *, actor: Actor, now: datetime) -> Funding:
    """Return a plan's courses beside the patient's coverages, as far as the reader may know.

    Takes a constant number of queries, and changes nothing.
    """
    today = now.date()
    visits = _visits(plan, actor, now)
    rows = coverages_visible_to(actor, now).filter(patient_id=plan.patient_id)
    blocks = [_block(one, visits, today) for one in rows.order_by("starts_on", "id")]
    courses = list(_courses(plan, actor, now))
    mismatches = [one for block in blocks for course in courses for one in _judged(block, course)]
    return Funding(now, blocks, courses, mismatches)


def _visits(plan: CarePlan, actor: Actor, now: datetime) -> list[tuple[date, str]]:
    rows = Encounter.objects.filter(patient_id=plan.patient_id, status=Encounter.Status.FINISHED)
    found = disclose(rows, actor, now).values_list("started_at", "practitioner_role__discipline")
    return [(at.astimezone(UTC).date(), discipline) for at, discipline in found]


def _block(coverage: Coverage, visits: Iterable[tuple[date, str]], today: date) -> Block:
    begin, end = coverage.starts_on, coverage.ends_on
    recorded = sum(
        begin <= day <= (end or today) and coverage.discipline in ("", discipline)
        for day, discipline in visits
    )
    running = begin <= today and (end is None or today <= end)
    return Block(
        coverage=coverage,
        is_running=running,
        day=(today - begin).days + 1 if running else None,
        days=(end - begin).days + 1 if end else None,
        days_left=max((end - today).days, 0) if end else None,
        visits_recorded=recorded,
    )


def _courses(plan: CarePlan, actor: Actor, now: datetime) -> Iterator[Clinical]:
    lanes: dict[UUID, list[str]] = {}
    needed = Lane.objects.filter(course__care_plan=plan, needed=Lane.Needed.NEEDED)
    for course_id, discipline in (
        disclose(needed, actor, now).order_by("discipline").values_list("course_id", "discipline")
    ):
        lanes.setdefault(course_id, []).append(discipline)
    open_now = disclose(StageStay.objects.filter(left_at=None), actor, now)
    stays: dict[UUID, Any] = {
        stay.course_id: stay for stay in open_now.filter(course__care_plan=plan)
    }
    courses = disclose(Course.objects.filter(care_plan=plan).underway(), actor, now)
    for course in courses.prefetch_related("pathway_version").order_by("applied_at", "id"):
        stay = stays.get(course.pk)
        yield Clinical(
            course=course.pk,
            condition=course.condition,
            status=course.status,
            stage=course.stage,
            stage_since=stay.entered_at if stay else None,
            expected_until=stay.expected_until if stay else None,
            disciplines=lanes.get(course.pk, []),
            dated=next(dates_of(stay, course)) if stay else None,
            definition=course.pathway_version.definition,
        )


def _judged(block: Block, course: Clinical) -> Iterator[Mismatch]:
    """Say where a running block does not fit a course that it may pay for."""
    coverage = block.coverage
    if not block.is_running or coverage.discipline not in ("", *course.disciplines):
        return
    if coverage.ends_on is not None and course.expected_until is not None:
        end = datetime.combine(coverage.ends_on, time(), tzinfo=UTC) + timedelta(days=1)
        if end < course.expected_until:
            yield Mismatch(
                coverage.pk,
                course.course,
                "window_ends_first",
                f"The funding window ends on {coverage.ends_on:%Y-%m-%d}, before the stage is "
                f"expected to, on {course.expected_until:%Y-%m-%d}: neither was moved.",
                course.definition,
                course.dated,
            )
    if coverage.sessions_left == 0:
        yield Mismatch(
            coverage.pk,
            course.course,
            "no_visits_left",
            "No funded visits are left, and the stage goes on: neither was moved.",
            course.definition,
        )
