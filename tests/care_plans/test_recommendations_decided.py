"""What people decide about a recommendation, and how often each rule was followed."""

from typing import Any

import pytest

from care_plans import (
    activities,
    deciding,
    dosing,
    rediagnosing,
    standing,
)
from care_plans.models import (
    Activity,
    Course,
    DoseChange,
    Recommendation,
)
from coordination.problems import Problem
from tests.care_plans import underway, written
from tests.care_plans.suggested import DAY, URL, answer, corrected, made, said, score
from tests.care_plans.test_findings_at_once import together
from tests.care_plans.test_versions import decide, version
from tests.cast import NOW, Cast

pytestmark = pytest.mark.usefixtures("clock")


@pytest.mark.feature("DP-07")
@pytest.mark.parametrize("reason", ["", "   "])
def test_declining_says_why(cast: Cast, course: Course, reason: str) -> None:
    answer(cast, course, only_after_exercise=True)
    [one] = made(cast, "rule.mild")
    refused = said(cast.asha, one.pk, "decline", {"reason": reason})
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["pointer"] == "/reason"
    assert made(cast, "rule.mild")[0].status == "open"


@pytest.mark.feature("DP-06")
@pytest.mark.parametrize("verb", ["accept", "decline"])
def test_nobody_decides_on_a_trace_that_they_have_not_read(
    cast: Cast, course: Course, verb: str
) -> None:
    first = score(cast, course, at=NOW - 2 * DAY, pain_load_24h=9)
    score(cast, course, at=NOW - DAY, pain_load_24h=9)
    [one] = made(cast, "rule.flare-up")
    at, body = f"{URL}/{one.pk}", {"reason": "As it was."}
    read = cast.asha.client.get(at)["ETag"]
    corrected(cast, first, pain_load_24h=6)
    late = cast.asha.client.post(f"{at}/{verb}", body, headers={"If-Match": read})
    assert (late.status_code, late.json()["type"].rpartition(":")[2]) == (412, "version-mismatch")
    assert "6, 9" in late.json()["detail"], "it says what it rests on now"
    assert cast.asha.client.post(f"{at}/{verb}", body).status_code == 428
    assert made(cast, "rule.flare-up")[0].status == "open"
    read = cast.asha.client.get(at)["ETag"]
    done = cast.asha.client.post(f"{at}/{verb}", body, headers={"If-Match": read})
    assert done.status_code == 200
    assert done["ETag"] == read


def test_it_is_decided_once(cast: Cast, course: Course) -> None:
    answer(cast, course, only_after_exercise=True)
    [one] = made(cast, "rule.mild")
    assert said(cast.asha, one.pk, "accept").status_code == 200
    again = said(cast.asha, one.pk, "decline", {"reason": "On second thoughts."})
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
    assert said(person, one.pk, "accept").status_code == status
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
        return deciding.decide(one.pk, name, version=1, reason="because", actor=actor, now=NOW)

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


def counted(cast: Cast) -> dict[tuple[str, str], dict[str, Any]]:
    rows = cast.asha.client.get("/api/v1/rule-outcomes").json()
    return {(row["version"], row["rule"]): row for row in rows}


@pytest.mark.feature("DP-07")
def test_it_counts_how_often_each_rule_was_followed(cast: Cast, course: Course) -> None:
    score(cast, course, at=NOW - DAY, pain_load_24h=6)
    score(cast, course, pain_load_24h=6)
    answer(cast, course, only_after_exercise=True)
    for rule, verb in (("rule.mild", "accept"), ("rule.flare-up", "decline")):
        [one] = made(cast, rule)
        answered = said(cast.asha, one.pk, verb, {"reason": "As discussed."})
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
