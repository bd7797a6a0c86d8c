"""The words of patients' names, each by itself, so that any of them finds the patient."""

from typing import ClassVar

from django.db import models

from .labels import Labels
from .owned import OrganizationOwned
from .patients import Patient


class PatientWord(OrganizationOwned):
    """One word of a patient's `search_key`. A trigger on the patient writes these rows."""

    labels: ClassVar[Labels] = Labels(is_identity=True)

    #: characters of a word that are kept; an index row has its limits
    LONGEST = 64

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="words")
    word = models.TextField(db_collation="C", editable=False)

    class Meta:
        constraints = [
            # also the index of the search: a range of words gives patients without their rows
            models.UniqueConstraint(
                fields=["organization", "word", "patient"], name="coordination_patient_word"
            ),
        ]
