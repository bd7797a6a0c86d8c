"""How complex a case is, by five categories, and what follows: help, and urgent referrals."""

from copy import deepcopy
from typing import Any
from uuid import uuid4

import pytest

from care_plans import standing
from care_plans.complexity_factors import CATEGORIES
from care_plans.evidence import ComplexityFact, Facts
from care_plans.models import ComplexityScreen, Course, Recommendation
from care_plans.routing_level import Routing, routing
from referrals.models import Referral
from tests import lockbox
from tests.care_plans import imagined, underway
from tests.care_plans.sittings import DAY
from tests.cast import NOW, Cast, Person

pytestmark = pytest.mark.usefixtures("clock")
URL = "/api/v1/complexity-screens"


@pytest.fixture
def course(cast: Cast) -> Course:
    """Ten days into the acute stage; psychotherapy is not needed yet."""
    with cast.acting():
        found = underway.start(cast, now=NOW - 10 * DAY, side="right")
        lane = underway.lane(found, "psychotherapy")
        standing.decide_lane(
            lane.id,
            version=lane.version,
            needed=False,
            reason="Not wished for yet.",
            actor=cast.asha.actor(),
            now=NOW,
        )
    return found


def factors(level: str = "low", **changed: str) -> dict[str, dict[str, str]]:
    """Return every factor at one level, but for those that a test changes."""
    every = {name: dict.fromkeys(parts, level) for name, parts in CATEGORIES.items()}
    for name, value in changed.items():
        for parts in every.values():
            if name.replace("_", "-") in parts:
                parts[name.replace("_", "-")] = value
    return every


def screen(cast: Cast, course: Course, level: str = "low", **more: Any) -> Any:
    who: Person = more.pop("who", cast.asha)
    body = {"course": str(course.id), "level": level, "factors": factors(), **more}
    return who.client.post(URL, body)


def level_of(who: Person, course: Course) -> dict[str, Any]:
    answer = who.client.get(f"/api/v1/courses/{course.id}/routing-level")
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.feature("OM-09")
def test_the_categories_are_the_five_of_acc() -> None:
    """As read: extension acc-icp-complexity-scores, version 1.1.0."""
    assert set(CATEGORIES) == {
        "co-morbidities",
        "psychosocial",
        "contextual",
        "disciplines",
        "vocational",
    }


@pytest.mark.feature("OM-09", "DP-06")
@pytest.mark.parametrize("level", ["low", "medium", "high"])
def test_a_screen_sets_the_routing_level(cast: Cast, course: Course, level: str) -> None:
    assert level_of(cast.asha, course)["level"] == "unknown", "which is not low"
    answer = screen(cast, course, level, factors=factors(level))
    assert answer.status_code == 201, answer.content
    found = level_of(cast.asha, course)
    assert (found["level"], found["basis"]) == (level, "complexity_screen")
    assert found["finding"]["evidence"] == [{"kind": "complexity", "id": answer.json()["id"]}]
    assert (found["pathway"], found["version"]) == (
        "hamstring-tendinopathy",
        underway.version().version,
    )
    assert found["is_expert_consensus"] is True
    assert any("Expert consensus" in cite for cite in found["cites"])


@pytest.mark.feature("OM-09")
@pytest.mark.parametrize(
    ("level", "priority"), [("low", "routine"), ("medium", "routine"), ("high", "urgent")]
)
def test_referrals_are_as_pressing_as_the_level(
    cast: Cast, course: Course, level: str, priority: str
) -> None:
    screen(cast, course, level, factors=factors(level))
    with cast.acting():
        lane = underway.lane(course, "nutrition")
        standing.decide_lane(
            lane.id,
            version=lane.version,
            needed=True,
            reason="Asked for it.",
            actor=cast.asha.actor(),
            now=NOW,
        )
        found = Referral.objects.get(patient_id=course.patient_id, discipline="nutrition")
    assert found.priority == priority


@pytest.mark.feature("OM-09")
@pytest.mark.parametrize(
    ("level", "then"),
    [
        ("low", None),
        ("medium", "Offer psychotherapy."),
        ("high", "Recommend psychotherapy."),
    ],
)
def test_psychosocial_factors_bring_help(
    cast: Cast, course: Course, level: str, then: str | None
) -> None:
    answer = screen(cast, course, "high", factors=factors(patient_resilience=level))
    assert answer.status_code == 201, answer.content
    with cast.acting():
        made = Recommendation.objects.filter(rule__startswith="complexity.", until=None)
        assert [row.then for row in made] == ([then] if then else [])


