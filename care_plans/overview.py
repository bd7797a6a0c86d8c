"""The whole plan on one page: a lane per discipline over all courses, with shared goals."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Prefetch

from care_plans import achieving
from care_plans.disclosing import activities_shown, disclose, lanes_shown, shown
from care_plans.models import Activity, CarePlan, Course, Goal, Lane, PatientStatement
from care_plans.timetable import timed
from coordination.actors import Actor
from coordination.care_team import lead_of
from coordination.disclosure import named_to
from coordination.models import CareTeamMember, Discipline, PractitionerRole


@dataclass(frozen=True, slots=True)
class DisciplinePart:
    """What one discipline does on the plan: its lane of each course, with its activities."""

    discipline: str
    lanes: list[Lane]


@dataclass(frozen=True, slots=True)
class Overview:
    """A plan as everybody who works on it sees it."""

    previous: UUID | None
    lead: PractitionerRole | None
    courses: list[Course]
    disciplines: list[DisciplinePart]
    goals: list[Goal]
    statements: list[PatientStatement]


def overview(plan: CarePlan, *, actor: Actor, now: datetime) -> Overview:
    """Gather what a reader may know of a plan, in a constant number of queries.

    Each lane carries its activities as `in_plan` and its course as `shown_course`, None where that
    is withheld from whoever does the lane. Disciplines come in the order of their list;
    one that no course names is left out.
    """
    mine = disclose(Course.objects.filter(care_plan=plan), actor, now)
    courses = list(shown(mine, actor, now).order_by("applied_at", "id"))
    doing = activities_shown(disclose(Activity.objects.all(), actor, now), actor, now)
    worked = disclose(Lane.objects.filter(course__care_plan=plan), actor, now)
    lanes = list(
        lanes_shown(worked, actor, now)
        .prefetch_related(
            Prefetch("activities", doing.order_by("sequence", "id"), to_attr="in_plan")
        )
        .order_by("course__applied_at", "id")
    )
    known: dict[UUID, Course] = {course.pk: course for course in courses}
    for lane in lanes:
        lane.shown_course = known.get(lane.course_id)
    timed([one for lane in lanes for one in lane.in_plan], actor=actor, now=now)
    parts = [
        DisciplinePart(discipline, [lane for lane in lanes if lane.discipline == discipline])
        for discipline in Discipline.values
    ]
    lead = lead_shown(plan, actor, now)
    goals = achieving.shown(
        disclose(Goal.objects.filter(course__care_plan=plan), actor, now), actor, now
    )
    said = disclose(PatientStatement.objects.filter(care_plan=plan), actor, now)
    named = CarePlan.objects.annotate(
        previous_shown=named_to(CarePlan, actor, now, at="previous_id")
    )
    return Overview(
        previous=named.values_list("previous_shown", flat=True).get(pk=plan.pk),
        lead=lead.practitioner_role if lead else None,
        courses=courses,
        disciplines=[part for part in parts if part.lanes],
        goals=list(goals.order_by("course__applied_at", "id")),
        statements=list(said.order_by("id")),
    )


def lead_shown(plan: CarePlan, actor: Actor, now: datetime) -> CareTeamMember | None:
    """Return who leads a plan, None where nobody does or where that is withheld."""
    lead = lead_of(plan.patient)
    if lead is None or not disclose(CareTeamMember.objects.filter(pk=lead.pk), actor, now).exists():
        return None
    return lead
