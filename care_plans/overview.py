"""The whole plan on one page: a lane per discipline over all courses, with shared goals."""

from dataclasses import dataclass

from django.db.models import Prefetch

from care_plans.models import Activity, CarePlan, Course, Goal, Lane
from coordination.care_team import lead_of
from coordination.models import Discipline, PractitionerRole


@dataclass(frozen=True, slots=True)
class DisciplinePart:
    """What one discipline does on the plan: its lane of each course, with its activities."""

    discipline: str
    lanes: list[Lane]


@dataclass(frozen=True, slots=True)
class Overview:
    """A plan as everybody who works on it sees it."""

    lead: PractitionerRole | None
    courses: list[Course]
    disciplines: list[DisciplinePart]
    goals: list[Goal]


def overview(plan: CarePlan) -> Overview:
    """Gather a plan's courses, lanes, activities and goals in a constant number of queries.

    Each lane carries its activities as `in_plan`. Disciplines come in the order of their list;
    one that no course names is left out.
    """
    courses = list(Course.objects.filter(care_plan=plan).shown().order_by("applied_at", "id"))
    doing = Activity.objects.select_related("lane").order_by("sequence", "id")
    lanes = list(
        Lane.objects.filter(course__care_plan=plan)
        .shown()
        .prefetch_related(Prefetch("activities", doing, to_attr="in_plan"))
        .order_by("course__applied_at", "id")
    )
    parts = [
        DisciplinePart(discipline, [lane for lane in lanes if lane.discipline == discipline])
        for discipline in Discipline.values
    ]
    lead = lead_of(plan.patient)
    goals = Goal.objects.filter(course__care_plan=plan)
    return Overview(
        lead=lead.practitioner_role if lead else None,
        courses=courses,
        disciplines=[part for part in parts if part.lanes],
        goals=list(goals.order_by("course__applied_at", "id")),
    )
