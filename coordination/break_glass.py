"""Breaking the glass: seeing, in need, what one has no standing reason to see.

It needs a reason, ends by itself, is told to the privacy officers at once, and is never without a
review: the row itself waits for one from the moment it is made.
"""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Coalesce

from coordination import audit, events
from coordination.access import owned_by_patient
from coordination.actors import Actor
from coordination.models import AccessGrant, Override, Patient, new_id
from coordination.problems import Denied, Invalid, NotFound, Stale


class OverrideNotFound(NotFound):
    """No such override in this organization."""

    type = "override-not-found"


class PatientUnknown(NotFound):
    """Nobody of this organization has that id."""

    type = "patient-not-found"


def identified(identifier: str, birth_date: date | None) -> UUID:
    """Return the one patient who bears both; for whoever has them before them but no id.

    A number that somebody else was found to bear first does not count; a record that rests leads
    to the one that goes on. Raises `Invalid` when either is missing, and `PatientUnknown`.
    """
    if not identifier or birth_date is None:
        raise Invalid.field("/patient", "Name the patient by id, or identifier and birth date.")
    found = list(
        Patient.objects.filter(
            identifiers__value=identifier, identifiers__is_parked=False, birth_date=birth_date
        )
        .values_list(Coalesce("merged_into_id", "id"), flat=True)
        .distinct()[:2]
    )
    if len(found) != 1:
        raise PatientUnknown("There is no such patient, or more than one.")
    patient_id: UUID = found[0]
    return patient_id


@transaction.atomic
def break_glass(
    patient_id: UUID,
    *,
    practitioner_role_id: UUID | None,
    reason_code: str,
    reason: str,
    minutes: int | None,
    opens_withheld: bool,
    actor: Actor,
    now: datetime,
) -> Override:
    """Open a patient's record to a practitioner who has no standing reason, for a short time.

    With `opens_withheld` also what the patient had locked away; without, directives go on to hold.
    `minutes` counts from now, at most `OVERRIDE_MINUTES` (the default too). Raises `Denied` for
    whoever does not practise, `Invalid`, and `PatientUnknown`.
    """
    role_id = _as_role(actor, practitioner_role_id)
    assert actor.user_id is not None, "a practitioner is a person"
    if not reason.strip():
        raise Invalid.field("/reason", "Say why, in your own words.")
    longest = settings.OVERRIDE_MINUTES
    if minutes is not None and not 1 <= minutes <= longest:
        raise Invalid.field("/minutes", f"From 1 to {longest}.")
    patient = Patient.objects.filter(pk=patient_id, organization_id=actor.organization_id).first()
    if patient is None:
        raise PatientUnknown("There is no such patient.")
    override = Override.objects.create(
        id=new_id(),
        organization_id=actor.organization_id,
        patient=patient,
        practitioner_role_id=role_id,
        user_id=actor.user_id,
        reason_code=reason_code,
        reason=reason,
        opens_withheld=opens_withheld,
        since=now,
        until=now + timedelta(minutes=minutes or longest),
        review_due_at=now + timedelta(days=settings.OVERRIDE_REVIEW_DAYS),
    )
    AccessGrant.objects.create(
        organization_id=actor.organization_id,
        patient=patient,
        practitioner_role_id=role_id,
        basis=AccessGrant.Basis.OVERRIDE,
        source_id=override.id,
        since=now,
        until=override.until,
    )
    _tell(override, "override.made", actor=actor, now=now)
    return override


@transaction.atomic
def end_override(override_id: UUID, *, actor: Actor, now: datetime) -> Override:
    """Close the glass before its time: open to whoever broke it and to the privacy officer.

    Raises `OverrideNotFound`, and `Stale` when it is over already.
    """
    override: Override | None = overrides_visible_to(actor, now).filter(pk=override_id).first()
    if override is None:
        raise OverrideNotFound("There is no such override within your reach.")
    if not _close(override, now):
        raise Stale("This override is over already.")
    override.refresh_from_db()
    _tell(override, "override.ended", actor=actor, now=now)
    return override


@transaction.atomic
def review_override(
    override_id: UUID, *, verdict: str, note: str, actor: Actor, now: datetime
) -> Override:
    """Record what a privacy officer made of it, once; nobody reviews their own.

    One that was not appropriate ends with that. Raises `OverrideNotFound`, `Denied`, `Invalid`,
    and `Stale` when it was reviewed already.
    """
    override: Override | None = overrides_to_review(actor, now).filter(pk=override_id).first()
    if override is None:
        raise OverrideNotFound("There is no such override within your reach.")
    if override.user_id == actor.user_id:
        raise Denied("Somebody else reviews what you did.", rule="override.review-own")
    if not note.strip():
        raise Invalid.field("/note", "Say what the verdict rests on.")
    reviewed = Override.objects.filter(pk=override.pk, verdict="").update(
        verdict=verdict, reviewed_by=actor.user_id, reviewed_at=now, review_note=note
    )
    if not reviewed:
        raise Stale("This override was reviewed already.")
    if verdict == Override.Verdict.INAPPROPRIATE:
        _close(override, now)
    override.refresh_from_db()
    _tell(override, "override.reviewed", actor=actor, now=now)
    return override


def _close(override: Override, now: datetime) -> bool:
    """Let it, and what it opened, end now; say whether it was open."""
    opened = Override.objects.filter(pk=override.pk, since__lt=now, until__gt=now)
    if not opened.update(until=now):
        return False
    AccessGrant.objects.filter(source_id=override.id, until__gt=now).update(until=now)
    return True


def overrides_to_review(actor: Actor, now: datetime) -> Any:
    """Return every override of the organization, for whoever guards privacy; else none."""
    return owned_by_patient(_shown(), actor, now, view="oversight")


def overrides_visible_to(actor: Actor, now: datetime) -> Any:
    """Return what `overrides_to_review` does, and to a practitioner their own."""
    own = _shown().filter(
        organization_id=actor.organization_id,
        practitioner_role_id__in=actor.practitioner_role_ids,
    )
    return own | overrides_to_review(actor, now)


def _shown() -> Any:
    return Override.objects.select_related("patient", "practitioner_role__practitioner")


def _as_role(actor: Actor, practitioner_role_id: UUID | None) -> UUID:
    mine = actor.practitioner_role_ids
    if not mine:
        raise Denied("Only a registered practitioner breaks the glass.", rule="override.practise")
    if practitioner_role_id is None:
        return mine[0]
    if practitioner_role_id not in mine:
        raise Invalid.field("/practitioner_role", "This is none of your registrations.")
    return practitioner_role_id


def _tell(override: Override, event: str, *, actor: Actor, now: datetime) -> None:
    # Whoever reviews or ends another's took no access in an emergency: the patient reads this.
    is_own = override.user_id == actor.user_id
    audit.record(
        actor=actor,
        now=now,
        action=audit.Action.ACT,
        event=event,
        resource="Override",
        resource_id=override.id,
        patient_ids=[override.patient_id],
        basis=audit.Basis.OVERRIDE if is_own else audit.Basis.OVERSIGHT,
        purpose="" if is_own else audit.Purpose.PRIVACY_REVIEW,
        detail={
            "reason_code": override.reason_code,
            "opens_withheld": override.opens_withheld,
            "until": override.until.isoformat(),
            "verdict": override.verdict,
        },
    )
    events.publish(
        actor=actor,
        now=now,
        type=event,
        subject="Override",
        subject_id=override.id,
        patient_id=override.patient_id,
    )
