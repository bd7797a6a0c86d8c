"""What somebody must act on at once: raised with the answer, and said again until taken up.

An alert closes only when a practitioner says what came of it; no later score, no correction and
no discharge closes it.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

import structlog
from django.conf import settings
from django.db import connection, transaction

from care_plans import recommending, scope, standing
from care_plans import safety_reminders as reminders
from care_plans.content.measures import SafetyRule
from care_plans.corrections import with_corrections
from care_plans.models import Assessment, Measure, SafetyAlert, Score
from care_plans.scoring import least
from care_plans.telling import tell
from coordination import audit
from coordination.access import owned_by_patient
from coordination.actors import Actor
from coordination.models import AccessGrant, CareTeamMember, PractitionerRole
from coordination.on_call import is_anybody_on_call, on_call
from coordination.problems import Invalid, NotAllowed, NotFound, Stale
from coordination.reaching import can_be_told
from coordination.tenancy import acting_in

Status = SafetyAlert.Status
Outcome = SafetyAlert.Outcome
BATCH = 500
_ANY = Decimal("Infinity")
#: what `can_be_told` asks of whoever took an alert up
_HOLDER = "acknowledged_by__location"

log = structlog.get_logger(__name__)

#: (status, action) -> status
MOVES: Mapping[tuple[str, str], SafetyAlert.Status] = {
    (Status.OPEN, "acknowledge"): Status.ACKNOWLEDGED,
    (Status.ACKNOWLEDGED, "close"): Status.CLOSED,
    # nobody acts on it once whoever took it up may not practise any more, or cannot log in
    (Status.ACKNOWLEDGED, "forsake"): Status.OPEN,
}
_REFUSED: Mapping[tuple[str, str], str] = {
    (Status.ACKNOWLEDGED, "acknowledge"): "Somebody has taken this alert up already.",
    (Status.CLOSED, "acknowledge"): "This alert is closed.",
    (Status.OPEN, "close"): "Take the alert up first: acknowledge it, then act, then close it.",
    (Status.CLOSED, "close"): "This alert is closed already.",
}


class SafetyAlertNotFound(NotFound):
    """No such alert, or none that this actor has a reason to see."""

    type = "safety-alert-not-found"


def alert_for(actor: Actor, alert_id: UUID, *, now: datetime) -> SafetyAlert:
    """Return an alert of a patient within reach, or raise `SafetyAlertNotFound`."""
    found = owned_by_patient(SafetyAlert.objects.all(), actor, now).filter(pk=alert_id).first()
    if found is None:
        raise SafetyAlertNotFound("There is no such safety alert within your reach.")
    return found


def met_by(measure: Measure, scores: Iterable[Score]) -> list[SafetyRule]:
    """Return the safety rules of a measure that these scores of it meet, or cannot but meet.

    A sheet with an item left out has no total, and one that is a total alone has no items; what
    each proves of the other counts.
    """
    return [rule for rule, _ in _met(measure, scores)]


def _met(measure: Measure, scores: Iterable[Score]) -> list[tuple[SafetyRule, Decimal]]:
    whole = [score for score in scores if not score.subscale]
    answers: dict[int, Decimal] = {}
    for score in whole:
        if score.item is not None:  # of several, the one that calls for more
            answers[score.item] = max(score.value, answers.get(score.item, score.value))
    total = max((score.value for score in whole if score.item is None), default=None)
    scoring = measure.definition.scoring
    return [
        (rule, value)
        for rule in measure.definition.safety
        if (value := least(scoring, answers, total, rule.item)) is not None
        and rule.is_met_by(value)
    ]


def left_out(measure: Measure, items: Collection[int]) -> bool:
    """Say whether items were answered, and not the one that decides whom to call.

    An answer that is not there is no "no": whoever left it out is shown whom to call.
    """
    asked = {rule.item for rule in measure.definition.safety if rule.crisis and rule.item}
    return bool(items) and not asked <= set(items)


def raise_for(assessment: Assessment, *, actor: Actor, now: datetime) -> list[SafetyAlert]:
    """Raise an alert for each safety rule that a sitting meets, and tell who must act.

    Whoever is on call gets access to the patient until the alert is closed. A correction calls
    nobody for what they are called for already. Safe to repeat.
    """
    called = _called_for(assessment)
    return [
        _raise(assessment, measure, rule, actor=actor, now=now)
        for measure, rule, value in _met_in(assessment.pk)
        if value > called.get((measure.slug, rule.id), -_ANY)
        and not SafetyAlert.objects.filter(
            assessment=assessment, measure=measure.slug, rule=rule.id
        ).exists()
    ]


def _called_for(assessment: Assessment) -> dict[tuple[str, str], Decimal]:
    """Return by rule up to which value somebody is called already for what a sitting corrects.

    That is no alert which was closed, nor what the version before did not say any more. An answer
    that is worse than the one that was called for is news; a total is not.
    """
    if assessment.replaces_id is None:
        return {}
    before = {(measure.slug, rule.id) for measure, rule, _ in _met_in(assessment.replaces_id)}
    called: dict[tuple[str, str], Decimal] = {}
    alerts = SafetyAlert.objects.filter(assessment__in=with_corrections([assessment.pk]))
    for alert in alerts.exclude(status=Status.CLOSED):
        for measure, rule, value in _met_in(alert.assessment_id):
            name = (measure.slug, rule.id)
            if name == (alert.measure, alert.rule) and name in before:
                worst = _ANY if rule.item is None else value
                called[name] = max(worst, called.get(name, -_ANY))
    return called


def _met_in(assessment_id: UUID) -> list[tuple[Measure, SafetyRule, Decimal]]:
    """Return the safety rules that a sitting meets, each with its measure and what meets it."""
    by_measure: dict[Measure, list[Score]] = {}
    for score in Score.objects.filter(assessment=assessment_id).select_related("measure"):
        by_measure.setdefault(score.measure, []).append(score)
    return [(m, rule, value) for m, scores in by_measure.items() for rule, value in _met(m, scores)]


def _raise(
    assessment: Assessment, measure: Measure, rule: SafetyRule, *, actor: Actor, now: datetime
) -> SafetyAlert:
    alert: SafetyAlert = SafetyAlert.objects.create(
        organization_id=assessment.organization_id,
        patient_id=assessment.patient_id,
        course_id=assessment.course_id,
        assessment=assessment,
        measure=measure.slug,
        rule=rule.id,
        measure_version=measure.version,
        action=rule.action,
        source=rule.source or "",
        verified=rule.verified,
        raised_at=now,
        escalates_at=now + _wait(),
    )
    software = Actor.system("care_plans.safety_alerts", actor.organization_id)
    _tell("safety-alert.raised", alert, actor=software, now=now, action=audit.Action.CREATE)
    _call(alert, actor=software, now=now)
    return alert


def shows_lines(alert: SafetyAlert) -> bool:
    """Say whether whoever gave the answer is shown whom to call."""
    measure = Measure.objects.get(slug=alert.measure)
    return any(rule.id == alert.rule and rule.crisis for rule in measure.definition.safety)


def shows_lines_after(assessment: Assessment) -> bool:
    """Say whether whoever gave these answers is shown whom to call: for what they said, or did not.

    `left_out` raises no alert, since nothing was said that somebody could act on.
    """
    if any(shows_lines(alert) for alert in SafetyAlert.objects.filter(assessment=assessment)):
        return True
    items: dict[Measure, set[int]] = {}
    for score in Score.objects.filter(assessment=assessment).select_related("measure"):
        if score.item is not None:
            items.setdefault(score.measure, set()).add(score.item)
    return any(left_out(measure, answered) for measure, answered in items.items())


def is_reachable(patient_id: UUID, *, now: datetime) -> bool:
    """Say whether an alert about a patient reaches somebody: on call, or a lead."""
    if is_anybody_on_call(now):
        return True
    named = [to.practitioner_role_id for to in reminders.lead(patient_id, now=now)]
    roles = PractitionerRole.objects.filter(pk__in=[one for one in named if one is not None])
    return any(can_be_told(role, now) for role in roles.select_related("location"))


@transaction.atomic
def acknowledge(alert_id: UUID, *, actor: Actor, now: datetime) -> SafetyAlert:
    """Take an alert up: it is said to nobody again, and stays open until it is closed.

    Whoever does so reads the patient until then, also once they have left the team.
    Raises `SafetyAlertNotFound`, `Denied`, `NotAllowed` when somebody else has, `Stale`.
    """
    alert = alert_for(actor, alert_id, now=now)
    role = scope.require("safety-alert.act", alert, actor=actor)
    to = _move(alert, "acknowledge")
    _swap(alert, status=to, acknowledged_by=role, acknowledged_at=now, escalates_at=None)
    _give_access(alert, role, now=now)
    reminders.take_back(alert, because="somebody acts on it", actor=actor, now=now)
    _tell("safety-alert.acknowledged", alert, actor=actor, now=now)
    return alert


@transaction.atomic
def close(alert_id: UUID, *, outcome: str, reason: str, actor: Actor, now: datetime) -> SafetyAlert:
    """Say what came of an alert, which ends it; the access that it gave ends with it.

    Raises `SafetyAlertNotFound`, `Denied`, `Invalid` without an outcome and words, `NotAllowed`
    before it was taken up, `Stale`.
    """
    alert = alert_for(actor, alert_id, now=now)
    role = scope.require("safety-alert.act", alert, actor=actor)
    to = _move(alert, "close")
    if outcome not in Outcome.values:
        raise Invalid.field("/outcome", f"One of: {', '.join(Outcome.values)}.")
    if not reason.strip():
        raise Invalid.field("/reason", "Say what was done.")
    closed_at = max(now, alert.raised_at)
    _swap(alert, status=to, closed_by=role, closed_at=closed_at, outcome=outcome, reason=reason)
    AccessGrant.objects.filter(
        basis=AccessGrant.Basis.SAFETY, source_id=alert.pk, until=None
    ).update(until=now)
    _tell("safety-alert.closed", alert, actor=actor, now=now, detail={"outcome": outcome})
    # what follows is the software's: whoever was only called may see the patient no longer
    software = Actor.system("care_plans.safety_alerts", actor.organization_id)
    for course_id in recommending.alert_closed(alert, actor=actor, now=now):
        standing.reassess(course_id, actor=software, now=now)
    return alert


def escalate(*, now: datetime, most: int = BATCH) -> int:
    """Say again, of every organization, what nobody has taken up in time; return how many alerts.

    What was taken up by somebody who may not practise any more, or cannot log in, is open again,
    and said at once.
    Each time whoever is on call, the lead and the whole team hear of it. Whoever has come on call
    since hears of it as soon as this runs again.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM care_plans_alerts_to_escalate(%s, %s)", [now, most])
        due = [(row[0], row[1]) for row in cursor.fetchall()]
        cursor.execute("SELECT * FROM care_plans_alerts_forsaken(%s, %s)", [now, most])
        due += [(row[0], row[1]) for row in cursor.fetchall()]
    _each(due, _escalate, now=now)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM care_plans_alerts_unheard(%s, %s)", [now, most])
        unheard = [(row[0], row[1]) for row in cursor.fetchall()]
    _each(unheard, _call_newcomers, now=now)
    return len(due) + len(unheard)


