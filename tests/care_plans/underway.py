"""Getting a course under way, as people would, so that a test can begin where it matters."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from care_plans import courses, plans, progress, standing
from care_plans.models import (
    Assessment,
    Course,
    Lane,
    Measure,
    PathwayVersion,
    RedFlagAnswer,
    RedFlagScreen,
    Score,
    StageStay,
)
from referrals.lifecycle import perform
from referrals.models import Referral
from tests.cast import NOW, Cast, Person

#: nothing conditional is needed: physiotherapy and massage therapy remain
CALM = {
    "sitting_aggravates": False,
    "stress_affects_sleep": False,
    "sleep_affected": False,
    "pain_at_sitting_bone": True,
}
#: what newer versions ask of whoever begins, and older ones do not know
SITE = "pain_at_sitting_bone"
#: when a course was agreed that begins with a fortnight of its programme done
BEFORE = NOW - timedelta(days=14)
#: the scores with which the acute stage ends
ACUTE_EXIT: Sequence[Mapping[str, str]] = (
    {"nprs": "2", "pain_load_24h": "3", "adherence_pct": "90"},
    {"pain_load_24h": "2"},
    {"pain_load_24h": "2"},
)


def version() -> PathwayVersion:
    """Return the shipped pathway."""
    found: PathwayVersion = PathwayVersion.objects.newest("hamstring-tendinopathy")
    return found


def apply(cast: Cast, *, now: datetime = NOW, **given: Any) -> Course:
    """Open the plan and apply the pathway, as Asha, to a patient whose site it covers."""
    actor = cast.asha.actor(now)
    plan, _ = plans.open_plan(cast.patient.id, actor=actor, now=now)
    asked: dict[str, Any] = {
        "pathway_version_id": version().id,
        "severity": "mild",
        "side": "left",
        "answers": CALM,
        **given,
    }
    chosen = PathwayVersion.objects.filter(pk=asked["pathway_version_id"]).first()
    asked["answers"] = {SITE: True, **asked["answers"]}
    if chosen is not None and SITE not in chosen.definition.context:
        del asked["answers"][SITE]
    course, _ = courses.apply_pathway(plan.id, actor=actor, now=now, **asked)
    return course


def screen(
    course: Course, *, now: datetime = NOW, present: Sequence[str] = (), who: Person
) -> RedFlagScreen:
    """Record a red-flag screen that found these flags and no others."""
    found = RedFlagScreen.objects.create(
        organization_id=course.organization_id,
        patient_id=course.patient_id,
        course=course,
        practitioner_role=who.practitioner_role,
        actor=who.user.email,
        effective_at=now,
        recorded_at=now,
        digest="0" * 64,
    )
    flags = course.pathway_version.definition.screened_flags()
    RedFlagAnswer.objects.bulk_create(
        RedFlagAnswer(
            organization_id=course.organization_id,
            screen=found,
            patient_id=course.patient_id,
            flag=flag.id,
            answer="present" if flag.id in present else "absent",
            urgency=flag.urgency,
        )
        for flag in flags
    )
    return found


def score(course: Course, values: Mapping[str, str], *, now: datetime, who: Person) -> list[Score]:
    """Record one sitting."""
    sitting = Assessment.objects.create(
        organization_id=course.organization_id,
        patient_id=course.patient_id,
        course=course,
        practitioner_role=who.practitioner_role,
        actor=who.user.email,
        effective_at=now,
        recorded_at=now,
        digest="0" * 64,
    )
    written = []
    for slug, value in values.items():
        measure = Measure.objects.get(slug=slug)
        written.append(
            Score.objects.create(
                organization_id=course.organization_id,
                assessment=sitting,
                measure=measure,
                value=Decimal(value),
                side=course.side if measure.side_required else "",
            )
        )
    return written


def start(
    cast: Cast, *, now: datetime = NOW, agreed: datetime | None = None, **given: Any
) -> Course:
    """Get a course into the acute stage, as Asha; it was `agreed` then, or a while before."""
    course = apply(cast, now=agreed or now, **given)
    screen(course, now=now, who=cast.asha)
    return move(cast, course, "start", now=now)


def move(cast: Cast, course: Course, action: str, *, now: datetime, **asked: Any) -> Course:
    """Move a course, as Asha."""
    request = progress.Request(action=action, **asked)
    return progress.perform(course.id, request, actor=cast.asha.actor(now), now=now)


def meet_acute_exit(cast: Cast, course: Course, *, now: datetime) -> list[Score]:
    """Record all that the acute stage's exit asks for, and let the course be looked at."""
    written: list[Score] = []
    for place, values in enumerate(ACUTE_EXIT):
        at = now - timedelta(days=len(ACUTE_EXIT) - place)
        written += score(course, values, now=at, who=cast.asha)
    screen(course, now=now, who=cast.asha)
    standing.reassess(course.id, actor=cast.asha.actor(now), now=now)
    return written


def say_ready(cast: Cast, course: Course, *, now: datetime) -> None:
    """Let every needed lane say that it is ready."""
    people = {
        person.role.discipline: person
        for person in (cast.asha, cast.ben, cast.chloe, cast.dmitri, cast.esi, cast.farah)
        if person.role is not None
    }
    for lane in Lane.objects.filter(course=course, needed="needed"):
        sign(people[lane.discipline], lane, now=now)


def sign(
    who: Person, lane: Lane, *, now: datetime, verdict: str = "ready", reason: str = ""
) -> None:
    """Let a practitioner sign a lane off."""
    standing.sign_off(lane.id, verdict=verdict, reason=reason, actor=who.actor(now), now=now)


def lane(course: Course, discipline: str) -> Lane:
    """Return one lane of a course."""
    return Lane.objects.get(course=course, discipline=discipline)


def stay(course: Course) -> StageStay:
    """Return the open stay."""
    return StageStay.objects.get(course=course, left_at=None)


def take(cast: Cast, course: Course, who: Person, *, now: Any = NOW) -> Referral:
    """Assign the lane's referral to somebody, who accepts it."""
    found = lane(course, who.practitioner_role.discipline)
    assert found.referral_id is not None
    perform(
        found.referral_id,
        "assign",
        actor=cast.sam.actor(now),
        now=now,
        to=who.practitioner_role.id,
    )
    return perform(found.referral_id, "accept", actor=who.actor(now), now=now)


def opened(course: Course) -> list[tuple[str, str, int]]:
    """Return discipline, status and place of every referral of the patient."""
    rows = Referral.objects.filter(patient_id=course.patient_id).order_by("order")
    return [(row.discipline, row.status, row.order) for row in rows]
