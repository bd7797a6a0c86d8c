"""What is known of courses, read from the database in a number of queries that never grows."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import zip_longest
from json import loads
from typing import Any, NamedTuple, cast
from uuid import UUID

from care_plans import measure_facts
from care_plans.complexity_factors import highest
from care_plans.content.sourced import SeverityName
from care_plans.dangers import asking_for_dangers, by_patient, elsewhere
from care_plans.evidence import (
    AnswerFact,
    ClearedFact,
    ComplexityFact,
    Facts,
    LaneFact,
    ScoreFact,
    ScreenFact,
    Side,
    StayFact,
)
from care_plans.models import (
    Course,
    Lane,
    LaneSignOff,
)
from coordination.statements import read, read_all

_NEEDED: Mapping[str, bool | None] = {
    Lane.Needed.NEEDED.value: True,
    Lane.Needed.NOT_NEEDED.value: False,
    Lane.Needed.UNDECIDED.value: None,
}

_ON_ITS_WAY = ("draft", "active", "on_hold")


class LaneRow(NamedTuple):
    """A lane as it stands: what was decided about it, who does it, and its last referral.

    `withdrawn` are the scores for which the pathway needs it, and that were replaced since.
    """

    course_id: UUID
    id: UUID
    discipline: str
    needed: str
    decided_by: str
    reason: str
    rests_on: list[UUID] | None
    order: int
    practitioner_role_id: UUID | None
    referral_status: str | None
    referral_key: str | None
    referral_owner_id: UUID | None
    withdrawn: list[UUID]


class CourseRow(NamedTuple):
    """A course, as far as it is judged by."""

    id: UUID
    patient_id: UUID
    pathway_version_id: UUID
    status: str
    severity: str
    side: str
    applied_at: datetime


class StayRow(NamedTuple):
    """A stay, as far as what is said about it goes by."""

    id: UUID
    course_id: UUID
    stage: str
    expected_until: datetime
    review_at: datetime | None
    plan: int
    standing: str
    standing_since: datetime
    blocked_by: list[str]


_LANES = """
SELECT l.course_id, l.id, l.discipline, l.needed, l.decided_by, l.reason, l.rests_on, l."order",
    l.practitioner_role_id, r.status, r.key, w.owner_id, CASE
    WHEN l.needed = 'needed' AND l.decided_by = 'pathway' AND l.rests_on <> '{}' THEN ARRAY(
        SELECT s.id FROM care_plans_score s
        JOIN care_plans_assessment a ON a.replaces_id = s.assessment_id
        WHERE s.id = ANY(l.rests_on)
        ORDER BY s.id)
    ELSE '{}' END
FROM care_plans_lane l
LEFT JOIN referrals_referral r ON r.id = l.referral_id
LEFT JOIN coordination_workitem w ON w.id = r.work_item_id
WHERE l.course_id = ANY(%b)
"""


def lane_rows(ids: Sequence[UUID]) -> list[LaneRow]:
    """Return the lanes of courses."""
    return list(map(LaneRow._make, read(_LANES, list(ids))))


def gather(
    courses: Iterable[Course | CourseRow],
    *,
    now: datetime,
    lanes: Sequence[LaneRow] | None = None,
) -> dict[UUID, Facts]:
    """Return the facts of each course by its id, as they stand in the database.

    What takes effect after `now` is left to `evaluation` to pass over. Corrected assessments
    are not among them. `lanes` are those of the courses, where they were read already.
    """
    wanted = list(courses)
    ids = [course.id for course in wanted]
    patients = list({course.patient_id for course in wanted})
    rows = _Rows(
        *read_all(
            *((sql, ids) for sql in _OF_COURSES),
            (_ZONES, patients),
            asking_for_dangers(patients, now),
            (measure_facts.MEASURES,),
        )
    )
    known = measure_facts.known(tuple(rows.measures))
    scores, answers = _scores(rows.scores, known.scoring), _answers(rows.answers)
    screens, (cleared, urgencies) = _screens(rows.screens), _flags(rows.flags)
    stays, (pauses, regressed) = _stays(rows.stays), _moves(rows.moves)
    complexity, zones = _complexity(rows.complexity), dict(rows.zones)
    found_lanes = _lanes(rows.sign_offs, lane_rows(ids) if lanes is None else lanes, now)
    dangers = by_patient(rows.dangers)
    return {
        course.id: Facts(
            course_id=course.id,
            began_at=course.applied_at,
            stay=stays.get(course.id),
            pauses=pauses[course.id],
            regressed=tuple(regressed[course.id]),
            severity=cast(SeverityName, course.severity),
            side=cast(Side, course.side),
            scores=tuple(scores[course.id]),
            answers=tuple(answers[course.id]),
            screens=tuple(screens[course.id]),
            cleared=tuple(cleared[course.id]),
            urgencies=urgencies[course.id],
            lanes=found_lanes[course.id],
            measures=known.measures,
            stopped_by=elsewhere(dangers[course.patient_id], course, hard=True),
            held_back_by=elsewhere(dangers[course.patient_id], course, hard=False),
            complexity=tuple(complexity[course.id]),
            time_zone=zones.get(course.patient_id, "UTC"),
        )
        for course in wanted
    }


_SCORES = """
SELECT a.course_id, s.id, s.assessment_id, m.slug, s.value, a.effective_at, a.recorded_at, s.side,
    s.item, s.subscale, s.method, s.measure_version
