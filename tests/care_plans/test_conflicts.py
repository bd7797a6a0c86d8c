"""Two pathways on one patient: what does not go together is listed, and the lead decides."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, ProgrammingError, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from care_plans import activities, conflicts, resolving
from care_plans.conflicts import Doing, found
from care_plans.models import Activity, ConflictDecision, Course, PathwayVersion
from coordination.problems import NotAllowed, Problem
from tests import lockbox
from tests.care_plans import underway
from tests.care_plans.test_findings_at_once import together
from tests.cast import NOW, Cast, Person

DAY = timedelta(days=1)
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


def both(cast: Cast) -> tuple[Course, Course]:
    """Start hamstring and gluteal tendinopathy on the left side of one patient."""
    with cast.acting():
        gluteal = PathwayVersion.objects.newest("gluteal-tendinopathy")
        courses = (
            underway.start(cast),
            underway.start(cast, pathway_version_id=gluteal.id, answers={}),
        )
        assert courses[0].care_plan_id == courses[1].care_plan_id
        return courses


@pytest.fixture
def two(cast: Cast) -> tuple[Course, Course]:
    return both(cast)


def listed(cast: Cast, course: Course, who: Person | None = None) -> list[Any]:
    at = f"/api/v1/care-plans/{course.care_plan_id}/conflicts"
    answered = (who or cast.asha).client.get(at)
    assert answered.status_code == 200, answered.content
    rows: list[Any] = answered.json()
    return rows


def decide(cast: Cast, course: Course, conflict: str, decision: str, **more: Any) -> Any:
    body = {"conflict": conflict, "decision": decision, "reason": "Discussed.", **more}
    who: Person = body.pop("who", cast.asha)
    return who.client.post(f"/api/v1/care-plans/{course.care_plan_id}/decide-conflict", body)


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


def test_keeping_one_stops_the_other_and_the_conflict_is_gone(
    cast: Cast, two: tuple[Course, Course]
) -> None:
    row = listed(cast, two[0])[0]
    kept = decide(cast, two[0], row["id"], "keep_first")
    assert kept.status_code == 201, kept.content
    with cast.acting():
        stopped = Activity.objects.get(pk=row["second"]["id"])
        assert (stopped.status, stopped.because) == ("stopped", resolving.INSTEAD)
        assert Activity.objects.get(pk=row["first"]["id"]).status == "not_started"
        assert ConflictDecision.objects.get().reason == "Discussed."
    assert row["id"] not in {one["id"] for one in listed(cast, two[0])}
    assert decide(cast, two[0], row["id"], "keep_first").status_code == 400


def test_a_decision_may_be_taken_back_and_not_taken_twice(
    cast: Cast, two: tuple[Course, Course]
) -> None:
    (row, *_) = listed(cast, two[0])

    def status() -> Any:
        (mine,) = [one for one in listed(cast, two[0]) if one["id"] == row["id"]]
        return mine["status"], mine["reason"]

    assert decide(cast, two[0], row["id"], "reopen").status_code == 409
    assert decide(cast, two[0], row["id"], "keep_both").status_code == 201
    assert status() == ("kept_both", "Discussed.")
    assert decide(cast, two[0], row["id"], "keep_both").status_code == 409
    assert decide(cast, two[0], row["id"], "keep_second").status_code == 409
    assert decide(cast, two[0], row["id"], "reopen", reason="Worse.").status_code == 201
    assert status() == ("open", "Worse.")
    with cast.acting():
        assert list(ConflictDecision.objects.values_list("sequence", flat=True)) == [1, 2]


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


def test_what_is_new_in_a_conflict_opens_it_again(cast: Cast, two: tuple[Course, Course]) -> None:
    with cast.acting():
        doings = conflicts.of_plan(two[0].care_plan)
        (conflict, *_) = found(doings.values())
    assert decide(cast, two[0], str(conflict.id), "keep_both").status_code == 201
    with cast.acting():
        wider = replace(conflict, about=(*conflict.about, "something-new"))
        narrower = replace(conflict, about=conflict.about[:1])
        assert wider.id == conflict.id
        assert conflicts.state_of([wider])[conflict.id][0] is conflicts.Standing.OPEN
        assert conflicts.state_of([narrower])[conflict.id][0] is conflicts.Standing.KEPT_BOTH


def test_only_the_lead_decides_with_a_reason_about_what_there_is(
    cast: Cast, two: tuple[Course, Course]
) -> None:
    (row, *_) = listed(cast, two[0])
    with cast.acting():
        underway.take(cast, two[0], cast.chloe)
    refused = decide(cast, two[0], row["id"], "keep_both", who=cast.chloe)
    assert (refused.status_code, refused.json()["rule"]) == (403, "scope.conflict.decide")
    assert decide(cast, two[0], row["id"], "keep_both", reason=" ").status_code == 400
    assert decide(cast, two[0], row["id"], "keep_none").status_code == 400
    unknown = decide(cast, two[0], str(uuid4()), "keep_both")
    assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (400, "/conflict")
    for who, status in (("gus", 404), ("sam", 403), ("ada", 403), ("olu", 404)):
        person = cast.everybody[who]
        assert decide(cast, two[0], row["id"], "keep_both", who=person).status_code == status
        at = f"/api/v1/care-plans/{two[0].care_plan_id}/conflicts"
        assert person.client.get(at).status_code == status
    with cast.acting():
        assert not ConflictDecision.objects.exists()


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


def decided(cast: Cast, course: Course, who: Person | None = None) -> list[Any]:
    at = f"/api/v1/care-plans/{course.care_plan_id}/conflicts"
    answered = (who or cast.asha).client.get(at, {"decided": "true"})
    assert answered.status_code == 200, answered.content
    rows: list[Any] = answered.json()
    return rows


@pytest.mark.feature("DP-06")
@pytest.mark.parametrize("decision", ["keep_first", "keep_second", "keep_both"])
def test_one_call_says_who_decided_why_by_which_rule_and_what_was_left_out(
    cast: Cast, two: tuple[Course, Course], decision: str
) -> None:
    (row, *_) = listed(cast, two[0])
    assert decided(cast, two[0]) == []
    decide(cast, two[0], row["id"], decision)
    [told] = decided(cast, two[0])
    assert (told["id"], told["status"]) == (row["id"], decision.replace("keep", "kept"))
    assert (told["reason"], told["decided_by"]) == (
        "Discussed.",
        str(cast.asha.practitioner_role.id),
    )
    stopped = {"keep_first": row["second"]["id"], "keep_second": row["first"]["id"]}
    assert told["left_out"] == stopped.get(decision)
    assert told["is_current"] is (decision == "keep_both")
    assert (told["rule"], told["is_expert_consensus"]) == (conflicts.RULES["duplicate"], True)
    assert {told[name]["pathway"] for name in ("first", "second")} == {
        "hamstring-tendinopathy",
        "gluteal-tendinopathy",
    }
    assert all(told[name]["version"] and told[name]["cites"] for name in ("first", "second"))
    decide(cast, two[0], row["id"], "reopen")
    assert decided(cast, two[0]) == ([] if decision == "keep_both" else [told])


@pytest.mark.feature("DP-06", "PV-02")
@pytest.mark.parametrize("locked", ["condition", "practitioner"])
def test_a_past_decision_is_told_to_whom_all_of_it_is_shown_alone(cast: Cast, locked: str) -> None:
    scene = lockbox.stage(cast, hands_over=False)
    with cast.acting():
        gluteal = PathwayVersion.objects.newest("gluteal-tendinopathy")
        other = underway.start(cast, pathway_version_id=gluteal.id, answers={})
    (row, *_) = listed(cast, other)
    decide(cast, other, row["id"], "keep_first", reason="The hamstring comes first.")
    [before] = decided(cast, other, cast.ben)
    assert before["reason"] == "The hamstring comes first."
    asha = cast.asha.practitioner_role.practitioner_id
    what: dict[str, Any] = (
        {"target_id": scene.course.pk}
        if locked == "condition"
        else {"target_practitioner_id": asha}
    )
    scene.lock(target=locked, **what)
    assert decided(cast, other, cast.ben) == []
    assert [told["id"] for told in decided(cast, other)] == [before["id"]]


@pytest.mark.feature("DP-06", "PV-02")
def test_a_decision_that_still_holds_tells_no_reason_and_no_rule_of_what_is_withheld(
    cast: Cast,
) -> None:
    scene = lockbox.stage(cast, hands_over=False)
    with cast.acting():
        gluteal = PathwayVersion.objects.newest("gluteal-tendinopathy")
        other = underway.start(cast, pathway_version_id=gluteal.id, answers={})
    (row, *_) = listed(cast, other)
    decide(cast, other, row["id"], "keep_both", reason="The hamstring comes first.")
    scene.lock(target="condition", target_id=scene.course.pk)
    (after, *_) = [one for one in listed(cast, other, cast.ben) if one["id"] == row["id"]]
    assert (after["reason"], after["decided_by"], after["left_out"]) == (None, None, None)
    assert (after["rule"], after["is_expert_consensus"]) == (after["sentence"], False)
    assert "hamstring" not in str(after).casefold()


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


def test_one_of_several_decisions_at_once_counts(committed_cast: Cast) -> None:
    cast = committed_cast
    courses = both(cast)
    (row, *_) = listed(cast, courses[0])
    with cast.acting():
        actor = cast.asha.actor()

    def act() -> Any:
        return resolving.decide(
            courses[0].care_plan_id,
            UUID(row["id"]),
            "keep_both",
            reason="x",
            actor=actor,
            now=NOW,
        )

    said = together(cast, *[act] * 5)
    assert sum(isinstance(one, ConflictDecision) for one in said) == 1
    assert sum(isinstance(one, NotAllowed) for one in said) == 4


def test_the_database_keeps_decisions_as_they_were(cast: Cast, two: tuple[Course, Course]) -> None:
    (row, *_) = listed(cast, two[0])
    decide(cast, two[0], row["id"], "keep_both")
    with cast.acting():
        kept = ConflictDecision.objects.get()
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            ConflictDecision.objects.update(reason="other")
        kept.pk, kept._state.adding = uuid4(), True
        with pytest.raises(IntegrityError), transaction.atomic():
            kept.save(force_insert=True)
