"""The parts of `closing`: a plan with everything open, its end, and the sweeps that run meanwhile.

As a program it does one part over and over, in a process of its own: `make`, `end` or `sweep`.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from care_plans.models import Course
    from coordination.actors import Actor

#: when the plans begin; and when they end, long after every alert that they planned was due
BEGAN = datetime(2026, 1, 12, 9, tzinfo=UTC)
ENDS = BEGAN + timedelta(weeks=60)
#: said because a course has ended, or because a report on it came back
AFTERWARDS = ("course.discharged", "referral.reported", "hand-off.answered")
PATHWAY = "hamstring-tendinopathy"
SOFT_FLAG = "numbness-or-tingling"
URGENT_FLAG = "popping-sound"
#: how plans end, in turn; the last one is replaced by another condition on the same plan
OUTCOMES = ("not_achieved", "patient_left", "deceased", "new_diagnosis")


@dataclass(frozen=True)
class People:
    """Who acts: the lead, a scheduler, and another practitioner; `actor` returns one of them."""

    organization_id: UUID
    lead_role: UUID
    other_role: UUID
    lead: Callable[[datetime], "Actor"]
    scheduler: Callable[[datetime], "Actor"]


@dataclass(frozen=True)
class Kind:
    """One kind of plan: what is found on its first course, how far that is, who works on it."""

    severity: str = "mild"
    flags: tuple[str, ...] = (SOFT_FLAG,)
    is_moved: bool = False
    is_taken_up: bool = False


#: as many as have no divisor in common with the outcomes, so that each kind ends in each way
KINDS = (
    Kind(),
    Kind(severity="severe", is_taken_up=True),
    Kind(severity="moderate", flags=(), is_moved=True),
    Kind(flags=(SOFT_FLAG, URGENT_FLAG)),
    Kind(severity="moderate", flags=(), is_taken_up=True),
)


@dataclass(frozen=True)
class Plan:
    """A plan with everything open."""

    id: UUID
    patient: UUID
    courses: tuple[UUID, ...]


def open_everything(people: People, number: int) -> Plan:
    """Register a patient, and open on their plan all that a course can start, of one kind."""
    from care_plans import circumstances, hand_offs, plans, progress
    from coordination import registration
    from coordination.tenancy import acting_in

    kind = KINDS[number % len(KINDS)]
    with acting_in(people.organization_id):
        lead = people.lead(BEGAN)
        patient = registration.register_patient(
            fields={
                "family_name": f"Soak{number:06}",
                "given_name": "Test",
                "birth_date": date(1980, 1, 1),
                "email": f"soak-{number}@continuum.example",
            },
            identifiers=[registration.Identifier("medical_record", "urn:soak", f"S{number}")],
            lead_id=people.lead_role,
            actor=lead,
            now=BEGAN,
        )
        plan, _ = plans.open_plan(patient.pk, actor=lead, now=BEGAN)
        active, paused = (_begun(plan.pk, side, kind, people) for side in ("left", "both"))
        waiting = _applied(plan.pk, "right", kind, people)
        if kind.is_moved:
            onwards = progress.Request(action="advance", override=True, reason="moves on")
            progress.perform(active.pk, onwards, actor=lead, now=BEGAN)
        circumstances.record_answers(
            active.pk, answers={"only_after_exercise": True}, actor=lead, now=BEGAN
        )
        _find(active, kind.flags, people)
        _ask_somebody(active, kind, people)
        progress.perform(
            paused.pk, progress.Request(action="pause", reason="rests"), actor=lead, now=BEGAN
        )
        hand_offs.offer(patient.pk, to_id=people.other_role, because="moves", actor=lead, now=BEGAN)
        return Plan(plan.pk, patient.pk, (active.pk, paused.pk, waiting.pk))


def _applied(plan_id: UUID, side: str, kind: Kind, people: People) -> "Course":
    from care_plans import courses
    from care_plans.models import PathwayVersion

    version = PathwayVersion.objects.newest(PATHWAY)
    course, _ = courses.apply_pathway(
        plan_id,
        pathway_version_id=version.pk,
        severity=kind.severity,
        side=side,
        answers={
            "pain_at_sitting_bone": True,
            "sitting_aggravates": True,
            "stress_affects_sleep": True,
        },
        actor=people.lead(BEGAN),
        now=BEGAN,
    )
    return course


def _begun(plan_id: UUID, side: str, kind: Kind, people: People) -> "Course":
    from care_plans import progress

    course = _applied(plan_id, side, kind, people)
    _find(course, (), people)
    asked = progress.Request(action="start")
    return progress.perform(course.pk, asked, actor=people.lead(BEGAN), now=BEGAN)


def _find(course: "Course", present: Sequence[str], people: People) -> None:
    from care_plans import red_flags

    flags = course.pathway_version.definition.screened_flags()
    answers = {one.id: "present" if one.id in present else "absent" for one in flags}
    red_flags.record_screen(course.pk, answers=answers, actor=people.lead(BEGAN), now=BEGAN)


def _ask_somebody(course: "Course", kind: Kind, people: People) -> None:
    """Let a referral wait for its answer, or be worked on; the others wait in the queue."""
    from care_plans.models import Lane
    from coordination.actors import actor_for
    from coordination.models import PractitionerRole
    from referrals.lifecycle import perform

    role = PractitionerRole.objects.select_related("practitioner__user").get(pk=people.other_role)
    lane = Lane.objects.get(course=course, referral__isnull=False, discipline=role.discipline)
    assert lane.referral_id is not None
    scheduler = people.scheduler(BEGAN)
    perform(lane.referral_id, "assign", actor=scheduler, now=BEGAN, to=people.other_role)
    if kind.is_taken_up and role.practitioner.user is not None:
        theirs = actor_for(role.practitioner.user, people.organization_id, now=BEGAN)
        perform(lane.referral_id, "accept", actor=theirs, now=BEGAN)


def end(plan: Plan, number: int, people: People, *, now: datetime) -> None:
    """End a plan with everything on it, or replace what is treated by another condition."""
    from care_plans import courses, plans
    from care_plans.models import Course, PathwayVersion
    from coordination.tenancy import acting_in

    outcome = OUTCOMES[number % len(OUTCOMES)]
    with acting_in(people.organization_id):
        lead = people.lead(now)
        plans.close_plan(
            plan.id, outcome=outcome, reason="soak", end_courses=True, actor=lead, now=now
        )
        if outcome != Course.Outcome.NEW_DIAGNOSIS:
            return
        following, _ = plans.open_plan(plan.patient, actor=lead, now=now)
        courses.apply_pathway(
            following.pk,
            pathway_version_id=PathwayVersion.objects.newest(PATHWAY).pk,
            severity="severe",
            side="left",
            previous_id=plan.courses[0],
            actor=lead,
            now=now,
        )


def sweep(clock: Callable[[], datetime]) -> int:
    """Run every sweep once as beat wakes it; return how much there was to do."""
    from care_plans import consuming, lapses, safety_alerts
    from notifications import delivery

    done = sum(delivery.deliver_due(channel, clock=clock) for channel in ("email", "in_app"))
    done += delivery.requeue_stale(now=clock())  # a sweeper that was ended may hold some
    done += consuming.consume_referral_steps(now=clock())
    done += consuming.check_standings(now=clock(), most=50)
    lapses.check_lapses(now=clock())
    safety_alerts.escalate(now=clock())
    return done


def _people(told: dict[str, str]) -> People:
    from coordination.actors import actor_for
    from coordination.login_fence import login_of

    organization = UUID(told["organization"])
    lead, scheduler = (login_of(f"{name}@soak.example") for name in ("lead", "scheduler"))
    return People(
        organization_id=organization,
        lead_role=UUID(told["lead_role"]),
        other_role=UUID(told["other_role"]),
        lead=lambda now: actor_for(lead, organization, now=now),
        scheduler=lambda now: actor_for(scheduler, organization, now=now),
    )


def _set_up() -> dict[str, str]:
    """Write the clinic whose people act, and return their ids."""
    from coordination.actors import Role
    from coordination.models import (
        Location,
        Membership,
        Organization,
        Practitioner,
        PractitionerRole,
        User,
        new_id,
    )
    from coordination.tenancy import acting_in

    long_ago = BEGAN - timedelta(days=400)
    organization = Organization(
        id=new_id(), name="Soak", slug="soak", is_demo=True, created_at=long_ago
    )
    told = {"organization": str(organization.pk)}
    with acting_in(organization.pk):
        organization.save(force_insert=True)
        place = Location.objects.create(
            organization=organization, name="Soak", time_zone="America/Toronto"
        )
        for name, discipline in (
            ("lead", "physiotherapy"),
            ("other", "massage_therapy"),
            ("scheduler", ""),
        ):
            user = User(email=f"{name}@soak.example", name=name)
            user.set_unusable_password()
            user.save()
            hat = Role.PRACTITIONER if discipline else Role.SCHEDULER
            Membership.objects.create(
                organization=organization, user=user, role=hat, since=long_ago
            )
            if discipline:
                role = PractitionerRole.objects.create(
                    organization=organization,
                    practitioner=Practitioner.objects.create(
                        organization=organization, user=user, name=name, languages=["en-CA"]
                    ),
                    location=place,
                    discipline=discipline,
                    college="Test college (fictional)",
                    registration_number=f"SOAK-{name}",
                    registered_from=date(2020, 1, 1),
                )
                told[f"{name}_role"] = str(role.pk)
    return told


def _make(asked: dict[str, Any]) -> Iterator[Any]:
    """Open a plan of each kind, and take in what became of their referrals by then."""
    from care_plans import consuming

    people = _people(asked["people"])
    plans = [open_everything(people, number) for number in range(len(KINDS))]
    while consuming.consume_referral_steps(now=BEGAN):
        pass
    for number, plan in enumerate(plans):
        yield [number, str(plan.id), str(plan.patient), [str(one) for one in plan.courses]]


def _end(asked: dict[str, Any]) -> Iterator[Any]:
    people, clock = _people(asked["people"]), _clock(asked)
    for number, plan_id, patient, courses in asked["plans"]:
        plan = Plan(UUID(plan_id), UUID(patient), tuple(map(UUID, courses)))
        end(plan, number, people, now=clock())
        yield [courses, clock().isoformat()]


def _sweep(asked: dict[str, Any]) -> Iterator[Any]:
    """Sweep until there has been nothing to do for some turns, once told that all has ended."""
    clock, until = _clock(asked), asked.get("until_quiet")
    for turn in count():
        done = sweep(clock)
        if until and not done:
            yield turn
            return
        if not until and turn % 20 == 0:
            yield done


def _clock(asked: dict[str, Any]) -> Callable[[], datetime]:
    """Return a clock that runs as the wall's does, from the moment of the benchmark on."""
    begun, at = asked["wall"], datetime.fromisoformat(asked["at"])
    return lambda: at + timedelta(seconds=time.time() - begun)


def _leftovers(asked: dict[str, Any]) -> Iterator[Any]:
    from benchmarks import leftovers
    from coordination.tenancy import acting_in
    from notifications.models import Attempt, Message

    with acting_in(UUID(asked["people"]["organization"])):
        ended = {
            UUID(course): datetime.fromisoformat(at)
            for courses, at in asked["ended"]
            for course in courses
        }
        yield {
            "sent_after": leftovers.sent_after(ended),
            "still_open": leftovers.still_open(ended),
            "offers": leftovers.offers_open(UUID(one) for one in asked["patients"]),
            "sent_before": sum(leftovers.sent_after(dict.fromkeys(ended, BEGAN)).values()),
            "messages": Message.objects.count(),
            "attempts": Attempt.objects.count(),
        }


def _main() -> None:
    import django

    django.setup()
    from django.conf import settings

    settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.dummy.EmailBackend"}}
    parts: dict[str, Callable[[dict[str, Any]], Iterator[Any]]] = {
        "set_up": lambda asked: iter([_set_up()]),
        "make": _make,
        "end": _end,
        "sweep": _sweep,
        "leftovers": _leftovers,
    }
    for line in parts[sys.argv[1]](json.loads(sys.stdin.readline() or "{}")):
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    _main()
