"""Records that may be one person: found when somebody comes in, parked, never merged silently.

Whoever registers is told nothing of it: that another record exists may be more than they may
know. The pair waits in a queue of its own, and what was decided about a pair is remembered.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import Q

from coordination import audit
from coordination.access import patients_visible_to
from coordination.actors import Actor
from coordination.models import DuplicateReview, Patient, PatientIdentifier
from coordination.problems import Invalid, NotAllowed

Match = DuplicateReview.Match


class IdentifierTaken(NotAllowed):
    """Another patient of this organization, within the actor's reach, bears the identifier."""

    type = "identifier-taken"


def take_turns(patient: Patient) -> None:
    """Let two registrations of one name and birth date run one after the other.

    Otherwise neither would see the other, and nobody would be asked.
    """
    if patient.birth_date is None:
        return
    who = f"register {patient.organization_id} {patient.search_key} {patient.birth_date}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [who])


def give_identifiers(
    patient: Patient, identifiers: Iterable[PatientIdentifier], *, actor: Actor, now: datetime
) -> list[tuple[Patient, list[str]]]:
    """Give a new patient identifiers; one that another patient bears is parked with the new one.

    Returns who bears the parked ones, with what matches. Raises `IdentifierTaken` where it is
    plainly the same person and the actor sees them anyway, `Invalid` for one that comes twice.
    """
    found: dict[UUID, tuple[Patient, list[str]]] = {}
    # in one order, so that two registrations wait for each other instead of deadlocking
    for row in sorted(identifiers, key=lambda row: (row.system, row.value)):
        bearer = _give(row)
        if bearer is None:
            continue
        if bearer.id == patient.id:
            raise Invalid.field("/identifiers", "An identifier comes twice.")
        if is_alike(patient, bearer):
            _refuse_if_seen(bearer, actor=actor, now=now)
        other = [] if is_alike(patient, bearer) else [Match.OTHER_DEMOGRAPHICS.value]
        found[bearer.id] = (bearer, [Match.SAME_IDENTIFIER.value, *other])
    return list(found.values())


def is_alike(one: Patient, other: Patient) -> bool:
    """Say whether name and birth date are known of both and the same."""
    return (
        one.birth_date is not None
        and one.birth_date == other.birth_date
        and one.search_key == other.search_key
    )


def lookalikes(patient: Patient) -> list[Patient]:
    """Return the other patients of the same name and birth date.

    Left out is whoever was given another number by the same assigner: the assigner knows two.
    """
    if patient.birth_date is None:
        return []
    alike = Patient.objects.filter(
        organization_id=patient.organization_id,
        search_key=patient.search_key,
        birth_date=patient.birth_date,
        merged_into=None,
    ).exclude(pk=patient.pk)
    own = set(patient.identifiers.values_list("system", "value"))
    return [
        one
        for one in alike.prefetch_related("identifiers").order_by("id")
        if not _known_apart(own, {(row.system, row.value) for row in one.identifiers.all()})
    ]


def _known_apart(own: set[tuple[str, str]], others: set[tuple[str, str]]) -> bool:
    systems = {system for system, _ in own} & {system for system, _ in others}
    return bool(systems) and not own & others


def park(
    patient: Patient, found: Sequence[tuple[Patient, Sequence[str]]], *, now: datetime
) -> list[DuplicateReview]:
    """Open a review of the patient with each of those found, unless the pair is known already.

    It leaves an audit row by the software alone and no event: neither whoever registered nor
    whoever follows the feed learns that there is another record.
    """
    opened = []
    for candidate, matches in found:
        if _known(patient.id, candidate.id):
            continue
        review = DuplicateReview.objects.create(
            organization_id=patient.organization_id,
            patient=patient,
            candidate=candidate,
            matches=list(matches),
            opened_at=now,
        )
        audit.record(
            actor=Actor.system("coordination.duplicates", patient.organization_id),
            now=now,
            action=audit.Action.CREATE,
            event="duplicate-review.opened",
            resource="DuplicateReview",
            resource_id=review.id,
            patient_ids=[patient.id, candidate.id],
            detail={"matches": review.matches},
        )
        opened.append(review)
    return opened


def park_lookalikes(
    patient: Patient, borne: Sequence[tuple[Patient, Sequence[str]]] = (), *, now: datetime
) -> list[DuplicateReview]:
    """Park a new patient with whoever bears its identifiers, or has its name and birth date."""
    known = {bearer.id for bearer, _ in borne}
    alike = [one for one in lookalikes(patient) if one.id not in known]
    found = [*borne, *((one, [Match.SAME_DEMOGRAPHICS.value]) for one in alike)]
    return park(patient, found, now=now)


def _give(row: PatientIdentifier) -> Patient | None:
    """Save an identifier, or park it; return who bears it already."""
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        borne = PatientIdentifier.objects.select_related("patient__merged_into")
        known = borne.get(system=row.system, value=row.value, is_parked=False)
        if known.patient_id != row.patient_id:
            row.is_parked = True
            row.save(force_insert=True)
        bearer: Patient = known.patient.merged_into or known.patient
        return bearer
    return None


def _refuse_if_seen(bearer: Patient, *, actor: Actor, now: datetime) -> None:
    if patients_visible_to(actor, now, view="directory").filter(pk=bearer.pk).exists():
        raise IdentifierTaken(
            "A patient of this name, birth date and identifier is registered already.",
            patient=str(bearer.id),
        )


def _known(one: UUID, other: UUID) -> bool:
    pair = Q(patient_id=one, candidate_id=other) | Q(patient_id=other, candidate_id=one)
    found: bool = DuplicateReview.objects.filter(pair).exists()
    return found
