"""What becomes of a red flag that was found: taken up, and cleared by a clinician for a reason.

Nothing but `clear` ends a flag: no later screen, no override, no discharge.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import F, Func, Q, Value

from care_plans import activities, leading, scope, standing
from care_plans import flag_reminders as reminders
from care_plans.content.safety import MOST_URGENT_FIRST, OF_PATIENT, Urgency
from care_plans.models import Course, RedFlag, RedFlagScreen
from care_plans.telling import tell
from coordination import audit
from coordination.access import owned_by_patient
from coordination.actors import Actor
from coordination.models import PractitionerRole, WorkItem
from coordination.problems import Invalid, NotAllowed, NotFound, Stale
from coordination.reaching import can_be_told

Status = RedFlag.Status
Outcome = RedFlag.Outcome

#: (status, action) -> status
MOVES: Mapping[tuple[str, str], RedFlag.Status] = {
    (Status.OPEN, "acknowledge"): Status.ACKNOWLEDGED,
    (Status.ACKNOWLEDGED, "forsake"): Status.OPEN,
    (Status.OPEN, "clear"): Status.CLEARED,
    (Status.ACKNOWLEDGED, "clear"): Status.CLEARED,
}
#: how long an urgency gives; it names the time itself
WITHIN: Mapping[Urgency, timedelta] = {
    Urgency.EMERGENCY: timedelta(),
    Urgency.URGENT_24H: timedelta(hours=24),
    Urgency.URGENT_2WK: timedelta(weeks=2),
}


class RedFlagNotFound(NotFound):
    """No such red flag, or none that this actor has a reason to see."""

    type = "red-flag-not-found"


def red_flag_for(actor: Actor, red_flag_id: UUID, *, now: datetime) -> RedFlag:
    """Return a red flag within the actor's reach, or raise `RedFlagNotFound`."""
    rows = RedFlag.objects.select_related("course__pathway_version", "work_item").defer(
        "course__pathway_version__content"
    )
    found = owned_by_patient(rows, actor, now).filter(pk=red_flag_id).first()
    if found is None:
        raise RedFlagNotFound("There is no such red flag within your reach.")
    return found


def open_found(
    screen: RedFlagScreen,
    present: Iterable[str],
    role: PractitionerRole,
    *,
    actor: Actor,
    now: datetime,
) -> list[RedFlag]:
    """Open each flag that a screen found present, or add the screen to the one that is open.

    A new flag becomes work of the lead, or of whoever found it where there is no lead who may
    practise and log in; the lanes hear of a hard stop at once. The course's row must be locked.
    """
    opened = []
    for name in sorted(present):
        again = RedFlag.objects.filter(course_id=screen.course_id, flag=name)
        known = again.exclude(status=Status.CLEARED).update(
            found_in=Func(
                F("found_in"),
                Value(screen.pk, output_field=models.UUIDField()),
                function="array_append",
                output_field=ArrayField(models.UUIDField()),
            )
        )
        if not known:
            opened.append(_open(screen, name, role, actor=actor, now=now))
    return opened


def _open(
    screen: RedFlagScreen, name: str, finder: PractitionerRole, *, actor: Actor, now: datetime
) -> RedFlag:
    urgency = screen.course.pathway_version.definition.red_flag(name).urgency
    within = WITHIN.get(urgency)
    found = RedFlag(
        organization_id=screen.organization_id,
        patient_id=screen.patient_id,
        course_id=screen.course_id,
        screen=screen,
        found_in=[screen.pk],
        flag=name,
        urgency=urgency.value,
        found_at=screen.effective_at,
        recorded_at=now,
        due_at=None if within is None else screen.effective_at + within,
    )
    owner = _owner(screen.patient_id, finder, now=now)
    found.work_item = _work(found, owner, now=now)
    found.save(force_insert=True)
    _tell("red-flag.opened", found, actor=actor, now=now, action=audit.Action.CREATE)
    reminders.found(found, owner, actor=actor, now=now)
    return found


def _owner(patient_id: UUID, finder: PractitionerRole, *, now: datetime) -> PractitionerRole:
    lead = leading.lead_role(patient_id)
    return lead if lead is not None and can_be_told(lead, now) else finder


@transaction.atomic
def acknowledge(red_flag_id: UUID, *, actor: Actor, now: datetime) -> RedFlag:
    """Say that one looks into an open flag: it is theirs from now on, and stays open.

    Raises `RedFlagNotFound`, `Denied` for whoever is not of the team, `NotAllowed` when it is
    cleared, or while somebody looks into it who may practise and log in, `Stale`.
    """
    found = red_flag_for(actor, red_flag_id, now=now)
    role = scope.require("red-flag.acknowledge", found, actor=actor)
    if found.status != Status.ACKNOWLEDGED or _is_in_hand(found, now=now):
        _move(found, "acknowledge")
    _swap(found, status=Status.ACKNOWLEDGED, acknowledged_by=role, acknowledged_at=now)
    _hand_to(found, role, now=now)
    _tell("red-flag.acknowledged", found, actor=actor, now=now)
    return found


