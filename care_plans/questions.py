"""The answer to each kind of question that a criterion may ask.

Every function returns what it found, one sentence for people, and the rows it rests on. Only
counts, dates and numbers stand in the sentences, never free text of a patient.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Context, Decimal, localcontext
from operator import ge, gt, le, lt
from typing import Any

from care_plans.counting import (
    Within,
    by_period,
    last_times,
    lasted,
    latest_answer,
    pair,
    sides_asked,
)
from care_plans.criteria import (
    Compared,
    Criterion,
    Elapsed,
    Gained,
    LaneNeeded,
    OfSeverity,
    Reported,
    SideRatio,
    SignedOff,
    Worsened,
)
from care_plans.evidence import AnswerFact, Evidence, Facts, ScoreFact, Side
from care_plans.lane_questions import lane_needed, signed_off
from care_plans.questioned import in_digits, name_of, scores_for
from care_plans.saying import MET, NOT_MET, UNKNOWN, Said, every, rows_of, some

# Without traps an absurd number overflows to infinity, and never raises.
_CALM = Context(prec=28, traps=[])
_LARGE = Decimal(10) ** 12

_TESTS = {"<=": le, ">=": ge, "<": lt, ">": gt}
_WORDS = {"<=": "at most", ">=": "at least", "<": "below", ">": "above"}


def answer(question: Criterion, facts: Facts, now: datetime) -> Said:
    """Answer any question that needs the facts alone."""
    ask = _ASK.get(type(question))
    if ask is None:
        return Said(UNKNOWN, lambda: f"{type(question).__name__} needs more than the facts.")
    found: Said = ask(question, facts, now)
    return found


def _each_side[Q: Compared | Gained | Worsened](
    which: str,
    question: Q,
    facts: Facts,
    now: datetime,
    judge: Callable[[Q, Facts, datetime, Side], Said],
) -> Said:
    """Judge every side that is meant; of two, both must pass, and one is enough to worsen."""
    meant = sides_asked(facts, question.measure, "other" if which == "other" else "affected")
    if not meant:
        return Said(
            UNKNOWN, lambda: f"There is no {which} side to take {name_of(question, facts)} of."
        )
    said = [judge(question, facts, now, side) for side in meant]
    if len(said) == 1:
        return said[0]
    join = some if isinstance(question, Worsened) else every
    return Said(
        join(one.outcome for one in said),
        lambda: " ".join(one.tell() for one in said),
        lambda: tuple(dict.fromkeys(row for one in said for row in one.rows())),
    )


def _compared(question: Compared, facts: Facts, now: datetime, side: Side) -> Said:
    if question.over is not None:
        return _averaged(question, question.over.days, facts, now, side)
    taken = scores_for(question, facts, now, side)
    period = _period(question, facts)
    fresh = taken if period is None else [s for s in taken if now - s.effective_at <= period]
    found, times = last_times(fresh, question.consecutive, facts)
    if not found:
        return _none_counts(question, facts, now, side, taken[-1:])
    limit, outcome = question.value, MET
    passes = _TESTS[question.comparison]
    if not all(passes(score.value, limit) for score in found):
        outcome = NOT_MET
    elif times < question.consecutive:
        outcome = UNKNOWN
    return Said(
        outcome,
        lambda: _compared_in_words(question, facts, side, found, times),
        lambda: rows_of("score", (score.id for score in found)),
    )


def _none_counts(
    question: Compared, facts: Facts, now: datetime, side: Side, aged: list[ScoreFact]
) -> Said:
    """Say that no score counts and why the last one does not, which this rests on then.

    `aged` is one that would count, were it not about a time that is over.
    """

    def passed_over() -> list[ScoreFact]:
        return aged or scores_for(question, facts, now, side, within="ever")[-1:]

    def tell() -> str:
        why = "".join(
            f": the last one, of {one.effective_at.date()}, {_unfit(one, question, facts, aged)}"
            for one in passed_over()
        )
        name = name_of(question, facts, side)
        return f"{name} has no score that counts{why}; asked for {_asked_of(question)}."

    return Said(UNKNOWN, tell, lambda: rows_of("score", (one.id for one in passed_over())))


def _unfit(one: ScoreFact, question: Compared, facts: Facts, aged: list[ScoreFact]) -> str:
    stay = facts.stay if question.within == "stage" else None
    began = stay.began_at if stay is not None else facts.began_at
    period = _period(question, facts)
    if period is None or (not aged and one.effective_at < began):
        return f"is from before this {'course' if stay is None else 'stage'}"
    about = f"is about the {period.days} days before"
    return (
        f"{about}, {'which says nothing of now' if aged else 'some of which lie before the course'}"
    )


def _averaged(question: Compared, days: int, facts: Facts, now: datetime, side: Side) -> Said:
    name, asked = name_of(question, facts, side), f"{_WORDS[question.comparison]} {question.value}"
    period = _period(question, facts)
    if period is None:
        return Said(
            UNKNOWN, lambda: f"{name} does not say which time a score is about; asked for {asked}."
        )
    times = max(1, days // period.days)
    found = by_period(
        scores_for(question, facts, now, side),
        facts,
        now,
        within=question.within,
        days=period.days,
        times=times,
    )
    told = f"{times} times {period.days} days"

    def rows() -> tuple[Evidence, ...]:
        return rows_of("score", (score.id for score in found))

    if len(found) < times:
        return Said(
            UNKNOWN,
            lambda: (
                f"{name} has no score of {times - len(found)} of {told}, which can be entered "
                f"late; asked for {asked} on average."
            ),
            rows,
        )
    with localcontext(_CALM):
        mean = sum((score.value for score in found), Decimal(0)) / times
        passes = _TESTS[question.comparison](mean, question.value)
        shown = in_digits(round(mean, 2) if abs(mean) < _LARGE else mean)
    return Said(
        MET if passes else NOT_MET,
        lambda: f"{name} was {shown} on average of {told}; asked for {asked}.",
        rows,
    )


def _period(question: Compared, facts: Facts) -> timedelta | None:
    known = facts.measures.get(question.measure)
    return known.period if known is not None else None


def _asked_of(question: Compared) -> str:
    asked = f"{_WORDS[question.comparison]} {question.value}"
    if question.consecutive > 1:
        asked += f", {question.consecutive} times in a row, on as many days"
    return asked


def _compared_in_words(
    question: Compared, facts: Facts, side: Side, found: list[ScoreFact], times: int
) -> str:
    values = ", ".join(in_digits(score.value) for score in found)
    shown = f"{values} ({found[-1].effective_at.date()})"
    if question.consecutive > 1:
        shown += f" on {times} {'day' if times == 1 else 'days'}"
    return f"{name_of(question, facts, side)} was {shown}; asked for {_asked_of(question)}."


def _changed(question: Gained | Worsened, facts: Facts, now: datetime, side: Side) -> Said:
    with localcontext(_CALM):
        return _changed_calmly(question, facts, now, side)


def _changed_calmly(question: Gained | Worsened, facts: Facts, now: datetime, side: Side) -> Said:
    better = facts.measures[question.measure].better if question.measure in facts.measures else ""
    if better not in ("higher", "lower"):
        return Said(
            UNKNOWN,
            lambda: f"{name_of(question, facts, side)} has no known direction of improvement.",
        )
    start: Within = "course" if question.since == "baseline" else "stage"
    asked = _asked(question)
    compared = pair(
        scores_for(question, facts, now, side, within=start), scores_for(question, facts, now, side)
    )
    if compared is None:
        return Said(
            UNKNOWN,
            lambda: (
                f"{name_of(question, facts, side)} has no two scores to compare; asked for {asked}."
            ),
        )
    first, last = compared

    def rows() -> tuple[Evidence, ...]:
        return rows_of("score", (first.id, last.id))

    wanted = _wanted(question, first.value)
    if wanted is None:
        return Said(
            UNKNOWN,
            lambda: (
                f"{name_of(question, facts, side)} began at {in_digits(first.value)}: a share of "
                "it says nothing."
            ),
            rows,
        )
    change = last.value - first.value
    gain = change if better == "higher" else -change
    is_met = -gain >= wanted if isinstance(question, Worsened) else gain >= wanted
    return Said(
        MET if is_met else NOT_MET,
        lambda: (
            f"{name_of(question, facts, side)} went from {in_digits(first.value)} to "
            f"{in_digits(last.value)}, a gain of {in_digits(gain)}; asked for {asked}."
        ),
        rows,
    )


def _asked(question: Gained | Worsened) -> str:
    if isinstance(question, Worsened):
        return f"a loss of {question.worse_by}"
    return f"{question.gain_percent} percent" if question.gain is None else f"{question.gain}"


def _wanted(question: Gained | Worsened, earlier: Decimal) -> Decimal | None:
    """Return the change that is asked for, or nothing where it is a share of nothing."""
    if isinstance(question, Worsened):
        return question.worse_by
    if question.gain_percent is None:
        return question.gain
    return question.gain_percent * earlier / 100 if earlier > 0 else None


def _side_ratio(question: SideRatio, facts: Facts, now: datetime) -> Said:
    """Compare the sides where both were last measured in one assessment, so in one state."""
    name = name_of(question, facts)
    affected = sides_asked(facts, question.measure, "affected")
    other = sides_asked(facts, question.measure, "other")
    if len(affected) != 1 or len(other) != 1 or affected == other:
        return Said(UNKNOWN, lambda: f"{name} has no one affected side to compare with the other.")
    pairs = _pairs(question, facts, now, affected[0], other[0])
    if not pairs:
        return Said(UNKNOWN, lambda: f"{name} was not taken of both sides in one assessment.")
    mine, reference = pairs[-1]

    def rows() -> tuple[Evidence, ...]:
        return rows_of("score", (mine.id, reference.id))

    if reference.value <= 0:
        return Said(
            UNKNOWN, lambda: f"{name} was 0 on the other side: nothing to compare with.", rows
        )
    with localcontext(_CALM):
        reached = mine.value >= question.side_ratio * reference.value
    return Said(
        MET if reached else NOT_MET,
        lambda: (
            f"{name} was {in_digits(mine.value)} against {in_digits(reference.value)} on the other "
            f"side; asked for {question.side_ratio} of it."
        ),
        rows,
    )


def _pairs(
    question: SideRatio, facts: Facts, now: datetime, affected: Side, other: Side
) -> list[tuple[ScoreFact, ScoreFact]]:
    taken = {score.assessment_id: score for score in scores_for(question, facts, now, other)}
    mine = scores_for(question, facts, now, affected)
    return [
        (s, taken[s.assessment_id])
        for s in mine
        if s.assessment_id in taken and s.method == taken[s.assessment_id].method
    ]


def _of_severity(question: OfSeverity, facts: Facts) -> Said:
    if facts.severity is None:
        return Said(UNKNOWN, lambda: "The severity is not known.")
    outcome = MET if facts.severity == question.severity else NOT_MET
    return Said(
        outcome,
        lambda: f"The course is {facts.severity}.",
        lambda: rows_of("course", [facts.course_id]),
    )


def _reported(question: Reported, facts: Facts, now: datetime) -> Said:
    said = latest_answer(facts, question.reported, now, within=question.within)
    if said is None:
        return Said(UNKNOWN, lambda: _unanswered(question, facts))
    same = type(said.answer) is type(question.answer) and said.answer == question.answer
    return Said(
        MET if same else NOT_MET,
        lambda: _answered(said),
        lambda: rows_of("answer", [said.id]),
    )


def _unanswered(question: Reported, facts: Facts) -> str:
    here = " in this stay" if question.within == "stage" and facts.stay else ""
    return f"Nobody has answered{here}: {question.reported.replace('_', ' ')}."


def _answered(said: AnswerFact) -> str:
    heard = said.answer if isinstance(said.answer, str) else "yes" if said.answer else "no"
    return f"{said.question.replace('_', ' ').capitalize()}: {heard}."


def _elapsed(question: Elapsed, facts: Facts, now: datetime) -> Said:
    if question.elapsed_since == "course_start":
        since, row, what = facts.began_at, Evidence("course", facts.course_id), "course"
    elif facts.stay is not None:
        since, row, what = facts.stay.began_at, Evidence("stay", facts.stay.id), "stay"
    else:
        return Said(UNKNOWN, lambda: "The course is in no stage yet.")
    days = lasted(facts, since, now).days
    wanted = question.at_least.days
    outcome = MET if days >= wanted else NOT_MET
    return Said(
        outcome,
        lambda: f"The {what} is {days} days old, without pauses; asked for {wanted}.",
        lambda: (row,),
    )


_ASK: Mapping[type, Callable[[Any, Facts, datetime], Said]] = {
    Compared: lambda question, facts, now: _each_side(
        question.side, question, facts, now, _compared
    ),
    Gained: lambda question, facts, now: _each_side("affected", question, facts, now, _changed),
    Worsened: lambda question, facts, now: _each_side("affected", question, facts, now, _changed),
    SideRatio: _side_ratio,
    SignedOff: lambda question, facts, _: signed_off(question, facts),
    LaneNeeded: lambda question, facts, _: lane_needed(question, facts),
    Reported: _reported,
    OfSeverity: lambda question, facts, _: _of_severity(question, facts),
    Elapsed: _elapsed,
}
