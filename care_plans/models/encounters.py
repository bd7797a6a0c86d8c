"""Visits that happened, what was written about them, and what crosses lanes by agreement.

A psychotherapist's note is closed by default, whatever anybody asks for: its `sensitivity` is
fixed by the database. What the other lanes may read is a `CareSummary`, written for them and
agreed with the patient; nothing copies a note into one.
"""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q

from coordination.models import (
    DISPOSABLE,
    Discipline,
    Editable,
    Labels,
    Location,
    OrganizationOwned,
    Patient,
    PractitionerRole,
)

from .lanes import Lane
from .plans import Course

_SAME_PATIENT = """
    IF NEW.{column} IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM public.{table} o
        WHERE o.id = NEW.{column} AND o.patient_id = NEW.patient_id
    ) THEN
        RAISE check_violation USING MESSAGE = '{column} is of another patient';
    END IF;
    RETURN NEW;
"""


def _of_same_patient(table: str, column: str) -> pgtrigger.Trigger:
    return pgtrigger.Trigger(
        name=f"{column.removesuffix('_id')}_of_same_patient",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert,
        func=_SAME_PATIENT.format(column=column, table=table),
    )


#: what is written carries the discipline that its author has
_OF_AUTHORS_DISCIPLINE = pgtrigger.Trigger(
    name="of_authors_discipline",
    when=pgtrigger.Before,
    operation=pgtrigger.Insert,
    func="""
        IF NOT EXISTS (
            SELECT 1 FROM public.coordination_practitionerrole r
            WHERE r.id = NEW.author_id AND r.discipline = NEW.discipline
        ) THEN
            RAISE check_violation USING MESSAGE = 'the discipline is not that of the author';
        END IF;
        RETURN NEW;
    """,
)


class Encounter(OrganizationOwned):
    """One visit that happened, in person or not (FHIR Encounter)."""

    class Status(models.TextChoices):
        """The words of FHIR's Encounter; `in_progress` is its `in-progress`."""

        IN_PROGRESS = "in_progress"
        FINISHED = "finished"
        CANCELLED = "cancelled", "Cancelled: broken off before any care"
        ENTERED_IN_ERROR = "entered_in_error"

    class Class(models.TextChoices):
        IN_PERSON = "in_person"
        VIRTUAL = "virtual"

    labels: ClassVar[Labels] = Labels(
        discipline="practitioner_role__discipline",
        author="practitioner_role_id",
        condition="course_id",
        versions=("RecordRequest",),
    )

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    practitioner_role = models.ForeignKey(
        PractitionerRole, on_delete=models.PROTECT, related_name="+"
    )
    location = models.ForeignKey(
        Location, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    course = models.ForeignKey(
        Course, on_delete=models.PROTECT, null=True, blank=True, related_name="encounters"
    )
    lane = models.ForeignKey(
        Lane, on_delete=models.PROTECT, null=True, blank=True, related_name="encounters"
    )
    encounter_class = models.CharField(max_length=9, choices=Class)
    status = models.CharField(max_length=16, choices=Status, editable=False)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    because = models.TextField(
        blank=True, help_text="Why it was cancelled or was entered in error."
    )
    actor = models.TextField(help_text="Login, or the part of the software that acted.")
    user_id = models.UUIDField(null=True, blank=True)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(encounter_class__in=["in_person", "virtual"])
                & (
                    Q(status="in_progress", ended_at=None, because="")
                    | Q(status="finished", ended_at__isnull=False, because="")
                    | Q(~Q(because=""), status__in=["cancelled", "entered_in_error"])
                ),
                name="care_plans_encounter_state",
            ),
            models.CheckConstraint(
                condition=Q(started_at__lte=F("recorded_at"))
                & (Q(ended_at=None) | Q(ended_at__gte=F("started_at"))),
                name="care_plans_encounter_times",
            ),
            models.CheckConstraint(
                condition=Q(lane=None) | Q(course__isnull=False),
                name="care_plans_encounter_lane",
            ),
        ]
        indexes = [
            # the visits of a patient, the latest first
            models.Index(
                fields=["organization", "patient", "-started_at"],
                name="care_plans_encounter_patient",
            ),
        ]
        triggers = [
            pgtrigger.FSM(
                name="encounter_status",
                field="status",
                transitions=[
                    ("in_progress", "finished"),
                    ("in_progress", "cancelled"),
                    ("in_progress", "entered_in_error"),
                    ("finished", "entered_in_error"),
                    ("cancelled", "entered_in_error"),
                ],
            ),
            pgtrigger.ReadOnly(
                name="encounter_identity", exclude=["status", "ended_at", "because"]
            ),
            _of_same_patient("care_plans_course", "course_id"),
            *DISPOSABLE,
        ]

    def __str__(self) -> str:
        return f"{self.encounter_class}, {self.status}"


