"""Putting before a person what the rules suggest, for as long as they do.

`follow` is called whenever a course is looked at again: what a rule newly concludes becomes a
recommendation, and one whose rule is met no more comes to its end. One that nobody has decided
rests on what is recorded now, so that why it is suggested is never what was corrected since, and
what is withheld from its reader is what it rests on now. Nothing is applied by itself.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Case, F, Q, QuerySet, Value, When
from django.db.models.functions import Greatest

from care_plans import leading
from care_plans.content.pathways import PathwayDefinition
from care_plans.corrections import with_corrections
from care_plans.evidence import Facts, Finding
from care_plans.models import Course, Recommendation, SafetyAlert, Score
from care_plans.same_rules import is_same_rule
from care_plans.suggesting import Suggestion, said_twice, suggestions
from care_plans.telling import tell
from coordination import audit
from coordination.actors import Actor
from coordination.disclosure import disclosed_to
from coordination.models import PractitionerRole
from coordination.moments import as_text
from notifications.kinds import MessageKind, Verdict, register
from notifications.outbox import Recipient, cancel, enqueue, people_told
from notifications.recipients import by_person

Status = Recommendation.Status
MADE = "recommendation.made"
TRACED_ANEW = "recommendation.traced-anew"


def follow(course: Course, facts: Facts, *, actor: Actor, now: datetime) -> list[Recommendation]:
    """Bring a course's recommendations up to date with the facts; return those made just now.

    One per rule for as long as the rule is met, whatever else is recorded and however often this
    is called. The course's row must be locked.
    """
    met = {one.rule: one for one in suggestions(course.pathway_version.definition, facts, now)}
    standing = Recommendation.objects.filter(course=course, until=None)
    held = {row.rule: row for row in standing}
    for rule in said_twice(met.keys(), held.keys()):
        del met[rule]
    gone = [row for rule, row in held.items() if rule not in met]
    end([row for row in gone if not outlives(row)], actor=actor, now=now)
    for rule, row in held.items():
        if rule in met and is_news(row, met[rule], facts):
            _trace_anew(row, met[rule], actor=actor, now=now)
    return [
        _make(course, one, actor=actor, now=now) for rule, one in met.items() if rule not in held
    ]


class RecommendedRow(NamedTuple):
    """A recommendation that stands, as far as whether it has changed goes by."""

    kind: str
    status: str
    text: str
    source: list[str]
    rests_on: list[UUID]
    finding: Mapping[str, Any]


def is_news(row: Recommendation | RecommendedRow, found: Suggestion, facts: Facts) -> bool:
    """Say whether an open recommendation has other words, or rests on other rows, than now.

    That a day has passed is no news, nor is what the mean of a time is of, which moves on with
    each day, while it comes to the same and nothing of it was corrected. Nor is anything to one
    that was decided.
    """
    if row.status != Status.OPEN:
        return False
    if row.text != found.text or row.source != list(found.source):
        return True
    if not _says_the_same(row.finding, found.finding):
        return True
    rests_on, rows = set(row.rests_on), found.finding.rows()
    if not found.finding.moves:
        return rests_on != rows
    before, after = _moving(row.finding, found.finding)
    standing = {score.id for score in facts.scores}
    return not before <= standing or rests_on - before != rows - after


def _moving(trace: Mapping[str, Any], found: Finding) -> tuple[set[UUID], set[UUID]]:
    """Return the rows of all means of a time, in a trace and in what says the same now."""
    if found.is_moving:
        return {UUID(row["id"]) for row in trace["evidence"]}, {row.id for row in found.evidence}
    pairs = [_moving(*two) for two in zip(trace["parts"], found.parts, strict=True)]
    return (
        set[UUID]().union(*(before for before, _ in pairs)),
        set[UUID]().union(*(after for _, after in pairs)),
    )


#: what says how long something has lasted, in other words each day
_CLOCKS = frozenset({"Elapsed", "Stalled"})


def _says_the_same(trace: Mapping[str, Any], found: Finding) -> bool:
    return (
        trace["kind"] == found.kind
        and trace["id"] == found.id
        and trace["outcome"] == found.outcome
        and trace["text"] == found.text
        and (found.kind in _CLOCKS or found.is_moving or trace["sentence"] == found.sentence)
        and len(trace["parts"]) == len(found.parts)
        and all(map(_says_the_same, trace["parts"], found.parts))
    )


def _trace_anew(row: Recommendation, found: Suggestion, *, actor: Actor, now: datetime) -> None:
    """Let a recommendation say why by what is recorded now; what it said before is kept."""
    rows = found.finding.rows()
    before = {
        "text": row.text,
        "source": row.source,
        "finding": row.finding,
        "until": as_text(now),
    }
    changed = Recommendation.objects.filter(pk=row.pk, status=Status.OPEN, until=None).update(
        text=found.text,
        source=list(found.source),
        finding=found.finding.as_json(),
        rests_on=sorted(rows),
        traced_at=now,
        earlier=[*row.earlier, before],
    )
    if not changed:
        return  # somebody decided meanwhile, on what it said then
    # no event: when it happened would tell of a score to whoever that is withheld from
    audit.record(
        actor=Actor.system("care_plans.recommending", actor.organization_id),
        now=now,
        action=audit.Action.UPDATE,
        event=TRACED_ANEW,
        resource="Recommendation",
        resource_id=row.pk,
        patient_ids=[row.patient_id],
        detail={
            audit.DERIVED: True,
            "rule": row.rule,
            "words_changed": row.text != found.text,
            "rows_added": sorted(str(one) for one in rows - set(row.rests_on)),
            "rows_removed": sorted(str(one) for one in set(row.rests_on) - rows),
        },
    )


def outlives(row: Recommendation) -> bool:
    """Say whether a recommendation stays although its rule is met no more: a danger nobody judged.

    It ends by a decision, or once each alert that was raised for what it rests on, or for another
    version of it, is closed.
    """
    if row.kind != Recommendation.Kind.SAFETY or row.status != Status.OPEN:
        return False
    sittings = Score.objects.filter(pk__in=row.rests_on).values_list("assessment_id", flat=True)
    alerts = SafetyAlert.objects.filter(assessment__in=with_corrections(sittings))
    statuses = set(alerts.values_list("status", flat=True))
    return statuses != {SafetyAlert.Status.CLOSED}


def alert_closed(alert: SafetyAlert, *, actor: Actor, now: datetime) -> list[UUID]:
    """End what an alert kept for courses that have ended; return those to look at again."""
    sittings = with_corrections([alert.assessment_id])
    scores = list(Score.objects.filter(assessment__in=sittings).values_list("pk", flat=True))
    rows = Recommendation.objects.filter(
        kind=Recommendation.Kind.SAFETY,
        status=Status.OPEN,
        until=None,
        patient_id=alert.patient_id,
        rests_on__overlap=scores,
    ).select_related("course")
    over = [row for row in rows if row.course.status == Course.Status.DISCHARGED]
    end([row for row in over if not outlives(row)], actor=actor, now=now)
    return sorted({row.course_id for row in rows} - {row.course_id for row in over})


def end_all(course: Course, *, is_alive: bool, actor: Actor, now: datetime) -> None:
    """End what is still suggested for a course that has ended, but no danger nobody judged.

    Of a patient who has died no danger is left to judge, on no course that has ended.
    """
    ended = Q(course=course)
    if not is_alive:
        ended |= Q(patient_id=course.patient_id, course__status=Course.Status.DISCHARGED)
    rows = Recommendation.objects.filter(ended, until=None)
    end([row for row in rows if not (is_alive and outlives(row))], actor=actor, now=now)


def end_changed(course: Course, before: PathwayDefinition, *, actor: Actor, now: datetime) -> None:
    """End what a course's new version says otherwise, and what nobody decided, to be made anew.

    What somebody decided about a rule that the version leaves as it was is not asked again.
    """
    after = course.pathway_version.definition
    rows = Recommendation.objects.filter(course=course, until=None)
    gone = [row for row in rows if row.status == Status.OPEN and not outlives(row)]
    gone += [
        row
        for row in rows
        if row.status != Status.OPEN and not is_same_rule(row.rule, before, after)
    ]
    end(gone, actor=actor, now=now)


def end(rows: Iterable[Recommendation], *, actor: Actor, now: datetime) -> None:
    """Let recommendations end: one that nobody decided has lapsed, and is no longer told."""
    ids = [row.pk for row in rows]
    if not ids:
        return
    undecided = When(status=Status.OPEN, then=Value(Status.LAPSED.value))
    Recommendation.objects.filter(pk__in=ids, until=None).update(
        # clocks of two processes may differ: nothing ends before it began
        until=Greatest(F("made_at"), Value(now)),
        status=Case(undecided, default=F("status")),
    )
    cancel(subject_ids=ids, reason="this has changed since", actor=actor, now=now)


def tell_lead(patient_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Tell whoever answers for a plan now what waits for their decision; safe to repeat."""
    waiting = Recommendation.objects.filter(patient_id=patient_id, until=None, status=Status.OPEN)
    for one in waiting.order_by("made_at", "id"):
        _say(one, actor=actor, now=now)


