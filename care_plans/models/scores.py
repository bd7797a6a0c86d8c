"""What a sitting found of a measure: a value, or why there is none."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q

from coordination.models import APPEND_ONLY, Labels, OrganizationOwned

from .assessments import Assessment
from .content import Measure


class Score(OrganizationOwned):
    """One value of one measure; of one side where that matters, of one item or one subscale.

    `measure_version` is the version by which it was taken and scored: what is published later
    changes neither its value nor how it came about.
    """

    labels: ClassVar[Labels] = Labels(
        patient="assessment__patient_id",
        record="assessment_id",
        discipline="assessment__practitioner_role__discipline",
        author="assessment__practitioner_role_id",
        condition="assessment__course_id",
        versions=("Assessment",),
    )

    class Side(models.TextChoices):
        LEFT = "left"
        RIGHT = "right"

    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="scores")
    measure = models.ForeignKey(Measure, on_delete=models.PROTECT, related_name="+")
    value = models.DecimalField(max_digits=10, decimal_places=4)
    side = models.CharField(max_length=5, choices=Side, blank=True)
    item = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="One item of a questionnaire; none: its total."
    )
    subscale = models.CharField(
        max_length=60, blank=True, help_text="One subscale of the measure; blank: its total."
    )
    measure_version = models.PositiveIntegerField(
        null=True,
        blank=True,
        editable=False,
        help_text="The version of the measure that scored it; null: recorded before any was kept.",
    )
    is_computed = models.BooleanField(
        default=False, help_text="Scored from its items, not entered."
    )
    method = models.CharField(max_length=60, blank=True, help_text="How it was taken.")
    instrument = models.CharField(max_length=120, blank=True, help_text="With what it was taken.")
    label = models.CharField(
        max_length=200,
        blank=True,
        help_text="An item's activity, in the patient's words.",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["assessment", "measure", "side", "item", "subscale"],
                nulls_distinct=False,
                name="care_plans_score_once",
            ),
            models.CheckConstraint(
                condition=Q(side__in=["", "left", "right"]), name="care_plans_score_side"
            ),
            models.CheckConstraint(
                condition=Q(item=None) | Q(subscale=""), name="care_plans_score_part"
            ),
            # in PostgreSQL NaN is greater than every number
            models.CheckConstraint(condition=Q(value__lt=1_000_000), name="care_plans_score_value"),
        ]
        triggers = [
            *APPEND_ONLY,
            pgtrigger.Trigger(
                name="score_in_range",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                declare=[
                    ("taken", "care_plans_measure%ROWTYPE"),
                    ("said", "jsonb"),
                    ("within", "jsonb"),
                ],
                func="""
                    SELECT * INTO taken FROM care_plans_measure WHERE id = NEW.measure_id;
                    NEW.measure_version := coalesce(NEW.measure_version, taken.version);
                    SELECT content INTO said FROM care_plans_measureversion
                    WHERE measure_id = NEW.measure_id AND version = NEW.measure_version;
                    IF said IS NULL THEN
                        RAISE check_violation USING MESSAGE = 'score by an unknown version';
                    END IF;
                    within := said -> 'subscales' -> NEW.subscale;
                    IF NEW.subscale <> '' AND (
                        within IS NULL OR NEW.value < (within ->> 0)::numeric
                        OR NEW.value > (within ->> 1)::numeric
                    ) THEN
                        RAISE check_violation USING MESSAGE = 'score outside the subscale';
                    END IF;
                    within := said -> 'scoring';
                    IF NEW.item IS NOT NULL AND jsonb_typeof(within) = 'object' AND (
                        NEW.item NOT BETWEEN 1 AND (within ->> 'items')::int
                        OR NEW.value < (within ->> 'lowest')::numeric
                        OR NEW.value > (within ->> 'highest')::numeric
                    ) THEN
                        RAISE check_violation USING MESSAGE = 'score outside the item';
                    END IF;
                    IF NEW.item IS NULL AND NEW.subscale = ''
                       AND (NEW.value < taken.minimum OR NEW.value > taken.maximum) THEN
                        RAISE check_violation USING MESSAGE = 'score outside the measure';
                    END IF;
                    IF taken.side_required <> (NEW.side <> '') THEN
                        RAISE check_violation USING MESSAGE = 'score of a missing or needless side';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]


class AbsentScore(OrganizationOwned):
    """A value that a sitting does not have, and why: never a guess, and never nothing at all."""

    labels: ClassVar[Labels] = Labels(
        patient="assessment__patient_id",
        record="assessment_id",
        discipline="assessment__practitioner_role__discipline",
        author="assessment__practitioner_role_id",
        condition="assessment__course_id",
        versions=("Assessment",),
    )

    class Reason(models.TextChoices):
        """FHIR R4's data-absent-reason, and two of our own: `unable-to-test`, `items-missing`."""

        UNKNOWN = "unknown", "Nobody knows why"
        ASKED_UNKNOWN = "asked-unknown", "Asked, and the person did not know"
        TEMP_UNKNOWN = "temp-unknown", "Not known yet"
        NOT_ASKED = "not-asked"
        ASKED_DECLINED = "asked-declined", "Asked, and the person declined"
        NOT_APPLICABLE = "not-applicable"
        NOT_PERFORMED = "not-performed"
        NOT_PERMITTED = "not-permitted"
        UNABLE_TO_TEST = "unable-to-test", "The person was not able to"
        ITEMS_MISSING = "items-missing", "More items without an answer than may be"

    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="absent")
    measure = models.ForeignKey(Measure, on_delete=models.PROTECT, related_name="+")
    measure_version = models.PositiveIntegerField()
    side = models.CharField(max_length=5, choices=Score.Side, blank=True)
    subscale = models.CharField(max_length=60, blank=True)
    reason = models.CharField(max_length=15, choices=Reason)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["assessment", "measure", "side", "subscale"],
                name="care_plans_absent_once",
            ),
            models.CheckConstraint(
                condition=Q(side__in=["", "left", "right"])
                & Q(
                    reason__in=[
                        "unknown",
                        "asked-unknown",
                        "temp-unknown",
                        "not-asked",
                        "asked-declined",
                        "not-applicable",
                        "not-performed",
                        "not-permitted",
                        "unable-to-test",
                        "items-missing",
                    ]
                ),
                name="care_plans_absent_words",
            ),
        ]
        triggers = APPEND_ONLY
