"""Who cares for a patient: joining, leaving, and the one lead who answers for the plan."""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from coordination import audit, events
from coordination.access import must_go_on, owned_by_patient, patient_for
from coordination.actors import Actor, Role
from coordination.disclosure import is_role_withheld
from coordination.models import (
    OPEN_WORK,
    AccessGrant,
    CareTeamMember,
    Patient,
    PractitionerRole,
    WorkItem,
)
from coordination.problems import Denied, Invalid, NotAllowed, Stale
from coordination.reaching import can_be_told
from coordination.withheld import NotOpenToYou, must_be_told_all


class LeadCannotLeave(NotAllowed):
    """A plan never stands without an accountable lead: hand it over first."""

    type = "lead-cannot-leave"


class AlreadyInTeam(NotAllowed):
    """This practitioner is in the patient's team already."""

    type = "already-in-team"


class OwesWork(NotAllowed):
    """Access goes with the membership, and what is still owed would be stuck."""

    type = "owes-work"


def lead_of(patient: Patient) -> CareTeamMember | None:
    """Return the membership of the accountable lead, or None before intake."""
    found: CareTeamMember | None = (
        CareTeamMember.objects.filter(patient=patient, role="lead", until=None)
        .select_related("practitioner_role__practitioner", "practitioner_role__location")
        .first()
    )
    return found


def role_named(practitioner_role_id: UUID, *, pointer: str, now: datetime) -> PractitionerRole:
    """Return a role of this organization that may practise now, or raise `Invalid`."""
    role: PractitionerRole | None = (
        PractitionerRole.objects.filter(pk=practitioner_role_id)
        .select_related("location", "practitioner")
        .first()
    )
    if role is None:
        raise Invalid.field(pointer, "There is no such practitioner role.")
    if not role.is_registered(now):
        raise Invalid.field(pointer, "This practitioner's registration is not valid today.")
    return role


@transaction.atomic
def open_intake(patient_id: UUID, *, lead_id: UUID, actor: Actor, now: datetime) -> CareTeamMember:
    """Name the first lead of a patient, who thereby gets access; raises if there is one already.

    Open to schedulers and to practitioners who already have a reason to see the patient. Raises
    `NotOpenToYou` for whom anything of the patient is withheld, unless they read who leads.
    """
    may_register(actor, rule="team.intake")
    patient = patient_for(actor, patient_id, now=now, view="directory", lock=True)
    must_go_on(patient)
    lead = CareTeamMember.objects.filter(patient=patient, role="lead", until=None)
    if owned_by_patient(lead, actor, now, view="directory").exists():
        raise AlreadyInTeam("This patient has a lead already; hand over instead.")
    must_be_told_all(patient.pk, actor=actor, now=now, view="directory")
    role = role_named(lead_id, pointer="/lead", now=now)
    return admit_lead(patient, role, actor=actor, now=now)


def admit_lead(
    patient: Patient, role: PractitionerRole, *, actor: Actor, now: datetime
) -> CareTeamMember:
    """Make a role the first lead of a patient whom the caller has just locked or created."""
    return _join(patient, role, CareTeamMember.Role.LEAD, actor=actor, now=now)


@transaction.atomic
def join(
    patient_id: UUID, *, practitioner_role_id: UUID, actor: Actor, now: datetime
) -> CareTeamMember:
    """Add a member to the team from now on, with access to the patient.

    Open to schedulers and to the team itself: whoever was merely asked cannot let themself in.
    Raises `NotOpenToYou` for somebody who is withheld from the actor, in the team or not.
    """
    patient = patient_for(actor, patient_id, now=now, view="directory", lock=True)
    _may_arrange(patient, actor=actor, rule="team.join")
    role = role_named(practitioner_role_id, pointer="/practitioner_role", now=now)
    if is_role_withheld(actor, now, patient.pk, role, view="directory"):
        raise NotOpenToYou
    return admit_member(patient, practitioner_role_id, actor=actor, now=now)


def admit_member(
    patient: Patient, practitioner_role_id: UUID, *, actor: Actor, now: datetime
) -> CareTeamMember:
    """Add a member for a caller who has locked the patient and knows that it may be."""
    must_go_on(patient)
    role = role_named(practitioner_role_id, pointer="/practitioner_role", now=now)
    return _join(patient, role, CareTeamMember.Role.MEMBER, actor=actor, now=now)


