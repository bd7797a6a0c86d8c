"""Telling the privacy officers that somebody broke the glass.

The override is a row below this app; it waits here (`alerted_at` empty) until its messages are
written, in one transaction with the mark, so that it is told once however many workers look. Where
there is nobody to tell, it waits for whoever guards privacy there next.
"""

from datetime import datetime
from uuid import UUID

import structlog
from django.db import connection

from coordination.actors import Actor, Role
from coordination.models import Membership, Override, current
from coordination.tenancy import acting_in
from notifications.kinds import MessageKind, Verdict, register
from notifications.outbox import enqueue
from notifications.recipients import Recipient

MADE = "override.made"
BATCH = 500

log = structlog.get_logger(__name__)


def register_kinds() -> None:
    """Tell the outbox what is said of overrides."""
    register(
        MessageKind(
            name=MADE,
            purpose="work",
            audience="every privacy officer of the organization, except whoever did it",
            subject_line="An override waits for your review",
            text="Somebody opened a record in need; it waits for your review.",
            still_holds=_while_unreviewed,
            safety=True,
        )
    )


def tell_of_overrides(*, now: datetime, most: int = BATCH) -> int:
    """Write the messages of the overrides that wait, of every organization; return how many."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM notifications_overrides_untold(%s)", [most])
        waiting: list[tuple[UUID, UUID]] = cursor.fetchall()
    for override_id, organization_id in waiting:
        try:
            with acting_in(organization_id):
                _tell(override_id, organization_id, now=now)
        except Exception:
            # It is tried again in the next run, and does not hold up the others.
            log.exception("override_not_told", override=str(override_id))
    return len(waiting)


def _tell(override_id: UUID, organization_id: UUID, *, now: datetime) -> None:
    override = (
        Override.objects.select_for_update(skip_locked=True)
        .filter(pk=override_id, alerted_at=None)
        .first()
    )
    if override is None:
        return
    now = max(now, override.since)
    officers = _officers(override, now)
    if not officers:
        return
    enqueue(
        kind=MADE,
        subject_id=override.id,
        occurrence="made",
        recipients=officers,
        due_at=now,
        patient_id=override.patient_id,
        path="/",
        actor=Actor.system("notifications.overrides", organization_id),
        now=now,
    )
    Override.objects.filter(pk=override.pk).update(alerted_at=now)


def _officers(override: Override, now: datetime) -> list[Recipient]:
    found = Membership.objects.filter(
        current(now), role=Role.PRIVACY_OFFICER, user__is_active=True
    ).exclude(user_id=override.user_id)
    return [
        Recipient(user_id=user_id, as_role=Role.PRIVACY_OFFICER)
        for user_id in found.order_by("since", "id").values_list("user_id", flat=True)
    ]


def _while_unreviewed(override_id: UUID, now: datetime) -> Verdict:
    if Override.objects.filter(pk=override_id, verdict="").exists():
        return Verdict(holds=True)
    return Verdict(holds=False, reason="it was reviewed")