@transaction.atomic
def clear(
    red_flag_id: UUID,
    *,
    outcome: str,
    reason: str,
    effective_at: datetime | None = None,
    actor: Actor,
    now: datetime,
) -> RedFlag:
    """Conclude that a flag does not hold any more; what it stopped may begin again.

    Nothing is begun by itself: whoever held a loading activity's lane begins it again.
    `effective_at` (aware, not before the last screen that found the flag, not in the future) is
    when that was concluded. Raises `RedFlagNotFound`, `Denied` without the scope to diagnose
    this condition, `Invalid` without an outcome and a reason, `NotAllowed` when it is cleared,
    `Stale`.
    """
    found = red_flag_for(actor, red_flag_id, now=now)
    disciplines = found.course.pathway_version.definition.diagnosis.may_diagnose
    role = scope.require("red-flag.clear", found, actor=actor, disciplines=disciplines)
    if outcome not in Outcome.values:
        raise Invalid.field("/outcome", f"One of: {', '.join(Outcome.values)}.")
    if not reason.strip():
        raise Invalid.field("/reason", "Say what was looked into and what it showed.")
    # Whoever records a screen holds the courses first: no finding slips in while this decides.
    everywhere = Urgency(found.urgency) in OF_PATIENT
    if everywhere:
        activities.lock_courses(found.patient_id)
    standing.hold(found.course_id)
    found = red_flag_for(actor, red_flag_id, now=now)
    to = _move(found, "clear")
    at = _concluded_at(found, effective_at, now)
    _swap(
        found,
        status=to,
        cleared_by=role,
        cleared_at=at,
        clearing_recorded_at=now,
        outcome=outcome,
        reason=reason,
    )
    _close(found.work_item, WorkItem.Status.COMPLETED, now=now)
    reminders.take_back(found, because="it was cleared", actor=actor, now=now)
    _tell("red-flag.cleared", found, actor=actor, now=now, detail={"outcome": outcome})
    reassess_patient(found.course, everywhere=everywhere, actor=actor, now=now)
    return found


