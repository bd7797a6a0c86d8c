"""What holds of evaluation whatever the facts: total, pure, and more evidence is never less."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from care_plans.content.sourced import SEVERITIES
from care_plans.criteria import Criterion
from care_plans.evaluation import (
    Asked,
    evaluate,
    evaluate_severity,
    may_load,
    outcomes,
    readiness,
    severity_met,
)
from care_plans.evidence import (
    AnswerFact,
    Facts,
    LaneFact,
    Outcome,
    ScoreFact,
    ScreenFact,
    StayFact,
)
from care_plans.suggesting import suggestions
from tests.care_plans.imagined import COURSE, NOW, criterion, hamstring, measures

MEASURES = [
    "nprs",
    "pain_load_24h",
    "adherence_pct",
    "lefs",
    "psfs",
    "slhb_reps",
    "tsk11",
    "promis29",
    "gone",
]
QUESTIONS = ["sitting_aggravates", "sleep_affected", "onset"]
LANES = ["physiotherapy", "chiropractic", "massage_therapy", "nutrition", "psychotherapy"]
FLAGS = [flag.id for flag in hamstring().screened_flags()]
SIDES = st.sampled_from(["left", "right", "both", ""])
# few moments, so that facts coincide
AROUND = st.integers(-3, 80).map(lambda days: NOW - timedelta(days=days))
EVER = st.datetimes(timezones=st.just(UTC))
SANE = st.decimals(0, 100, places=1)
ANY = st.decimals(allow_nan=True, allow_infinity=True) | st.sampled_from(
    [Decimal("9e999999"), Decimal("-9e999999"), Decimal("sNaN"), Decimal(0)]
)


def scores(values: Any = SANE, moments: Any = AROUND, **fixed: Any) -> st.SearchStrategy[ScoreFact]:
    return st.builds(
        ScoreFact,
        id=st.uuids(),
        assessment_id=st.integers(1, 6).map(lambda n: UUID(int=n)),
        measure=fixed.get("measure", st.sampled_from(MEASURES)),
        value=values,
        effective_at=moments,
        recorded_at=moments,
        side=SIDES,
        item=st.none() | st.integers(1, 3),
        subscale=st.sampled_from(["", "", "pain"]),
    )


def screens(moments: Any = AROUND, answers: Any = None) -> st.SearchStrategy[ScreenFact]:
    said = answers if answers is not None else st.sampled_from(["present", "absent", "unknown"])
    named = st.sampled_from([*FLAGS, "from-another-version"])
    partly = st.dictionaries(named, said, max_size=4)
    clear = st.just(dict.fromkeys(FLAGS, "absent"))
    return st.builds(
        ScreenFact,
        id=st.uuids(),
        answers=clear | partly,
        effective_at=moments,
        recorded_at=moments,
    )


def answers(moments: Any = AROUND) -> st.SearchStrategy[AnswerFact]:
    return st.builds(
        AnswerFact,
        id=st.uuids(),
        question=st.sampled_from(QUESTIONS),
        answer=st.booleans() | st.sampled_from(["gradual", "sudden", ""]),
        effective_at=moments,
        recorded_at=moments,
    )


LANE = st.builds(
    LaneFact,
    id=st.uuids(),
    needed=st.none() | st.booleans(),
    ready=st.none() | st.booleans(),
    sign_off_id=st.none() | st.uuids(),
)


def histories(values: Any = SANE, moments: Any = AROUND) -> st.SearchStrategy[Facts]:
    stay = st.builds(
        StayFact,
        id=st.uuids(),
        stage=st.sampled_from(["acute", "subacute", "maintenance"]),
        began_at=moments,
    )
    return st.builds(
        Facts,
        time_zone=st.sampled_from(["UTC", "America/Toronto", "Asia/Tokyo"]),
        course_id=st.just(COURSE),
        began_at=moments,
        stay=st.none() | stay,
        pauses=st.lists(st.tuples(moments, st.none() | moments), max_size=2).map(tuple),
        regressed=st.lists(moments, max_size=2).map(tuple),
        severity=st.sampled_from([None, "mild", "moderate", "severe"]),
        side=SIDES,
        scores=st.lists(scores(values, moments), max_size=12).map(tuple),
        answers=st.lists(answers(moments), max_size=4).map(tuple),
        screens=st.lists(screens(moments), max_size=4).map(tuple),
        lanes=st.dictionaries(st.sampled_from(LANES), LANE, max_size=5),
        measures=st.sampled_from([measures(), {}]),
        stopped_by=st.lists(st.uuids(), max_size=2).map(tuple),
        held_back_by=st.lists(st.uuids(), max_size=2).map(tuple),
    )


LIMIT = st.sampled_from(["at_most", "at_least", "below", "above"])
WITHIN = st.sampled_from(["stage", "course"])
DURATION = st.fixed_dictionaries({"value": st.integers(0, 60), "unit": st.just("days")})


@st.composite
def means(draw: st.DrawFn) -> dict[str, Any]:
    """Of a measure that says which time it is about, and of one that does not."""
    return {
        "measure": draw(st.sampled_from(["adherence_pct", "adherence_pct", "nprs", "gone"])),
        draw(LIMIT): draw(st.integers(0, 80)),
        "over": {"value": draw(st.integers(0, 60)), "unit": "days"},
        "within": draw(WITHIN),
    }


@st.composite
def comparisons(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "measure": draw(st.sampled_from(MEASURES)),
        draw(LIMIT): draw(st.integers(0, 80)),
        "consecutive": draw(st.integers(1, 3)),
        "within": draw(WITHIN),
        "side": draw(st.sampled_from(["affected", "other"])),
        "item": draw(st.none() | st.integers(1, 2)),
    }


GAINS = st.fixed_dictionaries(
    {
        "measure": st.sampled_from(MEASURES),
        "gain": st.integers(1, 20),
        "since": st.sampled_from(["baseline", "stage_start"]),
        "within": WITHIN,
    }
)
LOSSES = st.fixed_dictionaries(
    {
        "measure": st.sampled_from(MEASURES),
        "worse_by": st.integers(1, 20),
        "since": st.sampled_from(["baseline", "stage_start"]),
        "within": WITHIN,
    }
)
SHARES = st.fixed_dictionaries(
    {
        "measure": st.sampled_from(MEASURES),
        "gain_percent": st.integers(1, 120),
        "subscale": st.sampled_from([None, "pain"]),
    }
)
RATIOS = st.fixed_dictionaries({"measure": st.just("slhb_reps"), "side_ratio": st.just("0.9")})
LEAVES = (
    comparisons()
    | means()
    | GAINS
    | LOSSES
    | SHARES
    | RATIOS
    | st.sampled_from(
        [
            {"no_open": "red_flag"},
            {"sign_off": "all_needed_lanes"},
            {"sign_off": "psychotherapy"},
            {"lane": "psychotherapy", "needed": False},
            {"reported": "sitting_aggravates"},
            {"reported": "onset", "answer": "sudden"},
            {"severity": "severe"},
            {"yellow_flags_at_least": 1},
        ]
    )
    | st.fixed_dictionaries(
        {
            "elapsed_since": st.sampled_from(["course_start", "stage_start"]),
            "at_least": DURATION,
        }
    )
)


def _built(asked: Any) -> Criterion:
    return criterion(**asked)


TREES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map(lambda nodes: {"all_of": nodes})
        | st.lists(inner, min_size=1, max_size=3).map(lambda nodes: {"any_of": nodes})
    ),
    max_leaves=5,
).map(_built)


@settings(max_examples=300, deadline=None)
@given(asked=TREES, known=histories(ANY, EVER | AROUND), now=EVER | AROUND)
def test_it_never_raises_whatever_the_facts(asked: Criterion, known: Facts, now: datetime) -> None:
    found = evaluate(asked, hamstring(), known, now)
    assert found.outcome in Outcome
    assert found.sentence
    whole = readiness(hamstring(), known, now)
    assert (whole.outcome is Outcome.MET) == (not whole.blockers())
    assert whole.as_json()["outcome"] == whole.outcome.value
    may_load(hamstring(), known, now)
    for name in SEVERITIES:
        assert evaluate_severity(name, Asked(hamstring(), known, now)).outcome in Outcome


@settings(max_examples=200, deadline=None)
@given(asked=TREES, known=histories(), data=st.data())
def test_it_does_not_depend_on_the_order_of_facts(
    asked: Criterion, known: Facts, data: st.DataObject
) -> None:
    shuffled = replace(
        known,
        scores=tuple(data.draw(st.permutations(known.scores))),
        answers=tuple(data.draw(st.permutations(known.answers))),
        screens=tuple(
            one._replace(answers=dict(data.draw(st.permutations(list(one.answers.items())))))
            for one in data.draw(st.permutations(known.screens))
        ),
        lanes=dict(data.draw(st.permutations(list(known.lanes.items())))),
        stopped_by=tuple(data.draw(st.permutations(known.stopped_by))),
        held_back_by=tuple(data.draw(st.permutations(known.held_back_by))),
    )
    assert evaluate(asked, hamstring(), shuffled, NOW) == evaluate(asked, hamstring(), known, NOW)
    assert readiness(hamstring(), shuffled, NOW) == readiness(hamstring(), known, NOW)


@settings(max_examples=100, deadline=None)
@given(asked=TREES, known=histories())
def test_it_gives_the_same_answer_twice_and_changes_nothing(asked: Criterion, known: Facts) -> None:
    before = repr(known)
    first = evaluate(asked, hamstring(), known, NOW)
    assert evaluate(asked, hamstring(), known, NOW) == first
    assert repr(known) == before


def _told(known: Facts, more: ScoreFact | AnswerFact | ScreenFact) -> Facts:
    match more:
        case ScoreFact():
            return replace(known, scores=(*known.scores, more))
        case AnswerFact():
            return replace(known, answers=(*known.answers, more))
        case ScreenFact():
            return replace(known, screens=(*known.screens, more))


@settings(max_examples=400, deadline=None)
@given(
    asked=TREES,
    known=histories(st.decimals(1, 100, places=1)),
    more=scores(st.decimals(1, 100, places=1))
    | answers()
    | screens(answers=st.sampled_from(["present", "absent"])),
)
def test_it_never_turns_met_into_unknown_when_it_learns_more(
    asked: Criterion, known: Facts, more: ScoreFact | AnswerFact | ScreenFact
) -> None:
    """Zero on the other side and an explicit "unknown" say that something is not known.

    Nothing that was met is unknown afterwards. What is made of several may be, but only where one
    of them is now known not to be met: of "this or that" the other may never have been known.
    """
    before = evaluate(asked, hamstring(), known, NOW)
    after = evaluate(asked, hamstring(), _told(known, more), NOW)
    was_met = [
        now.outcome
        for was, now in zip(before.leaves(), after.leaves(), strict=True)
        if was.outcome is Outcome.MET
    ]
    assert Outcome.UNKNOWN not in was_met
    if before.outcome is Outcome.MET and Outcome.NOT_MET not in was_met:
        assert after.outcome is not Outcome.UNKNOWN


@settings(max_examples=200, deadline=None)
@given(asked=TREES, known=histories(), more=scores() | answers() | screens())
def test_it_is_blind_to_what_lies_ahead(
    asked: Criterion, known: Facts, more: ScoreFact | AnswerFact | ScreenFact
) -> None:
    ahead = more._replace(effective_at=NOW + timedelta(microseconds=1))
    before = evaluate(asked, hamstring(), known, NOW)
    assert evaluate(asked, hamstring(), _told(known, ahead), NOW) == before


@settings(max_examples=200, deadline=None)
@given(known=histories())
def test_it_cites_only_rows_that_it_was_given(known: Facts) -> None:
    given_ids = {
        known.course_id,
        *(score.id for score in known.scores),
        *(answer.id for answer in known.answers),
        *(screen.id for screen in known.screens),
        *(lane.id for lane in known.lanes.values()),
        *(lane.sign_off_id for lane in known.lanes.values()),
        *known.stopped_by,
        *known.held_back_by,
        *([known.stay.id] if known.stay else []),
    }
    for part in readiness(hamstring(), known, NOW).parts:
        for leaf in part.leaves():
            assert {row.id for row in leaf.evidence} <= given_ids


def _is_needed(known: Facts, lane: str) -> bool:
    return lane in known.lanes and bool(known.lanes[lane].needed)


@settings(max_examples=300, deadline=None)
@given(asked=TREES, known=histories(ANY, EVER | AROUND), now=EVER | AROUND)
def test_the_outcome_alone_is_that_of_the_whole_finding(
    asked: Criterion, known: Facts, now: datetime
) -> None:
    """A sweep asks for outcomes and nothing of why; it must never conclude anything else."""
    found = evaluate(asked, hamstring(), known, now)
    one = Asked(hamstring(), known, now)
    # of one and the same, in whatever order it is asked: what it remembers changes nothing
    for _ in range(2):
        assert one.is_met(asked) is (found.outcome is Outcome.MET)
        assert one.outcome(asked) is found.outcome
        assert one.find(asked) == found
        signs = [
            Asked(hamstring(), known, now, counting_yellow_flags=True).find(sign.when).outcome
            for sign in hamstring().yellow_flags.triggers
        ]
        assert one.yellow_flags_met == signs.count(Outcome.MET)
    whole, alone = readiness(hamstring(), known, now), outcomes(Asked(hamstring(), known, now))
    assert alone.whole is whole.outcome
    assert alone.safety is whole.safety.outcome
    criteria = all(part.outcome is Outcome.MET for part in whole.criteria)
    assert alone.criteria_met == criteria
    met = [
        name
        for name in SEVERITIES
        if evaluate_severity(name, Asked(hamstring(), known, now)).outcome is Outcome.MET
    ]
    assert severity_met(Asked(hamstring(), known, now)) == (met[-1] if met else None)
    made = suggestions(hamstring(), known, now)
    asking = {f"rule.{rule.id}": rule.when for rule in hamstring().rules if rule.when is not None}
    there = {f"rule.{r.id}" for r in hamstring().rules if r.lane and _is_needed(known, r.lane)}
    asking |= {f"safety.{one.id}": one.when for one in hamstring().safety_triggers}
    assert {one.rule for one in made if one.kind in ("rule", "safety")} == {
        rule
        for rule, when in asking.items()
        if rule not in there and evaluate(when, hamstring(), known, now).outcome is Outcome.MET
    }
    assert all(one.finding.outcome is Outcome.MET for one in made)