class ClinicalNote(OrganizationOwned, Editable):
    """What a practitioner wrote (FHIR DocumentReference). Once signed, it never changes.

    An amendment is a new note beside the one that it amends, which stays readable.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft: only its author sees it"
        SIGNED = "signed"
        SUPERSEDED = "superseded", "Superseded: `amended_by` says what was written instead"
        ENTERED_IN_ERROR = "entered_in_error"

    class Sensitivity(models.TextChoices):
        """Codes that close a note to all but its author and the author's discipline."""

        PSYCHOTHERAPY = "psychotherapy"
        RESTRICTED = "restricted", "Restricted by its author"

    labels: ClassVar[Labels] = Labels(
        discipline="discipline",
        author="author_id",
        condition="course_id",
        versions=("ClinicalNote",),
        ties=("id", "amends_id"),
        sensitivity="sensitivity",
        ready="signed_at",
    )
    editable = ("text", "written_at")

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    encounter = models.ForeignKey(
        Encounter, on_delete=models.PROTECT, null=True, blank=True, related_name="notes"
    )
    course = models.ForeignKey(
        Course, on_delete=models.PROTECT, null=True, blank=True, related_name="notes"
    )
    author = models.ForeignKey(PractitionerRole, on_delete=models.PROTECT, related_name="+")
    discipline = models.CharField(max_length=20, choices=Discipline, editable=False)
    sensitivity = models.CharField(
        max_length=16, choices=Sensitivity, blank=True, help_text="Empty: open to the circle."
    )
    text = models.TextField()
    status = models.CharField(max_length=16, choices=Status, default=Status.DRAFT, editable=False)
    amends = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="amended_by"
    )
    because = models.TextField(blank=True, help_text="Why it amends another.")
    error_reason = models.TextField(blank=True, help_text="Why it was entered in error.")
    actor = models.TextField(help_text="Login, or the part of the software that acted.")
    user_id = models.UUIDField(null=True, blank=True)
    written_at = models.DateTimeField(help_text="The time that it is about.")
    recorded_at = models.DateTimeField()
    signed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(discipline="psychotherapy", sensitivity="psychotherapy")
                | Q(~Q(discipline="psychotherapy"), sensitivity__in=["", "restricted"]),
                name="care_plans_note_closed",
            ),
            models.CheckConstraint(
                condition=Q(discipline__in=Discipline.values) & ~Q(text=""),
                name="care_plans_note_words",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["draft", "entered_in_error"])
                | Q(status__in=["signed", "superseded"], signed_at__isnull=False),
                name="care_plans_note_signed",
            ),
            models.CheckConstraint(
                condition=Q(status="draft", signed_at=None) | ~Q(status="draft"),
                name="care_plans_note_draft",
            ),
            models.CheckConstraint(
                condition=Q(amends=None) | ~Q(because="") & ~Q(amends=F("id")),
                name="care_plans_note_amends",
            ),
            models.CheckConstraint(
                condition=Q(status="entered_in_error") & ~Q(error_reason="")
                | ~Q(status="entered_in_error") & Q(error_reason=""),
                name="care_plans_note_in_error",
            ),
            models.CheckConstraint(
                condition=Q(written_at__lte=F("recorded_at")), name="care_plans_note_not_ahead"
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization", "patient", "-written_at"],
                name="care_plans_note_patient",
            ),
        ]
        triggers = [
            pgtrigger.FSM(
                name="note_status",
                field="status",
                transitions=[
                    ("draft", "signed"),
                    ("draft", "entered_in_error"),
                    ("signed", "superseded"),
                    ("signed", "entered_in_error"),
                ],
            ),
            pgtrigger.ReadOnly(
                name="note_identity",
                exclude=[
                    "status",
                    "text",
                    "written_at",
                    "signed_at",
                    "error_reason",
                    "version",
                    "updated_at",
                ],
            ),
            pgtrigger.Protect(
                name="signed_for_good",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.status <> 'draft' AND (OLD.text <> NEW.text"
                    " OR OLD.written_at <> NEW.written_at"
                    " OR OLD.signed_at IS DISTINCT FROM NEW.signed_at)"
                ),
            ),
            pgtrigger.Trigger(
                name="superseded_by_a_signed_one",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(new__status="superseded", old__status__df="superseded"),
                func="""
                    IF NOT EXISTS (
                        SELECT 1 FROM public.care_plans_clinicalnote n
                        WHERE n.amends_id = NEW.id AND n.status = 'signed'
                    ) THEN
                        RAISE check_violation USING MESSAGE = 'no signed note amends this one';
                    END IF;
                    RETURN NEW;
                """,
            ),
            _OF_AUTHORS_DISCIPLINE,
            _of_same_patient("care_plans_course", "course_id"),
            _of_same_patient("care_plans_encounter", "encounter_id"),
            _of_same_patient("care_plans_clinicalnote", "amends_id"),
            *DISPOSABLE,
        ]

    def __str__(self) -> str:
        return f"{self.discipline}, {self.status}"


