"""The lead decides what does not go together: once, with a reason that is told and kept."""

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, ProgrammingError, transaction

from care_plans import conflicts, resolving
from care_plans.conflicts import found
from care_plans.models import Activity, ConflictDecision, Course, PathwayVersion
from coordination.problems import NotAllowed
from tests import lockbox
from tests.care_plans import underway
from tests.care_plans.clashing import both, decide, listed
from tests.care_plans.test_findings_at_once import together
from tests.cast import NOW, Cast, Person

pytestmark = [pytest.mark.feature("PW-14"), pytest.mark.usefixtures("clock")]


@pytest.fixture
def two(cast: Cast) -> tuple[Course, Course]:
    return both(cast)


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
