"""Refusals of state machines: sentences that name the state and what can be done now."""

from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError

from care_plans import activities, encounters, goals, hand_off_moves, merging, notes, progress
from care_plans.models import Activity, ClinicalNote, Course, Encounter, Goal
from coordination import corrections
from coordination.api import problem_details
from coordination.models import REQUEST_MOVES, DuplicateReview, RecordRequest, WorkItem
from coordination.problems import NotAllowed
from coordination.refusals import Words, actions_from, one_of
from referrals.models import Referral
from referrals.moves import LACKING, MOVES, PART_OF, WORDS, Needs
from tests.care_plans import underway
from tests.cast import NOW, Cast
from tests.refusing import check_reads_well

MACHINES: dict[str, tuple[Words, Any, Any]] = {
    "record request": (corrections.WORDS, RecordRequest.Status, REQUEST_MOVES),
    "goal": (goals.WORDS, Goal.Status, goals.MOVES),
    "note": (notes.WORDS, ClinicalNote.Status, notes.MOVES),
    "encounter": (encounters.WORDS, Encounter.Status, encounters.MOVES),
    "activity": (activities.WORDS, Activity.Status, activities.MOVES),
    "course": (progress.WORDS, Course.Status, progress.MOVES),
    "two records": (merging.WORDS, DuplicateReview.Status, merging.MOVES),
    "hand-off": (hand_off_moves.WORDS, WorkItem.Status, hand_off_moves.MOVES),
    "referral": (
        WORDS["request"],
        Referral.Status,
        {(at, does): move for (part, at, does), move in MOVES.items() if part == "request"},
    ),
    "referral's work": (
        WORDS["work"],
        WorkItem.Status,
        {(at, does): move for (part, at, does), move in MOVES.items() if part == "work"},
    ),
}


@pytest.mark.parametrize("name", MACHINES)
def test_it_refuses_in_words_whatever_the_table_does_not_have(name: str) -> None:
    words, statuses, moves = MACHINES[name]
    for status in statuses.values:
        possible = actions_from(moves, status)
        for action in words.actions:
            if action in possible:
                continue
            text = words.refuse(status, action, possible)
            assert words.states[status] in text
            check_reads_well(text, words, possible)


@pytest.mark.parametrize("name", MACHINES)
def test_it_has_a_phrase_for_each_state_and_each_action(name: str) -> None:
    words, statuses, moves = MACHINES[name]
    assert set(words.states) == set(statuses.values)
    assert {action for _, action in moves} <= set(words.actions)
    assert len({*words.states.values()}) == len(words.states)


def test_it_has_a_phrase_for_all_that_a_referral_may_lack() -> None:
    assert set(LACKING) == set(Needs) - {Needs.REASON, Needs.REPORT}
    assert set(WORDS["request"].actions) == set(PART_OF)


def test_it_joins_what_is_possible_as_people_do() -> None:
    assert one_of(["read"]) == "read"
    assert one_of(["read", "kept"]) == "read or kept"
    assert one_of(["read", "kept", "sent"]) == "read, kept or sent"


def said(answer: Any) -> str:
    assert answer.status_code == 409, answer.data
    return str(answer.data["detail"])


def test_it_says_of_a_note_what_is_left_to_do(cast: Cast) -> None:
    client = cast.asha.client
    body = {"patient": str(cast.patient.id), "text": "Squats hurt less."}
    at = f"/api/v1/clinical-notes/{client.post('/api/v1/clinical-notes', body).data['id']}"
    assert said(client.post(f"{at}/amend", {"text": "x", "because": "y"})) == (
        "This note is a draft, so it cannot be amended. "
        "It can be signed or marked as entered in error."
    )
    signed = client.post(f"{at}/sign")
    left = "It can be marked as entered in error or amended."
    assert said(client.post(f"{at}/sign")) == (
        f"This note was signed, so it cannot be signed again. {left}"
    )
    late = client.patch(at, {"text": "x"}, headers={"If-Match": signed["ETag"]})
    assert said(late) == f"This note was signed, so it cannot be edited. {left}"


def test_it_says_of_an_encounter_and_a_request_what_is_left_to_do(cast: Cast) -> None:
    client, patient = cast.asha.client, str(cast.patient.id)
    body = {"patient": patient, "encounter_class": "virtual"}
    at = f"/api/v1/encounters/{client.post('/api/v1/encounters', body).data['id']}"
    assert client.post(f"{at}/cancel", {"because": "No show."}).status_code == 200
    assert said(client.post(f"{at}/finish", {})) == (
        "This encounter was cancelled, so it cannot be finished. "
        "It can be marked as entered in error."
    )
    asked = cast.pia.client.post(
        "/api/v1/record-requests", {"patient": patient, "kind": "access", "text": "All of it."}
    )
    at = f"/api/v1/record-requests/{asked.data['id']}"
    assert said(cast.pia.client.post(f"{at}/fulfil", {})) == (
        "This request waits for a decision, so it cannot be fulfilled. "
        "It can be granted, refused or withdrawn."
    )
    assert cast.pia.client.post(f"{at}/withdraw", {}).status_code == 200
    assert said(cast.pia.client.post(f"{at}/withdraw", {})) == (
        "This request was withdrawn, so it cannot be withdrawn again. "
        "Nothing more can be done with it."
    )


def test_it_says_of_a_course_and_its_parts_what_is_left_to_do(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast)
        actor = cast.asha.actor(NOW)
        goal = course.goals.filter(status="in_progress").first()
        activity = course.activities.filter(lane__discipline="physiotherapy").first()
        assert goal is not None
        assert activity is not None
        with pytest.raises(NotAllowed) as of_course:  # nothing lies before its first stage
            underway.move(cast, course, "resume", now=NOW)
        assert of_course.value.detail == (
            "This course is active, so it cannot be resumed. "
            "It can be moved on to the next stage, paused or discharged."
        )
        with pytest.raises(NotAllowed) as of_goal:
            goals.move_goal(goal.id, "reopen", actor=actor, now=NOW)
        assert of_goal.value.detail == (
            "This goal is being worked on, so it cannot be reopened. "
            "It can be achieved or given up."
        )
        with pytest.raises(NotAllowed) as of_activity:
            activities.move_activity(activity.id, "complete", actor=actor, now=NOW)
        assert of_activity.value.detail == (
            "This activity has not begun, so it cannot be completed. It can be begun or stopped."
        )
        underway.move(cast, course, "pause", now=NOW, reason="away")
        with pytest.raises(NotAllowed, match="waits for its paused course to be resumed, so it"):
            activities.move_activity(activity.id, "begin", actor=actor, now=NOW)


@pytest.mark.parametrize(
    "error",
    [
        IntegrityError('duplicate key violates unique constraint "coordination_hand_off_one_open"'),
        DatabaseError("pgtrigger: Cannot update row in coordination_user, trigger life_cycle"),
    ],
)
def test_it_says_what_to_do_when_the_database_refuses(error: DatabaseError) -> None:
    answer = problem_details.respond(error)
    assert answer is not None
    assert answer.status_code == 409
    assert "othing was written. Read it again" in answer.data["detail"].replace("; n", ". N")
    for inside in ("_", "database", "constraint", "trigger", "table", "row "):
        assert inside not in answer.data["detail"]
