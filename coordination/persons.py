"""One person may have several records: one goes on, the others were merged into it and rest."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Coalesce

from coordination.models import Patient


def records_of_person(patient: Patient) -> list[UUID]:
    """Return the ids of a person's records, the one that goes on first."""
    goes_on = patient.merged_into_id or patient.pk
    resting = Patient.objects.filter(merged_into_id=goes_on).order_by("pk")
    return [goes_on, *resting.values_list("pk", flat=True)]


def records_of_persons(patient_ids: Iterable[UUID]) -> set[UUID]:
    """Return the ids of all records of the persons who have these."""
    goes_on = set(person_of(patient_ids).values())
    found = Patient.objects.filter(Q(pk__in=goes_on) | Q(merged_into_id__in=goes_on))
    return set(found.values_list("pk", flat=True))


def person_of(patient_ids: Iterable[UUID] | None = None) -> dict[UUID, UUID]:
    """Return for each record (of the organization, or of these) the one that goes on."""
    rows = Patient.objects.all()
    if patient_ids is not None:
        rows = rows.filter(pk__in=set(patient_ids))
    return dict(rows.values_list("pk", Coalesce("merged_into_id", "pk")))
