"""What rules suggest: made once, for as long as they are met, and a danger until it is judged."""

from datetime import datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from care_plans import (
    assessing,
    looking_again,
    safety_alerts,
    standing,
)
from care_plans.models import (
    Assessment,
    Course,
    PathwayVersion,
    Recommendation,
    SafetyAlert,
)
from care_plans.same_rules import is_same_rule
from care_plans.sittings import NewScore
from notifications import delivery
from notifications.models import Message
from tests.care_plans import underway, written
from tests.care_plans.calling import put_on_call
from tests.care_plans.suggested import DAY, answer, made, said, score, shown
from tests.care_plans.test_versions import decide, version
from tests.cast import NOW, Cast

pytestmark = pytest.mark.usefixtures("clock")


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
    assert said(cast.asha, one.pk, "decline", body).status_code == 200
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


# Asked once, and only what may be followed


def test_help_without_a_lane_says_to_refer_and_may_be_accepted(cast: Cast) -> None:
    with cast.acting():
        version = PathwayVersion.objects.newest("gluteal-tendinopathy")
        course = underway.start(cast, pathway_version_id=version.pk, answers={}, now=NOW - DAY)
    score(cast, course, pcs=35, gad7=12)
    [one] = shown(cast.asha, kind="yellow_flags")
    assert (one["lane"], "refer the patient" in one["then"]) == ("", True)
    answered = said(cast.asha, one["id"], "accept", {"reason": "Referred."})
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
    said(cast.asha, one["id"], "decline", {"reason": "Not wished for."})
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
    said(cast.asha, one["id"], "decline", {"reason": "A long drive."})
    assert decide(cast, course, "adopt").status_code == 200
    rows = [row for row in shown(cast.asha) if row["rule"] == one["rule"]]
    with cast.acting():
        same = is_same_rule(one["rule"], version("1.0.0").definition, version("1.1.0").definition)
    assert same
    assert [(row["id"], row["status"], row["until"]) for row in rows] == [
        (one["id"], "declined", None)
    ]


@pytest.mark.feature("PW-06")
@pytest.mark.parametrize("was_sent", [True, False])
def test_another_version_tells_the_lead_of_nothing_twice(cast: Cast, was_sent: bool) -> None:
    with cast.acting():
        course = underway.start(
            cast, now=NOW - 10 * DAY, side="right", pathway_version_id=version("1.0.0").id
        )
    for days in (2, 1):
        score(cast, course, at=NOW - days * DAY, pain_load_24h=6)
    [one] = shown(cast.asha, kind="rule")
    if was_sent:
        delivery.deliver_due("email", clock=lambda: NOW)
        delivery.deliver_due("in_app", clock=lambda: NOW)
    assert decide(cast, course, "adopt").status_code == 200
    [anew] = [row for row in shown(cast.asha, kind="rule") if row["until"] is None]
    assert (anew["rule"], anew["status"]) == (one["rule"], "open")
    with cast.acting():
        told = Message.objects.filter(
            kind="recommendation.made", subject_id__in=[one["id"], anew["id"]]
        ).exclude(status=Message.Status.CANCELLED)
        assert sorted(told.values_list("channel", flat=True)) == ["email", "in_app"]


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
    assert said(cast.asha, one.pk, "accept").status_code == 200


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


def test_a_danger_ends_with_the_life_that_it_was_about(cast: Cast, course: Course) -> None:
    with cast.acting():
        other = underway.start(cast, now=NOW - 10 * DAY, side="left")
    for one in (course, other):
        item_9(cast, one, 1, at=NOW - DAY)
    with cast.acting():
        underway.move(cast, course, "discharge", now=NOW, reason="moved", outcome="patient_left")
    assert [one.status for one in made(cast, "safety.suicide-risk")] == ["open", "open"]
    with cast.acting():
        underway.move(cast, other, "discharge", now=NOW, reason="died", outcome="deceased")
    ended = made(cast, "safety.suicide-risk")
    assert [(one.status, one.until) for one in ended] == [("lapsed", NOW), ("lapsed", NOW)]


@pytest.mark.feature("OM-07")
@pytest.mark.parametrize("is_over", [False, True])
def test_a_danger_that_a_correction_says_again_ends_with_its_alert(
    cast: Cast, course: Course, is_over: bool
) -> None:
    item_9(cast, course, 1, at=NOW - DAY)
    with cast.acting():
        first, actor = Assessment.objects.get(scores__item=9), cast.asha.actor()
        answers = [NewScore("phq9", Decimal(1), item=item) for item in (9, 1)]
        assessing.replace_assessment(
            first.pk, scores=answers, reason="An answer was missing.", actor=actor, now=NOW
        )
    [one] = made(cast, "safety.suicide-risk")
    assert one.traced_at == NOW
    item_9(cast, course, 0)
    with cast.acting():
        if is_over:
            underway.move(cast, course, "discharge", now=NOW, reason="x", outcome="patient_left")
        alert = SafetyAlert.objects.get()
        safety_alerts.acknowledge(alert.pk, actor=actor, now=NOW)
        assert Recommendation.objects.get(rule="safety.suicide-risk").status == "open"
        safety_alerts.close(alert.pk, outcome="assessed", reason="Seen.", actor=actor, now=NOW)
    [one] = made(cast, "safety.suicide-risk")
    assert (one.status, one.until) == ("lapsed", NOW)


@pytest.mark.feature("OM-07")
def test_who_is_on_call_closes_an_alert_although_a_lane_lost_its_practitioner(
    cast: Cast, course: Course
) -> None:
    put_on_call(cast, cast.gus)
    item_9(cast, course, 1)
    with cast.acting():
        assert underway.lane(course, "physiotherapy").referral is None
        asha = cast.asha.practitioner_role
        type(asha).objects.filter(pk=asha.pk).update(registered_until=NOW.date() - DAY)
        at = f"/api/v1/safety-alerts/{SafetyAlert.objects.get().pk}"
    assert cast.gus.client.post(f"{at}/acknowledge").status_code == 200
    said = {"outcome": "assessed", "reason": "Spoke with her; safe."}
    closed = cast.gus.client.post(f"{at}/close", said)
    assert closed.status_code == 200, closed.content
    with cast.acting():
        assert underway.lane(course, "physiotherapy").referral is not None


# Against the database


def test_the_database_keeps_one_standing_per_rule(cast: Cast, course: Course) -> None:
    answer(cast, course, only_after_exercise=True)
    [one] = made(cast, "rule.mild")
    one.pk = None
    with cast.acting(), pytest.raises(IntegrityError), transaction.atomic():
        Recommendation.objects.bulk_create([one])
