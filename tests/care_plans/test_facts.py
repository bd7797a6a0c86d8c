"""Facts gathered from the database: the right ones, for many courses, in two rounds."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Exists

from care_plans import assessing, circumstances, facts, open_flags, red_flags, standing
from care_plans.dangers import asking_for_dangers, by_patient, clearing
from care_plans.disclosing import lanes_shown
from care_plans.evaluation import evaluate, may_load, readiness
from care_plans.evidence import Facts, Outcome
from care_plans.models import Course, Lane, RedFlag, RedFlagAnswer
from care_plans.sittings import NewScore
from coordination import care_team, statements
from coordination.models import PractitionerRole
from coordination.tenancy import acting_in
from tests.care_plans import underway
from tests.care_plans.imagined import criterion
from tests.cast import NOW, Cast, make_location, make_patient
from tests.leading import pass_lead_to

DAY = timedelta(days=1)


def record(cast: Cast, course: Course, value: int, *, at: Any = NOW) -> Any:
    row, _ = assessing.record_assessment(
        course.patient_id,
        course_id=course.id,
        scores=[NewScore("nprs", Decimal(value))],
        effective_at=at,
        actor=cast.asha.actor(),
        now=NOW,
    )
    return row


@pytest.mark.feature("CP-03")
def test_days_are_told_apart_by_the_clock_of_the_lead_s_location(cast: Cast) -> None:
    """Two scores of one evening in Toronto are one time, though midnight lies between in UTC."""
    late = NOW.replace(hour=23, minute=30) - 2 * DAY
    asked = criterion(measure="nprs", at_most=3, consecutive=2)
    with cast.acting():
        course = underway.start(cast, now=NOW - 10 * DAY)
        for at in (late, late + timedelta(hours=2)):
            record(cast, course, 2, at=at)
        known = facts.gather([course], now=NOW)[course.id]
        definition = course.pathway_version.definition
        assert evaluate(asked, definition, known, NOW).outcome is Outcome.UNKNOWN
        record(cast, course, 2, at=late + timedelta(hours=6))
        known = facts.gather([course], now=NOW)[course.id]
        assert evaluate(asked, definition, known, NOW).outcome is Outcome.MET


def test_it_goes_by_the_clock_of_whoever_leads_now_and_by_pauses_as_they_came(cast: Cast) -> None:
    west = make_location(cast.riverside, "Harbour view", "America/Vancouver")
    turns = [NOW - number * DAY for number in (8, 6, 4, 2)]
    with cast.acting():
        course = underway.start(cast, now=NOW - 10 * DAY)
        for at, action in zip(turns, ("pause", "resume") * 2, strict=True):
            reason = {"reason": "Away."} if action == "pause" else {}
            underway.move(cast, course, action, now=at, **reason)
        before = facts.gather([course], now=NOW)[course.id]
        assert before.time_zone == "America/Toronto"
        assert before.pauses == ((turns[0], turns[1]), (turns[2], turns[3]))
        ben = cast.ben.practitioner_role
        PractitionerRole.objects.filter(pk=ben.pk).update(location=west)
        pass_lead_to(cast, cast.ben)
        assert facts.gather([course], now=NOW)[course.id].time_zone == "America/Vancouver"
        pass_lead_to(cast, cast.asha)
        assert facts.gather([course], now=NOW)[course.id].time_zone == "America/Toronto"


@pytest.mark.feature("DP-02")
def test_what_endangers_a_person_is_what_no_decision_cleared(cast: Cast) -> None:
    """At every moment: the same as asking each answer whether a decision cleared it by then."""
    flag = "popping-sound"
    with cast.acting():
        course = underway.start(cast, agreed=underway.BEFORE, now=NOW - 10 * DAY)
        for days in (8, 6, 2):
            red_flags.record_screen(
                course.id,
                answers={flag: "present"},
                effective_at=NOW - days * DAY,
                actor=cast.asha.actor(),
                now=NOW - days * DAY,
            )
            if days != 2:
                found = RedFlag.objects.exclude(status="cleared").get(flag=flag)
                open_flags.clear(
                    found.id,
                    outcome="ruled_out",
                    reason="Seen by a physician.",
                    actor=cast.asha.actor(),
                    now=NOW - (days - 1) * DAY,
                )
        for days in range(10):
            at = NOW - days * DAY
            told = by_patient(statements.read(*asking_for_dangers([cast.patient.id], at)))
            present = RedFlagAnswer.objects.filter(answer="present", screen__effective_at__lte=at)
            kept = present.exclude(Exists(clearing(at))).values_list("screen_id", flat=True)
            flags = RedFlag.objects.filter(found_at__lte=at).exclude(cleared_at__lte=at)
            expected = {*kept, *flags.values_list("screen_id", flat=True)}
            assert {one.screen_id for one in told[cast.patient.id]} == expected, days
        assert expected == set()


def test_it_gathers_all_that_is_known_of_a_course(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast, agreed=NOW - 20 * DAY, now=NOW - 10 * DAY, side="right")
        scores = underway.meet_acute_exit(cast, course, now=NOW)
        care_team.join(
            cast.patient.id,
            practitioner_role_id=cast.chloe.practitioner_role.id,
            actor=cast.asha.actor(),
            now=NOW,
        )
        underway.say_ready(cast, course, now=NOW)
        known = facts.gather([course], now=NOW)[course.id]
        assert (known.side, known.severity) == ("right", "mild")
        assert known.stay is not None
        assert (known.stay.stage, known.stay.began_at) == ("acute", NOW - 10 * DAY)
        assert {score.id for score in known.scores} == {score.id for score in scores}
        assert {answer.question: answer.answer for answer in known.answers} == underway.CALM
        assert len(known.screens) == 2
        flags = {flag.id for flag in underway.version().definition.screened_flags()}
        assert {frozenset(screen.answers) for screen in known.screens} == {frozenset(flags)}
        assert {name for name, lane in known.lanes.items() if lane.ready} == {
            "physiotherapy",
            "massage_therapy",
        }
        assert known.measures["slhb_reps"].side_required
        found = readiness(underway.version().definition, known, NOW)
        assert found.outcome is Outcome.MET


def test_it_leaves_out_what_was_corrected(cast: Cast) -> None:
    asked = criterion(measure="nprs", at_most=3)
    with cast.acting():
        course = underway.start(cast, now=NOW - 10 * DAY)
        wrong = record(cast, course, 2)
        definition = underway.version().definition
        before = facts.gather([course], now=NOW)[course.id]
        assert evaluate(asked, definition, before, NOW).outcome is Outcome.MET
        assessing.replace_assessment(
            wrong.id,
            scores=[NewScore("nprs", Decimal(8))],
            reason="misread",
            actor=cast.asha.actor(),
            now=NOW,
        )
        after = facts.gather([course], now=NOW)[course.id]
        assert [score.value for score in after.scores] == [8]
        assert evaluate(asked, definition, after, NOW).outcome is Outcome.NOT_MET


def test_it_keeps_history_without_a_course_out_of_every_course(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast, now=NOW - 10 * DAY)
        assessing.record_assessment(
            cast.patient.id,
            scores=[NewScore("nprs", Decimal(1))],
            actor=cast.asha.actor(),
            now=NOW,
        )
        assert facts.gather([course], now=NOW)[course.id].scores == ()


def test_it_takes_the_latest_answer_and_the_latest_word_of_a_lane(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast, now=NOW - 10 * DAY)
        circumstances.record_answers(
            course.id, answers={"sleep_affected": True}, actor=cast.asha.actor(), now=NOW
        )
        lane = underway.lane(course, "physiotherapy")
        underway.sign(cast.asha, lane, now=NOW - DAY)
        underway.sign(cast.asha, lane, now=NOW, verdict="not_ready", reason="flare-up")
        known = facts.gather([course], now=NOW)[course.id]
        assert known.lanes["physiotherapy"].ready is False
        asked = criterion(reported="sleep_affected")
        found = evaluate(asked, underway.version().definition, known, NOW)
        assert found.outcome is Outcome.MET


def test_it_takes_the_word_that_was_said_last_not_the_one_entered_last(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast, now=NOW - 10 * DAY)
        lane = underway.lane(course, "physiotherapy")
        underway.sign(cast.asha, lane, now=NOW - DAY, verdict="not_ready", reason="flare-up")
        standing.sign_off(
            lane.id,
            verdict="ready",
            effective_at=NOW - 2 * DAY,
            actor=cast.asha.actor(),
            now=NOW,
        )
        known = facts.gather([course], now=NOW)[course.id]
        assert known.lanes["physiotherapy"].ready is False
        shown: Any = lanes_shown(Lane.objects.all(), cast.asha.actor(), NOW).get(pk=lane.pk)
        assert [word.verdict for word in shown.words] == ["ready", "not_ready"]


def test_it_knows_of_a_hard_stop_after_its_course_was_discharged(cast: Cast) -> None:
    with cast.acting():
        left = underway.start(cast, now=NOW - 10 * DAY)
        right = underway.start(cast, now=NOW - 10 * DAY, side="right")
        flags = left.pathway_version.definition.screened_flags()
        stop = next(flag.id for flag in flags if flag.stops_loading)
        found = underway.screen(left, now=NOW, present=[stop], who=cast.asha)
        underway.screen(right, now=NOW, who=cast.asha)
        underway.move(
            cast, left, "discharge", now=NOW, reason="other cause", outcome="new_diagnosis"
        )
        known = facts.gather([right], now=NOW)[right.id]
        assert known.stopped_by == (found.id,)
        definition = underway.version().definition
        assert may_load(definition, known, NOW).outcome is Outcome.NOT_MET
        assert readiness(definition, known, NOW).outcome is Outcome.NOT_MET


@pytest.mark.feature("DP-02")
def test_what_endangers_the_person_blocks_every_course_and_a_review_its_own(cast: Cast) -> None:
    with cast.acting():
        left = underway.start(cast, agreed=underway.BEFORE, now=NOW - 10 * DAY)
        right = underway.start(cast, agreed=underway.BEFORE, now=NOW - 10 * DAY, side="right")
        definition = left.pathway_version.definition
        review, danger = (
            next(flag.id for flag in definition.screened_flags() if flag.urgency == urgency)
            for urgency in ("review_before_progress", "urgent_2wk")
        )
        underway.meet_acute_exit(cast, right, now=NOW)
        asha = cast.asha.actor()
        red_flags.record_screen(left.id, answers={review: "present"}, actor=asha, now=NOW)
        assert underway.stay(right).standing != "stopped"
        found, _ = red_flags.record_screen(
            left.id, answers={danger: "present"}, actor=asha, now=NOW
        )
        assert underway.stay(right).standing == "stopped"
        underway.move(
            cast, left, "discharge", now=NOW, reason="other cause", outcome="new_diagnosis"
        )
        known = facts.gather([right], now=NOW)[right.id]
        assert (known.stopped_by, known.held_back_by) == ((), (found.id,))
        assert may_load(definition, known, NOW).outcome is Outcome.MET
        blocked = readiness(definition, known, NOW).safety
        assert blocked.outcome is Outcome.NOT_MET
        assert [row.id for row in blocked.evidence] == [found.id]
        flag = RedFlag.objects.get(course=left, flag=danger)
        open_flags.clear(
            flag.id,
            outcome="ruled_out",
            reason="Imaging showed nothing.",
            actor=cast.asha.actor(),
            now=NOW,
        )
        assert facts.gather([right], now=NOW)[right.id].held_back_by == ()
        assert underway.stay(right).standing != "stopped"


def test_it_gathers_many_courses_in_as_many_queries_as_one(
    cast: Cast, django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    rounds: list[int] = []
    plainly = statements.read_all

    def counted(*asked: tuple[Any, ...]) -> list[list[Any]]:
        rounds.append(len(asked))
        read.extend(sql for sql, *_ in asked)
        return plainly(*asked)

    for module in (statements, facts):
        monkeypatch.setattr(module, "read_all", counted)
    with cast.acting():
        first = underway.start(cast, agreed=underway.BEFORE, now=NOW - 10 * DAY)
        underway.meet_acute_exit(cast, first, now=NOW)
        courses = [first]
        for number in range(7):
            patient = make_patient(cast.asha, family_name=f"Example {number}")
            cast.patient = patient
            courses.append(underway.start(cast, agreed=underway.BEFORE, now=NOW - 10 * DAY))
            underway.meet_acute_exit(cast, courses[-1], now=NOW)
        read.clear()
        rounds.clear()
        with django_assert_num_queries(0):
            facts.gather([first], now=NOW)
        assert rounds == [11, 1]  # the lanes, where nobody has read them, by themselves
        with django_assert_num_queries(0):
            gathered = facts.gather(courses, now=NOW)
        assert rounds == [11, 1] * 2
        assert len(read) == 24
        assert len(gathered) == 8
        assert {len(known.scores) for known in gathered.values()} == {5}
        alone = facts.gather([first], now=NOW)[first.id]
        assert in_some_order(gathered[first.id]) == in_some_order(alone)
        assert facts.gather([], now=NOW) == {}


def in_some_order(known: Facts) -> Facts:
    """Return the same facts in an order of their own: the one they come in means nothing."""
    return replace(
        known,
        scores=tuple(sorted(known.scores)),
        answers=tuple(sorted(known.answers)),
        screens=tuple(sorted(known.screens, key=lambda one: one.id)),
    )


def test_it_sees_nothing_of_another_organization(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast, now=NOW - 10 * DAY)
        record(cast, course, 2)
    with acting_in(cast.harbour.id):
        known = facts.gather([course], now=NOW)[course.id]
        assert [*known.scores, *known.screens, *known.answers, *known.lanes] == []
        assert known.stay is None