@transaction.atomic
def leave(
    patient_id: UUID, member_id: UUID, *, because: str, actor: Actor, now: datetime
) -> CareTeamMember:
    """End a membership and the access it gave; the lead cannot leave, only hand over.

    Open to schedulers and to the team itself. Raises `OwesWork` while the member has work open
    for this patient: it must be finished, or put back into the queue, first.
    """
    patient = patient_for(actor, patient_id, now=now, view="directory", lock=True)
    _may_arrange(patient, actor=actor, rule="team.leave")
    member = CareTeamMember.objects.filter(pk=member_id, patient=patient).first()
    if member is None:
        raise Invalid.field("/member", "There is no such member in this patient's team.")
    if member.role == CareTeamMember.Role.LEAD and member.until is None:
        raise LeadCannotLeave("Hand the lead over before leaving the team.")
    if member.until is None and _owes_work(member):
        raise OwesWork(
            "This practitioner still has a referral of this patient; "
            "finish it or put it back into the queue first."
        )
    _end(member, because=because, actor=actor, now=now)
    return member


@transaction.atomic
def change_lead(
    patient: Patient, role: PractitionerRole, *, because: str, actor: Actor, now: datetime
) -> CareTeamMember:
    """Make a role the lead, for a caller who has locked the patient and knows that it may be.

    The former lead stays in the team as a member, unless they may not practise any more, or cannot
    log in. At no moment is there no lead, or two. Raises `NotAllowed` before intake,
    `AlreadyInTeam`.
    """
    former = lead_of(patient)
    if former is None:
        raise NotAllowed("This patient has no lead yet; open intake first.")
    if role.id == former.practitioner_role_id:
        raise AlreadyInTeam("This practitioner is the lead already.")
    _end(former, because=because, actor=actor, now=now)
    present = CareTeamMember.objects.filter(
        patient=patient, practitioner_role=role, until=None
    ).first()
    if present is not None:
        _end(present, because="becomes lead", actor=actor, now=now)
    lead = _join(patient, role, CareTeamMember.Role.LEAD, actor=actor, now=now)
    if can_be_told(former.practitioner_role, now):
        _join(
            patient,
            former.practitioner_role,
            CareTeamMember.Role.MEMBER,
            actor=actor,
            now=now,
        )
    return lead


def may_register(actor: Actor, *, rule: str) -> None:
    """Raise `Denied` unless a scheduler or a practitioner whose registration is valid now acts."""
    if Role.SCHEDULER not in actor.roles and not actor.practitioner_roles:
        raise Denied("This needs a scheduler or a registered practitioner.", rule=rule)


def _may_arrange(patient: Patient, *, actor: Actor, rule: str) -> None:
    if Role.SCHEDULER in actor.roles:
        return
    in_team = CareTeamMember.objects.filter(
        patient=patient, practitioner_role_id__in=actor.practitioner_role_ids, until=None
    )
    if not in_team.exists():
        raise Denied("This needs a scheduler or a member of the patient's team.", rule=rule)


def _owes_work(member: CareTeamMember) -> bool:
    found: bool = WorkItem.objects.filter(
        patient_id=member.patient_id,
        owner_id=member.practitioner_role_id,
        status__in=OPEN_WORK,
    ).exists()
    return found


def _join(
    patient: Patient,
    role: PractitionerRole,
    as_role: str,
    *,
    actor: Actor,
    now: datetime,
) -> CareTeamMember:
    try:
        with transaction.atomic():
            member: CareTeamMember = CareTeamMember.objects.create(
                organization_id=actor.organization_id,
                patient=patient,
                practitioner_role=role,
                role=as_role,
                since=now,
            )
    except IntegrityError as error:
        raise AlreadyInTeam("This practitioner is in the team already.") from error
    AccessGrant.objects.create(
        organization_id=actor.organization_id,
        patient=patient,
        practitioner_role=role,
        basis=AccessGrant.Basis.MEMBERSHIP,
        source_id=member.id,
        since=now,
    )
    _tell("care-team.joined", member, actor=actor, now=now)
    return member


def _end(member: CareTeamMember, *, because: str, actor: Actor, now: datetime) -> None:
    ended = CareTeamMember.objects.filter(pk=member.pk, until=None).update(
        until=now, ended_because=because
    )
    if not ended:
        raise Stale("This membership has ended already.")
    AccessGrant.objects.filter(source_id=member.id, until=None).update(until=now)
    member.until, member.ended_because = now, because
    _tell("care-team.left", member, actor=actor, now=now)


def _tell(event: str, member: CareTeamMember, *, actor: Actor, now: datetime) -> None:
    audit.record(
        actor=actor,
        now=now,
        action=audit.Action.ACT,
        event=event,
        resource="CareTeamMember",
        resource_id=member.id,
        patient_ids=[member.patient_id],
        detail={
            "practitioner_role": str(member.practitioner_role_id),
            "role": member.role,
        },
    )
    events.publish(
        actor=actor,
        now=now,
        type=event,
        subject="CareTeamMember",
        subject_id=member.id,
        patient_id=member.patient_id,
    )
