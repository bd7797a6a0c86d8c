"""What rules suggest: made once, explained, decided by a person, and counted."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.db import IntegrityError, ProgrammingError, transaction

from care_plans import (
    activities,
    assessing,
    circumstances,
    courses,
    deciding,
    dosing,
    facts,
    looking_again,
    recommending,
    rediagnosing,
    safety_alerts,
    standing,
)
from care_plans.content.sourced import EXPERT_CONSENSUS
from care_plans.models import (
    Activity,
    Course,
    DoseChange,
    PathwayVersion,
    Recommendation,
    SafetyAlert,
    Score,
)
from care_plans.same_rules import is_same_rule
from care_plans.sittings import NewScore
from coordination.models import AuditEvent
from coordination.problems import Problem
from notifications.models import Message
from tests import lockbox
from tests.care_plans import underway, written
from tests.care_plans.test_findings_at_once import together
from tests.care_plans.test_versions import decide, version
from tests.cast import NOW, Cast, Person

URL = "/api/v1/recommendations"
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    """Let requests happen at the cast's moment."""
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def course(cast: Cast) -> Course:
    """Ten days into the acute stage of a mild condition."""
    with cast.acting():
        return underway.start(cast, now=NOW - 10 * DAY, side="right")


def score(cast: Cast, course: Course, *, at: datetime = NOW, **values: Any) -> UUID:
    """Record one sitting through the domain, as Asha; return its id."""
    with cast.acting():
        sitting, _ = assessing.record_assessment(
            cast.patient.id,
            course_id=course.id,
            scores=[NewScore(slug, Decimal(value)) for slug, value in values.items()],
            actor=cast.asha.actor(at),
            now=at,
        )
        return sitting.pk


def answer(cast: Cast, course: Course, **answers: Any) -> None:
    with cast.acting():
        circumstances.record_answers(course.id, answers=answers, actor=cast.asha.actor(), now=NOW)


def made(cast: Cast, rule: str) -> list[Recommendation]:
    with cast.acting():
        return list(Recommendation.objects.filter(rule=rule).order_by("id"))


