"""Looking again at many courses at once: which of them are as they were when last looked at.

`standing.reassess` locks a course, gathers its facts and writes what they change. Nearly always
that is nothing, so the sweep asks here first: read in a number of queries that does not grow, and
decided by the same rules, without a lock or a write. A course of which it is not certain that
nothing would change is no settled one, and is looked at by `reassess`.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from json import loads
from typing import Any
from uuid import UUID

from care_plans import achieving, activities, lanes, reminders, staffing, standing
from care_plans import facts as facts_of_courses
from care_plans.content.pathways import PathwayDefinition
from care_plans.evaluation import Asked, outcomes
from care_plans.evidence import Facts
from care_plans.facts import CourseRow, LaneRow, StayRow
from care_plans.models import Course, Lane, PathwayVersion, Recommendation
from care_plans.recommending import RecommendedRow, is_news
from care_plans.suggesting import rules_with_why, said_twice
from coordination.models import CareTeamMember, PractitionerRole
from coordination.reaching import has_login
from coordination.statements import read, read_all
from notifications.outbox import Recipient, Told, people_told_of, schedulers

_SAID = (reminders.REVIEW_DUE, reminders.OVERDUE, reminders.READY, reminders.BLOCKED)


_SAFETY = Recommendation.Kind.SAFETY


def _open(row: RecommendedRow) -> bool:
    return bool(row.status == Recommendation.Status.OPEN)


@dataclass(frozen=True, slots=True)
class Circle:
    """Who works at a place now: of each role the person, its discipline, whether it may act.

    `reached` are the roles in which somebody may practise and can log in.
    """

    roles: Mapping[UUID, Recipient]
    persons: Mapping[UUID, UUID]
    registered: Mapping[UUID, str]
    reached: frozenset[UUID]
    desk: Sequence[Recipient]


@dataclass(frozen=True, slots=True)
class Glance:
    """All that looking again at one course goes by, as it was read."""

    course: CourseRow
    stay: StayRow
    definition: PathwayDefinition
    facts: Facts
    lanes: Sequence[LaneRow]
    team: Mapping[UUID, str]
    leads: Sequence[UUID]
    recommended: Mapping[str, RecommendedRow]
    planned: frozenset[tuple[UUID, str]]
    told: Mapping[tuple[str, str], Told]
    circle: Circle

    def is_settled(self, now: datetime) -> bool:
        """Say whether `standing.reassess` and `remind_anew` would change nothing at `now`."""
        definition = self.definition
        asked = Asked(definition, self.facts, now)
        suggested = rules_with_why(asked)
        met = frozenset(suggested)
        met -= said_twice(met, self.recommended.keys())
        # a danger that nobody judged stays, met or not, until somebody does
        kept = {
            rule for rule, row in self.recommended.items() if row.kind == _SAFETY and _open(row)
        }
        if met - kept != self.recommended.keys() - kept:
            return False
        undecided = {rule: row for rule, row in self.recommended.items() if _open(row)}
        if any(
            is_news(row, suggested[rule](), self.facts)
            for rule, row in undecided.items()
            if rule in suggested
        ):
            return False
        if self.course.status != Course.Status.ACTIVE:
            return True
        stage = definition.stage(self._stage)
        if stage.is_timed or achieving.waits_for_time(definition):
            return False  # what only time releases, stops or reaches is seen by looking itself
        return (
            self._is_planned(asked)
            and staffing.is_staffed(self.lanes, self.team, self.stay, stage.referring)
            and self._stands(asked)
            and self._is_told(now)
        )

    @property
    def _stage(self) -> Any:
        return self.stay.stage

    def _is_planned(self, asked: Asked) -> bool:
        stage = self._stage
        if not all(lanes.is_decided(row, stage, asked) for row in self.lanes):
            return False
        needed = {row.discipline: row.id for row in self.lanes if row.needed == Lane.Needed.NEEDED}
        called_for = activities.waiting(asked, stage, needed)
        return all((needed[name], key) in self.planned for name, key in called_for)

    def _stands(self, asked: Asked) -> bool:
        found = outcomes(asked)
        stands, holding = standing.stands(found, self.facts)
        return stands == self.stay.standing and list(holding) == self.stay.blocked_by

    def _is_told(self, now: datetime) -> bool:
        if len(self.leads) != 1 or self.leads[0] not in self.circle.reached:
            return False  # who hears it for a lead that has lapsed is not for a glance to say
        lead = [self.circle.roles[self.leads[0]]]
        working = [
            (row.discipline, self.circle.roles[row.practitioner_role_id])
            for row in self.lanes
            if row.needed == Lane.Needed.NEEDED and row.practitioner_role_id is not None
        ]
        holding = [to for name, to in working if name in self.stay.blocked_by]
        everybody = [to for _, to in working]
        return all(
            self._was_said(news)
            for news in (
                *reminders.planned(self.stay, everybody, lead, self.circle.desk, now=now),
                *reminders.of_standing(self.stay, holding, lead, now=now),
            )
        )

    def _was_said(self, news: reminders.News) -> bool:
        persons = {self._person(to) for to in news.recipients}
        if news.kind == reminders.BLOCKED:
            for (kind, _), before in self.told.items():
                if kind == news.kind:
                    persons -= before.standing
        told = self.told.get((news.kind, news.occurrence))
        return not persons or (told is not None and persons <= told.persons)

    def _person(self, to: Recipient) -> UUID:
        role_id = to.practitioner_role_id
        person = to.user_id if role_id is None else self.circle.persons.get(role_id, role_id)
        assert person is not None, "no patient is told of these"
        return person


_STAYS = """
SELECT id, course_id, stage, expected_until, review_at, plan, standing, standing_since, blocked_by
FROM care_plans_stagestay WHERE course_id = ANY(%b) AND left_at IS NULL
"""
_COURSES = """
SELECT id, patient_id, pathway_version_id, status, severity, side, applied_at
FROM care_plans_course WHERE id = ANY(%b) ORDER BY id
"""
_MEMBERS = """
SELECT patient_id, practitioner_role_id, role, until
FROM coordination_careteammember WHERE patient_id = ANY(%b) AND (until IS NULL OR until > %s)
"""
_RECOMMENDED = """
SELECT course_id, rule, kind, status, text, source, rests_on,
    CASE WHEN status = 'open' THEN finding::text END
