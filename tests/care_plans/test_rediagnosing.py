"""Another diagnosis along the differential table: a new plan of care, and the history kept."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import QuerySet

from care_plans import activities, plans, rediagnosing
from care_plans.models import (
    Activity,
    CarePlan,
    Course,
    Goal,
    Lane,
    PathwayVersion,
    Score,
    StageStay,
    StageTransition,
)
from notifications.models import Message
from referrals.models import Referral
from tests.care_plans import underway
from tests.care_plans.test_findings_at_once import together
from tests.cast import NOW, Cast, Person

DAY = timedelta(days=1)
pytestmark = [pytest.mark.feature("PW-10"), pytest.mark.usefixtures("clock")]


@pytest.fixture
def course(cast: Cast) -> Course:
    """Ten days into the acute stage of hamstring tendinopathy, something done and measured."""
    then = NOW - 10 * DAY
    with cast.acting():
        course = underway.start(cast, now=then)
        underway.score(course, {"nprs": "7"}, now=then, who=cast.asha)
        mine = Activity.objects.filter(course=course, lane__discipline="physiotherapy")
        done = mine.filter(is_loading=False).order_by("id")[0]
        for action in ("begin", "complete"):
            activities.move_activity(done.id, action, actor=cast.asha.actor(then), now=then)
        return course


def switch(course: Course, who: Person, **body: Any) -> Any:
    asked = {"reason": "The slump test is positive.", "severity": "moderate", **body}
    return who.client.post(f"/api/v1/courses/{course.pk}/switch-diagnosis", asked)


def target(course: Course, *, stub: bool = False) -> rediagnosing.Alternative:
    found = [one for one in rediagnosing.alternatives(course) if one.pathway]
    return next(one for one in found if one.is_stub is stub)


def rows_of(records: QuerySet[Any]) -> list[dict[str, Any]]:
    """Return the records in the order in which they were made: an update moves a row."""
    return list(records.order_by("pk").values())


def history(course: Course) -> dict[str, Any]:
    models: list[Any] = [StageTransition, StageStay, Goal, Lane]
    rows = {model.__name__: rows_of(model.objects.filter(course=course)) for model in models}
    done = Activity.objects.filter(course=course, status="completed")
    return rows | {"Done": rows_of(done), "Score": rows_of(Score.objects.all())}


def what_they_say(goals: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return goals without how they stand and when that changed."""
    moving = {"status", "version", "updated_at"}
    return [{name: said for name, said in goal.items() if name not in moving} for goal in goals]


def test_it_shows_the_differential_table_with_the_pathway_of_each(
    cast: Cast, course: Course
) -> None:
    shown = cast.asha.client.get(f"/api/v1/courses/{course.pk}/alternatives").json()
    with cast.acting():
        definition = course.pathway_version.definition
        newest = {
            one["pathway"]: PathwayVersion.objects.newest(one["pathway"]).version
            for one in shown
            if one["version"]
        }
    listed = [one.id for one in definition.differentials]
    assert [one["id"] for one in shown][: len(listed)] == listed
    assert all(one["clue"] and one["source"] for one in shown)
    assert newest
    assert {one["pathway"]: one["version"] for one in shown if one["version"]} == newest
    assert any(one["is_stub"] and one["pathway_version"] is None for one in shown)


def test_switching_plans_anew_and_keeps_the_history(cast: Cast, course: Course) -> None:
    with cast.acting():
        before, wanted = history(course), target(course)
        opened = Referral.objects.filter(patient_id=course.patient_id, status="active").count()
        assert opened
        waiting = Message.objects.filter(subject_id=underway.stay(course).pk, status="queued")
        assert waiting.exists()
    side = "left" if wanted.version and wanted.version.definition.condition.side_required else ""
    begun = switch(course, cast.asha, pathway=wanted.pathway, side=side)
    assert begun.status_code == 201, begun.content
    body = begun.json()
    assert (body["pathway"], body["status"], body["previous"]) == (
        wanted.pathway,
        "intake",
        str(course.pk),
    )
    with cast.acting():
        course.refresh_from_db()
        assert (course.status, course.outcome) == ("discharged", "new_diagnosis")
        kept = history(course)
        assert kept["Score"] == before["Score"]
        assert kept["Done"] == before["Done"]
        assert what_they_say(kept["Goal"]) == what_they_say(before["Goal"])
        acute = {goal["status"] for goal in kept["Goal"] if goal["stage"] == "acute"}
        assert acute == {"cancelled"}, "none was reached"
        assert kept["StageTransition"][:-1] == before["StageTransition"]
        assert kept["StageTransition"][-1]["reason"] == "The slump test is positive."
        # nothing of the old one goes on
        assert not waiting.exists()
        going_on = ["not_started", "in_progress", "on_hold"]
        assert not Activity.objects.filter(course=course, status__in=going_on).exists()
        assert not Referral.objects.filter(
            patient_id=course.patient_id, status__in=["draft", "active"]
        ).exists()
        # and the new one is planned as its pathway says
        new = Course.objects.get(pk=body["id"])
        assert new.care_plan_id == course.care_plan_id
        assert Goal.objects.filter(course=new).count() == sum(
            len(stage.goals) for stage in new.pathway_version.definition.stages.values()
        )
        assert Activity.objects.filter(course=new).exists()
        assert CarePlan.objects.count() == 1


