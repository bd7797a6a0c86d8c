"""The source article, row by row: what it says stands in the pathway's data."""

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel

from care_plans.content.checks import parts
from care_plans.content.files import read_measures, read_pathways
from care_plans.content.findings import name_of
from care_plans.content.pathways import PathwayDefinition
from care_plans.content.safety import STOPS_LOADING, RedFlag, Redirect, Urgency
from care_plans.content.sourced import STAGES, Band
from care_plans.content.stages import Activity, Lane
from care_plans.criteria import AnyOf, Criterion, LaneNeeded, Reported, YellowFlagged, leaves

ARTICLE = "carespace_2025"


def _read() -> PathwayDefinition:
    measures = {slug: file.definition for slug, file in read_measures().items()}
    files = {f.definition.pathway: f.definition for f in read_pathways(measures)}
    return files["hamstring-tendinopathy"]


PATHWAY = _read()
#: each part of it by the name of its place
PLACES: dict[str, Any] = {name_of(PATHWAY, where): part for where, part in parts(PATHWAY) if where}
EVERY_PART = list(parts(PATHWAY))


def under(row: str) -> list[BaseModel]:
    """Return the parts of the pathway that say what a row of the article says."""
    return [part for _, part in EVERY_PART if row in getattr(part, "seed", ())]


def the[T: BaseModel](kind: type[T], row: str) -> T:
    """Return the one part of a kind that stands for a row."""
    (found,) = [part for part in under(row) if isinstance(part, kind)]
    return found


def lane(stage: str, discipline: str) -> Lane:
    return PATHWAY.stages[stage].lanes[discipline]  # type: ignore[index] # names of stages and lanes


def done_by(row: str) -> list[tuple[str, str, Activity]]:
    """Return stage, discipline and activity of each activity that stands for a row."""
    return [
        (stage, discipline, activity)
        for stage, part in PATHWAY.stages.items()
        for discipline, its in part.lanes.items()
        for activity in its.activities
        if row in activity.seed
    ]


def says(part: object, *words: str) -> bool:
    text = getattr(part, "text", "").lower()
    return all(word in text for word in words)


# severity


def severity_in_words(row: str, name: str, *words: str) -> Callable[[], None]:
    def check() -> None:
        severity = PATHWAY.severities[name]  # type: ignore[index] # names of stages and lanes
        assert row in severity.seed
        assert says(severity, *words), severity.text
        assert severity.source == (ARTICLE,)

    return check


# recovery timeline


def band(
    row: str, name: str, expected: tuple[object, ...], days: tuple[int, int], iso: str
) -> Callable[[], None]:
    def check() -> None:
        found = the(Band, row)
        assert found is PATHWAY.severities[name].duration  # type: ignore[index] # names of stages and lanes
        assert (found.min, found.max, found.unit, found.open_ended) == expected
        assert (found.shortest.days, found.longest.days) == days
        assert found.iso == iso
        assert found.source == (ARTICLE,)

    return check


# stages


def stage(row: str, name: str, label: str, goals: list[tuple[str, ...]]) -> Callable[[], None]:
    def check() -> None:
        found = PATHWAY.stages[name]  # type: ignore[index] # names of stages and lanes
        assert row in found.seed
        assert found.label == label
        assert [goal.source for goal in found.goals] == [(ARTICLE,)] * len(found.goals)
        for words in goals:
            assert any(says(goal, *words) for goal in found.goals), words

    return check


def activity(
    row: str, where: tuple[str, str], words: tuple[str, ...], dose: str | None = None
) -> Callable[[], None]:
    def check() -> None:
        mine = [a for stage, discipline, a in done_by(row) if (stage, discipline) == where]
        assert mine, f"nobody does it in {where}"
        assert [where] * len(mine) == [found[:2] for found in done_by(row)], "and nobody else"
        assert any(says(a, *words) for a in mine), [a.text for a in mine]
        assert all(a.cadence == "unknown" for a in mine), "the article gives no cadence"
        assert dose is None or dose in [a.dose_level for a in mine]
        goals = {goal.id for goal in PATHWAY.stages[where[0]].goals}  # type: ignore[index] # names of stages and lanes
        assert {a.goal for a in mine} <= goals

    return check


def loading_is_eccentric_then_functional() -> None:
    mine = done_by("seed-stage-subacute-load")
    assert [(s, d, a.dose_level) for s, d, a in mine] == [
        ("subacute", "physiotherapy", "eccentric"),
        ("subacute", "physiotherapy", "functional"),
    ]
    assert [level.id for level in PATHWAY.dose_levels] == ["isometric", "eccentric", "functional"]
    assert all(a.is_loading for _, _, a in mine)


