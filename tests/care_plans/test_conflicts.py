"""Two pathways on one patient: what does not go together is listed, and one of two waits."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from care_plans import activities, resolving
from care_plans.conflicts import Doing, found
from care_plans.models import Activity, Course, PathwayVersion
from coordination.problems import Problem
from tests import lockbox
from tests.care_plans import underway
from tests.care_plans.clashing import both, decide, listed
from tests.care_plans.test_findings_at_once import together
from tests.cast import NOW, Cast

pytestmark = [pytest.mark.feature("PW-14"), pytest.mark.usefixtures("clock")]

A, B, C = (UUID(int=n) for n in (1, 2, 3))


def doing(number: int, course: UUID, **more: Any) -> Doing:
    known: dict[str, Any] = {
        "discipline": "physiotherapy",
        "text": f"Activity {number}",
        "is_loading": False,
        "side": "",
        **more,
    }
    return Doing(UUID(int=100 + number), course, **known)


def kinds(*doings: Doing) -> list[tuple[str, tuple[str, ...]]]:
    return [(one.kind, one.about) for one in found(doings)]


BRIDGE = frozenset({"bridge"})


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ({"uses": BRIDGE}, {"uses": BRIDGE}, [("duplicate", ("bridge",))]),
        ({"uses": BRIDGE}, {"cautions": BRIDGE}, [("caution", ("bridge",))]),
        ({"cautions": BRIDGE}, {"uses": BRIDGE}, [("caution", ("bridge",))]),
        ({"cautions": BRIDGE}, {"cautions": BRIDGE}, []),
        ({"loads": BRIDGE}, {"loads": BRIDGE}, [("load", ("bridge",))]),
        ({"uses": BRIDGE}, {"uses": frozenset({"squat"})}, []),
        # an exercise of the left does not replace one of the right, and a warning stays a warning
        ({"uses": BRIDGE, "side": "left"}, {"uses": BRIDGE, "side": "right"}, []),
        ({"loads": BRIDGE, "side": "left"}, {"loads": BRIDGE, "side": "right"}, []),
        (
            {"uses": BRIDGE, "side": "left"},
            {"cautions": BRIDGE, "side": "right"},
            [("caution", ("bridge",))],
        ),
        (
            {"uses": BRIDGE, "side": "both"},
            {"uses": BRIDGE, "side": "right"},
            [("duplicate", ("bridge",))],
        ),
        # the same words, whatever their case; only within one discipline
        ({"text": "Take breaks!"}, {"text": "take  breaks"}, [("duplicate", ("Take breaks!",))]),
        ({"text": "x"}, {"text": "x", "discipline": "nutrition"}, []),
        (
            {"text": "x", "side": "left"},
            {"text": "x", "side": "right"},
            [("duplicate", ("x",))],
        ),
        (
            {"text": "x", "side": "left", "is_loading": True},
            {"text": "x", "side": "right", "is_loading": True},
            [],
        ),
    ],
)
def test_it_finds_what_does_not_go_together(
    one: dict[str, Any], other: dict[str, Any], expected: list[Any]
) -> None:
    assert kinds(doing(1, A, **one), doing(2, B, **other)) == expected
    assert kinds(doing(1, A, **one), doing(2, A, **other)) == []  # one course is its own affair


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([A, B, C]),
            st.frozensets(st.sampled_from(["bridge", "squat", "hop"])),
            st.frozensets(st.sampled_from(["bridge", "squat", "hop"])),
            st.sampled_from(["", "left", "right"]),
            st.booleans(),
        ),
        max_size=8,
    ),
    st.randoms(use_true_random=False),
)
def test_the_order_in_which_they_come_changes_nothing(given_: list[Any], random: Any) -> None:
    doings = [
        doing(n, course, uses=uses, cautions=cautions, side=side, is_loading=loading)
        for n, (course, uses, cautions, side, loading) in enumerate(given_)
    ]
    before = found(doings)
    shuffled = list(doings)
    random.shuffle(shuffled)
    assert found(shuffled) == before
    assert len({one.id for one in before}) == len(before)
    courses = {one.id: one.course_id for one in doings}
    assert all(courses[one.first] != courses[one.second] for one in before)
    assert all(one.first < one.second and one.about for one in before)


# On a plan


@pytest.fixture
def two(cast: Cast) -> tuple[Course, Course]:
    return both(cast)


def test_it_lists_the_conflicts_of_two_courses_always_alike(
    cast: Cast, two: tuple[Course, Course]
) -> None:
    rows = listed(cast, two[0])
    assert rows
    assert rows == listed(cast, two[1])
    assert {row["status"] for row in rows} == {"open"}
    courses = {str(course.pk) for course in two}
    assert all({row["first"]["course"], row["second"]["course"]} == courses for row in rows)
    assert [(row["kind"], row["about"]) for row in rows] == [("duplicate", ["isometric-holds"])]


def test_a_single_course_has_none(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast)
    assert listed(cast, course) == []


def test_the_second_one_waits_until_the_lead_has_decided(
    cast: Cast, two: tuple[Course, Course]
) -> None:
    row = listed(cast, two[0])[0]
    first, second = (f"/api/v1/activities/{row[name]['id']}/begin" for name in ("first", "second"))
    begun = cast.asha.client.post(first)
    assert begun.status_code == 200, begun.content
    refused = cast.asha.client.post(second)
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (
        409,
        "activity-conflicts",
    )
    assert row["id"] in refused.json()["conflicts"]
    for each in refused.json()["conflicts"]:
        assert decide(cast, two[0], each, "keep_both").status_code == 201
    assert cast.asha.client.post(second).status_code == 200


def test_it_is_reckoned_anew_when_a_course_changes(cast: Cast, two: tuple[Course, Course]) -> None:
    before = listed(cast, two[0])
    for row in before:
        assert decide(cast, two[0], row["id"], "keep_both").status_code == 201
    with cast.acting():
        # a new stay plans other activities: what was decided about the old ones covers no new one
        underway.move(cast, two[0], "advance", now=NOW, override=True, reason="test")
        underway.move(cast, two[0], "regress", now=NOW, reason="flare-up")
    after = listed(cast, two[0])
    assert after
    assert {row["status"] for row in after} == {"open"}
    assert {row["id"] for row in after}.isdisjoint(row["id"] for row in before)
    with cast.acting():
        underway.move(cast, two[1], "discharge", now=NOW, reason="x", outcome="patient_left")
    assert listed(cast, two[0]) == []


def test_what_is_withheld_keeps_its_effect_alone(cast: Cast) -> None:
    scene = lockbox.stage(cast, hands_over=False)
    with cast.acting():
        gluteal = PathwayVersion.objects.newest("gluteal-tendinopathy")
        other = underway.start(cast, pathway_version_id=gluteal.id, answers={})
    before = listed(cast, other, cast.ben)
    assert all(row["first"] and row["second"] for row in before)
    scene.lock(target="condition", target_id=scene.course.pk)
    after = listed(cast, other, cast.ben)
    assert [row["id"] for row in after] == [row["id"] for row in before]
    assert all((row["first"] is None) or (row["second"] is None) for row in after)
    assert all(row["about"] == [] for row in after)
    assert str(scene.course.pk) not in str(after)


def test_of_two_that_begin_at_once_one_waits(committed_cast: Cast) -> None:
    cast = committed_cast
    courses = both(cast)
    row = listed(cast, courses[0])[0]
    with cast.acting():
        actor = cast.asha.actor()

    def begin(name: str) -> Any:
        mine = UUID(row[name]["id"])
        return lambda: activities.move_activity(mine, "begin", actor=actor, now=NOW)

    said = together(cast, begin("first"), begin("second"))
    assert sum(isinstance(one, Activity) for one in said) == 1
    assert [type(one) for one in said if isinstance(one, Problem)] == [resolving.ActivityConflicts]
