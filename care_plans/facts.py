"""What is known of courses, read from the database in a number of queries that never grows."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, cast
from uuid import UUID

from django.db.models import Exists, F, OuterRef, QuerySet

from care_plans.complexity_factors import highest
from care_plans.content.safety import STOPS_LOADING
from care_plans.content.sourced import SeverityName, StageName
from care_plans.evidence import (
    AnswerFact,
    Better,
    ClearedFact,
    ComplexityFact,
    Facts,
    LaneFact,
    MeasureFacts,
    ScoreFact,
    ScreenAnswer,
    ScreenFact,
    Side,
    StayFact,
)
from care_plans.models import (
    ComplexityScreen,
    Course,
    CourseAnswer,
    Lane,
    LaneSignOff,
    Measure,
    MeasureVersion,
    RedFlag,
    RedFlagAnswer,
    Score,
    StageStay,
)
from coordination.access import IsAnyOf

_NEEDED = {Lane.Needed.NEEDED: True, Lane.Needed.NOT_NEEDED: False, Lane.Needed.UNDECIDED: None}

#: the hash of the content of each version of each measure
type _Versions = Mapping[tuple[str, int], str]

_ON_ITS_WAY = ("draft", "active", "on_hold")


def gather(courses: Iterable[Course], *, now: datetime) -> dict[UUID, Facts]:
    """Return the facts of each course by its id, as they stand in the database.

    What takes effect after `now` is left to `evaluation` to pass over. Corrected assessments
    are not among them.
    """
    wanted = list(courses)
    ids = [course.id for course in wanted]
    versions = _versions()
    scores, answers = _scores(ids, versions), _answers(ids)
    screens, (cleared, urgencies) = _screens(ids), _flags(ids)
    stays, lanes = _stays(ids), _lanes(ids, now)
    stops, measures = _stops(wanted, now), _measures(versions)
    complexity = _complexity(ids)
    return {
        course.id: Facts(
            course_id=course.id,
            began_at=course.applied_at,
            stay=stays.get(course.id),
            severity=cast(SeverityName, course.severity),
            side=cast(Side, course.side),
            scores=tuple(scores[course.id]),
            answers=tuple(answers[course.id]),
            screens=tuple(screens[course.id]),
            cleared=tuple(cleared[course.id]),
            urgencies=urgencies[course.id],
            lanes=lanes[course.id],
            measures=measures,
            stopped_by=tuple(
                screen for screen, found_on in stops[course.patient_id] if found_on != course.id
            ),
            complexity=tuple(complexity[course.id]),
        )
        for course in wanted
    }


def _measures(versions: _Versions) -> dict[str, MeasureFacts]:
    changes: defaultdict[str, dict[int, Decimal | None]] = defaultdict(dict)
    for (slug, version), sha256 in versions.items():
        changes[slug][version] = _meaning(sha256)[0]
    rows = Measure.objects.values_list("slug", "name", "better", "side_required", "version")
    return {
        slug: MeasureFacts(
            name, cast(Better, better), sided, changes[slug].get(version), changes[slug]
        )
        for slug, name, better, sided, version in rows
    }


def _versions() -> _Versions:
    rows = MeasureVersion.objects.values_list("measure__slug", "version", "sha256")
    return {(slug, version): sha256 for slug, version, sha256 in rows}


@cache
def _meaning(sha256: str) -> tuple[Decimal | None, int]:
    """Return the change that matters and the version of the scoring; a hash never changes."""
    definition = MeasureVersion.objects.filter(sha256=sha256)[0].definition
    scoring = definition.scoring.version if definition.scoring else 0
    change = definition.smallest_change
    if change is None or change.value is None or change.unit not in (None, ""):
        return None, scoring
    return max(change.value, change.mdc or change.value), scoring


def _scores(ids: list[UUID], versions: _Versions) -> defaultdict[UUID, list[ScoreFact]]:
    found: defaultdict[UUID, list[ScoreFact]] = defaultdict(list)
    scoring = {named: _meaning(sha256)[1] for named, sha256 in versions.items()}
    theirs = Score.objects.filter(assessment__course_id__in=ids, assessment__replaced_by=None)
    rows = theirs.order_by("assessment__recorded_at", "id").values_list(
        "assessment__course_id",
        "id",
        "assessment_id",
        "measure__slug",
        "value",
        "assessment__effective_at",
        "assessment__recorded_at",
        "side",
        "item",
        "subscale",
        "method",
        "measure_version",
    )
    for course_id, *rest in rows:
        fact = ScoreFact(*cast(Any, rest))
        by = scoring.get((fact.measure, fact.version or 0), 0)
        found[course_id].append(replace(fact, scoring=by))
    return found


def _answers(ids: list[UUID]) -> defaultdict[UUID, list[AnswerFact]]:
    found: defaultdict[UUID, list[AnswerFact]] = defaultdict(list)
    theirs = CourseAnswer.objects.filter(course_id__in=ids).order_by("recorded_at", "id")
    rows = theirs.values_list(
        "course_id", "id", "question", "answer", "effective_at", "recorded_at"
    )
    for course_id, *known in rows:
        found[course_id].append(AnswerFact(*cast(Any, known)))
    return found


def _screens(ids: list[UUID]) -> defaultdict[UUID, list[ScreenFact]]:
    said: defaultdict[tuple[UUID, UUID, datetime, datetime], dict[str, ScreenAnswer]]
    said = defaultdict(dict)
    theirs = RedFlagAnswer.objects.filter(screen__course_id__in=ids)
    rows = theirs.order_by("screen__recorded_at", "screen_id", "flag").values_list(
        "screen__course_id",
        "screen_id",
        "screen__effective_at",
        "screen__recorded_at",
        "flag",
        "answer",
    )
    for course_id, screen_id, effective_at, recorded_at, flag, answer in rows:
        said[course_id, screen_id, effective_at, recorded_at][flag] = cast(ScreenAnswer, answer)
    found: defaultdict[UUID, list[ScreenFact]] = defaultdict(list)
    for (course_id, screen_id, effective_at, recorded_at), its in said.items():
        found[course_id].append(ScreenFact(screen_id, its, effective_at, recorded_at))
    return found


def _flags(
    ids: list[UUID],
) -> tuple[defaultdict[UUID, list[ClearedFact]], defaultdict[UUID, dict[str, str]]]:
    """Return by course what was cleared, and how urgent what is open was when it was found."""
    cleared: defaultdict[UUID, list[ClearedFact]] = defaultdict(list)
    urgencies: defaultdict[UUID, dict[str, str]] = defaultdict(dict)
    rows = RedFlag.objects.filter(course_id__in=ids).values_list(
        "course_id", "id", "flag", "urgency", "found_in", "cleared_at", "clearing_recorded_at"
    )
    for course_id, red_flag_id, flag, urgency, found_in, cleared_at, recorded_at in rows:
        if cleared_at is None or recorded_at is None:
            urgencies[course_id][flag] = urgency
        else:
            cleared[course_id].append(
                ClearedFact(red_flag_id, flag, frozenset(found_in), cleared_at, recorded_at)
            )
    return cleared, urgencies


def _complexity(ids: list[UUID]) -> defaultdict[UUID, list[ComplexityFact]]:
    found: defaultdict[UUID, list[ComplexityFact]] = defaultdict(list)
    for row in ComplexityScreen.objects.filter(course_id__in=ids).order_by("recorded_at", "id"):
        found[row.course_id].append(
            ComplexityFact(
                row.pk,
                cast(Any, row.level),
                highest(row.factors["psychosocial"]),
                row.effective_at,
                row.recorded_at,
            )
        )
    return found


def _stays(ids: list[UUID]) -> dict[UUID, StayFact]:
    rows = StageStay.objects.filter(course_id__in=ids, left_at=None).values_list(
        "course_id", "id", "stage", "entered_at"
    )
    return {
        course_id: StayFact(stay_id, cast(StageName, stage), entered_at)
        for course_id, stay_id, stage, entered_at in rows
    }


def _lanes(ids: list[UUID], now: datetime) -> defaultdict[UUID, dict[str, LaneFact]]:
    verdicts = {
        lane_id: (verdict == LaneSignOff.Verdict.READY, sign_off_id)
        for lane_id, verdict, sign_off_id in LaneSignOff.objects.filter(
            course_id__in=ids, stay__left_at=None, effective_at__lte=now
        )
        .order_by("effective_at", "recorded_at", "id")
        .values_list("lane_id", "verdict", "id")
    }
    found: defaultdict[UUID, dict[str, LaneFact]] = defaultdict(dict)
    rows: Iterable[Any] = Lane.objects.filter(course_id__in=ids).values_list(
        "course_id", "id", "discipline", "needed", "practitioner_role_id", "referral__status"
    )
    for course_id, lane_id, discipline, needed, does_it, referral in rows:
        ready, sign_off_id = verdicts.get(lane_id, (None, None))
        found[course_id][discipline] = LaneFact(
            lane_id,
            _NEEDED[Lane.Needed(needed)],
            ready,
            sign_off_id,
            deserted=does_it is None and referral not in _ON_ITS_WAY,
        )
    return found


def _stops(courses: list[Course], now: datetime) -> defaultdict[UUID, list[tuple[UUID, UUID]]]:
    """Return by patient each screen that found a hard stop, with the course it was found on.

    That a course has ended clears nothing: only a clinician's decision does.
    """
    found: defaultdict[UUID, list[tuple[UUID, UUID]]] = defaultdict(list)
    stops = RedFlagAnswer.objects.filter(
        patient_id__in={course.patient_id for course in courses},
        answer=RedFlagAnswer.Answer.PRESENT,
        urgency__in=[urgency.value for urgency in STOPS_LOADING],
        screen__effective_at__lte=now,
    ).exclude(Exists(clearing(now)))
    rows = stops.values_list("patient_id", "screen_id", "screen__course_id").distinct()
    for patient_id, screen_id, course_id in rows:
        found[patient_id].append((screen_id, course_id))
    return found


def clearing(now: datetime) -> QuerySet[RedFlag, RedFlag]:
    """Return the decision that cleared an answer of a screen, to be asked for each answer."""
    return RedFlag.objects.filter(
        IsAnyOf(OuterRef("screen_id"), F("found_in")),
        course_id=OuterRef("screen__course_id"),
        flag=OuterRef("flag"),
        status=RedFlag.Status.CLEARED,
        cleared_at__lte=now,
    )
