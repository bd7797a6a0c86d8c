"""The access that a referral gives, from assignment on.

Being asked is reason enough to see the patient: nobody can decide blindly. The grant belongs to
the work item and ends with it (declined, given back, revoked) or, once the report is there, with
the acknowledgement. Whoever accepts also joins the care team, and that membership, with a grant of
its own, outlives the referral.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from coordination.actors import Actor
from coordination.models import AccessGrant, CareTeamMember, WorkItem


def give_access(item: WorkItem, *, owner_id: UUID, actor: Actor, now: datetime) -> None:
    """Let the owner of a work item see its patient from now on."""
    AccessGrant.objects.create(
        organization_id=actor.organization_id,
        patient_id=item.patient_id,
        practitioner_role_id=owner_id,
        basis=AccessGrant.Basis.REFERRAL,
        source_id=item.id,
        since=now,
    )


def end_access(work_item_ids: Iterable[UUID], *, now: datetime) -> int:
    """End what these work items gave; return how many grants ended."""
    ended: int = AccessGrant.objects.filter(
        basis=AccessGrant.Basis.REFERRAL, source_id__in=list(work_item_ids), until=None
    ).update(until=now)
    return ended


def is_in_team(patient_id: UUID, practitioner_role_id: UUID) -> bool:
    """Say whether a role is in the patient's care team now."""
    found: bool = CareTeamMember.objects.filter(
        patient_id=patient_id, practitioner_role_id=practitioner_role_id, until=None
    ).exists()
    return found