def test_an_open_red_flag_stops_the_new_course_as_well(cast: Cast, course: Course) -> None:
    with cast.acting():
        flag = course.pathway_version.definition.red_flags[0].id
        underway.screen(course, present=[flag], who=cast.asha)
        wanted = target(course)
    side = "left" if wanted.version and wanted.version.definition.condition.side_required else ""
    begun = switch(course, cast.asha, pathway=wanted.pathway, side=side).json()
    shown = cast.asha.client.get(f"/api/v1/courses/{begun['id']}/readiness").json()
    assert shown["safety"]["outcome"] == "not_met"


def test_what_cannot_be_switched_to_changes_nothing(cast: Cast, course: Course) -> None:
    with cast.acting():
        wanted = target(course)
    side = "left" if wanted.version and wanted.version.definition.condition.side_required else ""
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"pathway": "no-such-thing"}, "/pathway"),
        ({"pathway": "hamstring-tendinopathy", "side": "left"}, "/pathway"),
        ({"reason": " "}, "/reason"),
        ({"severity": "terrible"}, "/severity"),
        ({"answers": {"nobody_asked": True}}, "/answers/nobody_asked"),
    ]
    for body, pointer in wrong:
        refused = switch(course, cast.asha, **{"pathway": wanted.pathway, "side": side, **body})
        assert refused.status_code == 400, refused.content
        assert pointer in [error["pointer"] for error in refused.json()["errors"]]
    with cast.acting():
        assert Course.objects.get().status == "active"


def test_a_stub_is_referred_on_and_an_ended_course_stays_ended(cast: Cast, course: Course) -> None:
    with cast.acting():
        stub, wanted = target(course, stub=True), target(course)
    refused = switch(course, cast.asha, pathway=stub.pathway)
    assert refused.json()["type"].rpartition(":")[2] == "pathway-is-a-stub"
    with cast.acting():
        underway.move(cast, course, "discharge", now=NOW, reason="left", outcome="patient_left")
    assert switch(course, cast.asha, pathway=wanted.pathway).status_code == 409
    with cast.acting():
        assert Course.objects.count() == 1


def test_whoever_may_not_diagnose_does_not_switch(cast: Cast, course: Course) -> None:
    with cast.acting():
        underway.take(cast, course, cast.chloe)
        wanted = target(course)
    refused = switch(course, cast.chloe, pathway=wanted.pathway, side="left")
    assert (refused.status_code, refused.json()["rule"]) == (403, "scope.course.apply")
    for who, status in (("gus", 404), ("sam", 403), ("ada", 403), ("olu", 404)):
        asked = switch(course, cast.everybody[who], pathway=wanted.pathway)
        assert asked.status_code == status
    with cast.acting():
        assert Course.objects.get().status == "active"


def test_one_of_several_switches_at_once_counts(committed_cast: Cast) -> None:
    cast = committed_cast
    with cast.acting():
        course = underway.start(cast)
        actor, wanted = cast.asha.actor(), target(course)
        assert wanted.version is not None
        side = "left" if wanted.version.definition.condition.side_required else ""
        plans.open_plan(cast.patient.id, actor=actor, now=NOW)

    def act() -> Any:
        assert wanted.pathway is not None
        return rediagnosing.switch(
            course.pk,
            pathway=wanted.pathway,
            reason="x",
            severity="mild",
            side=side,
            actor=actor,
            now=NOW,
        )

    said = together(cast, *[act] * 5)
    assert sum(isinstance(one, Course) for one in said) == 1
    with cast.acting():
        assert Course.objects.count() == 2
        assert StageTransition.objects.filter(action="discharge").count() == 1
