"""The request itself (FHIR ServiceRequest); who works on it stands in its `WorkItem`."""

from datetime import datetime
from typing import Any, ClassVar, Self

import pgtrigger
from django.apps import apps
from django.db import models

from coordination.access import within_reach
from coordination.actors import Actor
from coordination.disclosure import EVERY_ROW, disclosed_to, is_member_shown, opened_for
from coordination.models import KEPT, Discipline, Labels, OrganizationOwned, WorkItem

NO_ROW = models.Q(pk__in=[])

REQUEST_TRANSITIONS = [
    ("draft", "active"),
    ("draft", "revoked"),
    ("active", "on_hold"),
    ("on_hold", "active"),
    ("active", "completed"),
    ("active", "revoked"),
    ("on_hold", "revoked"),
]
CODE = r"^[a-z0-9][a-z0-9_.-]{0,63}$"


def _open_to(actor: Actor, now: datetime) -> models.Q:
    """Leave out what goes to or comes from psychotherapy, but for its parties and discipline.

    Everybody else in the circle sees that such a referral exists, not why nor what came of it.
    """
    if actor.is_software or Discipline.PSYCHOTHERAPY in actor.disciplines:
        return EVERY_ROW
    mine = actor.practitioner_role_ids
    party = models.Q(requested_by_id__in=mine) | models.Q(work_item__owner_id__in=mine)
    other = ~models.Q(discipline=Discipline.PSYCHOTHERAPY) & ~models.Q(
        requested_by__discipline=Discipline.PSYCHOTHERAPY
    )
    return other | party | models.Q(opened_for("patient_id", actor, now))


def reach(actor: Actor, now: datetime) -> models.Q:
    """Select the referrals that the actor may see; see `ReferralQuerySet.within_reach`."""
    sent = ~models.Q(status="draft") | within_reach(actor, now, view="clinical")
    mine = models.Q(work_item__owner_id__in=actor.practitioner_role_ids)
    # whoever asked has the report to acknowledge, whatever of the work itself is withheld, unless
    # they are not to know that who does it is in the team: then the lead acknowledges
    asked = models.Q(requested_by_id__in=actor.practitioner_role_ids)
    mine |= asked & is_member_shown(actor, now, at="work_item__owner")
    worked_on = disclosed_to(WorkItem, actor, now, view="directory", at="work_item__")
    shown = mine | disclosed_to(Referral, actor, now, view="directory") & worked_on
    return within_reach(actor, now, view="directory") & sent & shown


class ReferralQuerySet(models.QuerySet["Referral"]):
    """Reads over referrals."""

    def within_reach(self, actor: Actor, now: datetime) -> Self:
        """Keep what the actor may see.

        A scheduler has the logistics of every referral that was sent, a practitioner everything
        of the patients in their circle.
        """
        return self.filter(reach(actor, now))

    def disclosing(self, actor: Actor, now: datetime, *, also: models.Q = NO_ROW) -> Self:
        """Add to each row, as `discloses`, whether the actor may see its clinical content.

        `also` selects rows that disclose it for a reason of their own.
        """
        return self.annotate(
            discloses=models.Case(
                models.When(
                    within_reach(actor, now, view="clinical")
                    & (
                        models.Q(work_item__owner_id__in=actor.practitioner_role_ids)
                        | disclosed_to(Referral, actor, now)
                    )
                    & _open_to(actor, now)
                    | also,
                    then=True,
                ),
                default=False,
                output_field=models.BooleanField(),
            )
        )

    def waiting(self) -> Self:
        """Keep what waits for a scheduler to name somebody."""
        return self.filter(status="active", work_item__status="requested", work_item__owner=None)

    def shown(self) -> Self:
        """Fetch what is shown of a referral, so that a list takes the same number of queries."""
        return self.select_related(
            "patient",
            "location",
            "requested_by__practitioner",
            "work_item__owner__practitioner",
            "work_item__claimed_by",
        ).prefetch_related(
            models.Prefetch(
                "reports",
                models.QuerySet(apps.get_model("referrals", "ReferralReport"))
                .select_related("author__practitioner")
                .order_by("recorded_at", "id"),
            )
        )