def exits_are_clinic_policy() -> None:
    exits = [PATHWAY.stages[name].exit for name in STAGES]
    assert under("seed-stage-criteria-missing") == exits
    for found in exits:
        assert found.is_consensus
        assert list(leaves(found)), "criteria were authored"
        for leaf in leaves(found):
            assert leaf.source, "and each says on what it rests"
            assert ARTICLE not in leaf.source, "which is never the article"


# disciplines and the order of referrals


def discipline(row: str, name: str, *words: str) -> Callable[[], None]:
    def check() -> None:
        mine = [found for found in under(row) if isinstance(found, Lane)]
        assert mine
        named = [(each, its) for s in PATHWAY.stages.values() for each, its in s.lanes.items()]
        assert {each for each, its in named if its in mine} == {name}
        said = " ".join(
            f"{its.reason} {' '.join(a.text for a in its.activities)}" for its in mine
        ).lower()
        assert all(word in said for word in words), said

    return check


def chiropractic_when_sitting_aggravates() -> None:
    discipline("seed-disc-chiro", "chiropractic", "pelvic", "posture", "alignment", "mobility")()
    for name in ("acute", "subacute"):
        assert lane(name, "chiropractic").needed == "when"
        assert asks(lane(name, "chiropractic").when) == {"sitting_aggravates"}


def psychotherapy_has_a_trigger() -> None:
    discipline("seed-disc-psych", "psychotherapy", "stress", "motivated", "cop")()
    for name in ("acute", "subacute"):
        assert "stress_affects_sleep" in asks(lane(name, "psychotherapy").when)


def asks(criterion: Criterion | None) -> set[str]:
    assert criterion is not None
    return {leaf.reported for leaf in leaves(criterion) if isinstance(leaf, Reported)}


def physiotherapy_first_then_the_others() -> None:
    referrals = PATHWAY.stages["acute"].referring
    assert "seed-scenario-order" in referrals.seed
    assert referrals.order == (
        "physiotherapy",
        "massage_therapy",
        "chiropractic",
        "psychotherapy",
    )
    assert lane("acute", "physiotherapy").needed == "always"
    assert any(says(a, "diagnose", "plan") for a in lane("acute", "physiotherapy").activities)
    assert lane("acute", "massage_therapy").needed == "always"
    assert lane("acute", "chiropractic").when == Reported(reported="sitting_aggravates")
    psychotherapy = lane("acute", "psychotherapy").when
    assert isinstance(psychotherapy, AnyOf)
    assert asks(psychotherapy) == {"stress_affects_sleep", "sleep_affected"}
    # a yellow flag opens it nowhere; it only goes on with one that it had before a step back
    opening = [list(leaves(one)) for one in psychotherapy.any_of]
    flagged = [one for one in opening if any(isinstance(leaf, YellowFlagged) for leaf in one)]
    assert all(any(isinstance(leaf, LaneNeeded) for leaf in one) for one in flagged)


def everything_in_parallel() -> None:
    for part in PATHWAY.stages.values():
        assert "seed-parallel" in part.referring.seed
        assert part.referring.timing == "parallel"


# red flags; that they stop is proved where courses move


def stops_as_a_tear(row: str, *words: str) -> Callable[[], None]:
    def check() -> None:
        flag = the(RedFlag, row)
        assert flag in PATHWAY.red_flags
        assert says(flag, *words)
        assert flag.urgency is Urgency.URGENT_24H
        assert flag.urgency in STOPS_LOADING
        assert flag.stops_loading
        assert flag.blocks_progression
        assert "tear" in (flag.suspects or "")
        assert flag.source == (ARTICLE,)
        assert flag.is_consensus, "what to do about it is not the article's"

    return check


def nerve_signs_redirect_and_never_stop() -> None:
    flag = the(Redirect, "seed-rf-nerve")
    assert flag in PATHWAY.redirects
    assert says(flag, "numbness", "tingling")
    assert flag.urgency is Urgency.REVIEW_BEFORE_PROGRESS
    assert not flag.stops_loading
    assert flag.blocks_progression
    assert "sciatica" in (flag.suspects or "")


