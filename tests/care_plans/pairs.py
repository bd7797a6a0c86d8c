"""Two records that may be one person."""

from coordination.models import DuplicateReview
from coordination.registration import Identifier, register_patient
from tests.cast import NOW, Cast, Person


def pair(cast: Cast, *, by: Person | None = None, **changes: object) -> DuplicateReview:
    """Register the patient's number again, under another name."""
    known = cast.patient.identifiers.get()
    lead = by or cast.asha
    patient = register_patient(
        fields={"family_name": "Trembley", "given_name": "Noor", **changes},
        identifiers=[Identifier(known.kind, known.system, known.value)],
        lead_id=lead.practitioner_role.id,
        actor=lead.actor(),
        now=NOW,
    )
    return DuplicateReview.objects.get(patient=patient)
