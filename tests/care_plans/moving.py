"""A course that six disciplines treat, and that has all it needs to move on a week later."""

from datetime import timedelta

from care_plans.models import Course
from coordination import care_team
from tests.care_plans import underway
from tests.cast import NOW, Cast

WEEK = timedelta(weeks=1)
LATER = NOW + WEEK


def circle_of(cast: Cast) -> Cast:
    """Let everybody of Riverside but Gus care for the patient."""
    with cast.acting():
        for person in (cast.ben, cast.chloe, cast.dmitri, cast.esi, cast.farah):
            care_team.join(
                cast.patient.id,
                practitioner_role_id=person.practitioner_role.id,
                actor=cast.sam.actor(),
                now=NOW,
            )
    return cast


def acute(cast: Cast) -> Course:
    """A course that has all it needs to leave the acute stage a week later."""
    course = underway.start(cast, agreed=underway.BEFORE)
    underway.meet_acute_exit(cast, course, now=LATER)
    underway.say_ready(cast, course, now=LATER)
    return course


def row(course: Course) -> tuple[object, ...]:
    found: tuple[object, ...] = Course.objects.values_list().get(pk=course.pk)
    return found
