"""Who answers when somebody must act at once: on-call duties, arranged ahead of time."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from coordination import audit
from coordination.actors import Actor, Role
from coordination.care_team import role_named
from coordination.models import OnCallDuty, PractitionerRole
from coordination.problems import Denied, Invalid, NotFound, Stale
from coordination.reaching import can_be_told


class DutyNotFound(NotFound):
    """The organization has no such on-call duty."""

    type = "on-call-duty-not-found"


def on_call(now: datetime) -> list[PractitionerRole]:
    """Return who is on call at a moment in the organization of the transaction, and may practise.

    Whose registration has lapsed is not among them, whatever was arranged.
    """
    duties = OnCallDuty.objects.filter(since__lte=now).exclude(until__lte=now)
    roles = PractitionerRole.objects.filter(on_call_duties__in=duties).distinct()
    found = roles.select_related("practitioner__user", "location").order_by("id")
    return [role for role in found if role.is_registered(now)]


def is_anybody_on_call(now: datetime) -> bool:
    """Say whether an alert would reach somebody: on call, registered, and with a login."""
    return any(can_be_told(role, now) for role in on_call(now))


@transaction.atomic
def arrange_duty(
    practitioner_role_id: UUID,
    *,
    since: datetime,
    until: datetime | None,
    actor: Actor,
    now: datetime,
) -> OnCallDuty:
    """Put a practitioner on call from `since` until `until` (aware; None: until further notice).

    Raises `Denied` for others than schedulers and administrators, and `Invalid` for a practitioner
    who is not here or not registered, or a period that is over or ends before it begins.
    """
    _may_arrange(actor)
    role = role_named(practitioner_role_id, pointer="/practitioner_role", now=now)
    if until is not None and until <= max(since, now):
        raise Invalid.field("/until", "This is over already, or lies before the duty begins.")
    duty: OnCallDuty = OnCallDuty.objects.create(
        organization_id=actor.organization_id,
        practitioner_role=role,
        since=since,
        until=until,
        recorded_by=actor.label,
        recorded_at=now,
    )
    _record("on-call.arranged", duty, audit.Action.CREATE, actor=actor, now=now)
    return duty


@transaction.atomic
def end_duty(duty_id: UUID, *, actor: Actor, now: datetime) -> OnCallDuty:
    """End a duty now, or take back one that has not begun.

    Raises `Denied`, `DutyNotFound`, and `Stale` for one that is over.
    """
    _may_arrange(actor)
    duty = OnCallDuty.objects.filter(pk=duty_id).first()
    if duty is None:
        raise DutyNotFound("There is no such on-call duty.")
    running = OnCallDuty.objects.filter(pk=duty.pk).exclude(until__lte=now)
    if not running.update(until=max(now, duty.since)):
        raise Stale("This duty was over already.")
    duty.refresh_from_db()
    _record("on-call.ended", duty, audit.Action.ACT, actor=actor, now=now)
    return duty


def _may_arrange(actor: Actor) -> None:
    if not actor.roles & {Role.SCHEDULER, Role.ADMINISTRATOR}:
        raise Denied(
            "Only schedulers and administrators arrange who is on call.", rule="on-call.arrange"
        )


def _record(
    event: str, duty: OnCallDuty, action: audit.Action, *, actor: Actor, now: datetime
) -> None:
    audit.record(
        actor=actor,
        now=now,
        action=action,
        event=event,
        resource="OnCallDuty",
        resource_id=duty.pk,
        detail={"practitioner_role": str(duty.practitioner_role_id)},
    )
