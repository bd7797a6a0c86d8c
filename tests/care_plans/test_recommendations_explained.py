"""Why something is suggested: told in one call, by what is recorded now, and not to everybody."""

from datetime import datetime
from typing import Any

import pytest
from django.db import ProgrammingError, transaction

from care_plans import (
    courses,
    looking_again,
    recommending,
    standing,
)
from care_plans.content.sourced import EXPERT_CONSENSUS
from care_plans.evaluation import Asked
from care_plans.models import (
    Course,
    Recommendation,
    Score,
)
from care_plans.suggesting import rules_with_why
from coordination.models import AuditEvent
from notifications.models import Message
from tests import lockbox
from tests.care_plans import underway
from tests.care_plans.suggested import DAY, URL, corrected, made, said, score, shown
from tests.cast import NOW, Cast

pytestmark = pytest.mark.usefixtures("clock")


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
    scene = lockbox.stage(cast, hands_over=False, began=NOW - 5 * DAY)
    with cast.acting():
        underway.score(scene.course, {"pain_load_24h": "6"}, now=NOW - DAY, who=cast.asha)
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
    alone = cast.ben.client.get(f"{URL}/{after['id']}")
    assert "ETag" not in alone, "it would tell how often something was recorded"
    refused = said(cast.ben, after["id"], "decline", {"reason": "No."})
    assert refused.status_code == 404
    [asha] = shown(cast.asha, kind="rule")
    assert asha["rule"] == "rule.flare-up"


@pytest.mark.feature("PV-02")
def test_nothing_tells_when_it_was_brought_up_to_date_by_what_is_withheld(cast: Cast) -> None:
    scene = lockbox.stage(cast, hands_over=False, began=NOW - 5 * DAY)
    for days in (2, 1):
        score(cast, scene.course, at=NOW - days * DAY, pain_load_24h=6)
    [before] = shown(cast.ben, kind="rule")
    dmitri = cast.dmitri.practitioner_role.practitioner_id
    scene.lock(target="practitioner", target_practitioner_id=dmitri)

    def told() -> list[Any]:
        events = cast.ben.client.get(
            "/api/v1/events", {"subject": "Recommendation", "limit": "200"}
        )
        provenance = cast.ben.client.get("/api/v1/provenance", {"target": before["id"]})
        assert (events.status_code, provenance.status_code) == (200, 200)
        return [events.json()["results"], provenance.json()]

    seen = told()
    assert all(seen)
    with cast.acting():
        underway.score(scene.course, {"pain_load_24h": "7"}, now=NOW, who=cast.dmitri)
        standing.reassess(scene.course.id, actor=cast.dmitri.actor(), now=NOW)
        assert Recommendation.objects.get(pk=before["id"]).traced_at is not None
    assert told() == seen


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
    [said] = one["earlier"]
    assert "9, 9" in said["finding"]["sentence"]
    assert (said["text"], said["cites"]) == (one["text"], one["cites"])
    assert said["until"] == one["traced_at"]
    retrieved = cast.asha.client.get(f"{URL}/{one['id']}").json()
    assert retrieved["earlier"] == one["earlier"]


@pytest.mark.feature("DP-06", "PV-02")
def test_what_it_said_before_is_withheld_with_what_it_rested_on(cast: Cast) -> None:
    scene = lockbox.stage(cast, hands_over=False, began=NOW - 5 * DAY)
    then = NOW - 3 * DAY
    with cast.acting():
        first = underway.score(scene.course, {"pain_load_24h": "9"}, now=then, who=cast.dmitri)
        standing.reassess(scene.course.id, actor=cast.asha.actor(), now=NOW)
    for days, value in ((2, 9), (1, 8), (0, 8)):
        score(cast, scene.course, at=NOW - days * DAY, pain_load_24h=value)
    [before] = [one for one in shown(cast.ben, kind="rule") if one["rule"] == "rule.flare-up"]
    assert str(first[0].pk) in str(before["earlier"])
    assert not any(one["is_withheld"] for one in before["earlier"])
    dmitri = cast.dmitri.practitioner_role.practitioner_id
    scene.lock(target="practitioner", target_practitioner_id=dmitri)
    [after] = [one for one in shown(cast.ben, kind="rule") if one["rule"] == "rule.flare-up"]
    told = cast.ben.client.get(f"{URL}/{after['id']}").json()
    assert told["earlier"] == after["earlier"]
    withheld = [one for one in told["earlier"] if one["is_withheld"]]
    assert withheld
    assert all(one["text"] is None and one["finding"] is None for one in withheld)
    assert not any(one["cites"] or one["is_expert_consensus"] for one in withheld)
    assert str(first[0].pk) not in str(told)
    [asha] = [one for one in shown(cast.asha, kind="rule") if one["rule"] == "rule.flare-up"]
    assert str(first[0].pk) in str(asha["earlier"])


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
    scene = lockbox.stage(cast, hands_over=False, began=NOW - 5 * DAY)
    mine = [score(cast, scene.course, at=NOW - n * DAY, pain_load_24h=6) for n in (3, 2)]
    [before] = shown(cast.ben, kind="rule")
    assert before["rule"] == "rule.flare-up"
    with cast.acting():
        for n in (1, 0):
            at = NOW - n * DAY
            underway.score(scene.course, {"pain_load_24h": "7"}, now=at, who=cast.dmitri)
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
    assert said(cast.asha, one.pk, "accept").status_code == 200
    corrected(cast, first, pain_load_24h=8)
    [same] = made(cast, "rule.flare-up")
    assert (same.finding, same.rests_on, same.earlier) == (one.finding, one.rests_on, [])
    with cast.acting(), pytest.raises(ProgrammingError), transaction.atomic():
        Recommendation.objects.filter(pk=one.pk).update(rests_on=[])