@transaction.atomic
def follow_lead(patient_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Bring a patient's open flags to whoever answers for the plan now; safe to repeat.

    What somebody took up who may not practise any more, or cannot log in, is open again, and is
    told anew. What nobody looks into becomes work of a lead who may practise and log in. The lead,
    or whoever stands in for them, hears of each flag that they have not heard of. The patient's
    row must be locked.
    """
    lead = leading.lead_role(patient_id)
    may_take = lead is not None and can_be_told(lead, now)
    rows = RedFlag.objects.filter(patient_id=patient_id).exclude(status=Status.CLEARED)
    ended = Q(urgency__in=reminders.OF_COURSE, course__status=Course.Status.DISCHARGED)
    for found in rows.exclude(ended).select_for_update(of=("self",), no_key=True).order_by("pk"):
        left = _forsaken(found, lead, actor=actor, now=now)
        owner = found.work_item.owner if found.work_item else None
        in_hand = _is_in_hand(found, now=now)
        if lead is not None and may_take and not in_hand and owner != lead:
            _give_to(found, lead, now=now)
            owner = lead
        reminders.found(found, None if in_hand else owner, anew=left, actor=actor, now=now)


def _forsaken(
    found: RedFlag, lead: PractitionerRole | None, *, actor: Actor, now: datetime
) -> UUID | None:
    """Open a flag again whose holder is gone; return the work that it was, None: nobody is gone.

    What waits for a lead who is gone waits for whoever takes over from them.
    """
    item, holder = found.work_item, found.acknowledged_by
    if holder is not None and not can_be_told(holder, now):
        to = _move(found, "forsake")
        _swap(found, status=to, acknowledged_by=None, acknowledged_at=None)
        _tell("red-flag.forsaken", found, actor=actor, now=now)
    elif item is None or item.owner is None or item.owner == lead or can_be_told(item.owner, now):
        return None
    if item is None:
        return found.pk
    _close(item, WorkItem.Status.CANCELLED, now=now)
    _swap(found, work_item=None)
    return item.pk


def _is_in_hand(found: RedFlag, *, now: datetime) -> bool:
    """Say whether somebody looks into a flag who may practise and log in."""
    owner = found.work_item.owner if found.work_item else None
    looks = owner is not None and owner.pk == found.acknowledged_by_id
    return looks and owner is not None and can_be_told(owner, now)


def follow_version(course: Course, *, actor: Actor, now: datetime) -> bool:
    """Let the open flags of a course be as urgent as its new version says, and never less.

    Whoever answers for one that has become more urgent hears it anew, as does everybody whom one so
    urgent concerns, and has the time that it gives from now on. Returns whether one endangers the
    patient now and did not before. The course's row must be locked.
    """
    known = {flag.id: flag.urgency for flag in course.pathway_version.definition.screened_flags()}
    rows = RedFlag.objects.filter(course=course).exclude(status=Status.CLEARED)
    everywhere = False
    for found in rows.select_related("work_item__owner", "screen").order_by("pk"):
        was = Urgency(found.urgency)
        urgency = known.get(found.flag, was)
        if MOST_URGENT_FIRST.index(urgency) >= MOST_URGENT_FIRST.index(was):
            continue
        _lift(found, urgency, actor=actor, now=now)
        everywhere |= urgency in OF_PATIENT and was not in OF_PATIENT
    return everywhere


def _lift(found: RedFlag, urgency: Urgency, *, actor: Actor, now: datetime) -> None:
    before, within = found.urgency, WITHIN.get(urgency)
    times = [found.due_at, None if within is None else now + within]
    due_at = min((at for at in times if at is not None), default=None)
    _swap(found, urgency=urgency.value, due_at=due_at)
    item = found.work_item
    if item is not None:
        WorkItem.objects.filter(pk=item.pk).update(due_at=due_at)
    _tell("red-flag.more-urgent", found, actor=actor, now=now, detail={"before": before})
    reminders.take_back(found, because="it is more urgent now", actor=actor, now=now)
    reminders.found(found, item.owner if item else None, actor=actor, now=now)


def reassess_patient(course: Course, *, everywhere: bool, actor: Actor, now: datetime) -> None:
    """Bring a course up to date; where a danger came or went, every course of the patient."""
    courses = Course.objects.underway().filter(patient_id=course.patient_id)
    if not everywhere:
        courses = courses.filter(pk=course.pk)
    for course_id in courses.order_by("id").values_list("id", flat=True):
        standing.reassess(course_id, actor=actor, now=now)


def _move(found: RedFlag, action: str) -> RedFlag.Status:
    to = MOVES.get((found.status, action))
    if to is not None:
        return to
    if found.status == Status.CLEARED:
        raise NotAllowed("This red flag was cleared already.")
    raise NotAllowed("Somebody looks into this red flag already.")


def _swap(found: RedFlag, **changes: object) -> None:
    as_read = RedFlag.objects.filter(
        pk=found.pk, status=found.status, acknowledged_by=found.acknowledged_by
    )
    changed = as_read.update(**changes)
    if not changed:
        raise Stale("Somebody else was faster with this red flag; look at it again.")
    found.refresh_from_db()


def _concluded_at(found: RedFlag, effective_at: datetime | None, now: datetime) -> datetime:
    at = effective_at or now
    screens = RedFlagScreen.objects.filter(pk__in=found.found_in)
    latest = screens.order_by("-effective_at").values_list("effective_at", flat=True)[0]
    if not latest <= at <= now:
        raise Invalid.field(
            "/effective_at", "Not before the flag was last found, and not in the future."
        )
    return at


def _work(found: RedFlag, owner: PractitionerRole, *, now: datetime) -> WorkItem:
    item: WorkItem = WorkItem.objects.create(
        organization_id=found.organization_id,
        patient_id=found.patient_id,
        kind=WorkItem.Kind.REVIEW,
        subject_id=found.pk,
        owner=owner,
        opened_at=now,
        assigned_at=now,
        due_at=found.due_at,
    )
    return item


def _hand_to(found: RedFlag, role: PractitionerRole, *, now: datetime) -> None:
    """Make it the work of whoever took it up; a work item has one owner for life."""
    if found.work_item is None or found.work_item.owner_id != role.pk:
        _give_to(found, role, now=now)
    WorkItem.objects.filter(red_flag=found).update(status=WorkItem.Status.ACCEPTED)


def _give_to(found: RedFlag, role: PractitionerRole, *, now: datetime) -> None:
    _close(found.work_item, WorkItem.Status.CANCELLED, now=now)
    found.work_item = _work(found, role, now=now)
    RedFlag.objects.filter(pk=found.pk).update(work_item=found.work_item)


def _close(item: WorkItem | None, status: WorkItem.Status, *, now: datetime) -> None:
    if item is not None:
        WorkItem.objects.filter(pk=item.pk).update(status=status, closed_at=now)


def _tell(
    event: str,
    found: RedFlag,
    *,
    actor: Actor,
    now: datetime,
    action: audit.Action = audit.Action.ACT,
    detail: Mapping[str, str] | None = None,
) -> None:
    tell(
        event,
        subject="RedFlag",
        subject_id=found.pk,
        patient_id=found.patient_id,
        actor=actor,
        now=now,
        action=action,
        detail={"flag": found.flag, "urgency": found.urgency, **(detail or {})},
    )