class CareSummary(OrganizationOwned):
    """What one discipline tells the team, in words written for it and agreed with the patient.

    Agreement can be taken back: from then on the summary is closed as a note would be.
    """

    class Kind(models.TextChoices):
        SUMMARY = "summary"
        GOAL = "goal", "A goal that the team may know"

    class Agreed(models.TextChoices):
        """How the patient agreed."""

        SPOKEN = "spoken"
        WRITTEN = "written"

    class Sensitivity(models.TextChoices):
        """Codes that close a summary to all but its author and the author's discipline."""

        WITHDRAWN = "withdrawn", "The patient took the agreement back"

    labels: ClassVar[Labels] = Labels(
        discipline="discipline",
        author="author_id",
        condition="course_id",
        versions=("RecordRequest",),
        sensitivity="sensitivity",
    )

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    course = models.ForeignKey(
        Course, on_delete=models.PROTECT, null=True, blank=True, related_name="summaries"
    )
    author = models.ForeignKey(PractitionerRole, on_delete=models.PROTECT, related_name="+")
    discipline = models.CharField(max_length=20, choices=Discipline, editable=False)
    kind = models.CharField(max_length=7, choices=Kind)
    text = models.TextField()
    agreed_at = models.DateTimeField(help_text="When the patient agreed to these words.")
    agreed_how = models.CharField(max_length=7, choices=Agreed)
    sensitivity = models.CharField(max_length=16, choices=Sensitivity, blank=True, editable=False)
    withdrawn_at = models.DateTimeField(null=True, blank=True, editable=False)
    actor = models.TextField(help_text="Login, or the part of the software that acted.")
    user_id = models.UUIDField(null=True, blank=True)
    written_at = models.DateTimeField(help_text="The time that it is about.")
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    discipline__in=Discipline.values,
                    kind__in=["summary", "goal"],
                    agreed_how__in=["spoken", "written"],
                )
                & ~Q(text=""),
                name="care_plans_summary_words",
            ),
            models.CheckConstraint(
                condition=Q(sensitivity="", withdrawn_at=None)
                | Q(sensitivity="withdrawn", withdrawn_at__isnull=False),
                name="care_plans_summary_withdrawn",
            ),
            models.CheckConstraint(
                condition=Q(agreed_at__lte=F("recorded_at"), written_at__lte=F("recorded_at")),
                name="care_plans_summary_not_ahead",
            ),
        ]
        indexes = [
            # what the team was told about a patient, the latest first
            models.Index(
                fields=["organization", "patient", "-written_at"],
                name="care_plans_summary_patient",
            ),
        ]
        triggers = [
            pgtrigger.ReadOnly(name="summary_identity", exclude=["sensitivity", "withdrawn_at"]),
            pgtrigger.Protect(
                name="withdrawn_for_good",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__withdrawn_at__isnull=False),
            ),
            _OF_AUTHORS_DISCIPLINE,
            _of_same_patient("care_plans_course", "course_id"),
            *DISPOSABLE,
        ]

    def __str__(self) -> str:
        return f"{self.kind} by {self.discipline}"