def _make(course: Course, suggestion: Suggestion, *, actor: Actor, now: datetime) -> Recommendation:
    made: Recommendation = Recommendation.objects.create(
        organization_id=course.organization_id,
        patient_id=course.patient_id,
        course=course,
        pathway_version_id=course.pathway_version_id,
        rule=suggestion.rule,
        kind=suggestion.kind,
        text=suggestion.text,
        then=suggestion.then,
        lane=suggestion.lane,
        towards=list(suggestion.towards),
        source=list(suggestion.source),
        finding=suggestion.finding.as_json(),
        rests_on=sorted(suggestion.finding.rows()),
        made_at=now,
    )
    software = Actor.system("care_plans.recommending", actor.organization_id)
    tell(
        "recommendation.made",
        subject="Recommendation",
        subject_id=made.pk,
        patient_id=made.patient_id,
        actor=software,
        now=now,
        action=audit.Action.CREATE,
        detail={"rule": made.rule, "kind": made.kind},
    )
    _say(made, actor=actor, now=now)
    return made


def _say(made: Recommendation, *, actor: Actor, now: datetime) -> None:
    heard = _heard(made)
    recipients = by_person(_lead(made.patient_id, now))
    enqueue(
        kind=MADE,
        subject_id=made.pk,
        occurrence=str(made.pk),
        recipients=[to for person, to in recipients.items() if person not in heard],
        due_at=now,
        patient_id=made.patient_id,
        path=f"/courses/{made.course_id}",
        actor=actor,
        now=now,
    )


