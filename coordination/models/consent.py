"""What a patient agreed to or refused, and what they had locked away; and who broke the glass."""

from datetime import datetime
from typing import Any, ClassVar, Self

import pgtrigger
from django.db import models
from django.db.models import F, Q

from .labels import Labels
from .owned import OrganizationOwned
from .patients import current
from .people import Discipline
from .records import APPEND_ONLY
from .work import KEPT


class Consent(OrganizationOwned):
    """One version of one agreement: what was asked, and what the patient decided.

    A refusal and a withdrawal are versions like any other. The latest version counts from its
    `effective_at` on; none is ever edited.
    """

    class Category(models.TextChoices):
        TREATMENT = "treatment", "To be assessed and treated"
        COLLECTION = "collection", "That information is collected and used for care"
        SHARING = "sharing", "That information is shared outside the care team"
        LOCKBOX = "lockbox", "That something is withheld within the care team"

    class Decision(models.TextChoices):
        PERMIT = "permit"
        REFUSE = "refuse"
        WITHDRAW = "withdraw", "Withdraw what was permitted before"

    class GivenBy(models.TextChoices):
        PATIENT = "patient"
        SUBSTITUTE = "substitute", "A substitute decision maker"

    class Means(models.TextChoices):
        WRITTEN = "written"
        SPOKEN = "spoken"
        ELECTRONIC = "electronic"

    labels: ClassVar[Labels] = Labels(
        recorder="user_id",
        versions=("Consent",),
        ties=("id", "agreement"),
        is_logistic=True,
    )

    patient = models.ForeignKey(
        "coordination.Patient", on_delete=models.PROTECT, related_name="consents"
    )
    agreement = models.UUIDField(help_text="The same for every version of one agreement.")
    version = models.PositiveSmallIntegerField(help_text="1 for the first.")
    category = models.CharField(max_length=12, choices=Category)
    decision = models.CharField(max_length=8, choices=Decision)
    about = models.TextField(blank=True, help_text="What was asked, in a few words.")
    wording = models.CharField(
        max_length=64, blank=True, help_text="Which text the patient was shown, and its version."
    )
    given_by = models.CharField(max_length=10, choices=GivenBy)
    means = models.CharField(max_length=10, choices=Means)
    evidence = models.TextField(
        blank=True, help_text="Where the evidence lies: a form's number, a recording's, …"
    )
    effective_at = models.DateTimeField(help_text="When the patient decided.")
    expires_at = models.DateTimeField(null=True, blank=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.TextField(help_text="Login of whoever wrote it down.")
    user_id = models.UUIDField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "agreement", "version"],
                name="coordination_consent_version",
            ),
            models.CheckConstraint(
                condition=Q(effective_at__lte=F("recorded_at"))
                & (Q(expires_at=None) | Q(expires_at__gt=F("effective_at"))),
                name="coordination_consent_times",
            ),
            models.CheckConstraint(
                condition=Q(category__in=["treatment", "collection", "sharing", "lockbox"])
                & Q(decision__in=["permit", "refuse", "withdraw"])
                & Q(given_by__in=["patient", "substitute"])
                & Q(means__in=["written", "spoken", "electronic"]),
                name="coordination_consent_words",
            ),
            # nobody can withdraw what was never asked
            models.CheckConstraint(
                condition=~Q(decision="withdraw") | Q(version__gt=1),
                name="coordination_consent_withdrawn",
            ),
        ]
        indexes = [models.Index(fields=["organization", "patient"], name="coordination_consent_of")]
        triggers = APPEND_ONLY


class DirectiveQuerySet(models.QuerySet["Directive"]):
    """Reads over directives."""

    def in_force(self, now: datetime) -> Self:
        """Keep what holds at this moment."""
        return self.filter(current(now))


class Directive(OrganizationOwned):
    """One thing that a patient had locked away (a lockbox), from whom, and since when.

    It is set at the patient's word and ended at the patient's word: what it says never changes.
    """

    class Target(models.TextChoices):
        EVERYTHING = "everything", "All but who the patient is and who acts for them"
        DISCIPLINE = "discipline", "What one discipline does and writes"
        PRACTITIONER = "practitioner", "What one practitioner does and writes"
        CONDITION = "condition", "One condition and all that belongs to it"
        RECORD = "record", "One record, in all its versions"

    class Audience(models.TextChoices):
        EVERYONE = "everyone", "Everybody but whoever wrote it or is a party to it"
        DISCIPLINE = "discipline", "Everybody of one discipline"
        PRACTITIONER = "practitioner", "One practitioner"

    labels: ClassVar[Labels] = Labels(is_identity=True)

    patient = models.ForeignKey(
        "coordination.Patient", on_delete=models.PROTECT, related_name="directives"
    )
    consent = models.ForeignKey(Consent, on_delete=models.PROTECT, related_name="directives")
    target = models.CharField(max_length=12, choices=Target)
    target_discipline = models.CharField(max_length=20, choices=Discipline, blank=True)
    target_practitioner = models.ForeignKey(
        "coordination.Practitioner",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    target_id = models.UUIDField(
        null=True, blank=True, help_text="Of the condition (its course) or of the record."
    )
    audience = models.CharField(max_length=12, choices=Audience)
    audience_discipline = models.CharField(max_length=20, choices=Discipline, blank=True)
    audience_practitioner = models.ForeignKey(
        "coordination.Practitioner",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        Consent, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    original = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="What this repeats: set on another record of the same person.",
    )

    objects: ClassVar[models.Manager[Any]] = models.Manager.from_queryset(DirectiveQuerySet)()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=(
                    Q(target="everything", target_discipline="")
                    & Q(target_practitioner=None, target_id=None)
                    | Q(target="discipline", target_practitioner=None, target_id=None)
                    & Q(target_discipline__in=Discipline.values)
                    | Q(target="practitioner", target_discipline="", target_id=None)
                    & Q(target_practitioner__isnull=False)
                    | Q(target__in=["condition", "record"], target_discipline="")
                    & Q(target_practitioner=None, target_id__isnull=False)
                ),
                name="coordination_directive_target",
            ),
            models.CheckConstraint(
                condition=(
                    Q(audience="everyone", audience_discipline="", audience_practitioner=None)
                    | Q(audience="discipline", audience_practitioner=None)
                    & Q(audience_discipline__in=Discipline.values)
                    | Q(audience="practitioner", audience_discipline="")
                    & Q(audience_practitioner__isnull=False)
                ),
                name="coordination_directive_audience",
            ),
            models.CheckConstraint(
                condition=Q(until=None, ended_by=None)
                | Q(until__gte=F("since"))
                & (Q(ended_by__isnull=False) | Q(original__isnull=False)),
                name="coordination_directive_period",
            ),
            models.UniqueConstraint(
                fields=["organization", "original", "patient"],
                condition=Q(until=None, original__isnull=False),
                name="coordination_directive_repeated_once",
            ),
        ]
        indexes = [
            # asked for every patient's row that anybody reads (`disclosure.disclosed_to`)
            models.Index(
                fields=["organization", "patient"],
                condition=Q(until=None),
                name="coordination_directive_of",
            )
        ]
        triggers = [
            pgtrigger.ReadOnly(name="says_the_same", exclude=["until", "ended_by"]),
            pgtrigger.Protect(
                name="ends_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__until__isnull=False),
            ),
            *KEPT,
        ]


