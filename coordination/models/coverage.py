"""Who pays, for how much, and what is left of it."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q

from .labels import Labels
from .owned import Editable, OrganizationOwned
from .people import Discipline
from .work import KEPT


class Coverage(OrganizationOwned, Editable):
    """One payer's programme for one patient (FHIR Coverage). Nothing clinical stands in it.

    What is not limited has no limit; what was used may be told by the payer, so it is entered.
    """

    labels: ClassVar[Labels] = Labels(discipline="discipline", is_logistic=True)
    editable = (
        "payer",
        "programme",
        "member_number",
        "discipline",
        "starts_on",
        "ends_on",
        "sessions_allowed",
        "sessions_used",
        "amount_allowed",
        "amount_used",
    )

    patient = models.ForeignKey(
        "coordination.Patient", on_delete=models.PROTECT, related_name="coverages"
    )
    payer = models.TextField()
    programme = models.TextField(blank=True)
    member_number = models.TextField(blank=True)
    discipline = models.CharField(
        max_length=20, choices=Discipline, blank=True, help_text="Empty: of any discipline."
    )
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True, help_text="The last day.")
    sessions_allowed = models.PositiveSmallIntegerField(null=True, blank=True)
    sessions_used = models.PositiveSmallIntegerField(default=0)
    amount_allowed = models.DecimalField(
        max_digits=9, decimal_places=2, null=True, blank=True, help_text="In Canadian dollars."
    )
    amount_used = models.DecimalField(max_digits=9, decimal_places=2, default=0)
    removed_at = models.DateTimeField(null=True, blank=True, editable=False)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(payer=""), name="coordination_coverage_payer"),
            models.CheckConstraint(
                condition=Q(discipline__in=["", *Discipline.values]),
                name="coordination_coverage_words",
            ),
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
                name="coordination_coverage_period",
            ),
            models.CheckConstraint(
                condition=Q(amount_used__gte=0)
                & (Q(amount_allowed=None) | Q(amount_allowed__gte=0)),
                name="coordination_coverage_amounts",
            ),
        ]
        indexes = [
            # what pays for a patient's bookings
            models.Index(
                fields=["organization", "patient", "-starts_on"],
                condition=Q(removed_at=None),
                name="coordination_coverage_of",
            )
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="coverage_identity", fields=["organization", "patient", "recorded_at"]
            ),
            *KEPT,
        ]

    @property
    def sessions_left(self) -> int | None:
        """Return how many sessions are still paid for; None where there is no limit."""
        if self.sessions_allowed is None:
            return None
        return max(self.sessions_allowed - self.sessions_used, 0)

    @property
    def amount_left(self) -> object:
        """Return how many dollars are still paid; None where there is no limit."""
        if self.amount_allowed is None:
            return None
        return max(self.amount_allowed - self.amount_used, type(self.amount_used)(0))
