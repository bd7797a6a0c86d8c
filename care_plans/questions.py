"""The answer to each kind of question that a criterion may ask.

Every function returns what it found, one sentence for people, and the rows it rests on. Only
counts, dates and numbers stand in the sentences, never free text of a patient.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from operator import ge, gt, le, lt
from typing import NamedTuple
from uuid import UUID

from care_plans.counting import (
    Within,
    clearings_of_stay,
    latest_answer,
    open_flags,
    pair,
    scores,
    screens_of_stay,
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
)
from care_plans.evidence import (
    Evidence,
    EvidenceKind,
    Facts,
    LaneFact,
    Outcome,
    ScoreFact,
    Side,
)

MET, NOT_MET, UNKNOWN = Outcome.MET, Outcome.NOT_MET, Outcome.UNKNOWN


class Said(NamedTuple):
    """An outcome, the sentence that explains it, and the rows it rests on."""

    outcome: Outcome
    sentence: str
    evidence: tuple[Evidence, ...] = ()


_TESTS = {"<=": le, ">=": ge, "<": lt, ">": gt}
_WORDS = {"<=": "at most", ">=": "at least", "<": "below", ">": "above"}


def every(outcomes: Iterable[Outcome]) -> Outcome:
    """Join with and: not met wins over unknown, unknown over met."""
    seen = set(outcomes)
    return NOT_MET if NOT_MET in seen else UNKNOWN if UNKNOWN in seen else MET


def some(outcomes: Iterable[Outcome]) -> Outcome:
    """Join with or: met wins over unknown, unknown over not met."""
    seen = set(outcomes)
    return MET if MET in seen else UNKNOWN if UNKNOWN in seen else NOT_MET


def answer(question: Criterion, facts: Facts, now: datetime) -> Said:
    """Answer any question that needs the facts alone."""
    match question:
        case Compared():
            return _each_side(question.side, question, facts, now, _compared)
        case Gained():
            return _each_side("affected", question, facts, now, _gained)
        case SideRatio():
            return _side_ratio(question, facts, now)
        case SignedOff():
            return _signed_off(question, facts)
        case LaneNeeded():
            return _lane_needed(question, facts)
        case Reported():
            return _reported(question, facts, now)
        case OfSeverity():
            return _of_severity(question, facts)
        case Elapsed():
            return _elapsed(question, facts, now)
    return Said(UNKNOWN, f"{type(question).__name__} needs more than the facts.")


def no_open_flag(
    flags: frozenset[str],
    known: frozenset[str],
    facts: Facts,
    now: datetime,
    *,
    valid_for: timedelta | None = None,
) -> Said:
    """Answer whether none of these flags is open and each has been asked about in this stay.

    What was found absent longer than `valid_for` ago is not known any more (None: it counts for
    as long as the stay lasts).

    `known` are all flags of the pathway: an open one that the pathway does not know (any more)
    counts too, since nobody can say how urgent it is.
    """
    found = open_flags(facts, now)
    standing = {flag: found[flag] for flag in sorted(found) if flag in flags or flag not in known}
    if standing or facts.stopped_by:
        screens = dict.fromkeys([*(s.id for s in standing.values()), *sorted(facts.stopped_by)])
        named = ", ".join(standing) or "on another course of this patient"
        return Said(NOT_MET, f"Open red flag: {named}.", _rows("screen", screens))
    latest = _latest_of_stay(facts, now, valid_for)
    relevant = {flag: latest[flag] for flag in sorted(flags) if flag in latest}
    rows = tuple(dict.fromkeys(row for _, row in relevant.values()))
    unasked = [flag for flag in flags if flag not in latest or latest[flag][0] != "absent"]
    if unasked:
        return Said(
            UNKNOWN,
            f"{len(unasked)} of {len(flags)} red flags are not known to be absent in this stay.",
            rows,
        )
    return Said(MET, f"All {len(flags)} red flags were found absent in this stay.", rows)


def _latest_of_stay(
    facts: Facts, now: datetime, valid_for: timedelta | None
) -> dict[str, tuple[str, Evidence]]:
    """Return what was last said of each flag in this stay; clearing one says that it is absent."""
    said: list[tuple[datetime, datetime, dict[str, str], Evidence]] = [
        (
            screen.effective_at,
            screen.recorded_at,
            dict(screen.answers),
            Evidence("screen", screen.id),
        )
        for screen in screens_of_stay(facts, now)
    ]
    said += [
        (one.effective_at, one.recorded_at, {one.flag: "absent"}, Evidence("red_flag", one.id))
        for one in clearings_of_stay(facts, now)
    ]
    latest: dict[str, tuple[str, Evidence]] = {}
    # whoever cleared a flag in the moment of a screen had that screen before them
    decided_last = sorted(said, key=lambda one: (one[0], one[1], one[3].kind == "red_flag", one[3]))
    for effective_at, _, answers, row in decided_last:
        if valid_for is not None and now - effective_at > valid_for:
            continue
        for flag, answer in answers.items():
            latest[flag] = (answer, row)
    return latest


def _each_side[Q: Compared | Gained](
    which: str,
    question: Q,
    facts: Facts,
    now: datetime,
    judge: Callable[[Q, Facts, datetime, Side], Said],
) -> Said:
    """Judge every side that is meant; when both are affected, both must pass."""
    meant = sides_asked(facts, question.measure, "other" if which == "other" else "affected")
    if not meant:
        return Said(UNKNOWN, f"There is no {which} side to take {_name(question, facts)} of.")
    said = [judge(question, facts, now, side) for side in meant]
    return Said(
        every(one.outcome for one in said),
        " ".join(one.sentence for one in said),
        tuple(dict.fromkeys(row for one in said for row in one.evidence)),
    )


def _compared(question: Compared, facts: Facts, now: datetime, side: Side) -> Said:
    found = _taken(question, facts, now, side)[-question.consecutive :]
    asked = f"{_WORDS[question.comparison]} {question.value}"
    if question.consecutive > 1:
        asked += f", {question.consecutive} times in a row"
    name = _name(question, facts, side)
    if not found:
        return Said(UNKNOWN, f"{name} has no score that counts; asked for {asked}.")
    passes = _TESTS[question.comparison]
    values = ", ".join(_shown(score.value) for score in found)
    sentence = f"{name} was {values} ({found[-1].effective_at:%Y-%m-%d}); asked for {asked}."
    outcome = MET
    if not all(passes(score.value, question.value) for score in found):
        outcome = NOT_MET
    elif len(found) < question.consecutive:
        outcome = UNKNOWN
    return Said(outcome, sentence, _rows("score", (score.id for score in found)))


def _gained(question: Gained, facts: Facts, now: datetime, side: Side) -> Said:
    name = _name(question, facts, side)
    better = facts.measures[question.measure].better if question.measure in facts.measures else ""
    if better not in ("higher", "lower"):
        return Said(UNKNOWN, f"{name} has no known direction of improvement.")
    start: Within = "course" if question.since == "baseline" else "stage"
    asked = f"{question.gain_percent} percent" if question.gain is None else f"{question.gain}"
    compared = pair(
        _taken(question, facts, now, side, within=start), _taken(question, facts, now, side)
    )
    if compared is None:
        return Said(UNKNOWN, f"{name} has no two scores to compare; asked for {asked}.")
    first, last = compared
    rows = _rows("score", (first.id, last.id))
    wanted = _wanted(question, first.value)
    if wanted is None:
        return Said(
            UNKNOWN, f"{name} began at {_shown(first.value)}: a share of it says nothing.", rows
        )
    change = last.value - first.value
    gain = change if better == "higher" else -change
    return Said(
        MET if gain >= wanted else NOT_MET,
        f"{name} went from {_shown(first.value)} to {_shown(last.value)}, a gain of "
        f"{_shown(gain)}; asked for {asked}.",
        rows,
    )


def _wanted(question: Gained, earlier: Decimal) -> Decimal | None:
    """Return the gain that is asked for, or nothing where it is a share of nothing."""
    if question.gain_percent is None:
        return question.gain
    return question.gain_percent * earlier / 100 if earlier > 0 else None


def _side_ratio(question: SideRatio, facts: Facts, now: datetime) -> Said:
    """Compare the sides where both were last measured in one assessment, so in one state."""
    name = _name(question, facts)
    affected = sides_asked(facts, question.measure, "affected")
    other = sides_asked(facts, question.measure, "other")
    if len(affected) != 1 or len(other) != 1 or affected == other:
        return Said(UNKNOWN, f"{name} has no one affected side to compare with the other.")
    pairs = _pairs(question, facts, now, affected[0], other[0])
    if not pairs:
        return Said(UNKNOWN, f"{name} was not taken of both sides in one assessment.")
    mine, reference = pairs[-1]
    rows = _rows("score", (mine.id, reference.id))
    if reference.value <= 0:
        return Said(UNKNOWN, f"{name} was 0 on the other side: nothing to compare with.", rows)
    reached = mine.value >= question.side_ratio * reference.value
    return Said(
        MET if reached else NOT_MET,
        f"{name} was {_shown(mine.value)} against {_shown(reference.value)} on the other side; "
        f"asked for {question.side_ratio} of it.",
        rows,
    )


def _pairs(
    question: SideRatio, facts: Facts, now: datetime, affected: Side, other: Side
) -> list[tuple[ScoreFact, ScoreFact]]:
    taken = {score.assessment_id: score for score in _taken(question, facts, now, other)}
    mine = _taken(question, facts, now, affected)
    return [
        (s, taken[s.assessment_id])
        for s in mine
        if s.assessment_id in taken and s.method == taken[s.assessment_id].method
    ]


def _taken(
    question: Compared | Gained | SideRatio,
    facts: Facts,
    now: datetime,
    side: Side,
    *,
    within: Within | None = None,
) -> list[ScoreFact]:
    """Return the scores that the question is about, earliest first."""
    return scores(
        facts,
        question.measure,
        now,
        within=within or question.within,
        side=side,
        item=question.item if isinstance(question, Compared) else None,
        subscale=question.subscale,
    )


def _signed_off(question: SignedOff, facts: Facts) -> Said:
    if question.sign_off != "all_needed_lanes":
        return _lane_ready(question.sign_off, facts.lanes.get(question.sign_off))
    if not facts.lanes:
        return Said(UNKNOWN, "The lanes of this stay are not known.")
    asked = [(name, lane) for name, lane in sorted(facts.lanes.items()) if lane.needed is not False]
    said = [_lane_ready(name, lane) for name, lane in asked]
    waiting = [one.sentence for one in said if one.outcome is not MET]
    return Said(
        every(one.outcome for one in said),
        " ".join(waiting) or f"All {len(asked)} lanes that are needed are ready.",
        tuple(dict.fromkeys(row for one in said for row in one.evidence)),
    )


def _lane_ready(name: str, lane: LaneFact | None) -> Said:
    shown = name.replace("_", " ")
    if lane is None:
        return Said(UNKNOWN, f"There is no {shown} lane in this stay.")
    own = _rows("lane", [lane.id])
    if lane.needed is None:
        return Said(UNKNOWN, f"Nobody knows yet whether the {shown} lane is needed.", own)
    if not lane.needed:
        return Said(MET, f"The {shown} lane is not needed.", own)
    if lane.ready is None and lane.deserted:
        words = f"Nobody does the {shown} lane, and no referral is open for it."
        return Said(UNKNOWN, words, own)
    if lane.ready is None:
        return Said(UNKNOWN, f"The {shown} lane has not said whether it is ready.", own)
    rows = _rows("sign_off", [lane.sign_off_id or lane.id])
    if lane.ready:
        return Said(MET, f"The {shown} lane is ready.", rows)
    return Said(NOT_MET, f"The {shown} lane is not ready.", rows)


def _lane_needed(question: LaneNeeded, facts: Facts) -> Said:
    lane = facts.lanes.get(question.lane)
    shown = question.lane.replace("_", " ")
    rows = _rows("lane", [lane.id] if lane else [])
    if lane is not None and lane.needed is None:
        return Said(UNKNOWN, f"Nobody knows yet whether the {shown} lane is needed.", rows)
    needed = lane is not None and lane.needed is True
    outcome = MET if needed == question.needed else NOT_MET
    return Said(outcome, f"The {shown} lane is {'' if needed else 'not '}needed.", rows)


def _of_severity(question: OfSeverity, facts: Facts) -> Said:
    if facts.severity is None:
        return Said(UNKNOWN, "The severity is not known.")
    outcome = MET if facts.severity == question.severity else NOT_MET
    return Said(outcome, f"The course is {facts.severity}.", _rows("course", [facts.course_id]))


def _reported(question: Reported, facts: Facts, now: datetime) -> Said:
    said = latest_answer(facts, question.reported, now)
    shown = question.reported.replace("_", " ")
    if said is None:
        return Said(UNKNOWN, f"Nobody has answered: {shown}.")
    same = type(said.answer) is type(question.answer) and said.answer == question.answer
    words = {True: "yes", False: "no"}
    heard = words.get(said.answer, said.answer) if isinstance(said.answer, bool) else said.answer
    return Said(
        MET if same else NOT_MET, f"{shown.capitalize()}: {heard}.", _rows("answer", [said.id])
    )


def _elapsed(question: Elapsed, facts: Facts, now: datetime) -> Said:
    if question.elapsed_since == "course_start":
        since, row, what = facts.began_at, Evidence("course", facts.course_id), "course"
    elif facts.stay is not None:
        since, row, what = facts.stay.began_at, Evidence("stay", facts.stay.id), "stay"
    else:
        return Said(UNKNOWN, "The course is in no stage yet.")
    days = (now - since).days
    wanted = question.at_least.days
    outcome = MET if days >= wanted else NOT_MET
    return Said(outcome, f"The {what} is {days} days old; asked for {wanted}.", (row,))


def _rows(kind: EvidenceKind, ids: Iterable[UUID]) -> tuple[Evidence, ...]:
    return tuple(Evidence(kind, row_id) for row_id in ids)


def _name(question: Compared | Gained | SideRatio, facts: Facts, side: Side = "") -> str:
    known = facts.measures.get(question.measure)
    name = known.name if known else question.measure
    if isinstance(question, Compared) and question.item is not None:
        name += f", item {question.item}"
    if question.subscale is not None:
        name += f", {question.subscale.replace('_', ' ')}"
    return f"{name}, {side}" if side else name


def _shown(value: Decimal) -> str:
    """Print a number as people write it: 3, not 3.0000 nor 3E+1."""
    plain = value.normalize()
    digits = plain.as_tuple().exponent
    if isinstance(digits, int) and -12 <= digits <= 12:
        return f"{plain:f}"
    return str(plain)
