"""What patients ask of their records, what became of it, and what they say beside a record."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q

from .labels import EVERY_KIND, Labels
from .owned import OrganizationOwned
from .people import Discipline
from .records import APPEND_ONLY
from .work import KEPT

#: (status, action) -> status
REQUEST_MOVES = {
    ("received", "grant"): "granted",
    ("received", "refuse"): "refused",
    ("received", "withdraw"): "withdrawn",
    ("granted", "fulfil"): "fulfilled",
}


class RecordRequest(OrganizationOwned):
    """A patient's wish to see a record, or to have one corrected.

    What the record says of itself (discipline, author, condition, sensitivity) is copied, so that
    whatever closes the record closes what was asked about it too.
    """

    class Kind(models.TextChoices):
        ACCESS = "access"
        CORRECTION = "correction"

    class Status(models.TextChoices):
        RECEIVED = "received"
        GRANTED = "granted"
        FULFILLED = "fulfilled", "Fulfilled: handed over, or corrected"
        REFUSED = "refused"
        WITHDRAWN = "withdrawn"

    class Refusal(models.TextChoices):
        """Why a request is refused."""

        NOT_INACCURATE = "not_inaccurate", "The record is held to be accurate and complete"
        PROFESSIONAL_OPINION = "professional_opinion", "It is an opinion held in good faith"
        RECORD_OF_OTHERS = "record_of_others", "It came from others who answer for it"
        NOT_THE_PATIENTS = "not_the_patients", "It is not this patient's to see or change"
        RISK_OF_HARM = "risk_of_harm", "Access could lead to serious harm"

    labels: ClassVar[Labels] = Labels(
        record="resource_id",
        discipline="discipline",
        author="author_id",
        condition="condition_id",
        versions=EVERY_KIND,
        ties=("corrected_by_id", "resource_id"),
        sensitivity="sensitivity",
    )

    patient = models.ForeignKey(
        "coordination.Patient", on_delete=models.PROTECT, related_name="record_requests"
    )
    kind = models.CharField(max_length=10, choices=Kind)
    resource = models.CharField(
        max_length=40, blank=True, help_text="The kind of record; empty: the whole record."
    )
    resource_id = models.UUIDField(null=True, blank=True)
    discipline = models.CharField(max_length=20, choices=Discipline, blank=True)
    author = models.ForeignKey(
        "coordination.PractitionerRole",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Who wrote the record that it is about.",
    )
    condition_id = models.UUIDField(null=True, blank=True)
    sensitivity = models.CharField(max_length=64, blank=True)
    text = models.TextField(help_text="What the patient asks, in their words.")
    status = models.CharField(max_length=9, choices=Status, default=Status.RECEIVED, editable=False)
    received_at = models.DateTimeField()
    due_at = models.DateTimeField()
    recorded_by = models.TextField(help_text="The login that took it down.")
    user_id = models.UUIDField(null=True, blank=True)
    recorded_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.TextField(blank=True)
    refusal = models.CharField(max_length=24, choices=Refusal, blank=True)
    answer = models.TextField(blank=True, help_text="What the patient was told.")
    corrected_by_id = models.UUIDField(
        null=True, blank=True, help_text="The record that corrects the one it is about."
    )
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status="received", decided_at=None, closed_at=None)
                | Q(status="granted", decided_at__isnull=False, closed_at=None)
                | Q(status__in=["fulfilled", "refused", "withdrawn"], closed_at__isnull=False),
                name="coordination_request_state",
            ),
            models.CheckConstraint(
                condition=~Q(status="refused") & Q(refusal="")
                | Q(
                    status="refused",
                    refusal__in=[
                        "not_inaccurate",
                        "professional_opinion",
                        "record_of_others",
                        "not_the_patients",
                        "risk_of_harm",
                    ],
                )
                & ~Q(answer=""),
                name="coordination_request_refusal",
            ),
            models.CheckConstraint(
                condition=~Q(kind="correction") | Q(~Q(resource=""), resource_id__isnull=False),
                name="coordination_request_of",
            ),
            models.CheckConstraint(
                condition=~Q(kind="correction", status="fulfilled")
                | Q(corrected_by_id__isnull=False),
                name="coordination_request_corrected",
            ),
            models.CheckConstraint(
                condition=Q(received_at__lte=F("recorded_at"), due_at__gte=F("received_at"))
                & ~Q(text=""),
                name="coordination_request_times",
            ),
        ]
        indexes = [
            # what was asked about one record, and of one patient
            models.Index(fields=["organization", "resource_id"], name="coordination_request_about"),
            # what a record corrects (`coordination.succession`)
            models.Index(
                fields=["organization", "corrected_by_id"],
                condition=Q(corrected_by_id__isnull=False),
                name="coordination_request_corrects",
            ),
            # the desk of the privacy officer: what is open, the most pressing first
            models.Index(
                fields=["organization", "due_at"],
                condition=Q(status__in=["received", "granted"]),
                name="coordination_request_open",
            ),
        ]
        triggers = [
            pgtrigger.FSM(
                name="request_status",
                field="status",
                transitions=sorted({(was, to) for (was, _), to in REQUEST_MOVES.items()}),
            ),
            pgtrigger.ReadOnly(
                name="request_identity",
                exclude=[
                    "sensitivity",  # it follows the record's own
                    "status",
                    "decided_at",
                    "decided_by",
                    "refusal",
                    "answer",
                    "corrected_by_id",
                    "closed_at",
                ],
            ),
            *KEPT,
        ]


class StatementOfDisagreement(OrganizationOwned):
    """What the patient says beside a record whose correction was refused.

    It is shown with the record from then on, wherever that is read, and never changes.
    """

    labels: ClassVar[Labels] = Labels(
        record="request__resource_id",
        discipline="request__discipline",
        author="request__author_id",
        condition="request__condition_id",
        versions=EVERY_KIND,
        sensitivity="request__sensitivity",
    )

    patient = models.ForeignKey("coordination.Patient", on_delete=models.PROTECT, related_name="+")
    request = models.OneToOneField(
        RecordRequest, on_delete=models.PROTECT, related_name="statement"
    )
    resource = models.CharField(max_length=40)
    resource_id = models.UUIDField()
    text = models.TextField()
    said_at = models.DateTimeField()
    recorded_by = models.TextField(help_text="The login that took it down.")
    user_id = models.UUIDField(null=True, blank=True)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(text="") & Q(said_at__lte=F("recorded_at")),
                name="coordination_statement_says",
            )
        ]
        indexes = [
            # what is shown with a record
            models.Index(fields=["organization", "resource_id"], name="coordination_statement_with")
        ]
        triggers = [
            pgtrigger.Trigger(
                name="of_a_refused_request",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    IF NOT EXISTS (
                        SELECT 1 FROM public.coordination_recordrequest r
                        WHERE r.id = NEW.request_id AND r.status = 'refused'
                          AND r.kind = 'correction' AND r.patient_id = NEW.patient_id
                          AND r.resource = NEW.resource AND r.resource_id = NEW.resource_id
                    ) THEN
                        RAISE check_violation
                            USING MESSAGE = 'a statement stands beside a refused correction';
                    END IF;
                    RETURN NEW;
                """,
            ),
            *APPEND_ONLY,
        ]
