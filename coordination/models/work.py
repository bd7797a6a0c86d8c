"""What a named person owes, or a queue until somebody is named."""

from typing import ClassVar

import pgtrigger
from django.db import models

from .labels import Labels
from .owned import OrganizationOwned
from .records import APPEND_ONLY

OPEN_WORK = ("requested", "accepted", "in_progress")
CLOSED_WORK = ("rejected", "completed", "cancelled")
WORK_TRANSITIONS = [
    ("requested", "accepted"),
    ("requested", "rejected"),
    ("requested", "cancelled"),
    ("accepted", "in_progress"),
    ("accepted", "cancelled"),
    ("in_progress", "completed"),
    ("in_progress", "cancelled"),
]
#: what is owed besides referrals: saying yes may be all there is to do
OTHER_WORK_TRANSITIONS = [
    *WORK_TRANSITIONS,
    ("requested", "completed"),
    ("accepted", "completed"),
]
#: a row whose own columns tell its life: it may change, but never go away
KEPT = [
    pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
    *(trigger for trigger in APPEND_ONLY if trigger.name == "never_emptied"),
]


class WorkItem(OrganizationOwned):
    """One thing owed for a patient (FHIR Task): what it is about stands in `subject_id`.

    It has one owner for life. Whoever declines or gives it back ends it, and the subject gets
    a new one: so each row tells one person's part, and a grant that it gave ends with it.
    """

    labels: ClassVar[Labels] = Labels(
        discipline="owner__discipline", author="owner_id", members=("owner_id",)
    )

    class Kind(models.TextChoices):
        REFERRAL = "referral", "A referral to take up and report on"
        HAND_OFF = "hand_off", "A hand-off to take over"
        ESCALATION = "escalation", "Something that waits for too long"
        REVIEW = "review", "Something to look at"

    class Status(models.TextChoices):
        """The words of FHIR's Task; `in_progress` is its `in-progress`."""

        REQUESTED = "requested"
        ACCEPTED = "accepted"
        REJECTED = "rejected"
        IN_PROGRESS = "in_progress"
        COMPLETED = "completed"
        CANCELLED = "cancelled"

    patient = models.ForeignKey(
        "coordination.Patient", on_delete=models.PROTECT, related_name="work_items"
    )
    kind = models.CharField(max_length=12, choices=Kind)
    subject_id = models.UUIDField(help_text="The referral, plan, … that it is about.")
    status = models.CharField(
        max_length=12, choices=Status, default=Status.REQUESTED, editable=False
    )
    owner = models.ForeignKey(
        "coordination.PractitionerRole",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="work_items",
        help_text="Who owes it; nobody yet: it waits in the schedulers' queue.",
    )
    claimed_by = models.ForeignKey(
        "coordination.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The scheduler who is about to name an owner.",
    )
    claimed_until = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField()
    assigned_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=OPEN_WORK + CLOSED_WORK),
                name="coordination_work_status",
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=["referral", "hand_off", "escalation", "review"]),
                name="coordination_work_kind",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=["requested", "cancelled"])
                | models.Q(owner__isnull=False),
                name="coordination_work_owned",
            ),
            models.CheckConstraint(
                condition=models.Q(owner=None, assigned_at=None)
                | models.Q(owner__isnull=False, assigned_at__isnull=False),
                name="coordination_work_assigned",
            ),
            models.CheckConstraint(
                condition=models.Q(claimed_by=None, claimed_until=None)
                | models.Q(
                    claimed_by__isnull=False,
                    claimed_until__isnull=False,
                    owner=None,
                    status="requested",
                ),
                name="coordination_work_claim",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=OPEN_WORK, closed_at=None)
                | models.Q(
                    status__in=CLOSED_WORK,
                    closed_at__isnull=False,
                ),
                name="coordination_work_closed",
            ),
            models.UniqueConstraint(
                fields=["organization", "kind", "subject_id"],
                condition=models.Q(status__in=OPEN_WORK),
                name="coordination_work_one_open",
            ),
        ]
        indexes = [
            # open load of a practitioner, asked at every routing
            models.Index(
                fields=["organization", "owner", "kind"],
                condition=models.Q(status__in=OPEN_WORK),
                name="coordination_work_load",
            ),
            # every work item that one subject ever had
            models.Index(fields=["organization", "subject_id"], name="coordination_work_subject"),
        ]
        triggers = [
            pgtrigger.FSM(
                name="life_cycle",
                field="status",
                transitions=WORK_TRANSITIONS,
                condition=pgtrigger.Q(new__kind="referral"),
            ),
            pgtrigger.FSM(
                name="other_life_cycle",
                field="status",
                transitions=OTHER_WORK_TRANSITIONS,
                condition=~pgtrigger.Q(new__kind="referral"),
            ),
            pgtrigger.Protect(
                name="begins_requested",
                operation=pgtrigger.Insert,
                condition=~pgtrigger.Q(new__status="requested"),
            ),
            pgtrigger.Protect(
                name="one_owner",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__owner__isnull=False)
                & pgtrigger.Q(old__owner__df=pgtrigger.F("new__owner")),
            ),
            pgtrigger.ReadOnly(
                name="stays_what_it_is",
                fields=["organization", "patient", "kind", "subject_id", "opened_at"],
            ),
            *KEPT,
        ]