def _heard(made: Recommendation) -> set[UUID]:
    """Return who was told of the very same when it was made by an earlier version."""
    before = Recommendation.objects.filter(
        course_id=made.course_id,
        rule=made.rule,
        text=made.text,
        then=made.then,
        until=made.made_at,
        status=Status.LAPSED,
    ).first()
    if before is None or before.pathway_version_id == made.pathway_version_id:
        return set()
    return people_told(kind=MADE, subject_id=before.pk) | _heard(before)


def _lead(patient_id: UUID, now: datetime) -> list[Recipient]:
    """Return the lead who may practise: what a rule concludes is clinical, and no desk's."""
    told = leading.told_as_lead(patient_id, now=now)
    return [to for to in told if to.practitioner_role_id is not None]


def _while_undecided(recommendation_id: UUID, now: datetime) -> Verdict:
    if Recommendation.objects.filter(pk=recommendation_id, status=Status.OPEN).exists():
        return Verdict(holds=True)
    return Verdict(holds=False, reason="it was decided, or has changed since")


def _leads(recommendation_id: UUID, to: Recipient, now: datetime) -> bool:
    own = PractitionerRole.objects.filter(practitioner__roles=to.practitioner_role_id)
    roles = set(own.values_list("id", flat=True))
    patients = Recommendation.objects.filter(pk=recommendation_id).values_list(
        "patient_id", flat=True
    )
    return any(leading.leads(patient_id, roles, now=now) for patient_id in patients)


def _told_of(actor: Actor, now: datetime) -> QuerySet[Any, Any]:
    return Recommendation.objects.filter(disclosed_to(Recommendation, actor, now))


def register_kinds() -> None:
    """Tell the outbox what may be said about recommendations."""
    register(
        MessageKind(
            name=MADE,
            purpose="work",
            audience="the lead",
            subject_line="A recommendation waits for your decision",
            text="A rule has concluded something about a course of care; decide what to do.",
            still_holds=_while_undecided,
            concerns=_leads,
            disclosed=_told_of,
        )
    )