class Referral(OrganizationOwned):
    """One discipline asked to take part in one person's care. Only `lifecycle` moves it.

    The request and the work have life cycles of their own: the request stays active while one
    work item after another is declined, and is completed only by the report of one of them
    together with the acknowledgement of whoever asked.
    """

    labels: ClassVar[Labels] = Labels(
        discipline="discipline",
        author="requested_by_id",
        parties=("work_item__owner_id",),
        members=("work_item__owner_id",),
        condition="condition_id",
        ready="work_item_id",
        is_logistic=True,
    )

    class Status(models.TextChoices):
        """The words of FHIR's request status; `on_hold` is its `on-hold`."""

        DRAFT = "draft"
        ACTIVE = "active"
        ON_HOLD = "on_hold"
        COMPLETED = "completed"
        REVOKED = "revoked"

    class Priority(models.TextChoices):
        """FHIR's request priority, from the least to the most pressing."""

        ROUTINE = "routine"
        URGENT = "urgent"
        ASAP = "asap"
        STAT = "stat"

    class Stage(models.TextChoices):
        ACUTE = "acute"
        SUBACUTE = "subacute"
        MAINTENANCE = "maintenance"

    class Outcome(models.TextChoices):
        """How the work ended, as the report says."""

        GOALS_MET = "goals_met"
        GOALS_PARTLY_MET = "goals_partly_met"
        GOALS_NOT_MET = "goals_not_met"
        NOT_INDICATED = "not_indicated", "Seen, and this discipline's work is not needed"
        NOT_SEEN = "not_seen", "The patient did not come"

    patient = models.ForeignKey(
        "coordination.Patient", on_delete=models.PROTECT, related_name="referrals"
    )
    discipline = models.CharField(max_length=20, choices=Discipline)
    status = models.CharField(max_length=9, choices=Status, editable=False)
    priority = models.CharField(max_length=7, choices=Priority, default=Priority.ROUTINE)
    reason_code = models.CharField(
        max_length=64, help_text="Why, as a code; a scheduler never sees it."
    )
    stage = models.CharField(max_length=11, choices=Stage, blank=True)
    sensitivity = models.CharField(
        max_length=64, blank=True, help_text="Label that restricts who reads why."
    )
    requested_by = models.ForeignKey(
        "coordination.PractitionerRole",
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The referrer, who acknowledges the report.",
    )
    requested_at = models.DateTimeField()
    needed_by = models.DateTimeField(null=True, blank=True)
    key = models.TextField(
        blank=True, help_text="The same key is the same referral; none: made by hand."
    )
    lane_id = models.UUIDField(
        null=True, blank=True, help_text="The lane that it was opened for, when a plan opened it."
    )
    condition_id = models.UUIDField(
        null=True,
        blank=True,
        help_text="The condition that it is about, as consent directives name it: a course.",
    )
    order = models.PositiveSmallIntegerField(
        default=0, help_text="Its place among the referrals opened together."
    )
    location = models.ForeignKey(
        "coordination.Location",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Where the patient would rather go.",
    )
    work_item = models.OneToOneField(
        "coordination.WorkItem",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="referral",
        help_text="The present one; earlier ones name this referral as their subject.",
    )
    outcome = models.CharField(max_length=16, choices=Outcome, blank=True)
    acknowledged_by = models.ForeignKey(
        "coordination.PractitionerRole",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    moved_at = models.DateTimeField(help_text="When any part of it last moved.")
    queue_position = models.TextField(
        editable=False,
        db_collation="C",
        help_text="The queue's order: the most pressing first, then the oldest.",
    )

    objects: ClassVar[models.Manager[Any]] = models.Manager.from_queryset(ReferralQuerySet)()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                # of each patient apart: a key in use must not tell of somebody else's patient
                fields=["organization", "patient", "key"],
                condition=~models.Q(key=""),
                name="referrals_once_per_key",
            ),
            models.CheckConstraint(
                condition=models.Q(discipline__in=Discipline.values),
                name="referrals_discipline",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    status__in=["draft", "active", "on_hold", "completed", "revoked"]
                ),
                name="referrals_status",
            ),
            models.CheckConstraint(
                condition=models.Q(priority__in=["routine", "urgent", "asap", "stat"]),
                name="referrals_priority",
            ),
            models.CheckConstraint(
                condition=models.Q(stage__in=["", "acute", "subacute", "maintenance"]),
                name="referrals_stage",
            ),
            models.CheckConstraint(
                condition=models.Q(reason_code__regex=CODE), name="referrals_reason_is_a_code"
            ),
            models.CheckConstraint(
                condition=models.Q(sensitivity="") | models.Q(sensitivity__regex=CODE),
                name="referrals_sensitivity_is_a_code",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=["draft", "revoked"])
                | models.Q(work_item__isnull=False),
                name="referrals_sent_has_work",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    status="completed",
                    acknowledged_by__isnull=False,
                    acknowledged_at__isnull=False,
                )
                & ~models.Q(outcome="")
                | models.Q(
                    status__in=["draft", "active", "on_hold", "revoked"],
                    acknowledged_by=None,
                    acknowledged_at=None,
                ),
                name="referrals_completed_is_signed",
            ),
        ]
        indexes = [
            # the schedulers' queue, in its order
            models.Index(
                fields=["organization", "queue_position"],
                condition=models.Q(status="active"),
                name="referrals_queue",
            ),
            # a patient's referrals
            models.Index(fields=["organization", "patient", "id"], name="referrals_of_patient"),
            # what a practitioner asked for and has to acknowledge
            models.Index(fields=["organization", "requested_by", "id"], name="referrals_asked_by"),
            # what one lane of a plan opened
            models.Index(
                fields=["organization", "lane_id"],
                condition=models.Q(lane_id__isnull=False),
                name="referrals_of_lane",
            ),
        ]
        triggers = [
            pgtrigger.FSM(name="life_cycle", field="status", transitions=REQUEST_TRANSITIONS),
            pgtrigger.Protect(
                name="begins_unanswered",
                operation=pgtrigger.Insert,
                condition=~pgtrigger.Q(new__status__in=["draft", "active"]),
            ),
            pgtrigger.ReadOnly(
                name="stays_what_it_is",
                fields=[
                    "organization",
                    "patient",
                    "discipline",
                    "reason_code",
                    "requested_by",
                    "requested_at",
                    "key",
                    "lane_id",
                    "condition_id",
                    "priority",
                    "queue_position",
                ],
            ),
            # two signatures: a report on the present work item, then the acknowledgement
            pgtrigger.Trigger(
                name="completed_has_report",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(new__status="completed", old__status__df="completed"),
                func="""
                    IF NOT EXISTS (
                        SELECT 1 FROM public.referrals_referralreport r
                        JOIN public.coordination_workitem w ON w.id = r.work_item_id
                        WHERE r.work_item_id = NEW.work_item_id AND r.referral_id = NEW.id
                          AND w.status = 'completed'
                    ) THEN
                        RAISE EXCEPTION
                            'pgtrigger: Cannot complete a referral without its report';
                    END IF;
                    RETURN NEW;
                """,
            ),
            *KEPT,
        ]

    def __str__(self) -> str:
        return f"{self.discipline}, {self.priority}, {self.status}"
