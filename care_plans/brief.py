"""The catch-up brief: all that a discipline needs to join in, on one screen.

Each line is made of what is recorded, as far as this reader may know it, and names the record that
it is made of. Nobody types anything again, and nothing of it is kept. However much there is, a
section shows its most important lines and says how many more there are.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
    Window,
)
from django.db.models.functions import Coalesce

from care_plans import disclosing, open_alerts, standing
from care_plans.content.safety import OF_PATIENT
from care_plans.dangers import clearing
from care_plans.models import (
    Activity,
    CarePlan,
    Course,
    Goal,
    Lane,
    LaneSignOff,
    RedFlag,
    RedFlagAnswer,
    SeverityChange,
    StageTransition,
)
from care_plans.overview import lead_shown
from coordination.access import IsAnyOf
from coordination.actors import Actor
from coordination.disclosure import something_withheld
from coordination.models import CareTeamMember, Patient, current
from referrals.models import Referral

#: how many lines each section has at most, in the order in which they are read: 40 in all
BUDGET = {
    "alerts": 4,
    "plan": 2,
    "courses": 4,
    "safety": 5,
    "blockers": 5,
    "changes": 5,
    "goals": 4,
    "team": 5,
    "asked": 6,
}
#: a longer text is cut, so that a line stays one
CHARACTERS = 160

Rows = QuerySet[Any, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One short line, and the record that it is made of."""

    text: str
    about: str
    id: UUID | None


@dataclass(frozen=True, slots=True)
class Section:
    """The lines of one question, and how many more there would be."""

    name: str
    lines: list[Line]
    more: int


@dataclass(frozen=True, slots=True)
class Brief:
    """What a reader may know of a patient's care, at one moment."""

    patient: UUID
    as_of: datetime
    since: datetime
    withheld: bool
    sections: list[Section]


@dataclass(frozen=True, slots=True)
class _Asked:
    patient: Patient
    disciplines: list[str]
    actor: Actor
    now: datetime
    since: datetime

    def shown(self, rows: Rows) -> Rows:
        """Keep what nothing withholds from the reader."""
        return disclosing.disclose(rows, self.actor, self.now)

    @property
    def underway(self) -> Rows:
        """Return the patient's courses that have not ended, the active ones first."""
        first = Case(When(status="active", then=0), default=1, output_field=IntegerField())
        rows = Course.objects.filter(patient=self.patient, care_plan__status="open").underway()
        return self.shown(rows).order_by(first, "applied_at", "id")

    def of_courses(self, model: Any, **wanted: Any) -> Rows:
        """Return what belongs to the courses underway, as far as it is shown."""
        rows: Rows = QuerySet(model)
        return self.shown(rows.filter(course__in=self.underway.order_by().values("pk"), **wanted))


def brief(patient: Patient, *, disciplines: Iterable[str], actor: Actor, now: datetime) -> Brief:
    """Return the brief of a patient within the actor's clinical reach, for some disciplines.

    What changed goes back `CATCH_UP_DAYS`. Takes a number of queries and returns a number of
    lines that do not depend on how much is recorded.
    """
    since = now - timedelta(days=settings.CATCH_UP_DAYS)
    asked = _Asked(patient, sorted(disciplines), actor, now, since)
    courses, more_courses = _counted(
        disclosing.shown(asked.underway, actor, now), BUDGET["courses"]
    )
    sections = [
        _alerts(asked),
        _plan(asked),
        Section("courses", [_course(course) for course in courses], more_courses),
        _safety(asked),
        _blockers(asked, courses),
        _changes(asked),
        _goals(asked),
        _team(asked),
        _work(asked),
    ]
    return Brief(
        patient=patient.pk,
        as_of=now,
        since=since,
        withheld=something_withheld(actor, now, [patient.pk]),
        sections=sections,
    )


def _counted(rows: Rows, limit: int) -> tuple[list[Any], int]:
    """Return the first rows and how many more there are, in one query (and what it prefetches)."""
    found = list(rows.annotate(in_all=Window(Count("pk")))[:limit])
    return found, (found[0].in_all - len(found) if found else 0)


def _section(name: str, *parts: tuple[list[Line], int]) -> Section:
    lines = [line for part, _ in parts for line in part]
    kept = lines[: BUDGET[name]]
    return Section(name, kept, sum(more for _, more in parts) + len(lines) - len(kept))


def _line(row: Any, *words: str, about: str = "") -> Line:
    text = " ".join(" ".join(word for word in words if word).split())
    short = text if len(text) <= CHARACTERS else f"{text[: CHARACTERS - 1].rstrip()}…"
    return Line(short, about or row._meta.object_name, row.pk)


