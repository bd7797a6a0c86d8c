"""Who is called when somebody must act at once: the named on-call practitioners."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q

from .owned import OrganizationOwned
from .people import PractitionerRole
from .work import KEPT


class OnCallDuty(OrganizationOwned):
    """One period in which a practitioner answers for safety alerts, of whichever patient."""

    practitioner_role = models.ForeignKey(
        PractitionerRole, on_delete=models.PROTECT, related_name="on_call_duties"
    )
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    recorded_by = models.TextField(help_text="The login that arranged it.")
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=F("since")),
                name="coordination_duty_period",
            )
        ]
        indexes: ClassVar = [
            # who is on call now
            models.Index(fields=["organization", "since"], name="coordination_on_call"),
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="duty_identity",
                fields=["organization", "practitioner_role", "since", "recorded_by", "recorded_at"],
            ),
            *KEPT,
        ]