def shown(who: Person, **query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = who.client.get(URL, query).json()["results"]
    return found


# Made, once


@pytest.mark.feature("DP-01", "seed-if-mild")
def test_a_rule_that_is_met_is_put_before_a_person(cast: Cast, course: Course) -> None:
    answer(cast, course, only_after_exercise=True)
    [one] = shown(cast.asha, course=str(course.id))
    assert (one["rule"], one["kind"], one["status"]) == ("rule.mild", "rule", "open")
    assert one["then"] == "Activity modification and targeted strengthening"
    with cast.acting():
        told = Message.objects.filter(kind="recommendation.made", channel="email").get()
        assert told.to_practitioner_role_id == cast.asha.practitioner_role.id


@pytest.mark.feature("DP-01", "seed-if-moderate")
def test_another_severity_is_another_rule(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast, now=NOW - 10 * DAY, severity="moderate")
    answer(cast, course, affects_activity=True, only_after_exercise=True)
    assert [one["rule"] for one in shown(cast.asha)] == ["rule.moderate"]


@pytest.mark.feature("DP-04", "seed-if-severe", "seed-surgery")
@pytest.mark.parametrize(
    ("days", "fortnights", "adherence", "rules"),
    [
        (182, 13, 90, set()),  # a day too early
        (183, 13, 80, {"rule.severe-earliest"}),
        (183, 0, 0, set()),  # nobody knows whether the programme was done: time is not enough
        (183, 1, 100, set()),  # the last fortnight speaks for no half-year
        (183, 12, 100, set()),
        (183, 13, 79, set()),
        (365, 13, 90, {"rule.severe-earliest"}),  # of the first half-year nobody knows
        (365, 26, 80, {"rule.severe-earliest", "rule.severe-mandatory"}),
    ],
)
def test_persistence_needs_time_and_proof_that_the_programme_was_done_all_of_it(
    cast: Cast, days: int, fortnights: int, adherence: int, rules: set[str]
) -> None:
    with cast.acting():
        course = underway.start(cast, now=NOW - days * DAY, severity="severe")
    for before in range(fortnights - 1, -1, -1):
        score(cast, course, at=NOW - before * 14 * DAY, adherence_pct=adherence)
    with cast.acting():
        standing.reassess(course.id, actor=cast.asha.actor(), now=NOW)
    assert {one["rule"] for one in shown(cast.asha, kind="rule")} == rules


@pytest.mark.feature("DP-04")
def test_one_good_day_long_ago_is_no_proof(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast, now=NOW - 365 * DAY, severity="severe")
    score(cast, course, at=NOW - 300 * DAY, adherence_pct=100)
    with cast.acting():
        standing.reassess(course.id, actor=cast.asha.actor(), now=NOW)
    assert shown(cast.asha, kind="rule") == []


@pytest.mark.feature("OM-07")
def test_it_is_made_once_however_often_the_same_is_saved(cast: Cast, course: Course) -> None:
    for days in (3, 2, 1, 0):
        score(cast, course, at=NOW - days * DAY, pain_load_24h=6)
    [one] = made(cast, "rule.flare-up")
    assert one.until is None
    with cast.acting():
        told = Message.objects.filter(kind="recommendation.made", channel="email")
        assert told.filter(subject_id=one.pk).count() == 1


@pytest.mark.feature("OM-07")
def test_it_lapses_when_met_no_more_and_is_made_anew_later(cast: Cast, course: Course) -> None:
    values = [6, 6, 2, 6, 6]
    for place, value in enumerate(values):
        score(cast, course, at=NOW - (len(values) - place) * DAY, pain_load_24h=value)
    first, second = made(cast, "rule.flare-up")
    assert (first.status, second.status) == ("lapsed", "open")
    assert first.until is not None
    with cast.acting():
        gone = Message.objects.filter(subject_id=first.pk, channel="email").get()
        assert gone.status == "cancelled"


def test_what_was_decided_is_not_asked_again_while_it_is_still_met(
    cast: Cast, course: Course
) -> None:
    score(cast, course, at=NOW - 2 * DAY, pain_load_24h=6)
    score(cast, course, at=NOW - DAY, pain_load_24h=6)
    [one] = made(cast, "rule.flare-up")
    body = {"reason": "A single long drive; load is adapted."}
    assert cast.asha.client.post(f"{URL}/{one.pk}/decline", body).status_code == 200
    score(cast, course, pain_load_24h=7)
    [same] = made(cast, "rule.flare-up")
    assert (same.pk, same.status, same.until) == (one.pk, "declined", None)


def test_discharge_ends_what_is_suggested(cast: Cast, course: Course) -> None:
    answer(cast, course, only_after_exercise=True)
    with cast.acting():
        underway.move(cast, course, "discharge", now=NOW, reason="moved", outcome="patient_left")
    [one] = made(cast, "rule.mild")
    assert (one.status, one.until) == ("lapsed", NOW)


def test_a_paused_course_still_says_what_was_found(cast: Cast, course: Course) -> None:
    with cast.acting():
        underway.move(cast, course, "pause", now=NOW - DAY, reason="travelling")
    answer(cast, course, only_after_exercise=True)
    assert [one["rule"] for one in shown(cast.asha)] == ["rule.mild"]


# Yellow flags, redirects, severity, stalled


@pytest.mark.feature("OM-09")
@pytest.mark.parametrize(
    ("scores", "rule", "then"),
    [
        ({"pcs": 30}, "yellow-flags.offer", "Offer psychotherapy."),
        ({"pcs": 30, "gad7": 10}, "yellow-flags.recommend", "Recommend psychotherapy."),
        ({"pcs": 29, "gad7": 9}, None, None),
    ],
)
def test_yellow_flags_offer_or_recommend_psychotherapy(
    cast: Cast, scores: dict[str, Any], rule: str | None, then: str | None
) -> None:
    """The flags open no lane by themselves: the lead accepts, or does not."""
    with cast.acting():
        course = underway.start(cast, now=NOW - DAY)
    score(cast, course, **scores)
    with cast.acting():
        assert underway.lane(course, "psychotherapy").needed == "not_needed"
    found = shown(cast.asha, kind="yellow_flags")
    assert [(one["rule"], one["then"], one["lane"]) for one in found] == (
        [(rule, then, "psychotherapy")] if rule else []
    )


@pytest.mark.feature("OM-09")
def test_accepting_opens_the_lane_that_it_names(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast, now=NOW - DAY)
        lane = underway.lane(course, "psychotherapy")
        standing.decide_lane(
            lane.id,
            version=lane.version,
            needed=False,
            reason="Not wished for yet.",
            actor=cast.asha.actor(),
            now=NOW,
        )
    score(cast, course, pcs=35)
    [one] = shown(cast.asha, kind="yellow_flags")
    answered = cast.asha.client.post(f"{URL}/{one['id']}/accept", {"reason": "She wishes it now."})
    assert answered.status_code == 200, answered.content
    with cast.acting():
        lane.refresh_from_db()
        assert (lane.needed, lane.reason) == ("needed", "She wishes it now.")
        assert lane.referral is not None
    assert answered.json()["status"] == "accepted"


@pytest.mark.feature("DP-06", "seed-rf-nerve", "seed-sx-radiate")
def test_a_redirect_names_the_pathway_to_consider(cast: Cast, course: Course) -> None:
    with cast.acting():
        found = written.red_flag(cast, cast.asha, course, flag="numbness-or-tingling")
    [one] = shown(cast.asha, kind="redirect")
    assert one["towards"] == ["lumbar-radiculopathy"]
    assert one["is_expert_consensus"] is True
    with cast.acting():
        written.clear(found, cast.asha)
    [one] = shown(cast.asha, kind="redirect")
    assert one["status"] == "lapsed"


@pytest.mark.feature("CP-06")
def test_scores_suggest_another_severity_and_change_nothing(cast: Cast, course: Course) -> None:
    score(cast, course, nprs=8)
    [one] = shown(cast.asha, kind="severity")
    assert one["rule"] == "severity.severe"
    with cast.acting():
        course.refresh_from_db()
        assert course.severity == "mild"


@pytest.mark.feature("seed-ddx-nonresponse")
def test_a_stage_without_any_change_that_matters_is_stalled(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast, now=NOW - 29 * DAY)
    score(cast, course, at=NOW - 28 * DAY, nprs=6, lefs=50)
    score(cast, course, at=NOW - DAY, nprs=5, lefs=52, adherence_pct=80)
    [one] = shown(cast.asha, kind="stalled")
    assert "none of 2 measures improved enough to matter" in one["finding"]["sentence"]
    assert "was 80 (" in one["finding"]["sentence"]
    assert "look at the diagnosis again" in one["then"]
    score(cast, course, nprs=4)
    [one] = shown(cast.asha, kind="stalled")
    assert one["status"] == "lapsed"


@pytest.mark.feature("DP-06")
def test_stalled_names_each_measure_its_gain_and_what_would_matter(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast, now=NOW - 29 * DAY)
    score(cast, course, at=NOW - 28 * DAY, nprs=6, lefs=50)
    score(cast, course, at=NOW - DAY, nprs=5, lefs=52, adherence_pct=80)
    [one] = shown(cast.asha, kind="stalled")
    parts = {part["id"]: part for part in one["finding"]["parts"][0]["parts"]}
    assert set(parts) == {"lefs", "nprs"}
    assert "has gained 1, from 6 to 5; a change matters from" in parts["nprs"]["sentence"]
    assert len(parts["lefs"]["evidence"]) == 2


def test_a_stage_does_not_stall_while_its_course_is_paused(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast, now=NOW - 40 * DAY)
        underway.move(cast, course, "pause", now=NOW - 20 * DAY, reason="away")
        underway.move(cast, course, "resume", now=NOW - 5 * DAY)
    score(cast, course, at=NOW - 39 * DAY, nprs=6, lefs=50)
    score(cast, course, at=NOW - DAY, nprs=5, lefs=52, adherence_pct=80)
    assert shown(cast.asha, kind="stalled") == []
    with cast.acting():
        known = facts.gather([course], now=NOW)[course.id].stay
        assert known is not None
        assert known.pauses == ((NOW - 20 * DAY, NOW - 5 * DAY),)
        then = NOW + 3 * DAY
        standing.reassess(course.id, actor=cast.asha.actor(then), now=then)
    assert len(shown(cast.asha, kind="stalled")) == 1


@pytest.mark.parametrize("adherence", [{}, {"adherence_pct": 79}])
def test_a_stage_is_not_stalled_while_the_programme_was_not_done_or_nobody_knows(
    cast: Cast, adherence: dict[str, int]
) -> None:
    with cast.acting():
        course = underway.start(cast, now=NOW - 29 * DAY)
    score(cast, course, at=NOW - 28 * DAY, nprs=6, lefs=50)
    score(cast, course, at=NOW - DAY, nprs=5, lefs=52, **adherence)
    assert shown(cast.asha, kind="stalled") == []


def test_nothing_is_stalled_that_was_not_measured_twice(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast, now=NOW - 60 * DAY)
    score(cast, course, nprs=6, adherence_pct=80)
    assert shown(cast.asha, kind="stalled") == []


# Explained


@pytest.mark.feature("DP-06")
def test_one_call_answers_why(cast: Cast, course: Course) -> None:
    score(cast, course, at=NOW - DAY, pain_load_24h=5)
    score(cast, course, pain_load_24h=6)
    [listed] = shown(cast.asha, kind="rule")
    one = cast.asha.client.get(f"{URL}/{listed['id']}").json()
    assert (one["pathway"], one["rule"]) == ("hamstring-tendinopathy", "rule.flare-up")
    assert one["version"] == underway.version().version
    assert "5, 6" in one["finding"]["sentence"]
    assert {row["kind"] for row in one["finding"]["evidence"]} == {"score"}
    assert len(one["finding"]["evidence"]) == 2
    assert any("Goom" in cite for cite in one["cites"])
    assert one["is_expert_consensus"] is True


@pytest.mark.feature("DP-06", "PV-02")
def test_what_rests_on_something_withheld_keeps_its_effect_alone(cast: Cast) -> None:
    scene = lockbox.stage(cast, hands_over=False)
    with cast.acting():
        underway.score(scene.course, {"pain_load_24h": "6"}, now=NOW, who=cast.asha)
        underway.score(scene.course, {"pain_load_24h": "6"}, now=NOW, who=cast.dmitri)
        standing.reassess(scene.course.id, actor=cast.asha.actor(), now=NOW)
    [before] = shown(cast.ben, kind="rule")
    assert before["rule"] == "rule.flare-up"
    dmitri = cast.dmitri.practitioner_role.practitioner_id
    scene.lock(target="practitioner", target_practitioner_id=dmitri)
    assert shown(cast.ben, kind="rule") == []
    [after] = [one for one in shown(cast.ben) if one["is_withheld"]]
    assert (after["rule"], after["then"], after["finding"], after["cites"]) == ("", "", None, [])
    assert after["kind"] is None
    assert after["text"] == "Something that counts here is withheld."
    refused = cast.ben.client.post(f"{URL}/{after['id']}/decline", {"reason": "No."})
    assert refused.status_code == 404
    [asha] = shown(cast.asha, kind="rule")
    assert asha["rule"] == "rule.flare-up"


@pytest.mark.feature("DP-06")
def test_an_opinion_anywhere_in_a_rule_makes_it_one(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast, now=NOW - 183 * DAY, severity="severe")
    for fortnights in range(12, -1, -1):
        score(cast, course, at=NOW - fortnights * 14 * DAY, adherence_pct=90)
    [one] = shown(cast.asha, kind="rule")
    assert one["rule"] == "rule.severe-earliest"
    below = {key for part in one["finding"]["parts"] for key in part["source"]}
    assert EXPERT_CONSENSUS in below
    assert one["is_expert_consensus"] is True
    assert any("Expert consensus" in cite for cite in one["cites"])


def test_yellow_flags_say_which_they_are_and_on_whose_word(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast, now=NOW - DAY)
        lane = underway.lane(course, "psychotherapy")
        standing.decide_lane(
            lane.id,
            version=lane.version,
            needed=False,
            reason="Not wished for yet.",
            actor=cast.asha.actor(),
            now=NOW,
        )
    score(cast, course, pcs=35, gad7=12)
    [one] = shown(cast.asha, kind="yellow_flags")
    parts = one["finding"]["parts"]
    assert len(parts) == 2
    assert all(part["text"] and part["source"] and part["evidence"] for part in parts)
    said = {key for part in parts for key in part["source"]}
    assert one["is_expert_consensus"] is (EXPERT_CONSENSUS in said)


# Explained by what is recorded now


def corrected(cast: Cast, sitting: UUID, **values: Any) -> None:
    """Replace what a sitting recorded, as Asha."""
    with cast.acting():
        assessing.replace_assessment(
            sitting,
            scores=[NewScore(slug, Decimal(value)) for slug, value in values.items()],
            reason="It was a slip of the pen.",
            actor=cast.asha.actor(),
            now=NOW,
        )


@pytest.mark.feature("DP-06")
def test_a_correction_changes_why_it_is_suggested(cast: Cast, course: Course) -> None:
    first = score(cast, course, at=NOW - 3 * DAY, pain_load_24h=9)
    score(cast, course, at=NOW - 2 * DAY, pain_load_24h=9)
    corrected(cast, first, pain_load_24h=6)
    [one] = shown(cast.asha, kind="rule")
    assert "6, 9" in one["finding"]["sentence"]
    assert (one["status"], one["traced_at"] is not None) == ("open", True)
    rests_on = [row["id"] for row in one["finding"]["evidence"]]
    with cast.acting():
        assert not Score.objects.filter(pk__in=rests_on, assessment=first).exists()
        [row] = Recommendation.objects.filter(pk=one["id"])
        [before] = row.earlier
        assert "9, 9" in before["finding"]["sentence"]
        told = AuditEvent.objects.get(event="recommendation.traced-anew", resource_id=row.pk)
        assert told.detail["rows_added"]
        assert told.detail["rows_removed"]
        assert Message.objects.filter(kind=recommending.MADE, channel="email").count() == 1


def test_another_severity_changes_its_words(cast: Cast, course: Course) -> None:
    score(cast, course, nprs=8)
    with cast.acting():
        course.refresh_from_db()
        courses.change_severity(
            course.pk,
            version=course.version,
            severity="moderate",
            reason="As examined.",
            actor=cast.asha.actor(),
            now=NOW,
        )
    [one] = shown(cast.asha, kind="severity")
    assert "moderate" in one["text"]
    assert "mild" not in one["text"]


@pytest.mark.feature("PV-02")
def test_it_is_withheld_once_it_rests_on_what_is_withheld_alone(cast: Cast) -> None:
    scene = lockbox.stage(cast, hands_over=False)
    mine = [score(cast, scene.course, pain_load_24h=6) for _ in range(2)]
    [before] = shown(cast.ben, kind="rule")
    assert before["rule"] == "rule.flare-up"
    with cast.acting():
        for _ in range(2):
            underway.score(scene.course, {"pain_load_24h": "7"}, now=NOW, who=cast.dmitri)
    dmitri = cast.dmitri.practitioner_role.practitioner_id
    scene.lock(target="practitioner", target_practitioner_id=dmitri)
    for sitting in mine:
        corrected(cast, sitting, pain_load_24h=1)
    told = {one["id"]: one for one in shown(cast.ben)}
    after = told[before["id"]]
    assert (after["status"], after["is_withheld"], after["finding"]) == ("open", True, None)


def test_what_was_decided_keeps_the_trace_on_which_it_was(cast: Cast, course: Course) -> None:
    first = score(cast, course, at=NOW - 2 * DAY, pain_load_24h=6)
    score(cast, course, at=NOW - DAY, pain_load_24h=6)
    [one] = made(cast, "rule.flare-up")
    assert cast.asha.client.post(f"{URL}/{one.pk}/accept").status_code == 200
    corrected(cast, first, pain_load_24h=8)
    [same] = made(cast, "rule.flare-up")
    assert (same.finding, same.rests_on, same.earlier) == (one.finding, one.rests_on, [])
    with cast.acting(), pytest.raises(ProgrammingError), transaction.atomic():
        Recommendation.objects.filter(pk=one.pk).update(rests_on=[])


def test_what_only_time_takes_out_of_a_trace_unsettles_the_course(
    cast: Cast, course: Course
) -> None:
    score(cast, course, nprs=8)
    [one] = made(cast, "severity.severe")
    with cast.acting():
        assert one.earlier == []
        Recommendation.objects.filter(pk=one.pk).update(rests_on=[])
        [seen] = looking_again.glance([course.pk], now=NOW)
        assert not seen.is_settled(NOW)
        standing.reassess(course.pk, actor=cast.asha.actor(), now=NOW)
        before = one.rests_on
        one.refresh_from_db()
        assert (len(one.earlier), one.rests_on) == (1, before)


# Asked once, and only what may be followed


def test_help_without_a_lane_says_to_refer_and_may_be_accepted(cast: Cast) -> None:
    with cast.acting():
        version = PathwayVersion.objects.newest("gluteal-tendinopathy")
        course = underway.start(cast, pathway_version_id=version.pk, answers={}, now=NOW - DAY)
    score(cast, course, pcs=35, gad7=12)
    [one] = shown(cast.asha, kind="yellow_flags")
    assert (one["lane"], "refer the patient" in one["then"]) == ("", True)
    answered = cast.asha.client.post(f"{URL}/{one['id']}/accept", {"reason": "Referred."})
    assert (answered.status_code, answered.json()["status"]) == (200, "accepted")


def test_the_same_help_is_offered_once_and_not_again_once_declined(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast, now=NOW - DAY)
        lane = underway.lane(course, "psychotherapy")
        standing.decide_lane(
            lane.id,
            version=lane.version,
            needed=False,
            reason="Not wished for yet.",
            actor=cast.asha.actor(),
            now=NOW,
        )
        written.complexity_screen(cast.asha, course, "medium")
    [one] = shown(cast.asha)
    cast.asha.client.post(f"{URL}/{one['id']}/decline", {"reason": "Not wished for."})
    score(cast, course, pcs=35)
    [same] = shown(cast.asha)
    assert (same["id"], same["status"], same["until"]) == (one["id"], "declined", None)
    with cast.acting():
        [seen] = looking_again.glance([course.pk], now=NOW)
        assert set(seen.recommended) == {"complexity.psychosocial.medium"}
    score(cast, course, gad7=15)
    rules = {row["rule"]: row["status"] for row in shown(cast.asha) if row["until"] is None}
    assert rules == {"yellow-flags.recommend": "open"}


def test_another_version_does_not_ask_again_what_was_declined(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(
            cast, now=NOW - 10 * DAY, side="right", pathway_version_id=version("1.0.0").id
        )
    for days in (2, 1):
        score(cast, course, at=NOW - days * DAY, pain_load_24h=6)
    [one] = shown(cast.asha, kind="rule")
    cast.asha.client.post(f"{URL}/{one['id']}/decline", {"reason": "A long drive."})
    assert decide(cast, course, "adopt").status_code == 200
    rows = [row for row in shown(cast.asha) if row["rule"] == one["rule"]]
    with cast.acting():
        same = is_same_rule(one["rule"], version("1.0.0").definition, version("1.1.0").definition)
    assert same
    assert [(row["id"], row["status"], row["until"]) for row in rows] == [
        (one["id"], "declined", None)
    ]


# A danger that nobody judged


def item_9(cast: Cast, course: Course, value: int, *, at: datetime = NOW) -> None:
    """Record an answer to the question after suicidal thoughts, as Asha."""
    with cast.acting():
        assessing.record_assessment(
            cast.patient.id,
            course_id=course.id,
            scores=[NewScore("phq9", Decimal(value), item=9)],
            actor=cast.asha.actor(at),
            now=at,
        )


def test_a_danger_never_lapses_by_itself(cast: Cast, course: Course) -> None:
    item_9(cast, course, 1, at=NOW - DAY)
    item_9(cast, course, 0)
    [one] = made(cast, "safety.suicide-risk")
    assert (one.status, one.until) == ("open", None)
    with cast.acting():
        underway.move(cast, course, "discharge", now=NOW, reason="moved", outcome="patient_left")
    [one] = made(cast, "safety.suicide-risk")
    assert (one.status, one.until) == ("open", None)
    assert cast.asha.client.post(f"{URL}/{one.pk}/accept").status_code == 200


@pytest.mark.parametrize("is_over", [False, True])
def test_a_danger_that_is_met_no_more_ends_with_its_alert(
    cast: Cast, course: Course, is_over: bool
) -> None:
    item_9(cast, course, 1, at=NOW - DAY)
    item_9(cast, course, 0)
    with cast.acting():
        actor = cast.asha.actor()
        if is_over:
            underway.move(cast, course, "discharge", now=NOW, reason="x", outcome="patient_left")
        alert = SafetyAlert.objects.get()
        safety_alerts.acknowledge(alert.pk, actor=actor, now=NOW)
        assert Recommendation.objects.get(rule="safety.suicide-risk").status == "open"
        safety_alerts.close(alert.pk, outcome="assessed", reason="Seen.", actor=actor, now=NOW)
    [one] = made(cast, "safety.suicide-risk")
    assert (one.status, one.until) == ("lapsed", NOW)


# Decided


@pytest.mark.feature("DP-07")
@pytest.mark.parametrize("reason", ["", "   "])
def test_declining_says_why(cast: Cast, course: Course, reason: str) -> None:
    answer(cast, course, only_after_exercise=True)
    [one] = made(cast, "rule.mild")
    refused = cast.asha.client.post(f"{URL}/{one.pk}/decline", {"reason": reason})
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["pointer"] == "/reason"
    assert made(cast, "rule.mild")[0].status == "open"


def test_it_is_decided_once(cast: Cast, course: Course) -> None:
    answer(cast, course, only_after_exercise=True)
    [one] = made(cast, "rule.mild")
    assert cast.asha.client.post(f"{URL}/{one.pk}/accept").status_code == 200
    again = cast.asha.client.post(f"{URL}/{one.pk}/decline", {"reason": "On second thoughts."})
    assert again.status_code == 409
    assert again.json()["detail"] == "This recommendation was accepted already."


@pytest.mark.parametrize(
    ("who", "status"), [("gus", 404), ("sam", 403), ("ada", 403), ("pia", 403), ("olu", 404)]
)
def test_nobody_outside_the_circle_reads_or_decides(
    cast: Cast, course: Course, who: str, status: int
) -> None:
    answer(cast, course, only_after_exercise=True)
    [one], person = made(cast, "rule.mild"), cast.everybody[who]
    assert person.client.post(f"{URL}/{one.pk}/accept").status_code == status
    assert person.client.get(f"{URL}/{one.pk}").status_code == status
    assert made(cast, "rule.mild")[0].status == "open"


def test_one_of_many_decisions_at_once_counts(committed_cast: Cast) -> None:
    cast = committed_cast
    with cast.acting():
        course = underway.start(cast, now=NOW - 10 * DAY)
        actor = cast.asha.actor()
    answer(cast, course, only_after_exercise=True)
    [one] = made(cast, "rule.mild")

    def act(name: str) -> Any:
        return deciding.decide(one.pk, name, reason="because", actor=actor, now=NOW)

    said = together(cast, *[lambda name=name: act(name) for name in ("accept", "decline") * 4])
    assert sum(isinstance(one, Recommendation) for one in said) == 1
    assert sum(isinstance(one, Problem) for one in said) == 7


def test_many_looks_at_once_make_one(committed_cast: Cast) -> None:
    cast = committed_cast
    with cast.acting():
        course = underway.start(cast, now=NOW - 10 * DAY)
        underway.score(course, {"nprs": "9"}, now=NOW, who=cast.asha)
        actor = cast.asha.actor()
    together(cast, *[lambda: standing.reassess(course.id, actor=actor, now=NOW)] * 6)
    assert len(made(cast, "severity.severe")) == 1


# Counted


@pytest.mark.feature("DP-07")
def test_it_counts_how_often_each_rule_was_followed(cast: Cast, course: Course) -> None:
    score(cast, course, at=NOW - DAY, pain_load_24h=6)
    score(cast, course, pain_load_24h=6)
    answer(cast, course, only_after_exercise=True)
    for rule, verb in (("rule.mild", "accept"), ("rule.flare-up", "decline")):
        [one] = made(cast, rule)
        answered = cast.asha.client.post(f"{URL}/{one.pk}/{verb}", {"reason": "As discussed."})
        assert answered.status_code == 200
    with cast.acting():
        underway.meet_acute_exit(cast, course, now=NOW)
        underway.move(cast, course, "advance", now=NOW, override=True, reason="Ready but for this.")
    rows = {row["rule"]: row for row in cast.asha.client.get("/api/v1/rule-outcomes").json()}
    assert (rows["rule.mild"]["made"], rows["rule.mild"]["override_rate"]) == (1, 0.0)
    assert (rows["rule.flare-up"]["declined"], rows["rule.flare-up"]["override_rate"]) == (1, 1.0)
    overridden = {name: row["overridden"] for name, row in rows.items() if row["overridden"]}
    assert overridden
    assert all(name.startswith("criterion.") for name in overridden)
    foreign = cast.olu.client.get("/api/v1/rule-outcomes").json()
    assert foreign == []


def counted(cast: Cast) -> dict[tuple[str, str], dict[str, Any]]:
    rows = cast.asha.client.get("/api/v1/rule-outcomes").json()
    return {(row["version"], row["rule"]): row for row in rows}


@pytest.mark.feature("DP-07")
def test_an_override_counts_under_the_version_in_force_then(cast: Cast) -> None:
    then = NOW - 10 * DAY
    with cast.acting():
        course = underway.start(
            cast, now=then, side="right", pathway_version_id=version("1.0.0").id
        )
        activity = Activity.objects.get(course=course, is_loading=True)
        activities.move_activity(activity.pk, "begin", actor=cast.asha.actor(then), now=then)
        levels = [one.id for one in course.pathway_version.definition.dose_levels]
        for higher in levels[1:]:
            activity.refresh_from_db()
            dosing.change_dose(
                activity.pk,
                version=activity.version,
                to_level=higher,
                override=True,
                reason="My call.",
                actor=cast.asha.actor(),
                now=NOW,
            )
        [gated, *_] = DoseChange.objects.filter(overridden=True)
        underway.meet_acute_exit(cast, course, now=NOW)
        underway.move(cast, course, "advance", now=NOW, override=True, reason="Ready all the same.")
    changes = cast.asha.client.get(f"/api/v1/activities/{activity.pk}/dose-changes").json()
    assert {row["version"] for row in changes} == {"1.0.0"}
    for row in changes:
        assert row["cites"]
        has_none = row["gate"] == "This level has no gate: nothing was asked for."
        assert has_none is (row["finding"] is None)
    before = counted(cast)
    assert before["1.0.0", f"dose-gate.{gated.to_level}"]["overridden"] == 1
    assert {name for name, _ in before} == {"1.0.0"}
    assert decide(cast, course, "adopt").status_code == 200
    after = {key: row["overridden"] for key, row in counted(cast).items() if row["overridden"]}
    assert after == {key: row["overridden"] for key, row in before.items() if row["overridden"]}


@pytest.mark.feature("DP-07")
def test_a_redirect_that_was_followed_counts_as_accepted(cast: Cast, course: Course) -> None:
    with cast.acting():
        written.red_flag(cast, cast.asha, course, flag="numbness-or-tingling")
        rediagnosing.switch(
            course.pk,
            pathway="lumbar-radiculopathy",
            reason="Dermatomal.",
            severity="moderate",
            side="left",
            actor=cast.asha.actor(),
            now=NOW,
        )
    [one] = made(cast, "redirect.numbness-or-tingling")
    assert (one.status, one.reason, one.until) == ("accepted", "Dermatomal.", NOW)
    [row] = [row for (_, rule), row in counted(cast).items() if rule == one.rule]
    assert (row["accepted"], row["lapsed"], row["override_rate"]) == (1, 0, 0.0)


# Against the database


def test_the_database_keeps_one_standing_per_rule(cast: Cast, course: Course) -> None:
    answer(cast, course, only_after_exercise=True)
    [one] = made(cast, "rule.mild")
    one.pk = None
    with cast.acting(), pytest.raises(IntegrityError), transaction.atomic():
        Recommendation.objects.bulk_create([one])
