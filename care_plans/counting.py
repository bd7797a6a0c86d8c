"""Which evidence counts, and in which order.

A fact counts from its effective time on: what lies after `now` does not exist yet.
Of the current stay (`within: stage`) only what was taken at or after its beginning counts; during
intake the stay is the course itself. Of the course (`within: course`) only what was taken since
it began counts, with `SAME_VISIT` of grace, because a first assessment usually precedes the
paperwork. A red-flag screen gets the same grace before a stay: one done in the visit that ends
with the move to the next stage holds there too. So does an answer, but none from before a step back
to an earlier stage, which is taken because something has changed. A score that is about the days
before it, as adherence is about a fortnight, counts once the course has had so many days: what was
done before says nothing of its programme. Where two facts share an effective time, the one recorded
later is the later one. A score that is no finite number is none.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from care_plans.evidence import (
    AnswerFact,
    ClearedFact,
    Facts,
    ScoreFact,
    ScreenFact,
    Side,
    in_order,
    moments,
)

#: what was taken this long before a course began still belongs to it
SAME_VISIT = timedelta(hours=24)

type Within = Literal["stage", "course", "ever"]


def scores(
    facts: Facts,
    measure: str,
    now: datetime,
    *,
    within: Within,
    side: Side = "",
    item: int | None = None,
    subscale: str | None = None,
) -> list[ScoreFact]:
    """Return the scores of a measure that count, earliest first; a side only where it matters.

    `ever` are all that there are by now, whether they count or not. Of those that were taken and
    recorded in one moment the worse one counts as the later, so that it does not matter in which
    order they came in.
    """
    known = facts.measures.get(measure)
    since = _since(facts, within)
    if known is not None and known.period is not None and within != "ever":
        since = max(since, _later(_earlier(facts.began_at), known.period))
    sided = known is not None and known.side_required
    part = subscale or ""
    counting = [
        score
        for score in facts.scores_of.get(measure, ())
        if score.item == item
        and score.subscale == part
        and since <= score.effective_at <= now
        and score.value.is_finite()
        and (not sided or score.side == side)
    ]
    if len(counting) > 1:
        sign = -1 if known is not None and known.better == "higher" else 1
        counting.sort(key=lambda s: (s.effective_at, s.recorded_at, sign * s.value, s.id))
    return counting


def last_times(found: list[ScoreFact], times: int, facts: Facts) -> tuple[list[ScoreFact], int]:
    """Return the scores of the last so many times, and how many times these are.

    Once is the last score. Several times in a row are as many days by the clock of the lead's
    location: whatever was taken on one day is one time, and all of it belongs to it.
    """
    if times == 1:
        return found[-1:], len(found[-1:])
    zone, days, last = ZoneInfo(facts.time_zone), set[date](), list[ScoreFact]()
    for score in reversed(found):
        day = _day(score.effective_at, zone)
        if day not in days and len(days) == times:
            break
        days.add(day)
        last.append(score)
    return last[::-1], len(days)


def _day(moment: datetime, zone: ZoneInfo) -> date:
    try:
        return moment.astimezone(zone).date()
    except OverflowError:  # the first or the last day of the calendar
        return moment.date()


def pair(earlier: list[ScoreFact], later: list[ScoreFact]) -> tuple[ScoreFact, ScoreFact] | None:
    """Return the first and the last score between which there is a change to speak of.

    Both were taken by one method and scored in one way, or nobody knows what changed: the patient
    or the ruler. Of several such pairs the one that ends last counts; None without any.
    """
    found = []
    for basis in {_basis(score) for score in later}:
        first = next((score for score in earlier if _basis(score) == basis), None)
        last = [score for score in later if _basis(score) == basis][-1]
        if first is not None and first.id != last.id:
            found.append((first, last))
    return max(found, key=lambda two: moments(two[1]), default=None)


def _basis(score: ScoreFact) -> tuple[str, int]:
    return score.method, score.scoring


def sides_asked(facts: Facts, measure: str, which: Literal["affected", "other"]) -> list[Side]:
    """Return the sides that a question means: [""] when the measure is not taken per side.

    Both sides are meant when both are affected; there is no other side then, nor when the course
    names none.
    """
    if measure not in facts.measures or not facts.measures[measure].side_required:
        return [""]
    meant: dict[Side, list[Side]] = {
        "both": ["left", "right"] if which == "affected" else [],
        "left": ["left"] if which == "affected" else ["right"],
        "right": ["right"] if which == "affected" else ["left"],
    }
    return meant.get(facts.side, [])


def latest_answer(
    facts: Facts, question: str, now: datetime, *, within: Within = "course"
) -> AnswerFact | None:
    """Return the answer that stands; circumstances hold until somebody says otherwise."""
    since = _answered_since(facts) if within == "stage" else _FIRST
    said = reversed(facts.answers_to.get(question, ()))
    return next((one for one in said if since <= one.effective_at <= now), None)


def said_in_stay(facts: Facts) -> Facts:
    """Return the facts with the answers of the current stay alone, and of the visit it began with.

    For what must be so now: how loading was borne in a stage that was left says nothing of it.
    """
    since = _answered_since(facts)
    return replace(facts, answers=tuple(a for a in facts.answers if a.effective_at >= since))


def screens_of_stay(facts: Facts, now: datetime) -> list[ScreenFact]:
    """Return the screens of the current stay (of the course, during intake), earliest first."""
    since = _screened_since(facts)
    return in_order(s for s in facts.screens if since <= s.effective_at <= now)


def clearings_of_stay(facts: Facts, now: datetime) -> list[ClearedFact]:
    """Return the clearings of the current stay (of the course, during intake), earliest first."""
    since = _screened_since(facts)
    return [one for one in clearings(facts, now) if since <= one.effective_at]


def clearings(facts: Facts, now: datetime) -> list[ClearedFact]:
    """Return the decisions to clear a flag that were made by now, earliest first."""
    return in_order(c for c in facts.cleared if c.effective_at <= now)


def open_flags(facts: Facts, now: datetime) -> dict[str, ScreenFact]:
    """Return each flag that was found present, with the first screen that found it.

    It stays open whatever a later screen says, and from one stay to the next: a flag is cleared
    by a decision, not by the next answer. A decision counts for the screens that it names alone.
    """
    cleared = {(c.flag, screen) for c in clearings(facts, now) for screen in c.screens}
    found: dict[str, ScreenFact] = {}
    for screen in in_order(s for s in facts.screens if s.effective_at <= now):
        for flag, answer in screen.answers.items():
            if answer == "present" and (flag, screen.id) not in cleared:
                found.setdefault(flag, screen)
    return found


def lasted(facts: Facts, since: datetime, now: datetime) -> timedelta:
    """Return how long there was care since a moment: what is paused does not grow older."""
    rested = timedelta()
    for began, ended in facts.pauses:
        rested += max(min(ended or now, now) - max(began, since), timedelta())
    return now - since - rested


def by_period(
    taken: list[ScoreFact],
    facts: Facts,
    now: datetime,
    *,
    within: Within,
    days: int,
    times: int,
) -> list[ScoreFact]:
    """Return the last score of each of so many periods back from now; none for one without any.

    A period begins after its first moment, so that what was taken there belongs to the one before.
    What is paused is no part of any: nobody asks what was done meanwhile, and the periods reach
    further back. What lies before the stay, or the course, has no scores.
    """
    since = _since(facts, within)
    pauses = [(a, b or now) for a, b in facts.pauses]
    pauses.sort(key=lambda pause: (pause[1], pause[0]), reverse=True)
    found: list[ScoreFact] = []
    end = now
    for _ in range(times):
        if end < since:
            break
        begin = _back(end, timedelta(days=days), pauses)
        found += [s for s in taken if begin < s.effective_at <= end][-1:]
        end = begin
    return found


def _back(end: datetime, care: timedelta, pauses: list[tuple[datetime, datetime]]) -> datetime:
    """Return the moment from which on there was so much time of care; `pauses` are latest first."""
    for began, ended in pauses:
        if began >= min(ended, end):
            continue
        worked = max(end - ended, timedelta())
        if worked >= care:
            break
        care, end = care - worked, began
    return end - care if end - _FIRST >= care else _FIRST


#: nothing lies before it
_FIRST = datetime.min.replace(tzinfo=UTC)


def _since(facts: Facts, within: Within) -> datetime:
    if within == "ever":
        return _FIRST
    if within == "stage" and facts.stay is not None:
        return facts.stay.began_at
    return _earlier(facts.began_at)


def _screened_since(facts: Facts) -> datetime:
    return _earlier(facts.stay.began_at if facts.stay else facts.began_at)


def _answered_since(facts: Facts) -> datetime:
    """Return since when answers tell how it is now: none from before a step back does."""
    since = _screened_since(facts)
    began = facts.stay.began_at if facts.stay else facts.began_at
    return max([since, *(at for at in facts.regressed if at <= began)])


def _earlier(moment: datetime) -> datetime:
    try:
        return moment - SAME_VISIT
    except OverflowError:  # the first day of the calendar
        return moment


def _later(moment: datetime, by: timedelta) -> datetime:
    try:
        return moment + by
    except OverflowError:  # the last day of the calendar
        return moment
