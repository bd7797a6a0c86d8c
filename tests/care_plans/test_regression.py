"""A flare-up: the course steps back, is planned and timed anew, and its history stays."""

from datetime import timedelta
from typing import Any

import pytest

from care_plans import activities, consuming, reminders, standing
from care_plans.criteria import LaneNeeded, YellowFlagged, leaves
from care_plans.models import (
    Activity,
    Course,
    LaneSignOff,
    PathwayVersion,
    Score,
    StageStay,
    StageTransition,
)
from coordination import care_team
from notifications.models import Message
from tests.care_plans import drafts, underway
from tests.care_plans.library import CONDITIONS
from tests.cast import NOW, Cast

LATER, FLARE = NOW + timedelta(days=10), NOW + timedelta(days=17)
pytestmark = [pytest.mark.feature("CP-05"), pytest.mark.usefixtures("clock")]


@pytest.fixture
def course(cast: Cast) -> Course:
    """Return a course that met its acute exit and has been a week in the subacute stage."""
    with cast.acting():
        care_team.join(
            cast.patient.id,
            practitioner_role_id=cast.chloe.practitioner_role.id,
            actor=cast.sam.actor(),
            now=NOW,
        )
        course = underway.start(cast, agreed=underway.BEFORE)
        actor = cast.asha.actor()
        mine = Activity.objects.filter(course=course, lane__discipline="physiotherapy")
        done = mine.filter(is_loading=False).order_by("id")[0]
        for action in ("begin", "complete"):
            activities.move_activity(done.pk, action, actor=actor, now=NOW)
        underway.meet_acute_exit(cast, course, now=LATER)
        underway.say_ready(cast, course, now=LATER)
        return underway.move(cast, course, "advance", now=LATER)


def waiting(stay: StageStay) -> Any:
    return Message.objects.filter(subject_id=stay.pk, status="queued")


def kept(course: Course) -> dict[str, list[Any]]:
    rows: dict[str, Any] = {
        "moves": StageTransition.objects.filter(course=course),
        "signed": LaneSignOff.objects.filter(course=course),
        "scores": Score.objects.filter(assessment__course=course),
        "done": Activity.objects.filter(course=course, status="completed"),
        "left": StageStay.objects.filter(course=course, left_at__isnull=False),
    }
    return {name: list(found.order_by("pk").values()) for name, found in rows.items()}


@pytest.mark.parametrize("hours_late", [0, 30])
def test_a_flare_up_plans_and_times_anew_and_keeps_the_history(
    cast: Cast, course: Course, hours_late: int
) -> None:
    happened = FLARE - timedelta(hours=hours_late)
    with cast.acting():
        old, before = underway.stay(course), kept(course)
        assert set(waiting(old).values_list("kind", flat=True)) >= set(reminders.PLANNED)
        planned = Activity.objects.filter(course=course, sequence=old.sequence)
        assert planned.exists()
        underway.move(
            cast,
            course,
            "regress",
            now=FLARE,
            reason="Flare-up after sprinting.",
            effective_at=happened,
        )
        new = underway.stay(course)
        assert (new.stage, new.sequence, new.entered_at) == ("acute", old.sequence + 1, happened)
        # the history is kept, and grew by the move and the stay that ended
        after = kept(course)
        assert after["moves"][:-1] == before["moves"]
        assert after["moves"][-1]["reason"] == "Flare-up after sprinting."
        assert (after["moves"][-1]["effective_at"], after["moves"][-1]["recorded_at"]) == (
            happened,
            FLARE,
        )
        assert {name: after[name] for name in ("signed", "scores", "done")} == {
            name: before[name] for name in ("signed", "scores", "done")
        }
        assert after["left"][:-1] == before["left"]
        # what the stage had planned ends, and the stage that begins is planned
        assert set(planned.values_list("status", "because", "ended_at")) == {
            ("stopped", "The stage has ended.", FLARE)
        }
        fresh = Activity.objects.filter(course=course, sequence=new.sequence)
        acute = Activity.objects.filter(course=course, sequence=1)
        keys = {
            name: set(rows.values_list("key", flat=True))
            for name, rows in (("fresh", fresh), ("acute", acute))
        }
        assert keys["fresh"] == keys["acute"] != set()
        assert set(fresh.values_list("status", "released_at")) == {("not_started", happened)}
        # reminders of the old stay are taken back, those of the new one timed by when it happened
        assert not waiting(old).exists()
        lasting = course.pathway_version.definition.stage("acute").weeks("mild").stay.days
        assert new.expected_until == happened + timedelta(days=lasting)
        dues = {
            kind: set(waiting(new).filter(kind=kind).values_list("due_at", flat=True))
            for kind in reminders.PLANNED
        }
        assert dues[reminders.OVERDUE] == {new.expected_until}
        assert dues[reminders.REVIEW_DUE] == {new.review_at}


