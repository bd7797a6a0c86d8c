"""Who may act beside or instead of a patient: right by right, each for a time, none implied.

Being a related person gives nothing. A right is asked for at the moment of use, so one that has
expired or was revoked is refused the same moment.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from coordination import audit, consent, events
from coordination.access import must_go_on, owned_by_patient, patient_for
from coordination.actors import Actor, Role
from coordination.care_team import may_register
from coordination.login_fence import login_named
from coordination.models import (
    AuditEvent,
    Directive,
    Membership,
    Patient,
    RelatedPerson,
    RelatedPersonRight,
    current,
)
from coordination.problems import Denied, Invalid, NotAllowed, NotFound, Stale
from coordination.staff import admit_member, works_here

Right = RelatedPersonRight.Right
_ANOTHER = "One person writes the right down, another gives the login."


class RelatedPersonNotFound(NotFound):
    """No such related person, or of no patient within reach."""

    type = "related-person-not-found"


class NotTheirProxy(NotFound):
    """No such patient, or none for whom this login holds any right now."""

    type = "patient-not-found"


class RightHeld(NotAllowed):
    """The person holds this right in that period already."""

    type = "right-held"


def rights_of(actor: Actor, patient_id: UUID, now: datetime) -> frozenset[str]:
    """Return the rights that the login behind the actor holds for a patient at this moment."""
    held = rights_held(actor, now).filter(patient_id=patient_id)
    return frozenset(held.values_list("right", flat=True))


def patients_seen_by(actor: Actor, now: datetime) -> QuerySet[Patient, Patient]:
    """Return the patients whom the login behind the actor may view as their proxy."""
    seen = rights_held(actor, now).filter(right=Right.VIEW).values("patient_id")
    return Patient.objects.filter(organization_id=actor.organization_id, pk__in=seen)


def demand(right: str, actor: Actor, patient_id: UUID, now: datetime) -> None:
    """Raise `NotTheirProxy` without any right for the patient, `Denied` without this one."""
    held = rights_of(actor, patient_id, now)
    if not held:
        raise NotTheirProxy("There is no such patient within your reach.")
    if right not in held:
        words = f"This needs the right “{right}”, which you do not hold."
        raise Denied(words, rule=f"proxy.{right}")


def record_read(
    patients: Iterable[Patient],
    *,
    resource: str = "Patient",
    searched: bool = False,
    actor: Actor,
    now: datetime,
) -> None:
    """Write down that a proxy was shown these patients, or a `resource` of them."""
    rows = list(patients)
    done = audit.Action.SEARCH if searched else audit.Action.READ
    audit.record(
        actor=actor,
        now=now,
        action=done,
        event=f"{resource}.{done.value}",
        resource=resource,
        resource_id=rows[0].pk if not searched and resource == "Patient" else None,
        patient_ids=[row.pk for row in rows],
        basis="proxy",
        purpose="care",
    )


def related_person_for(
    actor: Actor, person_id: UUID, *, now: datetime, lock: bool = False
) -> RelatedPerson:
    """Return one related person of a patient within reach, or raise `RelatedPersonNotFound`.

    `lock` holds them until the transaction ends.
    """
    rows = owned_by_patient(RelatedPerson.objects.all(), actor, now, view="directory")
    if lock:
        rows = rows.select_for_update(of=("self",), no_key=True)
    found = rows.filter(pk=person_id).first()
    if found is None:
        raise RelatedPersonNotFound("There is no such related person within your reach.")
    return found


@transaction.atomic
def record_related_person(
    patient_id: UUID, fields: Mapping[str, Any], *, actor: Actor, now: datetime
) -> RelatedPerson:
    """Write down who somebody is to a patient; that gives no right. Raises `PatientNotFound`."""
    may_register(actor, rule="related-person.record")
    patient = patient_for(actor, patient_id, now=now, view="directory")
    must_go_on(patient)
    person = RelatedPerson.objects.create(
        organization_id=actor.organization_id, patient=patient, recorded_at=now, **fields
    )
    _tell("related-person.recorded", person, actor=actor, now=now)
    return person


@transaction.atomic
def grant_right(
    person_id: UUID, fields: Mapping[str, Any], *, actor: Actor, now: datetime
) -> RelatedPersonRight:
    """Write down one right that the patient, or a documented authority, granted.

    `fields` are right, granted_by, legal_basis, evidence, since and until (excluded). Raises
    `RightHeld` where the period overlaps one of the same right, `Invalid`.
    """
    may_register(actor, rule="related-person.grant")
    # Held, as where a login is bound: of the two, which ask for two people, one sees the other.
    person = related_person_for(actor, person_id, now=now, lock=True)
    if person.user_id is not None:
        _demand_another(actor, person)
    own_word = fields["legal_basis"] == RelatedPersonRight.Basis.PATIENT_AUTHORIZATION
    if own_word != (fields["granted_by"] == RelatedPersonRight.GrantedBy.PATIENT):
        raise Invalid.field("/legal_basis", "The patient authorizes; an authority has another.")
    if fields["until"] <= max(fields["since"], now):
        raise Invalid.field("/until", "A right ends after it begins, and not in the past.")
    try:
        with transaction.atomic():
            right = RelatedPersonRight.objects.create(
                organization_id=actor.organization_id,
                related_person=person,
                patient_id=person.patient_id,
                recorded_at=now,
                recorded_by=actor.label,
                user_id=actor.user_id,
                **fields,
            )
    except IntegrityError as error:
        raise RightHeld("This person holds that right in this period already.") from error
    _tell("related-person.right-granted", person, actor=actor, now=now, right=right.right)
    return right


@transaction.atomic
def revoke_right(
    person_id: UUID, right_id: UUID, *, because: str, actor: Actor, now: datetime
) -> RelatedPersonRight:
    """End one right at once; the others stay as they are. Raises `Stale` when it has ended."""
    may_register(actor, rule="related-person.revoke")
    person = related_person_for(actor, person_id, now=now)
    right = RelatedPersonRight.objects.filter(related_person=person, pk=right_id).first()
    if right is None:
        raise Invalid.field("/right", "This person has no such right.")
    if not because.strip():
        raise Invalid.field("/because", "Say why.")
    revoked = RelatedPersonRight.objects.filter(pk=right.pk, revoked_at=None).update(
        revoked_at=now, revoked_because=because
    )
    if not revoked:
        raise Stale("This right was revoked already.")
    right.revoked_at, right.revoked_because = now, because
    _tell("related-person.right-revoked", person, actor=actor, now=now, right=right.right)
    return right


@transaction.atomic
def bind_login(person_id: UUID, *, email: str, actor: Actor, now: datetime) -> RelatedPerson:
    """Let a related person use their rights with a login of their own; only a scheduler may.

    It is nobody's who works here, and whoever wrote a right down leaves the login to another:
    alone, nobody opens a record to themselves. Raises `Denied`, `Stale`, and `LoginOfAnother` for
    whoever is just being admitted to the staff.
    """
    if Role.SCHEDULER not in actor.roles:
        raise Denied("Only a scheduler gives a proxy a login.", rule="related-person.login")
    person = related_person_for(actor, person_id, now=now, lock=True)
    if person.user_id is not None:
        raise Stale("This person has a login already.")
    user = login_named(email)
    if user is not None and works_here(user, now):
        words = "Whoever works here is no proxy here; the person needs a login of their own."
        raise Denied(words, rule="related-person.staff")
    if person.rights.filter(user_id=actor.user_id).exists():
        raise Denied(_ANOTHER, rule="related-person.second-person")
    known = Membership.objects.filter(current(now), user=user, role=Role.PROXY)
    if user is None or not known.exists():
        user, _ = admit_member(
            actor.organization_id,
            email=email,
            name=person.name,
            role=Role.PROXY,
            password=None,
            now=now,
        )
    try:
        with transaction.atomic():
            bound = RelatedPerson.objects.filter(pk=person.pk, user=None).update(user=user)
    except IntegrityError as error:
        raise Stale("This login belongs to another related person of the patient.") from error
    if not bound:
        raise Stale("This person has a login already.")
    person.user = user
    _tell("related-person.login-bound", person, actor=actor, now=now)
    return person


@transaction.atomic
def lock_away(
    patient_id: UUID,
    locked: consent.Locked,
    *,
    effective_at: datetime | None,
    actor: Actor,
    now: datetime,
) -> tuple[Directive, bool]:
    """Set a directive as the patient's substitute decision maker, who holds the right `consent`.

    Returns it and whether it is new: what this login said before, and still holds, is found.
    """
    demand(Right.CONSENT, actor, patient_id, now)
    software = Actor.system("coordination.proxies", actor.organization_id)
    decided = consent.Decided(
        given_by="substitute", means="electronic", effective_at=effective_at, evidence=actor.label
    )
    # A proxy sees less than what may be locked away, and it is their act all the same.
    directive, is_new = consent.set_directive(
        patient_id, locked, decided=decided, finder=software, actor=actor, now=now
    )
    if not is_new:
        record_read([directive.patient], resource="Directive", actor=actor, now=now)
    return directive, is_new


def _demand_another(actor: Actor, person: RelatedPerson) -> None:
    # The trail says who bound the login; nothing else does.
    bound = AuditEvent.objects.filter(
        event="related-person.login-bound", resource_id=person.pk, user_id=actor.user_id
    )
    if person.user_id == actor.user_id or bound.exists():
        raise Denied(_ANOTHER, rule="related-person.second-person")


def rights_held(actor: Actor, at: datetime) -> QuerySet[RelatedPersonRight, RelatedPersonRight]:
    """Return every right that the login behind the actor held at a moment, now or before."""
    if actor.user_id is None or Role.PROXY not in actor.roles:
        return RelatedPersonRight.objects.none()
    return RelatedPersonRight.objects.filter(
        current(at),
        Q(revoked_at=None) | Q(revoked_at__gt=at),
        organization_id=actor.organization_id,
        related_person__user_id=actor.user_id,
    )


def _tell(
    event: str, person: RelatedPerson, *, actor: Actor, now: datetime, right: str = ""
) -> None:
    audit.record(
        actor=actor,
        now=now,
        action=audit.Action.ACT,
        event=event,
        resource="RelatedPerson",
        resource_id=person.id,
        patient_ids=[person.patient_id],
        detail={"right": right} if right else None,
    )
    events.publish(
        actor=actor,
        now=now,
        type=event,
        subject="RelatedPerson",
        subject_id=person.id,
        patient_id=person.patient_id,
    )
