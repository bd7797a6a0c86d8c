"""What a patient decides about their information: consents, refusals, and what is locked away.

Staff write down what the patient (or who decides for them) said; they never decide it. A directive
holds from the moment it is written for everything that is read afterwards (`disclosure`). Who may
see that there is one: whoever writes it down, once, and the privacy officer. To those from whom
something is withheld it is only said that something is.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Case, F, Q, QuerySet, When

from coordination import audit, lockbox
from coordination.access import (
    must_go_on,
    nameable_by,
    owned_by_patient,
    patient_for,
    within_reach,
)
from coordination.actors import Actor, Role
from coordination.disclosure import EVERY_ROW, View, disclosed_to, labelled, labels_of
from coordination.models import Consent, Directive, Patient, Practitioner, new_id
from coordination.persons import records_of_person
from coordination.problems import Invalid, NotAllowed, NotFound, Stale

Target = Directive.Target
Audience = Directive.Audience


class ConsentNotFound(NotFound):
    """No such agreement of a patient within reach."""

    type = "consent-not-found"


class DirectiveNotFound(NotFound):
    """No such directive of a patient within reach."""

    type = "directive-not-found"


class NothingToWithdraw(NotAllowed):
    """Only what is permitted now can be withdrawn."""

    type = "nothing-to-withdraw"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """How the patient decided: who spoke, by what means, when, and where the evidence lies."""

    given_by: str
    means: str
    effective_at: datetime | None = None
    evidence: str = ""
    wording: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """What is withheld from whom; ids and disciplines only where the kind has them."""

    target: str
    audience: str
    target_discipline: str = ""
    target_practitioner_id: UUID | None = None
    target_id: UUID | None = None
    audience_discipline: str = ""
    audience_practitioner_id: UUID | None = None


@transaction.atomic
def record_consent(
    patient_id: UUID,
    *,
    category: str,
    decision: str,
    about: str,
    decided: Decided,
    expires_at: datetime | None = None,
    agreement: UUID | None = None,
    actor: Actor,
    now: datetime,
) -> Consent:
    """Write down one decision of the patient as a new version of its agreement; return it.

    Without `agreement` it begins a new one. A refusal is written like a permission. Raises
    `PatientNotFound`, `ConsentNotFound`, `Invalid`, `NothingToWithdraw`.
    """
    if category == Consent.Category.LOCKBOX:
        raise Invalid.field("/category", "What is locked away is set as a directive.")
    patient = patient_for(actor, patient_id, now=now, view=view_of(actor), lock=True)
    if agreement is None:
        must_go_on(patient)
    latest = _latest(patient, agreement, actor, now) if agreement is not None else None
    if latest is not None and latest.category != category:
        raise Invalid.field("/category", "This agreement is about something else.")
    if decision == Consent.Decision.WITHDRAW and not _is_permitted(latest):
        raise NothingToWithdraw("Only what is permitted now can be withdrawn.")
    return _write(
        patient,
        latest,
        category=category,
        decision=decision,
        about=about or (latest.about if latest else ""),
        decided=decided,
        expires_at=expires_at,
        actor=actor,
        now=now,
    )


@transaction.atomic
def set_directive(
    patient_id: UUID, locked: Locked, *, decided: Decided, actor: Actor, now: datetime
) -> Directive:
    """Lock something away at the patient's word; it holds for whatever is read from now on.

    It holds on every record of the same person. Raises `PatientNotFound`, `PatientMerged` (say it
    of the record that goes on) and `Invalid` (a practitioner or record that is not there).
    """
    patient = patient_for(actor, patient_id, now=now, view=view_of(actor), lock=True)
    must_go_on(patient)
    _check(locked)
    # What lies in a record that rests is locked there: so it stays when the two are taken apart.
    holder = patient
    if locked.target_id is not None:
        holder = Patient.objects.get(pk=_holder_of(locked.target_id, locked, patient, actor, now))
    consent = _write(
        holder,
        None,
        category=Consent.Category.LOCKBOX,
        decision=Consent.Decision.REFUSE,
        about="",
        decided=decided,
        expires_at=None,
        actor=actor,
        now=now,
    )
    directive: Directive = Directive.objects.create(
        organization_id=actor.organization_id,
        patient=holder,
        consent=consent,
        since=now,
        target=locked.target,
        target_discipline=locked.target_discipline,
        target_practitioner_id=locked.target_practitioner_id,
        target_id=locked.target_id,
        audience=locked.audience,
        audience_discipline=locked.audience_discipline,
        audience_practitioner_id=locked.audience_practitioner_id,
    )
    lockbox.tell(directive, "directive.set", actor=actor, now=now)
    lockbox.lock_alike(records_of_person(patient), actor=actor, now=now)
    return directive


@transaction.atomic
def end_directive(
    directive_id: UUID, *, decided: Decided, actor: Actor, now: datetime
) -> Directive:
    """Open again, at the patient's word, what was locked away, on every record of the person.

    One that repeats another record's ends with that one, which is returned. Raises
    `DirectiveNotFound`, and `Stale` when it has ended already.
    """
    found = directives_visible_to(actor, now).select_related("original__patient")
    asked: Directive | None = found.filter(pk=directive_id).first()
    if asked is None:
        raise DirectiveNotFound("There is no such directive within your reach.")
    directive: Directive = asked.original or asked
    goes_on = directive.patient.merged_into_id or directive.patient_id
    # One after the other: else two who end it would write the same version of the agreement.
    patient_for(actor, goes_on, now=now, view=view_of(actor), lock=True)
    directive = Directive.objects.select_related("patient", "consent").get(pk=directive.pk)
    if goes_on != (directive.patient.merged_into_id or directive.patient_id):
        raise Stale("This record was merged or taken apart just now; look at it again.")
    # one that repeated it may have ended by itself: it says nothing of the original any more
    if Directive.objects.filter(pk__in={asked.pk, directive.pk}, until__isnull=False).exists():
        raise Stale("This directive has ended already.")
    consent = _write(
        directive.patient,
        directive.consent,
        category=Consent.Category.LOCKBOX,
        decision=Consent.Decision.PERMIT,
        about="",
        decided=decided,
        expires_at=None,
        actor=actor,
        now=now,
    )
    ended = Directive.objects.filter(pk=directive.pk, until=None).update(
        until=max(now, directive.since), ended_by=consent
    )
    if not ended:
        raise Stale("This directive has ended already.")
    directive.refresh_from_db()
    lockbox.tell(directive, "directive.ended", actor=actor, now=now)
    lockbox.lock_alike(records_of_person(directive.patient), actor=actor, now=now)
    return directive


def consents_visible_to(actor: Actor, now: datetime) -> Any:
    """Return the decisions that the actor may read: what is locked away is oversight's alone.

    What was asked may be clinical, so `about_told` is null for the directory view, except to
    whoever wrote it down.
    """
    rows = owned_by_patient(Consent.objects.all(), actor, now, view=view_of(actor))
    told = within_reach(actor, now) & disclosed_to(Consent, actor, now)
    if Role.PRIVACY_OFFICER in actor.roles:
        told = EVERY_ROW
    else:
        rows = rows.exclude(category=Consent.Category.LOCKBOX)
    if actor.user_id is not None:
        told |= Q(user_id=actor.user_id)
    return rows.annotate(about_told=Case(When(told, then=F("about")), default=None))


def directives_visible_to(actor: Actor, now: datetime) -> Any:
    """Return the directives that the actor may read, ended ones included."""
    return owned_by_patient(
        Directive.objects.select_related("patient", "consent"), actor, now, view="oversight"
    )


def view_of(actor: Actor) -> View:
    """Return the widest view under which the actor meets a patient to write a decision down."""
    return "oversight" if Role.PRIVACY_OFFICER in actor.roles else "directory"


def _latest(patient: Patient, agreement: UUID, actor: Actor, now: datetime) -> Consent:
    versions = Consent.objects.filter(patient=patient, agreement=agreement)
    found = versions.order_by("-version").first()
    if found is None or not consents_visible_to(actor, now).filter(pk=found.pk).exists():
        raise ConsentNotFound("There is no such agreement of this patient.")
    return found


def _is_permitted(latest: Consent | None) -> bool:
    return latest is not None and latest.decision == Consent.Decision.PERMIT


def _write(
    patient: Patient,
    latest: Consent | None,
    *,
    category: str,
    decision: str,
    about: str,
    decided: Decided,
    expires_at: datetime | None,
    actor: Actor,
    now: datetime,
) -> Consent:
    effective_at = decided.effective_at or now
    if effective_at > now:
        raise Invalid.field("/effective_at", "Nobody has decided yet what lies in the future.")
    if expires_at is not None and expires_at <= effective_at:
        raise Invalid.field("/expires_at", "It ends before it begins.")
    consent = Consent.objects.create(
        organization_id=actor.organization_id,
        patient=patient,
        agreement=latest.agreement if latest else new_id(),
        version=latest.version + 1 if latest else 1,
        category=category,
        decision=decision,
        about=about,
        wording=decided.wording,
        given_by=decided.given_by,
        means=decided.means,
        evidence=decided.evidence,
        effective_at=effective_at,
        expires_at=expires_at,
        recorded_at=now,
        recorded_by=actor.label,
        user_id=actor.user_id,
    )
    audit.record(
        actor=actor,
        now=now,
        action=audit.Action.CREATE,
        event="consent.recorded",
        resource="Consent",
        resource_id=consent.id,
        patient_ids=[patient.id],
        detail={"category": category, "decision": decision, "version": consent.version},
    )
    return consent


def _check(locked: Locked) -> None:
    _same(locked.target == Target.DISCIPLINE, bool(locked.target_discipline), "target_discipline")
    _same(
        locked.target == Target.PRACTITIONER,
        locked.target_practitioner_id is not None,
        "target_practitioner",
    )
    _same(
        locked.target in {Target.CONDITION, Target.RECORD},
        locked.target_id is not None,
        "target_id",
    )
    _same(
        locked.audience == Audience.DISCIPLINE,
        bool(locked.audience_discipline),
        "audience_discipline",
    )
    _same(
        locked.audience == Audience.PRACTITIONER,
        locked.audience_practitioner_id is not None,
        "audience_practitioner",
    )
    for name in ("target_practitioner", "audience_practitioner"):
        chosen = getattr(locked, f"{name}_id")
        if chosen is not None and not Practitioner.objects.filter(pk=chosen).exists():
            raise Invalid.field(f"/{name}", "There is no such practitioner.")


def _same(wanted: bool, given: bool, field: str) -> None:
    if wanted and not given:
        raise Invalid.field(f"/{field}", "This kind needs it.")
    if given and not wanted:
        raise Invalid.field(f"/{field}", "It does not go with this kind.")


def _holder_of(
    target_id: UUID, locked: Locked, patient: Patient, actor: Actor, now: datetime
) -> UUID:
    """Return in which of the patient's records it lies, as far as the actor knows.

    Raises `Invalid`.
    """
    for model in labelled().values():
        labels = labels_of(model)
        if locked.target == Target.CONDITION and labels.condition != "pk":
            continue
        rows: QuerySet[Any, Any] = QuerySet(model)
        records = records_of_person(patient)
        mine = rows.filter(pk=target_id, **{f"{labels.patient}__in": records})
        found: UUID | None = (
            nameable_by(mine, actor, now).values_list(labels.patient, flat=True).first()
        )
        if found is not None:
            return found
    raise Invalid.field("/target_id", "This patient has no such record.")
