"""Somebody beside the patient."""

from coordination import proxies
from coordination.models import RelatedPerson
from tests.cast import NOW, Cast


def beside(cast: Cast) -> RelatedPerson:
    """Write down the patient's sister."""
    fields = {"name": "Rana Tremblay", "relationship": "sibling"}
    return proxies.record_related_person(cast.patient.id, fields, actor=cast.asha.actor(), now=NOW)