@pytest.mark.feature("DP-06")
def test_what_only_a_window_of_time_shifts_is_no_news(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast, now=NOW - 183 * DAY, severity="severe")
    sittings = [
        score(cast, course, at=NOW - before * 7 * DAY, adherence_pct=80 + before % 3)
        for before in range(26, -1, -1)
    ]
    [one] = made(cast, "rule.severe-earliest")
    with cast.acting():
        for days in range(1, 14, 3):
            at = NOW + days * DAY
            underway.score(course, {"adherence_pct": "85"}, now=at, who=cast.asha)
            [seen] = looking_again.glance([course.pk], now=at)
            assert not is_news(seen, one.rule, at)
            standing.reassess(course.pk, actor=cast.asha.actor(at), now=at)
    [same] = made(cast, one.rule)
    assert (same.status, same.earlier, same.traced_at) == ("open", [], None)
    assert same.rests_on == one.rests_on
    # what was corrected is never why, however little it changes
    with cast.acting():
        rests_on = Score.objects.filter(pk__in=one.rests_on, assessment=sittings[-1])
        assert rests_on.exists()
    corrected(cast, sittings[-1], adherence_pct=81)
    [anew] = made(cast, one.rule)
    assert (anew.status, len(anew.earlier)) == ("open", 1)
    with cast.acting():
        gone = Score.objects.filter(assessment=sittings[-1]).values_list("pk", flat=True)
        assert not set(gone) & set(anew.rests_on)


def is_news(seen: looking_again.Glance, rule: str, now: datetime) -> bool:
    """Say whether a glance finds news in what is suggested already."""
    found = rules_with_why(Asked(seen.definition, seen.facts, now))[rule]()
    return recommending.is_news(seen.recommended[rule], found, seen.facts)


def test_a_trace_that_nobody_brought_up_to_date_unsettles_the_course(
    cast: Cast, course: Course
) -> None:
    score(cast, course, nprs=8)
    [one] = made(cast, "severity.severe")
    with cast.acting():
        underway.score(course, {"nprs": "9"}, now=NOW, who=cast.asha)
        [seen] = looking_again.glance([course.pk], now=NOW)
        assert not seen.is_settled(NOW)
        standing.reassess(course.pk, actor=cast.asha.actor(), now=NOW)
        before = one.rests_on
        one.refresh_from_db()
        assert len(one.earlier) == 1
        assert one.rests_on != before


def test_what_only_time_takes_out_of_a_rule_unsettles_the_course(cast: Cast) -> None:
    """Adherence says nothing of now once its fortnight is over."""
    with cast.acting():
        course = underway.start(cast, now=NOW - 29 * DAY)
    score(cast, course, at=NOW - 28 * DAY, nprs=6, lefs=50)
    score(cast, course, at=NOW - DAY, nprs=5, lefs=52, adherence_pct=80)
    [one] = made(cast, "stalled")
    with cast.acting():
        for days, still in ((13, True), (14, False)):
            at = NOW + days * DAY
            [seen] = looking_again.glance([course.pk], now=at)
            assert ("stalled" in rules_with_why(Asked(seen.definition, seen.facts, at))) is still
        assert not seen.is_settled(at)
        standing.reassess(course.pk, actor=cast.asha.actor(at), now=at)
        one.refresh_from_db()
        assert (one.status, one.until) == ("lapsed", at)
