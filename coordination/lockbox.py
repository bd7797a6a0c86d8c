"""A lockbox belongs to the person, not to one of their records.

While two records are merged, whatever is locked away on one is locked away on the other: each
directive is repeated there, so that a reader's query asks about one record alone. A repeated one
ends with the one that it repeats, or when the records are taken apart again.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from coordination import audit
from coordination.actors import Actor
from coordination.models import Directive

_SAYS = (
    "organization_id",
    "consent_id",
    "target",
    "target_discipline",
    "target_practitioner_id",
    "target_id",
    "audience",
    "audience_discipline",
    "audience_practitioner_id",
)


def lock_alike(records: Iterable[UUID], *, actor: Actor, now: datetime) -> None:
    """Let what is locked away on one of these records be so on each, and nothing else.

    They are all of one person's. Whoever calls holds the row of the record that goes on, and sees
    what was committed before that, whatever its clock said.
    """
    wanted: dict[tuple[Any, UUID], Any] = {}
    them = list(records)
    in_force: Any = Directive.objects.filter(until=None, patient_id__in=them)
    for directive in in_force.filter(original=None):
        for patient_id in them:
            if patient_id != directive.patient_id:
                wanted[directive.pk, patient_id] = directive
    for copy in in_force.exclude(original=None).select_related("original"):
        if wanted.pop((copy.original_id, copy.patient_id), None) is None:
            Directive.objects.filter(pk=copy.pk, until=None).update(
                until=max(now, copy.since), ended_by=copy.original.ended_by
            )
            tell(copy, "directive.ended", actor=actor, now=now)
    for (_, patient_id), original in wanted.items():
        says = {name: getattr(original, name) for name in _SAYS}
        copy = Directive.objects.create(**says, patient_id=patient_id, original=original, since=now)
        tell(copy, "directive.set", actor=actor, now=now)


def tell(directive: Directive, event: str, *, actor: Actor, now: datetime) -> None:
    """Audit it. No event is published: the feed would tell whom it was hidden from."""
    detail = {"target": directive.target, "audience": directive.audience}
    if directive.original_id is not None:
        detail["repeats"] = str(directive.original_id)
    audit.record(
        actor=actor,
        now=now,
        action=audit.Action.ACT,
        event=event,
        resource="Directive",
        resource_id=directive.pk,
        patient_ids=[directive.patient_id],
        detail=detail,
    )
