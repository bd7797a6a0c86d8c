"""What is to be said to whom, each try to say it, and what a person wants to receive."""

from typing import Any, ClassVar, Self

import pgtrigger
from django.db import models
from django.db.models import Q

from coordination.models import APPEND_ONLY, Labels, Membership, OrganizationOwned


class Channel(models.TextChoices):
    """The ways by which a message can reach somebody."""

    EMAIL = "email"
    IN_APP = "in_app"


class Purpose(models.TextChoices):
    """Why somebody is written to; preferences are kept by purpose."""

    CARE = "care", "Somebody's care"
    COMMERCIAL = "commercial", "Offers and news, for which the law wants a consent"
    WORK = "work", "Work that waits for a person"


class MessageQuerySet(models.QuerySet["Message"]):
    """Reads over the outbox."""

    def inbox(self) -> Self:
        """Keep what has become visible in the application."""
        return self.filter(channel=Channel.IN_APP, status=Message.Status.SENT)

    def waiting(self) -> Self:
        """Keep what may still be cancelled."""
        return self.filter(status=Message.Status.QUEUED)


class Message(OrganizationOwned):
    """One thing to say to one recipient through one channel. The table is the queue.

    `due_at` is when it ought to go out, `next_at` when the sweep looks at it next: the same at
    first, later after each failure. `begun_at` stands only while a channel is being called.
    """

    labels: ClassVar[Labels] = Labels(
        discipline="to_practitioner_role__discipline", author="to_practitioner_role_id"
    )

    class Status(models.TextChoices):
        QUEUED = "queued"
        SENDING = "sending"
        SENT = "sent"
        FAILED = "failed"
        CANCELLED = "cancelled"
        SUPPRESSED = "suppressed"

    kind = models.CharField(max_length=64)
    purpose = models.CharField(max_length=12, choices=Purpose)
    is_safety = models.BooleanField(
        default=False, editable=False, help_text="Somebody may be in danger: it goes out first."
    )
    channel = models.CharField(max_length=8, choices=Channel)
    to_user = models.ForeignKey(
        "coordination.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    to_practitioner_role = models.ForeignKey(
        "coordination.PractitionerRole",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    to_patient = models.ForeignKey(
        "coordination.Patient", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    person = models.UUIDField(
        help_text="Who that is, however addressed: their login, or else the person's own id."
    )
    as_role = models.CharField(
        max_length=16,
        blank=True,
        choices=[one for one in Membership.Role.choices if one[0] not in ("patient", "proxy")],
        help_text="The hat for which a login is written to; it must still wear it.",
    )
    subject_id = models.UUIDField(help_text="The course, referral, … that it is about.")
    occurrence = models.TextField(help_text="Which happening of the kind at the subject.")
    patient = models.ForeignKey(
        "coordination.Patient", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    path = models.TextField(help_text="Where in Continuum it leads.")
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    reason = models.TextField(blank=True, help_text="Why it was not sent; no health data.")
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    next_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True, blank=True)
    begun_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[Any]] = models.Manager.from_queryset(MessageQuerySet)()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "organization",
                    "subject_id",
                    "occurrence",
                    "kind",
                    "channel",
                    "person",
                ],
                name="notifications_message_once",
            ),
            models.CheckConstraint(
                condition=Q(to_user__isnull=False, to_practitioner_role=None, to_patient=None)
                | Q(to_user=None, to_practitioner_role__isnull=False, to_patient=None)
                | Q(to_user=None, to_practitioner_role=None, to_patient__isnull=False),
                name="notifications_message_one_recipient",
            ),
            models.CheckConstraint(
                condition=Q(channel__in=Channel.values) & Q(purpose__in=Purpose.values),
                name="notifications_message_words",
            ),
            models.CheckConstraint(
                condition=(
                    Q(status="queued", claimed_at=None, begun_at=None, sent_at=None)
                    | Q(status="sending", claimed_at__isnull=False, sent_at=None)
                    | Q(status="sent", claimed_at=None, begun_at=None, sent_at__isnull=False)
                    | Q(
                        ~Q(reason=""),
                        status__in=["failed", "cancelled", "suppressed"],
                        claimed_at=None,
                        begun_at=None,
                        sent_at=None,
                    )
                ),
                name="notifications_message_state",
            ),
            models.CheckConstraint(
                condition=Q(read_at=None) | Q(channel="in_app", status="sent"),
                name="notifications_message_read",
            ),
        ]
        indexes = [
            # the sweep: notifications_due
            models.Index(
                fields=["channel", "is_safety", "next_at"],
                condition=Q(status="queued"),
                name="notifications_message_due",
            ),
            # the sweep: notifications_stale
            models.Index(
                fields=["claimed_at"],
                condition=Q(status="sending"),
                name="notifications_message_held",
            ),
            # cancelling what was to be said about a subject: outbox.cancel
            models.Index(
                fields=["organization", "subject_id"],
                condition=Q(status="queued"),
                name="notifications_message_subject",
            ),
            # the inbox of a login, newest first
            models.Index(
                fields=["organization", "to_user", "-sent_at"],
                condition=Q(channel="in_app", status="sent"),
                name="notifications_inbox_user",
            ),
            # the inbox of a practitioner role, newest first
            models.Index(
                fields=["organization", "to_practitioner_role", "-sent_at"],
                condition=Q(channel="in_app", status="sent"),
                name="notifications_inbox_role",
            ),
            # the outbox of one patient
            models.Index(
                fields=["organization", "patient", "-id"], name="notifications_message_patient"
            ),
        ]
        triggers = [
            pgtrigger.FSM(
                name="status",
                field="status",
                transitions=[
                    ("queued", "sending"),
                    ("queued", "cancelled"),
                    ("sending", "queued"),
                    ("sending", "sent"),
                    ("sending", "failed"),
                    ("sending", "suppressed"),
                ],
            ),
            pgtrigger.Protect(
                name="begins_queued",
                operation=pgtrigger.Insert,
                condition=pgtrigger.Q(~pgtrigger.Q(new__status="queued")),
            ),
            pgtrigger.Protect(name="stays", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.kind} by {self.channel}: {self.status}"


class Attempt(OrganizationOwned):
    """One call of a channel, and what came of it; never edited."""

    class Outcome(models.TextChoices):
        ACCEPTED = "accepted", "The channel took it"
        RETRY = "retry", "Not now; to be tried again"
        REFUSED = "refused", "Never; not to be tried again"
        LOST = "lost", "The worker ended before it could tell"

    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="attempts")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    outcome = models.CharField(max_length=8, choices=Outcome)
    response = models.TextField(blank=True, help_text="Code and text; no address, no health data.")

    class Meta:
        triggers = APPEND_ONLY
        constraints = [
            models.CheckConstraint(
                condition=Q(finished_at__gte=models.F("started_at")),
                name="notifications_attempt_period",
            ),
        ]
        indexes = [
            # what happened to one message
            models.Index(fields=["organization", "message"], name="notifications_attempt_of"),
        ]

    def __str__(self) -> str:
        return self.outcome