def test_stepping_back_again_and_looking_again_says_nothing_twice(
    cast: Cast, course: Course
) -> None:
    with cast.acting():
        underway.move(cast, course, "regress", now=FLARE, reason="Flare-up.")
        said = Message.objects.count()
    for _ in range(2):
        consuming.check_standings(now=FLARE + timedelta(hours=2))
    with cast.acting():
        assert Message.objects.filter(subject_id=underway.stay(course).pk).count() > 0
        assert Message.objects.count() == said
        assert Activity.objects.filter(course=course, sequence=3).count() == len(
            set(Activity.objects.filter(course=course, sequence=3).values_list("key", flat=True))
        )


def test_what_was_released_before_waits_anew(
    cast: Cast, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = drafts.timed(tmp_path_factory.mktemp("draft"))
    monkeypatch.setattr(PathwayVersion, "definition", property(lambda self: draft))
    with cast.acting():
        course = underway.start(cast)
        first = Activity.objects.get(course=course, key="acute-diagnose")
        for action in ("begin", "complete"):
            activities.move_activity(first.pk, action, actor=cast.asha.actor(), now=NOW)
        beside = Activity.objects.filter(course=course, key="acute-activity-modification")
        assert beside.get().released_at == NOW
        underway.move(cast, course, "advance", now=LATER, override=True, reason="x")
        underway.move(cast, course, "regress", now=FLARE, reason="Flare-up.")
        assert [row.released_at for row in beside.order_by("sequence")] == [NOW, None]


def test_psychotherapy_that_the_lead_opened_goes_on_after_a_step_back(
    cast: Cast, course: Course
) -> None:
    with cast.acting():
        lane = underway.lane(course, "psychotherapy")
        asha = cast.asha.actor(LATER)
        standing.decide_lane(
            lane.pk, version=lane.version, needed=True, reason="accepted", actor=asha, now=LATER
        )
        underway.score(course, {"tsk11": "40"}, now=LATER, who=cast.asha)
        referral = underway.lane(course, "psychotherapy").referral
        underway.move(cast, course, "regress", now=FLARE, reason="Flare-up after sprinting.")
        lane = underway.lane(course, "psychotherapy")
        assert (lane.needed, lane.decided_by) == ("needed", "pathway")
        assert "yellow flags" in lane.reason
        assert lane.referral == referral
        assert referral is not None
        referral.refresh_from_db()
        assert referral.status in ("draft", "active")


@pytest.mark.django_db
@pytest.mark.parametrize("pathway", sorted(CONDITIONS))
def test_no_stage_ends_psychotherapy_that_a_later_one_would_go_on_with(pathway: str) -> None:
    """Whatever stage a course steps back to."""
    stages = PathwayVersion.objects.newest(pathway).definition.stages
    going_on = [
        {
            ("flags", leaf.yellow_flags_at_least)
            if isinstance(leaf, YellowFlagged)
            else ("lane", leaf.needed)
            for leaf in leaves(lane.when)
            if isinstance(leaf, YellowFlagged | LaneNeeded)
        }
        for stage in stages.values()
        if (lane := stage.lanes.get("psychotherapy")) and lane.when
    ]
    if any(going_on):
        assert going_on == [{("flags", 1), ("lane", True)}] * len(going_on)
        assert stages["acute"].lanes["psychotherapy"].when is not None