ROWS: dict[str, Callable[[], None]] = {
    "seed-sev-mild": severity_in_words(
        "seed-sev-mild", "mild", "dull ache", "stiffness", "discomfort", "after workouts"
    ),
    "seed-sev-moderate": severity_in_words(
        "seed-sev-moderate", "moderate", "interferes", "sport", "daily", "sitting", "stairs"
    ),
    "seed-sev-severe": severity_in_words(
        "seed-sev-severe", "severe", "constant", "work", "sleep", "quality of life"
    ),
    "seed-time-mild": band("seed-time-mild", "mild", (6, 8, "weeks", False), (42, 56), "P6W/P8W"),
    "seed-time-moderate": band(
        "seed-time-moderate", "moderate", (3, 6, "months", False), (91, 183), "P3M/P6M"
    ),
    "seed-time-severe": band(
        "seed-time-severe", "severe", (6, 12, "months", True), (183, 365), "P6M/.."
    ),
    "seed-stage-acute": stage(
        "seed-stage-acute",
        "acute",
        "Relief and protection",
        [("reduce pain",), ("avoid", "aggravating")],
    ),
    "seed-stage-acute-physio": activity(
        "seed-stage-acute-physio", ("acute", "physiotherapy"), ("isometric",), "isometric"
    ),
    "seed-stage-acute-massage": activity(
        "seed-stage-acute-massage", ("acute", "massage_therapy"), ("circulation", "joint mechanics")
    ),
    "seed-stage-acute-chiro": activity(
        "seed-stage-acute-chiro", ("acute", "chiropractic"), ("circulation", "joint mechanics")
    ),
    "seed-stage-subacute": stage(
        "seed-stage-subacute",
        "subacute",
        "Strength and mobility",
        [("load", "progressively"), ("balance", "hamstrings", "glutes")],
    ),
    "seed-stage-subacute-load": loading_is_eccentric_then_functional,
    "seed-stage-subacute-kin": activity(
        "seed-stage-subacute-kin",
        ("subacute", "kinesiology"),
        ("strengthening", "balance", "hamstrings", "glutes"),
    ),
    "seed-stage-subacute-nutrition": activity(
        "seed-stage-subacute-nutrition", ("subacute", "nutrition"), ("protein", "vitamin c")
    ),
    "seed-stage-maintenance": stage(
        "seed-stage-maintenance",
        "maintenance",
        "Prevention and performance",
        [("resilience",), ("confidence", "re-injury")],
    ),
    "seed-stage-maint-fitness": activity(
        "seed-stage-maint-fitness", ("maintenance", "kinesiology"), ("personalized fitness",)
    ),
    "seed-stage-maint-ergo": activity(
        "seed-stage-maint-ergo",
        ("maintenance", "chiropractic"),
        ("ergonomic", "sitting", "posture", "workplace"),
    ),
    "seed-stage-maint-mental": activity(
        "seed-stage-maint-mental",
        ("maintenance", "psychotherapy"),
        ("mental performance", "confidence", "re-injury"),
    ),
    "seed-stage-criteria-missing": exits_are_clinic_policy,
    "seed-disc-physio": discipline(
        "seed-disc-physio", "physiotherapy", "diagnosis", "progressive loading", "rehabilitation"
    ),
    "seed-disc-chiro": chiropractic_when_sitting_aggravates,
    "seed-disc-massage": discipline(
        "seed-disc-massage", "massage_therapy", "tightness", "hamstrings", "glutes"
    ),
    "seed-disc-kin": discipline(
        "seed-disc-kin", "kinesiology", "guided", "strength", "flexibility"
    ),
    "seed-disc-nutrition": discipline(
        "seed-disc-nutrition", "nutrition", "repair", "inflammation", "protein", "vitamin c"
    ),
    "seed-disc-psych": psychotherapy_has_a_trigger,
    "seed-scenario-order": physiotherapy_first_then_the_others,
    "seed-parallel": everything_in_parallel,
}

# In the data; their markers come where courses stop and are cleared.
RED_FLAGS: dict[str, Callable[[], None]] = {
    "seed-rf-sudden": stops_as_a_tear("seed-rf-sudden", "sudden", "severe pain"),
    "seed-rf-pop": stops_as_a_tear("seed-rf-pop", "popping", "injury"),
    "seed-rf-swelling": stops_as_a_tear("seed-rf-swelling", "swelling", "bruising"),
    "seed-rf-weight": stops_as_a_tear("seed-rf-weight", "bearing weight"),
    "seed-rf-nerve": nerve_signs_redirect_and_never_stop,
}


@pytest.mark.parametrize(
    "check",
    [
        *(pytest.param(c, id=row, marks=pytest.mark.feature(row)) for row, c in ROWS.items()),
        *(pytest.param(check, id=row) for row, check in RED_FLAGS.items()),
    ],
)
def test_it_says_what_the_article_says(check: Callable[[], None]) -> None:
    check()
