"""`/access-check`: what somebody would be answered, and which rule would say so."""

from typing import Any
from uuid import UUID

from drf_spectacular.helpers import forced_singular_serializer
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response

from coordination import access_check
from coordination.actors import Role
from coordination.api.permissions import ADMINISTRATION
from coordination.api.permissions_listing import Permission, permissions
from coordination.api.views import ContinuumViewSet

_PASSES = ["yes", "no", "depends"]


class AccessCheckQuerySerializer(serializers.Serializer[Any]):
    """Whom, what and to whom."""

    user = serializers.UUIDField(help_text="The login that is asked about.")
    action = serializers.CharField(
        max_length=100, help_text="As rules and `/permissions` name it: `care-plan.create`."
    )
    patient = serializers.UUIDField(
        default=None, help_text="For privacy officers: the patient that it would be about."
    )

    def validate_action(self, value: str) -> Permission:
        """Find the address; raises DRF's ValidationError."""
        found = next((one for one in permissions() if one.name == value), None)
        if found is None:
            raise serializers.ValidationError("No address has such an action: see /permissions.")
        return found


class AccessStepSerializer(serializers.Serializer[Any]):
    """What one fence says."""

    fence = serializers.ChoiceField(choices=["role", "scope", "reach", "consent"])
    passes = serializers.ChoiceField(
        choices=_PASSES, help_text="`depends`: on the record that the address names."
    )
    rule = serializers.CharField(help_text="What it refuses with, or nothing.")
    says = serializers.CharField()


class AccessCheckSerializer(serializers.Serializer[Any]):
    """What the fences come to, and each of them in the order in which it is asked."""

    passes = serializers.ChoiceField(choices=_PASSES, help_text="One that refuses suffices.")
    steps = AccessStepSerializer(many=True)


class AccessCheckViewSet(ContinuumViewSet):
    """A bench on which who keeps the rules tries them out; nothing is done, and it is recorded."""

    roles = {"list": ADMINISTRATION | {Role.PRIVACY_OFFICER}}
    parameters = {"list": ("user", "action", "patient")}
    serializer_class = AccessCheckSerializer
    pagination_class = None
    filter_backends = ()

    @extend_schema(
        summary="Try out whether somebody may do something",
        description="Administrators ask about roles and scope; privacy officers also about a "
        "patient. Nothing is done by it; that it was asked is recorded.",
        parameters=[
            OpenApiParameter("user", UUID, required=True, description="The login."),
            OpenApiParameter("action", str, required=True, description="`care-plan.create`, say."),
            OpenApiParameter("patient", UUID, description="Privacy officers only."),
        ],
        responses={200: forced_singular_serializer(AccessCheckSerializer)},
    )
    def list(self, request: Request) -> Response:
        """Return what each fence says."""
        query = AccessCheckQuerySerializer(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        permission: Permission = asked["action"]
        steps = access_check.check(
            access_check.Call(
                action=permission.name,
                hats=permission.hats,
                writes=permission.verb not in SAFE_METHODS,
                view=permission.view,
            ),
            user_id=asked["user"],
            patient_id=asked["patient"],
            actor=self.actor,
            now=self.now,
        )
        found = {"passes": access_check.verdict(steps), "steps": steps}
        return Response(self.get_serializer(found).data)