@pytest.mark.feature("OM-09")
def test_the_latest_screen_holds_by_its_own_time(cast: Cast, course: Course) -> None:
    screen(cast, course, "high", factors=factors("high"))
    late = (NOW - 3 * DAY).isoformat()
    assert screen(cast, course, "low", effective_at=late).status_code == 201
    assert level_of(cast.asha, course)["level"] == "high"


@pytest.mark.feature("OM-09")
@pytest.mark.parametrize(
    ("change", "places"),
    [
        ({"level": "severe"}, {"/level"}),
        ({"factors": {**factors(), "mood": {}}}, {"/factors/mood"}),
        ({"factors": {}}, {f"/factors/{n}" for n in set(CATEGORIES) - {"vocational"}}),
        (
            {"factors": {**factors(), "vocational": {"employment": "low"}}},
            {"/factors/vocational/return-to-work", "/factors/vocational/workplace-support"},
        ),
        ({"factors": factors(finances="high")}, {"/reason"}),
        ({"effective_at": "2026-11-24T00:00:00Z"}, {"/effective_at"}),
    ],
)
def test_it_refuses_what_is_no_screen(
    cast: Cast, course: Course, change: dict[str, Any], places: set[str]
) -> None:
    answer = screen(cast, course, **{"level": "low", **change})
    assert answer.status_code == 400, answer.content
    assert {error["pointer"] for error in answer.json()["errors"]} == places
    with cast.acting():
        assert ComplexityScreen.objects.count() == 0


def test_whoever_has_no_work_has_no_vocational_factors(cast: Cast, course: Course) -> None:
    without = deepcopy(factors())
    del without["vocational"]
    assert screen(cast, course, factors=without).status_code == 201


def test_a_level_below_a_factor_says_why(cast: Cast, course: Course) -> None:
    told = screen(cast, course, "low", factors=factors(travel="high"), reason="Her sister drives.")
    assert told.status_code == 201, told.content


@pytest.mark.parametrize(
    ("who", "status"), [("gus", 400), ("sam", 403), ("ada", 403), ("pia", 403), ("olu", 400)]
)
def test_nobody_outside_the_circle_screens(
    cast: Cast, course: Course, who: str, status: int
) -> None:
    answered = screen(cast, course, who=cast.everybody[who])
    assert answered.status_code in (status, 404)
    with cast.acting():
        assert ComplexityScreen.objects.count() == 0


@pytest.mark.feature("OM-09", "PV-02")
def test_a_level_on_something_withheld_shows_its_effect_alone(cast: Cast) -> None:
    scene = lockbox.stage(cast, hands_over=False)
    assert screen(cast, scene.course, "high", factors=factors("high")).status_code == 201
    asha = cast.asha.practitioner_role.practitioner_id
    scene.lock(target="practitioner", target_practitioner_id=asha)
    found = level_of(cast.ben, scene.course)
    assert (found["level"], found["basis"]) == ("high", "withheld")
    assert found["finding"]["evidence"] == []
    assert cast.ben.client.get(URL).json()["results"] == []


# Pure


def judged(*scores: Any, complexity: Any = ()) -> Routing:
    known: Facts = imagined.facts(scores=scores, complexity=complexity)
    return routing(imagined.hamstring(), known, NOW)


@pytest.mark.feature("OM-09")
@pytest.mark.parametrize(
    ("total", "psychosocial", "level"),
    [(3, 3, "low"), (4, 3, "medium"), (5, 4, "high"), (3, None, "low"), (6, None, "unknown")],
)
def test_start_back_is_read_as_it_was_published(
    total: int, psychosocial: int | None, level: str
) -> None:
    sitting = uuid4()
    told = [imagined.score("start_back", total, sitting=sitting)]
    if psychosocial is not None:
        told.append(
            imagined.score("start_back", psychosocial, subscale="psychosocial", sitting=sitting)
        )
    assert judged(*told).level == level


@pytest.mark.feature("OM-09")
def test_flags_count_where_nobody_screened_and_unknown_is_not_low() -> None:
    assert (judged().level, judged().basis) == ("unknown", "nothing")
    one = imagined.score("tsk11", 30)
    assert judged(one).level == "medium"
    assert judged(one, imagined.score("phq4", 7)).level == "high"
    fact = ComplexityFact(one.id, "low", "low", NOW - DAY, NOW)
    assert judged(one, imagined.score("phq4", 7), complexity=(fact,)).level == "low"
