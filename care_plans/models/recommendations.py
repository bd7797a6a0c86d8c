"""What a rule concluded about a course, and what a person decided about it."""

from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from coordination.models import (
    KEPT,
    Discipline,
    Labels,
    OrganizationOwned,
    Patient,
    PractitionerRole,
)

from .content import PathwayVersion
from .plans import Course


class Recommendation(OrganizationOwned):
    """One time that a rule was met, from then until it was met no more (FHIR GuidanceResponse).

    It is never applied by itself: a person accepts it or declines it for a reason. Whatever is
    recorded meanwhile makes no second one; when the rule is met anew later, that is another.
    Until somebody decides, its trace follows what is recorded, and `earlier` keeps each one before;
    what was decided keeps the trace on which it was.
    """

    labels: ClassVar[Labels] = Labels(condition="course_id")

    class Kind(models.TextChoices):
        """What kind of rule it is."""

        RULE = "rule", "An if/then rule of the pathway"
        YELLOW_FLAGS = "yellow_flags", "Psychosocial signs that suggest more help"
        REDIRECT = "redirect", "A finding that points to another condition"
        SEVERITY = "severity", "Scores that point to another severity"
        STALLED = "stalled", "No change that matters for as long as the pathway names"
        LANE = "lane", "A lane that was needed for what was corrected or withdrawn since"
        SAFETY = "safety", "An answer or a score that somebody must act on at once"

    class Status(models.TextChoices):
        OPEN = "open"
        ACCEPTED = "accepted"
        DECLINED = "declined"
        LAPSED = "lapsed", "Lapsed: met no more before anybody decided"

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="recommendations")
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="recommendations")
    pathway_version = models.ForeignKey(PathwayVersion, on_delete=models.PROTECT, related_name="+")
    rule = models.CharField(max_length=90, help_text="Which rule of that version.")
    kind = models.CharField(max_length=12, choices=Kind)
    text = models.TextField(help_text="What the rule asks for, in the pathway's words.")
    then = models.TextField(help_text="What it suggests, in the pathway's words.")
    lane = models.CharField(
        max_length=20, choices=Discipline, blank=True, help_text="The discipline it would involve."
    )
    towards = ArrayField(
        models.CharField(max_length=60), default=list, help_text="Pathways to consider instead."
    )
    source = ArrayField(models.CharField(max_length=60), help_text="The version's own sources.")
    finding = models.JSONField(help_text="The trace, of when it was last written or decided on.")
    rests_on = ArrayField(models.UUIDField(), help_text="The rows that the trace rests on.")
    status = models.CharField(max_length=8, choices=Status, default=Status.OPEN, editable=False)
    made_at = models.DateTimeField()
    traced_at = models.DateTimeField(
        null=True, blank=True, help_text="When other rows or words were last written; null: never."
    )
    earlier = models.JSONField(
        default=list, blank=True, help_text="Each trace before, with its words and until when."
    )
    until = models.DateTimeField(
        null=True, blank=True, help_text="Since when the rule is not met any more."
    )
    decided_by = models.ForeignKey(
        PractitionerRole, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(blank=True, help_text="Why it was declined, or what was decided.")

    @property
    def version(self) -> int:
        """Return which of its traces stands: the ETag of what is decided about."""
        return len(self.earlier) + 1

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["course", "rule"],
                condition=Q(until=None),
                name="care_plans_recommendation_once",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["open", "accepted", "declined", "lapsed"])
                & Q(
                    kind__in=[
                        "rule",
                        "yellow_flags",
                        "redirect",
                        "severity",
                        "stalled",
                        "lane",
                        "safety",
                    ]
                )
                & (Q(lane="") | Q(lane__in=Discipline.values)),
                name="care_plans_recommendation_words",
            ),
            models.CheckConstraint(
                condition=Q(
                    status__in=["accepted", "declined"],
                    decided_by__isnull=False,
                    decided_at__gte=F("made_at"),
                )
                | Q(status__in=["open", "lapsed"], decided_by=None, decided_at=None),
                name="care_plans_recommendation_decided",
            ),
            models.CheckConstraint(
                condition=~Q(status="declined") | ~Q(reason=""),
                name="care_plans_recommendation_declined_why",
            ),
            models.CheckConstraint(
                condition=~Q(status="lapsed") | Q(until__isnull=False),
                name="care_plans_recommendation_lapsed",
            ),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=F("made_at")),
                name="care_plans_recommendation_period",
            ),
        ]
        indexes = [
            # what waits for a decision about a patient
            models.Index(
                fields=["organization", "patient"],
                condition=Q(status="open"),
                name="care_plans_recommended",
            ),
            # how often each rule was followed
            models.Index(
                fields=["organization", "pathway_version", "rule"],
                name="care_plans_rule_outcomes",
            ),
        ]
        triggers = [
            pgtrigger.FSM(
                name="recommendation_status",
                field="status",
                transitions=[("open", "accepted"), ("open", "declined"), ("open", "lapsed")],
            ),
            pgtrigger.Protect(
                name="begins_undecided",
                operation=pgtrigger.Insert,
                condition=~pgtrigger.Q(new__status="open"),
            ),
            pgtrigger.ReadOnly(
                name="recommendation_identity",
                fields=[
                    "organization",
                    "patient",
                    "course",
                    "pathway_version",
                    "rule",
                    "kind",
                    "then",
                    "lane",
                    "towards",
                    "made_at",
                ],
            ),
            pgtrigger.Protect(
                name="recommendation_trace",
                operation=pgtrigger.Update,
                condition=~pgtrigger.Q(old__status="open")
                & (
                    pgtrigger.Q(old__text__df=pgtrigger.F("new__text"))
                    | pgtrigger.Q(old__source__df=pgtrigger.F("new__source"))
                    | pgtrigger.Q(old__finding__df=pgtrigger.F("new__finding"))
                    | pgtrigger.Q(old__rests_on__df=pgtrigger.F("new__rests_on"))
                    | pgtrigger.Q(old__traced_at__df=pgtrigger.F("new__traced_at"))
                    | pgtrigger.Q(old__earlier__df=pgtrigger.F("new__earlier"))
                ),
            ),
            *KEPT,
        ]