FROM care_plans_score s
JOIN care_plans_assessment a ON a.id = s.assessment_id
JOIN care_plans_measure m ON m.id = s.measure_id
WHERE a.course_id = ANY(%b)
    AND NOT EXISTS (SELECT FROM care_plans_assessment r WHERE r.replaces_id = a.id)
"""
_ANSWERS = """
SELECT course_id, id, question, answer::text, effective_at, recorded_at
FROM care_plans_courseanswer WHERE course_id = ANY(%b)
"""
_SCREENS = """
SELECT s.course_id, s.id, s.effective_at, s.recorded_at, a.flags, a.answers
FROM care_plans_redflagscreen s JOIN LATERAL (
    SELECT array_agg(a.flag) AS flags, array_agg(a.answer) AS answers
    FROM care_plans_redflaganswer a WHERE a.screen_id = s.id) a ON a.flags IS NOT NULL
WHERE s.course_id = ANY(%b)
"""
_FLAGS = """
SELECT course_id, id, flag, urgency, found_in, cleared_at, clearing_recorded_at
FROM care_plans_redflag WHERE course_id = ANY(%b)
"""
_COMPLEXITY = """
SELECT course_id, id, level, (factors->'psychosocial')::text, effective_at, recorded_at
FROM care_plans_complexityscreen WHERE course_id = ANY(%b)
"""


def _scores(
    rows: list[Any], scoring: Mapping[tuple[str, int], int]
) -> defaultdict[UUID, list[ScoreFact]]:
    found: defaultdict[UUID, list[ScoreFact]] = defaultdict(list)
    for row in rows:
        slug, version = row[3], row[11]
        found[row[0]].append(ScoreFact._make((*row[1:], scoring.get((slug, version or 0), 0))))
    return found


#: the same few choices are answered again and again
_meant = lru_cache(maxsize=1000)(loads)


def _answers(rows: list[Any]) -> defaultdict[UUID, list[AnswerFact]]:
    found: defaultdict[UUID, list[AnswerFact]] = defaultdict(list)
    for course_id, row_id, question, answer, effective_at, recorded_at in rows:
        said = AnswerFact(row_id, question, _meant(answer), effective_at, recorded_at)
        found[course_id].append(said)
    return found


def _screens(rows: list[Any]) -> defaultdict[UUID, list[ScreenFact]]:
    found: defaultdict[UUID, list[ScreenFact]] = defaultdict(list)
    for course_id, row_id, effective_at, recorded_at, flags, answers in rows:
        said = dict(zip(flags, answers, strict=True))
        found[course_id].append(ScreenFact(row_id, said, effective_at, recorded_at))
    return found


def _flags(
    rows: list[Any],
) -> tuple[defaultdict[UUID, list[ClearedFact]], defaultdict[UUID, dict[str, str]]]:
    """Return by course what was cleared, and how urgent what is open was when it was found."""
    cleared: defaultdict[UUID, list[ClearedFact]] = defaultdict(list)
    urgencies: defaultdict[UUID, dict[str, str]] = defaultdict(dict)
    for course_id, red_flag_id, flag, urgency, found_in, cleared_at, recorded_at in rows:
        if cleared_at is None or recorded_at is None:
            urgencies[course_id][flag] = urgency
        else:
            cleared[course_id].append(
                ClearedFact(red_flag_id, flag, frozenset(found_in), cleared_at, recorded_at)
            )
    return cleared, urgencies


def _complexity(rows: list[Any]) -> defaultdict[UUID, list[ComplexityFact]]:
    found: defaultdict[UUID, list[ComplexityFact]] = defaultdict(list)
    for course_id, row_id, level, factors, effective_at, recorded_at in rows:
        psychosocial = highest(_meant(factors))
        found[course_id].append(
            ComplexityFact(row_id, level, psychosocial, effective_at, recorded_at)
        )
    return found


_STAYS = """
SELECT course_id, id, stage, entered_at
FROM care_plans_stagestay WHERE course_id = ANY(%b) AND left_at IS NULL
"""
_MOVES = """
SELECT course_id, action, effective_at FROM care_plans_stagetransition
WHERE course_id = ANY(%b) AND action IN ('pause', 'resume', 'regress')
ORDER BY recorded_at, id
"""
_ZONES = """
SELECT m.patient_id, l.time_zone
FROM coordination_careteammember m
JOIN coordination_practitionerrole p ON p.id = m.practitioner_role_id
JOIN coordination_location l ON l.id = p.location_id
WHERE m.patient_id = ANY(%b) AND m.role = 'lead' AND m.until IS NULL
"""

type _Pauses = tuple[tuple[datetime, datetime | None], ...]


def _stays(rows: list[Any]) -> dict[UUID, StayFact]:
    return {course_id: StayFact(*stay) for course_id, *stay in rows}


def _moves(
    rows: list[Any],
) -> tuple[defaultdict[UUID, _Pauses], defaultdict[UUID, list[datetime]]]:
    """Return by course when it was paused, until when, and when it stepped back."""
    turns: defaultdict[UUID, list[datetime]] = defaultdict(list)
    regressed: defaultdict[UUID, list[datetime]] = defaultdict(list)
    for course_id, action, at in rows:
        (regressed if action == "regress" else turns)[course_id].append(at)
    pauses: defaultdict[UUID, _Pauses] = defaultdict(tuple)
    for course_id, at in turns.items():
        # a course is paused and resumed in turns
        pauses[course_id] = tuple(zip_longest(at[::2], at[1::2]))
    return pauses, regressed


_SIGN_OFFS = """
SELECT s.lane_id, s.verdict, s.id, s.effective_at
FROM care_plans_stagestay t JOIN care_plans_lanesignoff s ON s.stay_id = t.id
WHERE t.course_id = ANY(%b) AND t.left_at IS NULL
ORDER BY s.effective_at, s.recorded_at, s.id
"""


def _lanes(
    signed: list[Any], rows: Sequence[LaneRow], now: datetime
) -> defaultdict[UUID, dict[str, LaneFact]]:
    verdicts = {
        lane_id: (verdict == LaneSignOff.Verdict.READY, sign_off_id)
        for lane_id, verdict, sign_off_id, effective_at in signed
        if effective_at <= now
    }
    found: defaultdict[UUID, dict[str, LaneFact]] = defaultdict(dict)
    for row in rows:
        ready, sign_off_id = verdicts.get(row.id, (None, None))
        found[row.course_id][row.discipline] = LaneFact(
            row.id,
            _NEEDED[row.needed],
            ready,
            sign_off_id,
            deserted=row.practitioner_role_id is None and row.referral_status not in _ON_ITS_WAY,
            withdrawn=tuple(row.withdrawn),
        )
    return found


#: what is asked about a batch of courses by their ids, in the order of `_Rows`
_OF_COURSES = (
    _SCORES,
    _ANSWERS,
    _SCREENS,
    _FLAGS,
    _COMPLEXITY,
    _STAYS,
    _MOVES,
    _SIGN_OFFS,
)


class _Rows(NamedTuple):
    """The rows of all that is asked about a batch of courses."""

    scores: list[Any]
    answers: list[Any]
    screens: list[Any]
    flags: list[Any]
    complexity: list[Any]
    stays: list[Any]
    moves: list[Any]
    sign_offs: list[Any]
    zones: list[Any]
    dangers: list[Any]
    measures: list[Any]