def _day(at: datetime) -> str:
    return at.date().isoformat()


def _said(word: str) -> str:
    return word.replace("_", " ")


def _alerts(asked: _Asked) -> Section:
    rows = open_alerts.open_alerts(asked.patient.pk, actor=asked.actor, now=asked.now)
    found, more = _counted(rows, BUDGET["alerts"])
    return Section("alerts", [_line(row, open_alerts.told_of(row)) for row in found], more)


def _plan(asked: _Asked) -> Section:
    found = asked.shown(CarePlan.objects.filter(patient=asked.patient, status="open")).first()
    if found is None:
        return Section("plan", [], 0)
    lead = lead_shown(found, asked.actor, asked.now)
    who = f"led by {lead.practitioner_role.practitioner.name}" if lead else ""
    lines = [_line(found, f"Plan open since {_day(found.opened_at)}", who)]
    if found.summary.strip():
        lines.append(_line(found, found.summary))
    return _section("plan", (lines, 0))


def _course(course: Any) -> Line:
    stay = course.open_stays[0] if course.open_stays else None
    where = f"{course.stage} since {_day(stay.entered_at)}" if stay else ""
    end = f"expected until {_day(stay.expected_until)}" if stay else ""
    parts = [_said(course.status), course.severity, course.side, where, end]
    return _line(course, f"{course.condition}:", ", ".join(part for part in parts if part))


def _safety(asked: _Asked) -> Section:
    urgencies = [
        When(held=urgency, then=Value(place))
        for place, urgency in enumerate(RedFlagAnswer.Urgency.values)
    ]
    # a version adopted since may call a flag more urgent than its screen did
    held = RedFlag.objects.filter(
        IsAnyOf(OuterRef("screen_id"), F("found_in")),
        patient=asked.patient,
        course_id=OuterRef("screen__course_id"),
        flag=OuterRef("flag"),
    ).exclude(status=RedFlag.Status.CLEARED)
    present = (
        RedFlagAnswer.objects.filter(patient=asked.patient, answer="present")
        .exclude(Exists(clearing(asked.now)))
        .annotate(held=Coalesce(Subquery(held.values("urgency")[:1]), F("urgency")))
        .filter(
            # what endangers the person is not over when its course is
            Q(screen__course__in=asked.underway.order_by().values("pk"))
            | Q(held__in=[urgency.value for urgency in OF_PATIENT])
        )
    )
    flags, more_flags = _counted(
        asked.shown(present)
        .select_related("screen__course")
        .prefetch_related("screen__course__pathway_version")
        .order_by(Case(*urgencies, output_field=IntegerField()), "-screen__effective_at", "id"),
        BUDGET["safety"],
    )
    careful, more_careful = _counted(
        asked.of_courses(
            Activity, status__in=["not_started", "in_progress", "on_hold"], stage=F("course__stage")
        )
        .exclude(caution="")
        .order_by("course__applied_at", "id"),
        BUDGET["safety"],
    )
    cautions = [_line(one, "Caution:", one.caution) for one in careful]
    return _section("safety", ([_flag(one) for one in flags], more_flags), (cautions, more_careful))


def _flag(found: Any) -> Line:
    screen = found.screen
    known = screen.course.pathway_version.definition.screened_flags()
    named = next((flag for flag in known if flag.id == found.flag), None)
    when = f"Red flag ({_said(found.held)}, {_day(screen.effective_at)}):"
    return _line(screen, when, named.text if named else _said(found.flag))


def _blockers(asked: _Asked, courses: list[Any]) -> Section:
    judged = standing.judge(courses, now=asked.now)
    findings = [
        (course, one) for course in courses for one in judged[course.pk].readiness.blockers()
    ]
    told = disclosing.explain(
        [one for _, one in findings], asked.patient.pk, actor=asked.actor, now=asked.now
    )
    lines = dict.fromkeys(
        _line(course, f"{course.condition}:", shown["sentence"])
        for (course, _), shown in zip(findings, told, strict=True)
    )
    return _section("blockers", (list(lines), 0))