def _each(found: Iterable[tuple[UUID, UUID]], act: Callable[..., None], *, now: datetime) -> None:
    """Do something about each alert in its own organization; a defect in one stops no other."""
    for alert_id, organization_id in found:
        try:
            with acting_in(organization_id):
                alert = _held(alert_id)
                if alert is not None:
                    act(alert, now=now)
        except Exception:
            # it is still due at the next round, and holds up no other
            log.exception("safety_alert_not_escalated", alert=str(alert_id))


def _held(alert_id: UUID) -> SafetyAlert | None:
    """Return an alert, holding its row; None where somebody else holds it just now."""
    rows = SafetyAlert.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
    found: SafetyAlert | None = rows.select_related(_HOLDER).filter(pk=alert_id).first()
    return found


def _escalate(alert: SafetyAlert, *, now: datetime) -> None:
    software = Actor.system("care_plans.safety_alerts", alert.organization_id)
    holder = alert.acknowledged_by
    is_forsaken = holder is not None and not can_be_told(holder, now)
    if alert.status == Status.ACKNOWLEDGED and is_forsaken:
        to = _move(alert, "forsake")
        _swap(alert, status=to, acknowledged_by=None, acknowledged_at=None, escalates_at=now)
        _tell("safety-alert.forsaken", alert, actor=software, now=now)
    if alert.status != Status.OPEN or alert.escalates_at is None or alert.escalates_at > now:
        return
    _swap(alert, rung=alert.rung + 1, escalates_at=now + _wait())
    _call(alert, is_reopened=is_forsaken, actor=software, now=now)
    log.warning("safety_alert_escalated", alert=str(alert.pk), rung=alert.rung)


