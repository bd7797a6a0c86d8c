"""How referrals look to programs. No serializer accepts a status: it moves by an action."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from coordination.api.projection import Guarded
from coordination.api.serializers import PatientNameField
from coordination.models import Discipline, PractitionerRole, WorkItem
from referrals.models import Referral, ReferralReport, ReferralTransition, RoutingDecision
from referrals.reasons import (
    ChoiceReason,
    DeclineReason,
    HoldReason,
    RequeueReason,
    RevokeReason,
)


class ReferralPartySerializer(serializers.ModelSerializer[PractitionerRole]):
    """A practitioner in one role."""

    name = serializers.CharField(source="practitioner.name", read_only=True)

    class Meta:
        model = PractitionerRole
        fields = ["id", "name", "discipline"]
        read_only_fields = fields


class ReferralWorkSerializer(serializers.ModelSerializer[WorkItem]):
    """The present work item: who does it, and how far it is."""

    owner = ReferralPartySerializer(read_only=True, allow_null=True)
    claimed_by_name = serializers.CharField(
        source="claimed_by.name", read_only=True, allow_null=True, default=None
    )

    class Meta:
        model = WorkItem
        fields = [
            "id",
            "status",
            "owner",
            "claimed_by",
            "claimed_by_name",
            "claimed_until",
            "opened_at",
            "assigned_at",
            "due_at",
            "closed_at",
        ]
        read_only_fields = fields


class ReferralReportSerializer(serializers.ModelSerializer[ReferralReport]):
    """The report back."""

    author = ReferralPartySerializer(read_only=True)

    class Meta:
        model = ReferralReport
        fields = ["id", "work_item", "author", "text", "outcome", "written_at", "recorded_at"]
        read_only_fields = fields


class ReferralClinicalSerializer(serializers.ModelSerializer[Referral]):
    """Why it was made and what came of it: only for those in the patient's circle of care."""

    reports = ReferralReportSerializer(many=True, read_only=True)

    class Meta:
        model = Referral
        fields = ["reason_code", "stage", "sensitivity", "lane_id", "outcome", "reports"]
        read_only_fields = fields


class ReferralSerializer(Guarded):
    """A referral: its logistics, and for the patient's circle of care its clinical content."""

    patient_name = PatientNameField()
    requested_by = ReferralPartySerializer(read_only=True)
    location_name = serializers.CharField(
        source="location.name", read_only=True, allow_null=True, default=None
    )
    work = ReferralWorkSerializer(source="work_item", read_only=True, allow_null=True)
    clinical = ReferralClinicalSerializer(
        source="*",
        read_only=True,
        allow_null=True,
        help_text=(
            "Null in the directory view, which schedulers have; and, of a referral to or from "
            "psychotherapy, for all but its parties and the psychotherapists of the circle."
        ),
    )

    class Meta:
        model = Referral
        fields = [
            "id",
            "patient",
            "patient_name",
            "discipline",
            "status",
            "priority",
            "requested_by",
            "requested_at",
            "needed_by",
            "location",
            "location_name",
            "order",
            "work",
            "acknowledged_by",
            "acknowledged_at",
            "moved_at",
            "clinical",
        ]
        read_only_fields = fields
        guarded = ("clinical",)


class ReferralTransitionSerializer(serializers.ModelSerializer[ReferralTransition]):
    """One step of the request or of one of its work items."""

    class Meta:
        model = ReferralTransition
        fields = [
            "id",
            "part",
            "action",
            "from_status",
            "to_status",
            "work_item",
            "reason_code",
            "actor",
            "effective_at",
            "recorded_at",
        ]
        read_only_fields = fields


class RoutingReasonSerializer(serializers.Serializer[Any]):
    """One thing that put a candidate where it is."""

    code = serializers.CharField(read_only=True)
    effect = serializers.ChoiceField(
        choices=["excludes", "for", "against", "neutral", "unknown"], read_only=True
    )
    text = serializers.CharField(read_only=True)


class RoutingCandidateSerializer(serializers.Serializer[Any]):
    """A candidate; without a rank they cannot be asked, and the reasons say why."""

    practitioner_role = serializers.UUIDField(read_only=True)
    name = serializers.CharField(read_only=True)
    location = serializers.UUIDField(read_only=True)
    location_name = serializers.CharField(read_only=True)
    rank = serializers.IntegerField(read_only=True, allow_null=True)
    reasons = RoutingReasonSerializer(many=True, read_only=True)


class RoutingDecisionSerializer(serializers.ModelSerializer[RoutingDecision]):
    """One assignment: everybody who was weighed, whom it came to, who decided and why."""

    candidates = RoutingCandidateSerializer(many=True, read_only=True)

    class Meta:
        model = RoutingDecision
        fields = [
            "id",
            "work_item",
            "candidates",
            "chosen",
            "reason_code",
            "decided_by",
            "decided_at",
            "rules_version",
        ]
        read_only_fields = fields


@extend_schema_serializer(component_name="Referral")  # the request: `ReferralRequest`
class ReferralRequestSerializer(serializers.Serializer[Any]):
    """What is asked for. A code is small letters, digits and `_ . -`; there is no free text."""

    patient = serializers.UUIDField()
    discipline = serializers.ChoiceField(choices=Discipline.choices)
    reason_code = serializers.CharField(max_length=64)
    priority = serializers.ChoiceField(
        choices=Referral.Priority.choices, default=Referral.Priority.ROUTINE
    )
    sensitivity = serializers.CharField(max_length=64, default="", allow_blank=True)
    needed_by = serializers.DateTimeField(default=None, allow_null=True)
    location = serializers.UUIDField(default=None, allow_null=True)
    requested_by = serializers.UUIDField(
        default=None, allow_null=True, help_text="Your role, when you practise in several."
    )
    key = serializers.CharField(
        max_length=200,
        default="",
        allow_blank=True,
        help_text="The same key again, for the same patient, is the same referral.",
    )
    draft = serializers.BooleanField(default=False, help_text="Keep it; `submit` sends it.")


class ReferralAssignSerializer(serializers.Serializer[Any]):
    """Whom to ask; left out, the first of the ranking. Somebody else needs a reason."""

    practitioner_role = serializers.UUIDField(default=None, allow_null=True)
    reason_code = serializers.ChoiceField(
        choices=ChoiceReason.choices, default="", allow_blank=True
    )


class ReferralDeclineSerializer(serializers.Serializer[Any]):
    """Why it is not taken."""

    reason_code = serializers.ChoiceField(choices=DeclineReason.choices)


class ReferralRequeueSerializer(serializers.Serializer[Any]):
    """Why it goes back into the queue."""

    reason_code = serializers.ChoiceField(choices=RequeueReason.choices)


class ReferralHoldSerializer(serializers.Serializer[Any]):
    """Why it rests."""

    reason_code = serializers.ChoiceField(choices=HoldReason.choices)


class ReferralRevokeSerializer(serializers.Serializer[Any]):
    """Why it is withdrawn."""

    reason_code = serializers.ChoiceField(choices=RevokeReason.choices)


class ReferralStartSerializer(serializers.Serializer[Any]):
    """When work began, if that was earlier than now."""

    effective_at = serializers.DateTimeField(default=None, allow_null=True)


class ReferralCompleteSerializer(serializers.Serializer[Any]):
    """The report back; `effective_at` says when work ended, if that was earlier than now."""

    text = serializers.CharField(max_length=20_000)
    outcome = serializers.ChoiceField(choices=Referral.Outcome.choices)
    effective_at = serializers.DateTimeField(default=None, allow_null=True)
