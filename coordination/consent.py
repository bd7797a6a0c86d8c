"""What a patient decides about their information: consents, refusals, and what is locked away.

Staff write down what the patient (or who decides for them) said; they never decide it. A directive
holds from the moment it is written for everything that is read afterwards (`disclosure`). Who may
see that there is one: whoever writes it down, once, and the privacy officer. To those from whom
something is withheld it is only said that something is. So whoever repeats what another wrote down
is not told that it was there: both stand, until a privacy officer ends them together.
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
    owned_by_patient,
    patient_for,
    within_reach,
)
from coordination.actors import Actor, Role
from coordination.disclosure import (
    EVERY_ROW,
    View,
    applying_to,
    disclosed_to,
)
from coordination.locked import Locked, alike_to, flaws_of, flaws_of_people, holder_of
from coordination.models import Consent, Directive, Patient, new_id
from coordination.persons import records_of_person
from coordination.problems import Denied, Invalid, NotAllowed, NotFound, Stale

__all__ = [
    "ConsentNotFound",
    "Decided",
    "DirectiveNotFound",
    "Locked",
    "NothingToWithdraw",
    "consents_visible_to",
    "directives_ended_by",
    "directives_visible_to",
    "end_directive",
    "record_consent",
    "set_directive",
    "view_of",
]


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
    patient_id: UUID,
    locked: Locked,
    *,
    decided: Decided,
    finder: Actor | None = None,
    actor: Actor,
    now: datetime,
) -> tuple[Directive, bool]:
    """Lock something away at the patient's word; it holds for whatever is read from now on.

    It holds on every record of the same person. `finder` looks the patient and the record up for
    an actor whose right to them is no grant of access (default: the actor). Returns the directive
    and whether it is new: the very same one, in force already, is returned to whoever wrote it
    down and to privacy officers. Raises `PatientNotFound`, `PatientMerged` (say it of the record
    that goes on) and `Invalid` (a practitioner or record that is not there, a moment in the
    future).
    """
    finder = finder or actor
    # Held: of two who write the same down at once, one sees the other's.
    patient = patient_for(finder, patient_id, now=now, view=view_of(finder), lock=True)
    must_go_on(patient)
    holder_id = _checked(locked, decided, patient, finder, now)
    known = _known_to(alike_to(locked, records_of_person(patient)), actor).first()
    if known is not None:
        return known, False
    # What lies in a record that rests is locked there: so it stays when the two are taken apart.
    holder = patient if holder_id == patient.pk else Patient.objects.get(pk=holder_id)
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
    return directive, True


@transaction.atomic
def end_directive(
    directive_id: UUID, *, decided: Decided, actor: Actor, now: datetime
) -> Directive:
    """Open again, at the patient's word, what was locked away, on every record of the person.

    Whoever wrote it down ends it; a privacy officer ends any, with all that say the same. One that
    repeats another record's ends with that one, which is returned. Raises `DirectiveNotFound`,
    `Denied` where it is directed at whoever would end it, and `Stale` when it has ended already.
    """
    found = directives_ended_by(actor, now).select_related("original__patient")
    asked: Directive | None = found.filter(pk=directive_id).first()
    if asked is None:
        raise DirectiveNotFound(
            "There is no such directive that you wrote down for a patient within your reach; "
            "privacy officers end those of others."
        )
    directive: Directive = asked.original or asked
    _demand_nothing_opened(directive, actor, now)
    goes_on = directive.patient.merged_into_id or directive.patient_id
    # One after the other: else two who end it would write the same version of the agreement.
    patient_for(actor, goes_on, now=now, view=view_of(actor), lock=True)
    directive = Directive.objects.select_related("patient", "consent").get(pk=directive.pk)
    if goes_on != (directive.patient.merged_into_id or directive.patient_id):
        raise Stale("This record was merged or taken apart just now; look at it again.")
    # one that repeated it may have ended by itself: it says nothing of the original any more
    if Directive.objects.filter(pk__in={asked.pk, directive.pk}, until__isnull=False).exists():
        raise Stale("This directive has ended already.")
    records = records_of_person(directive.patient)
    alike = alike_to(Locked.of(directive), records)
    others = alike.exclude(pk=directive.pk) if _is_oversight(actor) else alike.none()
    for one in (directive, *others.select_related("patient", "consent")):
        _end(one, decided=decided, actor=actor, now=now)
    lockbox.lock_alike(records, actor=actor, now=now)
    return directive


def consents_visible_to(actor: Actor, now: datetime) -> Any:
    """Return the decisions that the actor may read: what is locked away is oversight's alone.

    What was asked may be clinical, so `about_told` is null for the directory view, except to
    whoever wrote it down.
    """
    rows = owned_by_patient(Consent.objects.all(), actor, now, view=view_of(actor))
    told = within_reach(actor, now) & disclosed_to(Consent, actor, now)
    if _is_oversight(actor):
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


def directives_ended_by(actor: Actor, now: datetime) -> Any:
    """Return the directives that the actor may end: for oversight all, else what they wrote down.

    What they wrote down is shown to them no second time; they know it by its id.
    """
    if _is_oversight(actor):
        return directives_visible_to(actor, now)
    rows = Directive.objects.select_related("patient", "consent").filter(
        consent__user_id=actor.user_id
    )
    return owned_by_patient(rows, actor, now, view="directory")


def view_of(actor: Actor) -> View:
    """Return the widest view under which the actor meets a patient to write a decision down."""
    return "oversight" if _is_oversight(actor) else "directory"


def _is_oversight(actor: Actor) -> bool:
    return Role.PRIVACY_OFFICER in actor.roles


def _known_to(rows: QuerySet[Any, Any], actor: Actor) -> QuerySet[Any, Any]:
    """Keep the directives of which the actor knows; others learn by no answer that there is one."""
    return rows if _is_oversight(actor) else rows.filter(consent__user_id=actor.user_id)


def _demand_nothing_opened(directive: Directive, actor: Actor, now: datetime) -> None:
    # Nobody opens to themselves, alone, what a patient locked away: for need there is an override.
    # Who guards privacy and practises as well is no exception.
    if not actor.practitioner_roles:
        return
    if applying_to(actor, now).filter(pk=directive.pk).exists():
        raise Denied(
            "This directive withholds something from you too: another privacy officer of your "
            "organization ends it, at the patient's word.",
            rule="directive.end",
        )


def _end(directive: Directive, *, decided: Decided, actor: Actor, now: datetime) -> None:
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
    _check_moment(decided, now)
    effective_at = decided.effective_at or now
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


def _checked(
    locked: Locked, decided: Decided, patient: Patient, finder: Actor, now: datetime
) -> UUID:
    """Return in which of the patient's records it lies; raises `Invalid` with all that is wrong."""
    flaws = [*flaws_of(locked.said()), *flaws_of_people(locked)]
    holder = patient.pk
    try:
        holder = holder_of(locked, patient, finder, now)
    except Invalid as error:
        flaws += error.errors
    try:
        _check_moment(decided, now)
    except Invalid as error:
        flaws += error.errors
    if flaws:
        raise Invalid(" ".join(flaw.detail for flaw in flaws), errors=flaws)
    return holder


def _check_moment(decided: Decided, now: datetime) -> None:
    if decided.effective_at is not None and decided.effective_at > now:
        raise Invalid.field("/effective_at", "Nobody has decided yet what lies in the future.")
