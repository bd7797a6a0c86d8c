"""When a practitioner last looked at a patient's plan, and what it said to them then."""

from typing import ClassVar

import pgtrigger
from django.db import models

from coordination.models import KEPT, Labels, OrganizationOwned, Patient, Practitioner


class LastLook(OrganizationOwned):
    """What a practitioner last saw of a patient's plan: ids and states, no words that people wrote.

    It is kept so that the next look can tell what has changed; it is shown to nobody as it is.
    """

    labels: ClassVar[Labels] = Labels(is_identity=True)

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    practitioner = models.ForeignKey(Practitioner, on_delete=models.PROTECT, related_name="+")
    looked_at = models.DateTimeField()
    seen = models.JSONField(help_text="By kind and id, what each thing was.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "patient", "practitioner"], name="care_plans_look_once"
            )
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="look_identity", fields=["organization", "patient", "practitioner"]
            ),
            *KEPT,
        ]