FROM care_plans_recommendation WHERE course_id = ANY(%b) AND until IS NULL
"""
_PLANNED = """
SELECT a.course_id, a.lane_id, a.key
FROM care_plans_activity a
JOIN care_plans_stagestay s
    ON s.course_id = a.course_id AND s.sequence = a.sequence AND s.left_at IS NULL
WHERE a.course_id = ANY(%b) AND a.key = ANY(%s)
"""


def glance(course_ids: Sequence[UUID], *, now: datetime) -> list[Glance]:
    """Read what looking again at these courses goes by; one without an open stay is left out.

    The transaction acts in the organization of all of them. The number of queries does not depend
    on how many they are.
    """
    stays = {stay.course_id: stay for stay in map(StayRow._make, read(_STAYS, list(course_ids)))}
    courses = [CourseRow._make(row) for row in read(_COURSES, list(stays))]
    definitions = _definitions(courses)
    ids = [course.id for course in courses]
    rows = facts_of_courses.lane_rows(ids)
    facts = facts_of_courses.gather(courses, now=now, lanes=rows)
    on_teams, put_before_people = read_all(
        (_MEMBERS, [course.patient_id for course in courses], now), (_RECOMMENDED, ids)
    )
    members, recommended = _members(on_teams), _recommended(put_before_people)
    circle = _circle({role for team in members.values() for role, _ in team}, rows, now)
    planned = _planned(courses, definitions)
    told = people_told_of([stay.id for stay in stays.values()], _SAID)
    by_course: defaultdict[UUID, list[LaneRow]] = defaultdict(list)
    for row in rows:
        by_course[row.course_id].append(row)
    return [
        Glance(
            course=course,
            stay=stays[course.id],
            definition=definitions[course.pathway_version_id],
            facts=facts[course.id],
            lanes=by_course[course.id],
            team={
                role: circle.registered[role]
                for role, _ in members[course.patient_id]
                if role in circle.registered
            },
            leads=[role for role, is_lead in members[course.patient_id] if is_lead],
            recommended=recommended[course.id],
            planned=frozenset(planned[course.id]),
            told=told.get(stays[course.id].id, {}),
            circle=circle,
        )
        for course in courses
    ]


def _definitions(courses: Iterable[CourseRow]) -> dict[UUID, PathwayDefinition]:
    """Return what each version says: read once, since its content is large."""
    named = {course.pathway_version_id for course in courses}
    versions = PathwayVersion.objects.filter(pk__in=named).defer("content")
    return {version.id: version.definition for version in versions}


def _members(rows: list[Any]) -> defaultdict[UUID, list[tuple[UUID, bool]]]:
    found: defaultdict[UUID, list[tuple[UUID, bool]]] = defaultdict(list)
    for patient_id, role_id, role, until in rows:
        is_lead = role == CareTeamMember.Role.LEAD and until is None
        found[patient_id].append((role_id, is_lead))
    return found


def _circle(role_ids: set[UUID], rows: Iterable[LaneRow], now: datetime) -> Circle:
    working = {row.practitioner_role_id for row in rows if row.practitioner_role_id is not None}
    roles: list[Any] = list(
        PractitionerRole.objects.filter(pk__in=role_ids | working)
        .select_related("location", "practitioner")
        .annotate(has_login=has_login(now))
    )
    registered = {role.id: role.discipline for role in roles if role.is_registered(now)}
    return Circle(
        roles={role.id: Recipient(practitioner_role_id=role.id) for role in roles},
        persons={role.id: role.practitioner.user_id or role.practitioner_id for role in roles},
        registered=registered,
        reached=frozenset(r.id for r in roles if r.has_login and r.id in registered),
        desk=schedulers(now=now),
    )


def _recommended(rows: list[Any]) -> defaultdict[UUID, dict[str, RecommendedRow]]:
    found: defaultdict[UUID, dict[str, RecommendedRow]] = defaultdict(dict)
    for course_id, rule, *row, finding in rows:
        found[course_id][rule] = RecommendedRow._make([*row, loads(finding) if finding else {}])
    return found


def _planned(
    courses: Iterable[CourseRow], definitions: Mapping[UUID, PathwayDefinition]
) -> defaultdict[UUID, set[tuple[UUID, str]]]:
    """Return, by course, the conditional activities that its stay has, with their lanes."""
    found: defaultdict[UUID, set[tuple[UUID, str]]] = defaultdict(set)
    keys = {name: activities.conditional(told) for name, told in definitions.items()}
    asked = [course.id for course in courses if keys[course.pathway_version_id]]
    if asked:
        every_key = set[str]().union(*keys.values())
        for course_id, lane_id, key in read(_PLANNED, asked, list(every_key)):
            found[course_id].add((lane_id, key))
    return found
