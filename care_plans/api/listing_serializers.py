"""How courses look in a list, whose JSON PostgreSQL writes (see `coordination.api.projection`)."""

from typing import Any

from rest_framework import serializers

from care_plans.api.course_serializers import LanePractitionerSerializer
from care_plans.models import Course, Lane, StageStay
from coordination.api.projection import Guarded, OnlyOne
from coordination.api.serializers import PatientNameField
from coordination.models import CareTeamMember, Discipline, WorkItem
from referrals.models import Referral


class ListedStaySerializer(serializers.ModelSerializer[StageStay]):
    """The present stay."""

    overdue = serializers.BooleanField(
        read_only=True,
        help_text="Whether it lasts longer than expected; never while the course is paused.",
    )
    blocked_by = serializers.ListField(
        source="holding",
        child=serializers.ChoiceField(choices=Discipline.choices),
        read_only=True,
        help_text="The lanes that hold it up, as far as the reader may know.",
    )

    class Meta:
        model = StageStay
        fields = [
            "id",
            "stage",
            "sequence",
            "entered_at",
            "expected_until",
            "review_at",
            "standing",
            "standing_since",
            "blocked_by",
            "overdue",
        ]
        read_only_fields = fields


class ListedLeadSerializer(serializers.ModelSerializer[CareTeamMember]):
    """Who is accountable for the patient's plan."""

    id = serializers.UUIDField(source="practitioner_role_id", read_only=True)
    name = serializers.CharField(source="practitioner_role.practitioner.name", read_only=True)
    discipline = serializers.ChoiceField(
        Discipline.choices, source="practitioner_role.discipline", read_only=True
    )

    class Meta:
        model = CareTeamMember
        fields = ["id", "name", "discipline", "since"]
        read_only_fields = fields


class ListedWorkSerializer(serializers.ModelSerializer[WorkItem]):
    """Who was asked, and how far it is."""

    owner = LanePractitionerSerializer(read_only=True, allow_null=True)

    class Meta:
        model = WorkItem
        fields = ["status", "owner", "due_at"]
        read_only_fields = fields


class ListedReferralSerializer(serializers.ModelSerializer[Referral]):
    """An open referral: its logistics."""

    work = ListedWorkSerializer(source="work_item", read_only=True, allow_null=True)

    class Meta:
        model = Referral
        fields = ["id", "status", "priority", "requested_at", "needed_by", "work"]
        read_only_fields = fields


class ListedLaneSerializer(serializers.ModelSerializer[Lane]):
    """One discipline's part: who does it, or the referral that looks for somebody."""

    practitioner = LanePractitionerSerializer(
        source="practitioner_role", read_only=True, allow_null=True
    )
    open_referral = ListedReferralSerializer(read_only=True, allow_null=True)

    class Meta:
        model = Lane
        fields = ["id", "discipline", "needed", "practitioner", "open_referral"]
        read_only_fields = fields


class ListedCourseSerializer(Guarded):
    """A course in a list. What is clinical is null in the directory view, which schedulers have."""

    patient_name = PatientNameField()
    pathway = serializers.CharField(source="pathway.slug", read_only=True, allow_null=True)
    version = serializers.CharField(
        source="pathway_version.version", read_only=True, allow_null=True
    )
    stay: Any = OnlyOne(
        ListedStaySerializer(),
        source="open_stays",
        help_text="The present stay; null before and after.",
    )
    lead: Any = OnlyOne(ListedLeadSerializer(), source="patient.leads")
    lanes = ListedLaneSerializer(many=True, read_only=True, source="listed_lanes")
    previous = serializers.UUIDField(source="previous_shown", read_only=True, allow_null=True)

    class Meta:
        model = Course
        fields = [
            "id",
            "care_plan",
            "patient",
            "patient_name",
            "status",
            "pathway",
            "pathway_version",
            "version",
            "condition",
            "severity",
            "side",
            "stage",
            "stay",
            "lead",
            "lanes",
            "previous",
            "applied_at",
            "started_at",
            "paused_at",
            "discharged_at",
            "outcome",
            "recorded_at",
        ]
        read_only_fields = fields
        guarded = (
            "pathway",
            "pathway_version",
            "version",
            "condition",
            "severity",
            "side",
            "stage",
            "stay",
            "previous",
            "outcome",
        )
        extra_kwargs = {
            name: {"allow_null": True}
            for name in ("pathway_version", "condition", "severity", "side", "outcome")
        }
