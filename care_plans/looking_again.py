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
from typing import Any
from uuid import UUID

from django.db.models import Q

from care_plans import achieving, activities, lanes, reminders, staffing, standing
from care_plans import facts as facts_of_courses
from care_plans.evaluation import outcomes
from care_plans.evidence import Facts
from care_plans.facts import LaneRow
from care_plans.models import Activity, Course, Lane, PathwayVersion, Recommendation, StageStay
from care_plans.recommending import is_news
from care_plans.suggesting import rules_met, said_twice, suggestions
from coordination.models import CareTeamMember, PractitionerRole
from notifications.outbox import Recipient, Told, people_told_of, schedulers

_SAID = (reminders.REVIEW_DUE, reminders.OVERDUE, reminders.READY, reminders.BLOCKED)


_SAFETY = Recommendation.Kind.SAFETY


def _open(row: Recommendation) -> bool:
    return bool(row.status == Recommendation.Status.OPEN)


@dataclass(frozen=True, slots=True)
class Circle:
    """Who works at a place now: of each role the person, its discipline, whether it may act."""

    persons: Mapping[UUID, UUID]
    registered: Mapping[UUID, str]
    desk: Sequence[Recipient]


@dataclass(frozen=True, slots=True)
class Glance:
    """All that looking again at one course goes by, as it was read."""

    course: Course
    stay: StageStay
    facts: Facts
    lanes: Sequence[LaneRow]
    team: Mapping[UUID, str]
    leads: Sequence[UUID]
    recommended: Mapping[str, Recommendation]
    planned: frozenset[tuple[UUID, str]]
    told: Mapping[tuple[str, str], Told]
    circle: Circle

    def is_settled(self, now: datetime) -> bool:
        """Say whether `standing.reassess` and `remind_anew` would change nothing at `now`."""
        definition = self.course.pathway_version.definition
        met = rules_met(definition, self.facts, now)
        met -= said_twice(met, self.recommended.keys())
        # a danger that nobody judged stays, met or not, until somebody does
        kept = {
            rule for rule, row in self.recommended.items() if row.kind == _SAFETY and _open(row)
        }
        if met - kept != self.recommended.keys() - kept:
            return False
        if any(_open(row) for row in self.recommended.values()):
            said = {one.rule: one for one in suggestions(definition, self.facts, now)}
            rows = self.recommended.items()
            if any(is_news(row, said[rule]) for rule, row in rows if rule in said):
                return False
        if self.course.status != Course.Status.ACTIVE:
            return True
        stage = definition.stage(self._stage)
        if stage.is_timed or achieving.waits_for_time(definition):
            return False  # what only time releases, stops or reaches is seen by looking itself
        return (
            self._is_planned(now)
            and staffing.is_staffed(self.lanes, self.team, self.stay, stage.referring)
            and self._stands(now)
            and self._is_told(now)
        )

    @property
    def _stage(self) -> Any:
        return self.stay.stage

    def _is_planned(self, now: datetime) -> bool:
        definition, stage = self.course.pathway_version.definition, self._stage
        if not all(lanes.is_decided(row, definition, stage, self.facts, now) for row in self.lanes):
            return False
        needed = {row.discipline: row.id for row in self.lanes if row.needed == Lane.Needed.NEEDED}
        called_for = activities.waiting(definition, stage, needed, self.facts, now)
        return all((needed[name], key) in self.planned for name, key in called_for)

    def _stands(self, now: datetime) -> bool:
        found = outcomes(self.course.pathway_version.definition, self.facts, now)
        stands, holding = standing.stands(found, self.facts)
        return stands == self.stay.standing and list(holding) == self.stay.blocked_by

    def _is_told(self, now: datetime) -> bool:
        if len(self.leads) != 1 or self.leads[0] not in self.circle.registered:
            return False  # who hears it for a lead that has lapsed is not for a glance to say
        lead = [Recipient(practitioner_role_id=self.leads[0])]
        working = [
            (row.discipline, Recipient(practitioner_role_id=row.practitioner_role_id))
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


def glance(course_ids: Sequence[UUID], *, now: datetime) -> list[Glance]:
    """Read what looking again at these courses goes by; one without an open stay is left out.

    The transaction acts in the organization of all of them. The number of queries does not depend
    on how many they are.
    """
    stays = {s.course_id: s for s in StageStay.objects.filter(course__in=course_ids, left_at=None)}
    courses = courses_with_versions(stays)
    ids = [course.id for course in courses]
    rows = facts_of_courses.lane_rows(ids)
    facts = facts_of_courses.gather(courses, now=now, lanes=rows)
    members = _members([course.patient_id for course in courses], now)
    circle = _circle({role for team in members.values() for role, _ in team}, rows, now)
    recommended, planned = _recommended(ids), _planned(courses, stays)
    told = people_told_of([stay.id for stay in stays.values()], _SAID)
    by_course: defaultdict[UUID, list[LaneRow]] = defaultdict(list)
    for row in rows:
        by_course[row.course_id].append(row)
    return [
        Glance(
            course=course,
            stay=stays[course.id],
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


def courses_with_versions(ids: Iterable[UUID]) -> list[Course]:
    """Return courses with their versions: each version once, since its content is large."""
    courses = list(Course.objects.filter(pk__in=list(ids)).order_by("id"))
    named = {course.pathway_version_id for course in courses}
    versions = PathwayVersion.objects.filter(pk__in=named).defer("content").in_bulk()
    for course in courses:
        course.pathway_version = versions[course.pathway_version_id]
    return courses


def _members(patient_ids: list[UUID], now: datetime) -> defaultdict[UUID, list[tuple[UUID, bool]]]:
    found: defaultdict[UUID, list[tuple[UUID, bool]]] = defaultdict(list)
    rows = CareTeamMember.objects.filter(
        Q(until=None) | Q(until__gt=now), patient_id__in=patient_ids
    ).values_list("patient_id", "practitioner_role_id", "role", "until")
    for patient_id, role_id, role, until in rows:
        is_lead = role == CareTeamMember.Role.LEAD and until is None
        found[patient_id].append((role_id, is_lead))
    return found


def _circle(role_ids: set[UUID], rows: Iterable[LaneRow], now: datetime) -> Circle:
    working = {row.practitioner_role_id for row in rows if row.practitioner_role_id is not None}
    roles = list(
        PractitionerRole.objects.filter(pk__in=role_ids | working).select_related(
            "location", "practitioner"
        )
    )
    return Circle(
        persons={role.id: role.practitioner.user_id or role.practitioner_id for role in roles},
        registered={role.id: role.discipline for role in roles if role.is_registered(now)},
        desk=schedulers(now=now),
    )


def _recommended(ids: list[UUID]) -> defaultdict[UUID, dict[str, Recommendation]]:
    found: defaultdict[UUID, dict[str, Recommendation]] = defaultdict(dict)
    rows = Recommendation.objects.filter(course_id__in=ids, until=None)
    named = ("course_id", "rule", "kind", "status", "text", "source", "finding", "rests_on")
    for row in rows.only(*named):
        found[row.course_id][row.rule] = row
    return found


def _planned(
    courses: Iterable[Course], stays: Mapping[UUID, StageStay]
) -> defaultdict[UUID, set[tuple[UUID, str]]]:
    """Return, by course, the conditional activities that its stay has, with their lanes."""
    found: defaultdict[UUID, set[tuple[UUID, str]]] = defaultdict(set)
    versions = {c.pathway_version_id: c.pathway_version.definition for c in courses}
    keys = {name: activities.conditional(definition) for name, definition in versions.items()}
    asked = [course.id for course in courses if keys[course.pathway_version_id]]
    if not asked:
        return found
    rows = Activity.objects.filter(course_id__in=asked, key__in=set[str]().union(*keys.values()))
    for course_id, sequence, lane_id, key in rows.values_list(
        "course_id", "sequence", "lane_id", "key"
    ):
        if sequence == stays[course_id].sequence:
            found[course_id].add((lane_id, key))
    return found
