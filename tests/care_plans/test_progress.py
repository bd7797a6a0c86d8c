"""The stage machine: which moves there are, what each needs, and what it leaves behind."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from care_plans import progress
from care_plans.models import (
    Activity,
    Course,
    LaneSignOff,
    RedFlagScreen,
    StageStay,
    StageTransition,
)
from coordination.models import AuditEvent, Event
from coordination.problems import Denied, Invalid, NotAllowed, NotFound, Stale
from tests.care_plans import underway
from tests.care_plans.moving import LATER, WEEK, acute, circle_of, row
from tests.cast import Cast
from tests.refusing import check_reads_well


@pytest.fixture
def circle(cast: Cast) -> Cast:
    return circle_of(cast)


def cited(finding: dict[str, Any]) -> set[tuple[str, str]]:
    """Return kind and id of every row that a kept finding and its parts rest on."""
    own = {(row["kind"], row["id"]) for row in finding["evidence"]}
    return own.union(*(cited(part) for part in finding["parts"]))


@pytest.mark.feature("CP-03")
def test_it_moves_on_with_the_evidence_that_met_each_criterion(circle: Cast) -> None:
    with circle.acting():
        course = underway.start(circle, agreed=underway.BEFORE)
        assert (course.status, course.stage) == ("active", "acute")
        scores = underway.meet_acute_exit(circle, course, now=LATER)
        underway.say_ready(circle, course, now=LATER)
        course = underway.move(circle, course, "advance", now=LATER)
        assert (course.status, course.stage) == ("active", "subacute")
        moved = StageTransition.objects.get(course=course, action="advance")
        screen = RedFlagScreen.objects.get(course=course, effective_at=LATER)
        signed = LaneSignOff.objects.filter(course=course)
        assert cited(moved.evidence["exit"]) == {
            ("screen", str(screen.id)),
            *(("score", str(score.id)) for score in scores),
        }
        assert cited(moved.evidence["safety"]) == {("screen", str(screen.id))}
        assert cited(moved.evidence["lanes"]) == {("sign_off", str(row.id)) for row in signed}
        assert {row.lane.discipline for row in signed} == {"physiotherapy", "massage_therapy"}
        assert not moved.overridden
        assert connection.in_atomic_block
        connection.check_constraints()


@pytest.mark.feature("CP-03")
def test_scores_of_one_day_open_no_gate_that_asks_for_several_times(circle: Cast) -> None:
    with circle.acting():
        course = underway.start(circle, agreed=underway.BEFORE)
        for minutes, values in enumerate(underway.ACUTE_EXIT):
            at = LATER - timedelta(minutes=minutes)
            underway.score(course, values, now=at, who=circle.asha)
        underway.screen(course, now=LATER, who=circle.asha)
        underway.say_ready(circle, course, now=LATER)
        with pytest.raises(NotAllowed) as refused:
            underway.move(circle, course, "advance", now=LATER)
        assert "on 1 day; asked for at most 3, 3 times in a row, on as many days" in str(
            refused.value.extra
        )
        for days in (1, 2):
            at = LATER - timedelta(days=days)
            underway.score(course, {"pain_load_24h": "2"}, now=at, who=circle.asha)
        assert underway.move(circle, course, "advance", now=LATER).stage == "subacute"


ILLEGAL = [
    ("intake", "advance"),
    ("intake", "regress"),
    ("intake", "pause"),
    ("intake", "resume"),
    ("active", "start"),
    ("active", "resume"),
    ("active", "regress"),  # from the first stage
    ("paused", "start"),
    ("paused", "advance"),
    ("paused", "regress"),
    ("paused", "pause"),
    ("discharged", "start"),
    ("discharged", "advance"),
    ("discharged", "regress"),
    ("discharged", "pause"),
    ("discharged", "resume"),
    ("discharged", "discharge"),
]


def in_status(cast: Cast, status: str) -> Course:
    if status == "intake":
        return underway.apply(cast)
    course = underway.start(cast)
    if status == "paused":
        course = underway.move(cast, course, "pause", now=LATER, reason="away")
    if status == "discharged":
        course = underway.move(
            cast, course, "discharge", now=LATER, reason="moved away", outcome="patient_left"
        )
    return course


@pytest.mark.parametrize(("status", "action"), ILLEGAL)
def test_it_refuses_a_move_that_the_table_does_not_have(
    circle: Cast, status: str, action: str
) -> None:
    with circle.acting():
        course = in_status(circle, status)
        before, moves = row(course), StageTransition.objects.count()
        with pytest.raises(NotAllowed) as refused:
            underway.move(circle, course, action, now=LATER, reason="try", outcome="goals_achieved")
        assert refused.value.status == 409
        if (status, action) != ("active", "regress"):  # the table has it, the stage does not
            possible = [does for at, does in progress.MOVES if at == status and does != "regress"]
            check_reads_well(refused.value.detail, progress.WORDS, possible)
        assert row(course) == before
        assert StageTransition.objects.count() == moves


def test_its_table_and_the_illegal_moves_together_are_all_moves() -> None:
    every = {
        (status, action)
        for status in Course.Status.values
        for action in ("start", "advance", "regress", "pause", "resume", "discharge")
    }
    assert every == {(str(s), a) for s, a in progress.MOVES} | set(ILLEGAL)


@pytest.mark.parametrize(
    "change",
    ["status='active'", "stage='maintenance'", "status='intake', stage=NULL, started_at=NULL"],
)
def test_the_database_refuses_what_the_table_does_not_have(circle: Cast, change: str) -> None:
    with circle.acting():
        course = underway.start(circle)
        if change.startswith("status='active'"):
            course = underway.move(
                circle, course, "discharge", now=LATER, reason="x", outcome="not_achieved"
            )
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE care_plans_course SET {change} WHERE id = %s", [course.id])


def test_the_database_refuses_a_stage_without_its_stay(circle: Cast) -> None:
    with circle.acting():
        course = underway.start(circle)
        with pytest.raises(IntegrityError), transaction.atomic():
            Course.objects.filter(pk=course.pk).update(stage="subacute")
            connection.check_constraints()


def test_the_database_refuses_stays_that_overlap_and_edited_transitions(circle: Cast) -> None:
    with circle.acting():
        course = acute(circle)
        underway.move(circle, course, "advance", now=LATER)
        first = StageStay.objects.get(course=course, sequence=1)
        with pytest.raises(IntegrityError), transaction.atomic():
            StageStay.objects.filter(pk=first.pk).update(left_at=LATER + WEEK)
        with pytest.raises(DatabaseError), transaction.atomic():
            StageTransition.objects.filter(course=course).update(reason="rewritten")


def test_it_does_not_go_on_while_something_is_unknown_and_says_what(circle: Cast) -> None:
    with circle.acting():
        course = underway.start(circle)
        before = row(course)
        with pytest.raises(progress.NotReady) as refused:
            underway.move(circle, course, "advance", now=LATER)
        assert {b["id"] for b in refused.value.extra["blockers"]} >= {"pain", "adherence"}
        assert row(course) == before


@pytest.mark.feature("CP-04")
def test_it_lets_the_lead_override_with_a_reason_and_keeps_what_was_unmet(circle: Cast) -> None:
    with circle.acting():
        course = underway.start(circle, agreed=underway.BEFORE)
        underway.meet_acute_exit(circle, course, now=LATER)
        underway.sign(circle.asha, underway.lane(course, "physiotherapy"), now=LATER)
        with pytest.raises(progress.NotReady):
            underway.move(circle, course, "advance", now=LATER)
        with pytest.raises(Invalid):
            underway.move(circle, course, "advance", now=LATER, override=True)
        course = underway.move(
            circle, course, "advance", now=LATER, override=True, reason="massage is on holiday"
        )
        moved = StageTransition.objects.get(course=course, action="advance")
        assert course.stage == "subacute"
        assert moved.overridden
        assert moved.reason == "massage is on holiday"
        assert "massage therapy" in " ".join(one["sentence"] for one in moved.unmet)


@pytest.mark.feature("CP-04")
def test_it_moves_once_when_an_override_is_repeated(circle: Cast) -> None:
    with circle.acting():
        course = underway.start(circle)
        asked = {"override": True, "reason": "massage is on holiday", "leaving": "acute"}
        course = underway.move(circle, course, "advance", now=LATER, **asked)
        with pytest.raises(Stale):
            underway.move(circle, course, "advance", now=LATER, **asked)
        assert Course.objects.get(pk=course.pk).stage == "subacute"


def test_it_lets_nobody_but_the_lead_override(circle: Cast) -> None:
    with circle.acting():
        course = underway.start(circle)
        before = row(course)
        request = progress.Request(action="advance", override=True, reason="I think so")
        with pytest.raises(Denied) as denied:
            progress.perform(course.id, request, actor=circle.chloe.actor(LATER), now=LATER)
        assert denied.value.rule == "scope.course.override"
        assert row(course) == before


def test_it_stops_at_a_red_flag_that_no_override_moves(circle: Cast) -> None:
    with circle.acting():
        course = acute(circle)
        flag = course.pathway_version.definition.red_flags[0].id
        underway.screen(course, now=LATER, present=[flag], who=circle.asha)
        before = row(course)
        for override in (False, True):
            with pytest.raises(progress.RedFlagOpen):
                underway.move(
                    circle, course, "advance", now=LATER, override=override, reason="go on"
                )
        assert row(course) == before


def test_it_survives_a_pause_in_its_stage_and_is_expected_later(circle: Cast) -> None:
    with circle.acting():
        course = underway.start(circle)
        expected = underway.stay(course).expected_until
        course = underway.move(circle, course, "pause", now=LATER, reason="travels")
        assert (course.status, course.stage) == ("paused", "acute")
        course = underway.move(circle, course, "resume", now=LATER + WEEK)
        assert (course.status, course.stage) == ("active", "acute")
        assert underway.stay(course).expected_until == expected + WEEK
        assert StageStay.objects.filter(course=course).count() == 1


def test_it_steps_back_and_begins_afresh(circle: Cast) -> None:
    with circle.acting():
        course = acute(circle)
        underway.move(circle, course, "advance", now=LATER)
        course = underway.move(circle, course, "regress", now=LATER + WEEK, reason="flare-up")
        assert course.stage == "acute"
        stays = StageStay.objects.filter(course=course).order_by("sequence")
        assert [(s.stage, s.left_at) for s in stays] == [
            ("acute", LATER),
            ("subacute", LATER + WEEK),
            ("acute", None),
        ]
        again = Activity.objects.filter(course=course, sequence=3)
        assert again.exists()
        assert set(again.values_list("status", flat=True)) == {"not_started"}
        with pytest.raises(progress.NotReady):  # the sign-offs of the first stay count no more
            underway.move(circle, course, "advance", now=LATER + WEEK)


def test_it_steps_back_from_maintenance_to_either_earlier_stage(circle: Cast) -> None:
    with circle.acting():
        course = acute(circle)
        underway.move(circle, course, "advance", now=LATER)
        underway.move(circle, course, "advance", now=LATER, override=True, reason="test")
        course = underway.move(
            circle, course, "regress", now=LATER, reason="flare-up", to_stage="acute"
        )
        assert course.stage == "acute"
        with pytest.raises(NotAllowed):
            underway.move(circle, course, "regress", now=LATER, reason="no", to_stage="maintenance")


def test_it_is_not_there_for_who_has_no_reason_to_see_the_patient(circle: Cast) -> None:
    with circle.acting():
        course = underway.start(circle)
        before = row(course)
        for person in (circle.gus, circle.sam, circle.ada, circle.pia):
            request = progress.Request(action="pause", reason="no")
            with pytest.raises(NotFound):
                progress.perform(course.id, request, actor=person.actor(LATER), now=LATER)
        assert row(course) == before


def test_it_leaves_audit_and_event_of_each_move(circle: Cast) -> None:
    with circle.acting():
        course = underway.start(circle)
        underway.move(circle, course, "pause", now=LATER, reason="away")
        assert AuditEvent.objects.filter(
            event="course.pause", patient_ids=[circle.patient.id]
        ).exists()
        assert Event.objects.filter(type="course.pause", subject_id=course.id).exists()


def test_it_ends_with_an_outcome_and_stops_what_was_open(circle: Cast) -> None:
    with circle.acting():
        course = underway.start(circle)
        with pytest.raises(Invalid):
            underway.move(circle, course, "discharge", now=LATER, reason="over")
        course = underway.move(
            circle, course, "discharge", now=LATER, reason="left", outcome="patient_left"
        )
        assert (course.status, course.stage, course.outcome) == (
            "discharged",
            "acute",
            "patient_left",
        )
        assert not StageStay.objects.filter(course=course, left_at=None).exists()
        statuses = Activity.objects.filter(course=course).values_list("status", flat=True)
        assert set(statuses) == {"stopped"}
        connection.check_constraints()
