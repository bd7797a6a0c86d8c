"""A lane that was needed for a score which was corrected or withdrawn: somebody is asked."""

from collections.abc import Iterator
from uuid import UUID

import pytest
import time_machine

from care_plans import looking_again, standing
from care_plans.models import Course, LaneDecision, PathwayVersion, Score
from notifications.models import Message
from tests import lockbox
from tests.care_plans import underway
from tests.care_plans.suggested import DAY, corrected, made, said, score, shown
from tests.cast import NOW, Cast

RULE = "lane.psychotherapy"


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    """Let requests happen at the cast's moment."""
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def course(cast: Cast) -> Course:
    """A course of the version in which one yellow flag opens psychotherapy."""
    with cast.acting():
        version = PathwayVersion.objects.get(
            pathway__slug="hamstring-tendinopathy", version="1.2.0"
        )
        return underway.start(cast, now=NOW - 10 * DAY, pathway_version_id=version.pk)


def of_sitting(cast: Cast, sitting: UUID) -> UUID:
    with cast.acting():
        return Score.objects.get(assessment=sitting).pk


def look_again(cast: Cast, course: Course) -> None:
    with cast.acting():
        standing.reassess(course.pk, actor=cast.asha.actor(), now=NOW)


@pytest.mark.feature("OM-07")
def test_a_lane_goes_on_and_the_lead_is_asked_once(cast: Cast, course: Course) -> None:
    sitting = score(cast, course, pcs=30)
    with cast.acting():
        assert underway.lane(course, "psychotherapy").needed == "needed"
    assert made(cast, RULE) == []
    corrected(cast, sitting)
    look_again(cast, course)
    with cast.acting():
        lane = underway.lane(course, "psychotherapy")
        assert lane.needed == "needed"
        assert lane.referral is not None
        assert lane.referral.status == "active"
        told = Message.objects.filter(kind="recommendation.made", channel="email")
        [message] = told.filter(subject_id=made(cast, RULE)[0].pk)
        assert message.to_practitioner_role_id == cast.asha.practitioner_role.id
    [one] = shown(cast.asha, kind="lane")
    assert (one["rule"], one["status"], one["lane"]) == (RULE, "open", "")
    assert "psychotherapy goes on" in one["then"]
    [now_is] = one["finding"]["parts"]
    assert now_is["outcome"] == "not_met"
    rows = {row["id"] for row in one["finding"]["evidence"]}
    assert rows == {str(lane.pk), str(of_sitting(cast, sitting))}


@pytest.mark.feature("CP-04")
@pytest.mark.parametrize("needed", [True, False])
def test_whatever_the_lead_decides_about_the_lane_answers_it(
    cast: Cast, course: Course, *, needed: bool
) -> None:
    corrected(cast, score(cast, course, pcs=30))
    with cast.acting():
        lane = underway.lane(course, "psychotherapy")
        standing.decide_lane(
            lane.pk,
            version=lane.version,
            needed=needed,
            reason="Asked her.",
            actor=cast.asha.actor(),
            now=NOW,
        )
    [one] = made(cast, RULE)
    assert one.status == "lapsed"


def test_that_it_goes_on_is_decided_once(cast: Cast, course: Course) -> None:
    corrected(cast, score(cast, course, pcs=30))
    [one] = made(cast, RULE)
    answered = said(cast.asha, one.pk, "decline", {"reason": "It has begun, and helps."})
    assert answered.status_code == 200, answered.content
    look_again(cast, course)
    assert [row.status for row in made(cast, RULE)] == ["declined"]
    with cast.acting():
        assert underway.lane(course, "psychotherapy").needed == "needed"


@pytest.mark.feature("OM-07")
def test_a_correction_that_calls_for_it_too_is_its_reason_from_then_on(
    cast: Cast, course: Course
) -> None:
    sitting = score(cast, course, pcs=30)
    with cast.acting():
        before = underway.lane(course, "psychotherapy")
    corrected(cast, sitting, pcs=40)
    assert made(cast, RULE) == []
    with cast.acting():
        lane = underway.lane(course, "psychotherapy")
        assert lane.needed == "needed"
        assert lane.rests_on != before.rests_on
        assert lane.version == before.version


def test_what_else_calls_for_it_is_its_reason_from_then_on(cast: Cast, course: Course) -> None:
    sitting = score(cast, course, pcs=30)
    score(cast, course, gad7=10)
    with cast.acting():
        before = underway.lane(course, "psychotherapy")
    corrected(cast, sitting)
    assert made(cast, RULE) == []
    with cast.acting():
        lane = underway.lane(course, "psychotherapy")
        assert of_sitting(cast, sitting) not in (lane.rests_on or [])
        assert lane.reason != before.reason
        said_of_it = LaneDecision.objects.filter(lane=lane).order_by("recorded_at", "id")
        assert [row.needed for row in said_of_it][-2:] == ["needed", "needed"]


def test_one_that_got_better_asks_nobody(cast: Cast, course: Course) -> None:
    score(cast, course, at=NOW - DAY, pcs=30)
    score(cast, course, pcs=10)
    with cast.acting():
        assert underway.lane(course, "psychotherapy").needed == "needed"
    assert made(cast, RULE) == []


def test_a_score_that_nobody_looked_at_since_unsettles_the_course(
    cast: Cast, course: Course
) -> None:
    sitting = score(cast, course, pcs=30)
    with cast.acting():
        one = Score.objects.get(assessment=sitting).assessment
        type(one).objects.create(
            organization_id=one.organization_id,
            patient_id=one.patient_id,
            course=course,
            practitioner_role=one.practitioner_role,
            actor=one.actor,
            effective_at=one.effective_at,
            recorded_at=NOW,
            replaces=one,
            reason="Another patient's.",
            digest="1" * 64,
        )
        [seen] = looking_again.glance([course.pk], now=NOW)
        assert not seen.is_settled(NOW)
        standing.reassess(course.pk, actor=cast.asha.actor(), now=NOW)
    assert len(made(cast, RULE)) == 1


@pytest.mark.feature("PV-02")
def test_it_says_nothing_of_a_lane_that_is_withheld(cast: Cast) -> None:
    scene = lockbox.stage(cast, hands_over=False)
    sitting = score(cast, scene.course, pcs=30)
    with cast.acting():
        lane = underway.lane(scene.course, "psychotherapy")
        type(lane).objects.filter(pk=lane.pk).update(
            needed="needed", rests_on=[of_sitting(cast, sitting)]
        )
    corrected(cast, sitting)
    [before] = shown(cast.ben, kind="lane")
    scene.lock(target="discipline", target_discipline="psychotherapy")
    assert shown(cast.ben, kind="lane") == []
    [after] = [one for one in shown(cast.ben) if one["id"] == before["id"]]
    assert after["is_withheld"]
    assert "psychotherapy" in str(before)
    assert "psychotherapy" not in str(after)