class Override(OrganizationOwned):
    """Somebody broke the glass: why, of whom, for how long, and what the review made of it.

    It waits for a privacy officer's review from the moment that it is made.
    """

    class Reason(models.TextChoices):
        RISK_OF_HARM = "risk_of_harm", "Somebody may come to serious harm without it"
        PATIENT_AGREES = "patient_agrees", "The patient agrees, here and now"
        LEGAL_DUTY = "legal_duty", "A law or an order requires it"

    class Verdict(models.TextChoices):
        APPROPRIATE = "appropriate"
        INAPPROPRIATE = "inappropriate"
        NEEDS_FOLLOW_UP = "needs_follow_up"

    labels: ClassVar[Labels] = Labels(is_identity=True)

    patient = models.ForeignKey(
        "coordination.Patient", on_delete=models.PROTECT, related_name="overrides"
    )
    practitioner_role = models.ForeignKey(
        "coordination.PractitionerRole", on_delete=models.PROTECT, related_name="+"
    )
    user_id = models.UUIDField(help_text="Who broke it; may not review it.")
    reason_code = models.CharField(max_length=16, choices=Reason)
    reason = models.TextField(help_text="In the words of whoever broke it.")
    opens_withheld = models.BooleanField(
        help_text="Whether it also opens what the patient had locked away."
    )
    since = models.DateTimeField()
    until = models.DateTimeField()
    alerted_at = models.DateTimeField(
        null=True, blank=True, help_text="When the privacy officers' messages were written."
    )
    review_due_at = models.DateTimeField()
    verdict = models.CharField(max_length=16, choices=Verdict, blank=True)
    reviewed_by = models.UUIDField(null=True, blank=True)
    reviewed_at = models.DateTimeField(null=True, blank=True)
    review_note = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(until__gt=F("since")) & ~Q(reason=""),
                name="coordination_override_bounded",
            ),
            models.CheckConstraint(
                condition=Q(reason_code__in=["risk_of_harm", "patient_agrees", "legal_duty"])
                & Q(verdict__in=["", "appropriate", "inappropriate", "needs_follow_up"]),
                name="coordination_override_words",
            ),
            models.CheckConstraint(
                condition=Q(verdict="", reviewed_by=None, reviewed_at=None, review_note="")
                | ~Q(verdict="")
                & ~Q(review_note="")
                & Q(reviewed_by__isnull=False, reviewed_at__isnull=False),
                name="coordination_override_reviewed",
            ),
            models.CheckConstraint(
                condition=Q(reviewed_by=None) | ~Q(reviewed_by=F("user_id")),
                name="coordination_override_by_another",
            ),
        ]
        indexes = [
            # what still waits for a privacy officer
            models.Index(
                fields=["organization", "review_due_at"],
                condition=Q(verdict=""),
                name="coordination_override_open",
            ),
            # whose alert is still to be written (`notifications_overrides_untold`)
            models.Index(
                fields=["since"],
                condition=Q(alerted_at=None),
                name="coordination_override_untold",
            ),
            # what one practitioner has open, asked on every clinical read
            models.Index(
                fields=["organization", "practitioner_role", "patient"],
                name="coordination_override_of",
            ),
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="stays_as_broken",
                exclude=[
                    "until",
                    "alerted_at",
                    "verdict",
                    "reviewed_by",
                    "reviewed_at",
                    "review_note",
                ],
            ),
            pgtrigger.Protect(
                name="never_longer",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(new__until__gt=pgtrigger.F("old__until")),
            ),
            pgtrigger.Protect(
                name="reviewed_once",
                operation=pgtrigger.Update,
                condition=~pgtrigger.Q(old__verdict="")
                & (
                    pgtrigger.Q(old__verdict__df=pgtrigger.F("new__verdict"))
                    | pgtrigger.Q(old__reviewed_by__df=pgtrigger.F("new__reviewed_by"))
                    | pgtrigger.Q(old__reviewed_at__df=pgtrigger.F("new__reviewed_at"))
                    | pgtrigger.Q(old__review_note__df=pgtrigger.F("new__review_note"))
                ),
            ),
            *KEPT,
        ]