def _call_newcomers(alert: SafetyAlert, *, now: datetime) -> None:
    """Call who has come on call since an alert was last said, and let them read the patient."""
    if alert.status != Status.OPEN:
        return
    software = Actor.system("care_plans.safety_alerts", alert.organization_id)
    given = AccessGrant.objects.filter(basis=AccessGrant.Basis.SAFETY, source_id=alert.pk)
    called = set(given.values_list("practitioner_role_id", flat=True))
    newcomers = [role for role in on_call(now) if role.pk not in called]
    for role in newcomers:
        _give_access(alert, role, now=now)
    reminders.call_newcomers(alert, newcomers, actor=software, now=now)


def _call(alert: SafetyAlert, *, is_reopened: bool = False, actor: Actor, now: datetime) -> None:
    called = on_call(now)
    for role in called:
        _give_access(alert, role, now=now)
    team = _team(alert) if alert.rung else []
    finder = alert.assessment.practitioner_role
    told = [*called, *([finder] if finder else []), *team]
    reminders.call(alert, told, is_reopened=is_reopened, actor=actor, now=now)
    if not called:
        log.warning("nobody_on_call", organization=str(alert.organization_id))


def _give_access(alert: SafetyAlert, role: PractitionerRole, *, now: datetime) -> None:
    AccessGrant.objects.get_or_create(
        organization_id=alert.organization_id,
        patient_id=alert.patient_id,
        practitioner_role=role,
        basis=AccessGrant.Basis.SAFETY,
        source_id=alert.pk,
        defaults={"since": now},
    )


