"""Applying a pathway: once, on a version in force, with a side where there is one."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine

from care_plans import activities, courses, goals, plans, signing, standing
from care_plans.models import (
    Activity,
    CarePlan,
    Course,
    CourseAnswer,
    Goal,
    Lane,
    PathwayVersion,
    SeverityChange,
    StageStay,
    StageTransition,
)
from care_plans.recording import course_for
from coordination.idempotency import KeyReused
from coordination.models import Event, new_id
from coordination.problems import Denied, Invalid, NotAllowed, NotFound, VersionMismatch
from notifications.models import Message
from referrals.models import Referral
from tests.care_plans import underway
from tests.cast import NOW, Cast

LATER = NOW + timedelta(weeks=1)


def counts() -> dict[str, int]:
    models: list[Any] = [
        CarePlan,
        Course,
        CourseAnswer,
        Lane,
        Goal,
        Activity,
        StageStay,
        StageTransition,
        SeverityChange,
        Referral,
        Message,
        Event,
    ]
    return {model.__name__: model.objects.count() for model in models}


@pytest.mark.feature("PW-05")
def test_it_creates_nothing_when_applied_again(cast: Cast) -> None:
    with cast.acting():
        course = underway.apply(cast, key="apply-1")
        before = counts()
        assert underway.apply(cast, key="apply-1").id == course.id
        assert underway.apply(cast).id == course.id, "nor without a key, while it is under way"
        assert underway.apply(cast, key="apply-2").id == course.id
        assert counts() == before
        assert min(before[name] for name in ("CourseAnswer", "SeverityChange", "Event")) > 0
        underway.screen(course, who=cast.asha)
        underway.move(cast, course, "start", now=NOW)
        started = counts()
        assert underway.apply(cast, key="apply-1").id == course.id
        assert underway.apply(cast).id == course.id
        assert counts() == started
        assert min(started[name] for name in ("StageStay", "Referral", "Message")) > 0


def test_it_gives_the_first_stage_its_goals_and_the_needed_lanes_their_activities(
    cast: Cast,
) -> None:
    with cast.acting():
        course = underway.apply(cast)
        acute = course.pathway_version.definition.stage("acute")
        goals = Goal.objects.filter(course=course, stage="acute")
        assert sorted(goals.values_list("key", flat=True)) == sorted(g.id for g in acute.goals)
        pain = goals.get(key="reduce-pain")
        assert pain.measures == ["nprs"]
        assert pain.target is not None
        wanted = {
            activity.id
            for name in ("physiotherapy", "massage_therapy")
            for activity in acute.lanes[name].activities
            if activity.when is None
        }
        planned = Activity.objects.filter(course=course)
        assert set(planned.values_list("key", flat=True)) == wanted
        assert Lane.objects.filter(course=course).count() == 6


OTHERWISE: list[dict[str, Any]] = [
    {"severity": "severe"},
    {"answers": {**underway.CALM, "sitting_aggravates": True}},
]


@pytest.mark.feature("PW-05")
@pytest.mark.parametrize(
    "other", [*OTHERWISE, {"answers": {}}, {"condition": "Another name"}, {"side": "right"}]
)
def test_it_refuses_a_key_that_comes_with_other_particulars(
    cast: Cast, other: dict[str, Any]
) -> None:
    with cast.acting():
        underway.apply(cast, key="apply-1")
        before = counts()
        with pytest.raises(KeyReused) as refused:
            underway.apply(cast, key="apply-1", now=LATER, **other)
        assert refused.value.status == 422
        assert counts() == before


@pytest.mark.parametrize("other", OTHERWISE)
def test_it_refuses_other_particulars_while_a_course_is_under_way(
    cast: Cast, other: dict[str, Any]
) -> None:
    with cast.acting():
        underway.apply(cast)
        before = counts()
        with pytest.raises(courses.AlreadyUnderway) as refused:
            underway.apply(cast, now=LATER, **other)
        assert refused.value.status == 409
        assert counts() == before


def test_it_refuses_edits_once_a_course_has_ended(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast)
        underway.move(cast, course, "discharge", now=LATER, reason="x", outcome="not_achieved")
        actor = cast.asha.actor(LATER)
        lane = underway.lane(course, "physiotherapy")
        goal = Goal.objects.filter(course=course).first()
        activity = Activity.objects.filter(lane=lane).first()
        assert goal is not None
        assert activity is not None
        edit: Any = {"version": 0, "fields": {"note": "x"}, "actor": actor, "now": LATER}
        attempts: list[Callable[[], Any]] = [
            lambda: standing.decide_lane(
                lane.id, version=lane.version, needed=False, reason="x", actor=actor, now=LATER
            ),
            lambda: activities.edit_activity(activity.id, **edit | {"version": activity.version}),
            lambda: activities.move_activity(activity.id, "begin", actor=actor, now=LATER),
            lambda: goals.edit_goal(goal.id, **edit | {"version": goal.version}),
            lambda: goals.move_goal(goal.id, "achieve", actor=actor, now=LATER),
        ]
        before = counts()
        for attempt in attempts:
            with pytest.raises(NotAllowed):
                attempt()
        assert counts() == before


def test_it_looks_again_at_the_course_when_its_severity_changes(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast)
        assert underway.stay(course).checked_at == NOW
        courses.change_severity(
            course.id,
            version=Course.objects.get(pk=course.pk).version,
            severity="severe",
            reason="worse",
            actor=cast.asha.actor(LATER),
            now=LATER,
        )
        assert underway.stay(course).checked_at == LATER


def test_it_refuses_a_key_that_stands_for_something_else(cast: Cast) -> None:
    with cast.acting():
        underway.apply(cast, key="apply-1")
        before = counts()
        with pytest.raises(KeyReused):
            underway.apply(cast, key="apply-1", side="right")
        assert counts() == before


def test_it_takes_both_sides_as_two_courses_of_one_plan(cast: Cast) -> None:
    with cast.acting():
        left, right = underway.apply(cast), underway.apply(cast, side="right")
        assert left.id != right.id
        assert left.care_plan_id == right.care_plan_id


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"side": ""}, "/side"),
        ({"side": "upper"}, "/side"),
        ({"severity": "terrible"}, "/severity"),
        ({"effective_at": NOW + timedelta(minutes=1)}, "/effective_at"),
        ({"answers": {"nobody_asked": True}}, "/answers/nobody_asked"),
        ({"answers": {"sitting_aggravates": "often"}}, "/answers/sitting_aggravates"),
        ({"pathway_version_id": new_id()}, "/pathway_version"),
    ],
)
def test_it_refuses_what_it_cannot_apply_and_says_where(
    cast: Cast, given: dict[str, Any], pointer: str
) -> None:
    with cast.acting():
        actor = cast.asha.actor()
        plans.open_plan(cast.patient.id, actor=actor, now=NOW)
        before = counts()
        with pytest.raises(Invalid) as refused:
            underway.apply(cast, **given)
        assert pointer in [error.pointer for error in refused.value.errors]
        assert counts() == before


def test_it_applies_an_unsigned_version_to_synthetic_patients_only(cast: Cast) -> None:
    with cast.acting():
        type(cast.patient).objects.filter(pk=cast.patient.pk).update(is_synthetic=False)
        with pytest.raises(courses.UnsignedVersion) as refused:
            underway.apply(cast)
        assert refused.value.extra["rule"] == "pathway.signed"
        assert not Course.objects.exists()
        role = cast.asha.practitioner_role
        signing.sign(
            underway.version(),
            actor=cast.asha.actor(),
            name=role.practitioner.name,
            college=role.college,
            registration_number=role.registration_number,
            now=NOW,
        )
        assert underway.apply(cast).status == "intake"


def test_it_refuses_a_version_whose_review_is_overdue_beyond_the_time_of_grace(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    with cast.acting():
        definition = underway.version().definition
        overdue = definition.model_copy(
            update={
                "governance": definition.governance.model_copy(
                    update={"next_review_due": date(2026, 10, 23)}
                )
            }
        )
        monkeypatch.setattr(PathwayVersion, "definition", property(lambda self: overdue))
        with pytest.raises(courses.ExpiredVersion):
            underway.apply(cast)
        assert not Course.objects.exists()


def test_it_needs_a_discipline_that_may_diagnose(cast: Cast) -> None:
    with cast.acting():
        plan, _ = plans.open_plan(cast.patient.id, actor=cast.asha.actor(), now=NOW)
        join(cast, cast.chloe)
        with pytest.raises(Denied) as denied:
            courses.apply_pathway(
                plan.id,
                pathway_version_id=underway.version().id,
                severity="mild",
                side="left",
                actor=cast.chloe.actor(),
                now=NOW,
            )
        assert denied.value.rule == "scope.course.apply"
        assert not Course.objects.exists()


def join(cast: Cast, who: Any) -> None:
    from coordination import care_team

    care_team.join(
        cast.patient.id,
        practitioner_role_id=who.practitioner_role.id,
        actor=cast.sam.actor(),
        now=NOW,
    )


@pytest.mark.feature("CP-07")
@pytest.mark.parametrize(
    ("severity", "duration", "earliest", "latest"),
    [
        ("mild", "P6W/P8W", 42, 56),
        ("moderate", "P3M/P6M", 91, 183),
        ("severe", "P6M/..", 183, 365),
    ],
)
def test_it_expects_a_duration_by_severity_and_shows_what_is_overdue(
    cast: Cast, severity: str, duration: str, earliest: int, latest: int
) -> None:
    with cast.acting():
        course = underway.start(cast, severity=severity)
        stay = underway.stay(course)
        weeks = {"mild": 2, "moderate": 4, "severe": 6}[severity]
        assert stay.expected_until == NOW + timedelta(weeks=weeks)
    address = "/api/v1/courses"
    with time_machine.travel(NOW + timedelta(weeks=weeks), tick=False):
        data = cast.asha.client.get(f"{address}/{course.id}").data
        assert data["expected"]["duration"] == duration
        assert data["expected"]["earliest"][:10] == str((NOW + timedelta(days=earliest)).date())
        assert data["expected"]["latest"][:10] == str((NOW + timedelta(days=latest)).date())
        assert data["expected"]["open_ended"] is (severity == "severe")
        assert data["stay"]["overdue"] is False
        assert cast.asha.client.get(f"{address}?overdue=true").data["results"] == []
    with time_machine.travel(NOW + timedelta(weeks=weeks, seconds=1), tick=False):
        assert cast.asha.client.get(f"{address}/{course.id}").data["stay"]["overdue"] is True
        found = cast.asha.client.get(f"{address}?overdue=true").data["results"]
        assert [row["id"] for row in found] == [str(course.id)]
        assert cast.asha.client.get(f"{address}?overdue=false").data["results"] == []


def test_it_times_the_stay_anew_when_the_severity_changes_and_the_stage_stays(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast)
        course = courses.change_severity(
            course.id,
            version=course.version,
            severity="severe",
            reason="worse at night",
            effective_at=NOW + timedelta(days=1),
            actor=cast.asha.actor(LATER),
            now=LATER,
        )
        assert (course.stage, course.severity) == ("acute", "severe")
        assert underway.stay(course).expected_until == NOW + timedelta(weeks=6)
        history = SeverityChange.objects.filter(course=course).order_by("recorded_at")
        assert [(row.severity, row.effective_at, row.recorded_at) for row in history] == [
            ("mild", NOW, NOW),
            ("severe", NOW + timedelta(days=1), LATER),
        ]
        with pytest.raises(VersionMismatch):
            courses.change_severity(
                course.id,
                version=1,
                severity="mild",
                reason="",
                actor=cast.asha.actor(LATER),
                now=LATER,
            )


@pytest.mark.feature("seed-recurrence")
def test_it_links_a_course_to_the_one_before_it(cast: Cast) -> None:
    with cast.acting():
        first = underway.start(cast)
        underway.move(cast, first, "discharge", now=LATER, reason="done", outcome="not_achieved")
        second = underway.apply(cast, now=LATER)
        assert second.id != first.id
        assert second.previous_id == first.id


def test_it_opens_one_plan_only_and_none_without_a_lead(cast: Cast) -> None:
    from coordination.models import Patient

    with cast.acting():
        actor = cast.asha.actor()
        plan, is_new = plans.open_plan(cast.patient.id, actor=actor, now=NOW)
        again, is_new_again = plans.open_plan(cast.patient.id, actor=actor, now=NOW)
        assert (plan.id, is_new, is_new_again) == (again.id, True, False)
        lonely = Patient.objects.create(
            organization=cast.riverside,
            family_name="Alone",
            search_key="alone",
            registered_at=NOW,
        )
        with pytest.raises(NotFound):
            plans.open_plan(lonely.id, actor=actor, now=NOW)
        assert CarePlan.objects.count() == 1


def test_it_closes_a_plan_only_when_every_course_has_ended(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast)
        actor = cast.asha.actor(LATER)
        with pytest.raises(plans.CoursesUnderway):
            plans.close_plan(course.care_plan_id, actor=actor, now=LATER)
        underway.move(cast, course, "discharge", now=LATER, reason="x", outcome="not_achieved")
        assert plans.close_plan(course.care_plan_id, actor=actor, now=LATER).status == "closed"
        with pytest.raises(NotAllowed):
            plans.close_plan(course.care_plan_id, actor=actor, now=LATER)
        plan, is_new = plans.open_plan(cast.patient.id, actor=actor, now=LATER)
        assert is_new
        assert plan.id != course.care_plan_id


def test_it_is_missing_for_another_organization(cast: Cast) -> None:
    from coordination.tenancy import acting_in

    with cast.acting():
        course = underway.apply(cast)
    with acting_in(cast.harbour.id), pytest.raises(NotFound):
        course_for(cast.olu.actor(), course.id, now=NOW)