class Preference(OrganizationOwned):
    """What one person wants to receive; without a row, they want it."""

    user = models.ForeignKey(
        "coordination.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    patient = models.ForeignKey(
        "coordination.Patient", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    purpose = models.CharField(max_length=12, choices=Purpose)
    channel = models.CharField(max_length=8, choices=Channel)
    wanted = models.BooleanField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "user", "patient", "purpose", "channel"],
                nulls_distinct=False,
                name="notifications_preference_once",
            ),
            models.CheckConstraint(
                condition=Q(user__isnull=False, patient=None) | Q(user=None, patient__isnull=False),
                name="notifications_preference_one_person",
            ),
            models.CheckConstraint(
                condition=Q(channel__in=Channel.values) & Q(purpose__in=Purpose.values),
                name="notifications_preference_words",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} by {self.channel}: {'yes' if self.wanted else 'no'}"


class MessagingConsent(OrganizationOwned):
    """One step in the history of a patient's consent to messages, with its evidence.

    The latest row of a purpose and channel counts; none is ever edited.
    """

    class Decision(models.TextChoices):
        GIVEN = "given"
        WITHDRAWN = "withdrawn"

    class Basis(models.TextChoices):
        EXPRESS = "express"
        IMPLIED = "implied", "Implied: it ends by itself"

    class Means(models.TextChoices):
        """How the person said so."""

        SPOKEN = "spoken"
        WRITTEN = "written"
        ONLINE = "online"
        LINK = "link", "The link in a message"

    labels: ClassVar[Labels] = Labels(is_identity=True)

    patient = models.ForeignKey(
        "coordination.Patient", on_delete=models.PROTECT, related_name="messaging_consents"
    )
    purpose = models.CharField(max_length=12, choices=Purpose)
    channel = models.CharField(max_length=8, choices=Channel)
    decision = models.CharField(max_length=9, choices=Decision)
    basis = models.CharField(max_length=7, choices=Basis, blank=True)
    means = models.CharField(max_length=7, choices=Means)
    wording = models.CharField(
        max_length=64, blank=True, help_text="Which version of the words was agreed to."
    )
    evidence = models.TextField(
        blank=True, help_text="Where the proof lies: a form, a recording, a message."
    )
    obtained_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    recorded_by = models.TextField(help_text="The login, or the link that was followed.")
    user_id = models.UUIDField(null=True, blank=True)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(decision="withdrawn", basis="", expires_at=None)
                | Q(~Q(wording=""), ~Q(evidence=""), decision="given", basis="express")
                | Q(
                    ~Q(evidence=""),
                    decision="given",
                    basis="implied",
                    expires_at__gt=models.F("obtained_at"),
                ),
                name="notifications_consent_evidence",
            ),
            models.CheckConstraint(
                condition=Q(channel__in=Channel.values)
                & Q(purpose__in=Purpose.values)
                & Q(obtained_at__lte=models.F("recorded_at")),
                name="notifications_consent_words",
            ),
        ]
        indexes = [
            # the latest word, asked before every commercial message
            models.Index(
                fields=["organization", "patient", "purpose", "channel", "-recorded_at"],
                name="notifications_consent_latest",
            )
        ]
        triggers = APPEND_ONLY

    def __str__(self) -> str:
        return f"{self.purpose} by {self.channel}: {self.decision}"