def _team(alert: SafetyAlert) -> list[PractitionerRole]:
    members = CareTeamMember.objects.filter(patient_id=alert.patient_id, until=None)
    rows = members.select_related("practitioner_role").order_by("since", "id")
    return [member.practitioner_role for member in rows]


def _wait() -> timedelta:
    return timedelta(minutes=settings.SAFETY_ESCALATION_MINUTES)


def _move(alert: SafetyAlert, action: str) -> SafetyAlert.Status:
    to = MOVES.get((alert.status, action))
    if to is None:
        raise NotAllowed(_REFUSED[alert.status, action])
    return to


def _swap(alert: SafetyAlert, **changes: object) -> None:
    same = SafetyAlert.objects.filter(pk=alert.pk, status=alert.status, rung=alert.rung)
    if not same.update(**changes):
        raise Stale("Somebody else was faster with this alert; look at it again.")
    alert.refresh_from_db()


def _tell(
    event: str,
    alert: SafetyAlert,
    *,
    actor: Actor,
    now: datetime,
    action: audit.Action = audit.Action.ACT,
    detail: Mapping[str, str] | None = None,
) -> None:
    tell(
        event,
        subject="SafetyAlert",
        subject_id=alert.pk,
        patient_id=alert.patient_id,
        actor=actor,
        now=now,
        action=action,
        detail={"rule": f"{alert.measure}.{alert.rule}", **(detail or {})},
    )
