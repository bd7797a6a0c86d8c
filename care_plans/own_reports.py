"""What patients may report of themselves, and which course it counts for."""

from collections.abc import Collection, Iterable
from uuid import UUID

from care_plans.content.asking import measures_asked
from care_plans.models import Course, Measure
from coordination.models import Patient
from coordination.problems import Denied, Invalid


def course_reported(
    patient: Patient, course_id: UUID | None, measures: Collection[str]
) -> Course | None:
    """Return the course that a report counts for: the one named, or the only one under way.

    Raises `Invalid` that says which can be named, unless it is a course of the patient that goes on
    and whose pathway asks for one of the measures. What may call somebody for help is heard in any
    case, and counts for none then.
    """
    rows = Course.objects.underway().filter(patient=patient).order_by("applied_at", "id")
    if course_id is None:
        return rows[0] if len(rows[:2]) == 1 else None
    asking = [
        course
        for course in rows.select_related("pathway_version").defer("pathway_version__content")
        if not measures_asked(course.pathway_version.definition).isdisjoint(measures)
    ]
    for course in asking:
        if course.pk == course_id:
            return course
    if any(one.definition.safety for one in Measure.objects.filter(slug__in=measures)):
        return None
    named = ", ".join(f"{course.pk} ({_called(course)})" for course in asking)
    raise Invalid.field(
        "/course",
        f"It can count for: {named}."
        if named
        else "None of your courses asks for it: leave it out.",
    )


def must_be_self_reported(measures: Iterable[Measure]) -> None:
    """Raise `Denied` for a measure that a practitioner takes."""
    for measure in measures:
        if not measure.definition.self_reported:
            raise Denied(
                f"{measure.slug} is taken by a practitioner.", rule="assessment.self-reported"
            )


def _called(course: Course) -> str:
    return f"{course.condition}, {course.side}" if course.side else course.condition