def _changes(asked: _Asked) -> Section:
    limit, late = BUDGET["changes"], {"effective_at__gt": asked.since}
    moves = asked.of_courses(StageTransition, **late).select_related("course")
    severities = asked.of_courses(SeverityChange, **late).select_related("course")
    words = asked.of_courses(LaneSignOff, **late).select_related("course", "lane")
    team = asked.shown(
        CareTeamMember.objects.filter(current(asked.now), patient=asked.patient)
    ).filter(since__gt=asked.since)
    every: list[tuple[datetime, Line]] = []
    more = 0
    for rows, told in ((moves, _move), (severities, _severity), (words, _word)):
        found, left = _counted(rows.order_by("-effective_at", "-id"), limit)
        every += [(row.effective_at, told(row)) for row in found]
        more += left
    found, left = _counted(
        team.select_related("practitioner_role__practitioner").order_by("-since", "-id"), limit
    )
    every += [(row.since, _joined(row)) for row in found]
    every.sort(key=lambda one: one[0], reverse=True)
    return _section("changes", ([line for _, line in every], more + left))


def _move(row: Any) -> Line:
    to = row.to_stage if row.to_stage != row.from_stage else row.to_status
    return _line(row, f"{_day(row.effective_at)} {row.course.condition}: {row.action}, now {to}")


def _severity(row: Any) -> Line:
    return _line(row, f"{_day(row.effective_at)} {row.course.condition}: {row.severity}")


def _word(row: Any) -> Line:
    said = f"{_said(row.lane.discipline)} says {_said(row.verdict)}"
    return _line(row, f"{_day(row.effective_at)} {row.course.condition}: {said}.", row.reason)


def _joined(row: Any) -> Line:
    role = row.practitioner_role
    who = f"{role.practitioner.name} ({_said(role.discipline)})"
    return _line(row, f"{_day(row.since)} {who} joined as {_said(row.role)}")


def _goals(asked: _Asked) -> Section:
    rows = asked.of_courses(Goal, status="in_progress", stage=F("course__stage"))
    found, more = _counted(rows.order_by("course__applied_at", "id"), BUDGET["goals"])
    return _section("goals", ([_line(row, row.text) for row in found], more))


def _team(asked: _Asked) -> Section:
    rows = asked.of_courses(Lane, needed="needed").select_related(
        "course", "practitioner_role__practitioner"
    )
    found, more = _counted(rows.order_by("course__applied_at", "order", "id"), BUDGET["team"])
    return _section("team", ([_line(row, _lane(row)) for row in found], more))


def _lane(lane: Any) -> str:
    role = lane.practitioner_role
    who = role.practitioner.name if role else "nobody yet"
    return f"{_said(lane.discipline)}: {who} ({lane.course.condition})"


def _work(asked: _Asked) -> Section:
    """Return what is asked of the disciplines now: referrals, then lanes, then activities."""
    limit, mine = BUDGET["asked"], asked.disciplines
    disclosing_why: Rows = (
        Referral.objects.filter(
            patient=asked.patient, discipline__in=mine, status__in=["active", "on_hold"]
        )
        .within_reach(asked.actor, asked.now)
        .disclosing(asked.actor, asked.now)
    )
    referrals = (
        disclosing_why.filter(discloses=True)
        .select_related("requested_by__practitioner")
        .order_by("requested_at", "id")
    )
    words = asked.shown(LaneSignOff.objects.filter(stay__left_at=None)).order_by("recorded_at")
    lanes = (
        asked.of_courses(Lane, needed="needed", discipline__in=mine)
        .select_related("course")
        .prefetch_related(Prefetch("sign_offs", words, to_attr="words"))
        .order_by("course__applied_at", "id")
    )
    activities = (
        asked.of_courses(
            Activity,
            lane__discipline__in=mine,
            lane__needed="needed",
            stage=F("course__stage"),
            status__in=["not_started", "in_progress", "on_hold"],
        )
        .select_related("course")
        .order_by(Case(When(status="in_progress", then=0), default=1), "course__applied_at", "id")
    )
    found = [_counted(rows, limit) for rows in (referrals, lanes, activities)]
    told = zip(found, (_referral, _lane_asked, _activity), strict=True)
    return _section("asked", *(([tell(row) for row in rows], more) for (rows, more), tell in told))


def _referral(row: Any) -> Line:
    by = row.requested_by.practitioner.name
    until = f"needed by {_day(row.needed_by)}" if row.needed_by else ""
    return _line(row, f"Referral by {by}, {_day(row.requested_at)}: {row.reason_code}", until)


def _lane_asked(row: Any) -> Line:
    last = row.words[-1].verdict if row.words else ""
    said = f"said {_said(last)}" if last else "not signed off in this stage yet"
    return _line(row, f"{row.course.condition}: {said}.", row.note)


def _activity(row: Any) -> Line:
    waits = row.status == "not_started" and row.course.status == "active" and not row.released_at
    said = "Waits" if waits else _said(row.status).capitalize()
    return _line(row, f"{said}: {row.text}", row.cadence)
