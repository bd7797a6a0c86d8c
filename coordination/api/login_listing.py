"""`/logins`: whose login is which, for who ends access and who tries permissions out."""

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from coordination import staff
from coordination.actors import Role
from coordination.api.permissions import ADMINISTRATION, OVERSIGHT
from coordination.api.views import Listed
from coordination.models import Membership, User, current

_STAFF = [(role.value, role.label) for role in Role if role not in staff.FROM_OUTSIDE]


class LoginListingSerializer(serializers.ModelSerializer[User]):
    """Somebody who works here, or did, as they log in."""

    roles = serializers.ListField(
        child=serializers.ChoiceField(choices=_STAFF),
        read_only=True,
        help_text="What the login is in your organization now.",
    )
    practitioner = serializers.UUIDField(
        source="practitioner_id",
        read_only=True,
        allow_null=True,
        help_text="As whom it treats; null for nobody.",
    )
    is_active = serializers.BooleanField(
        source="is_usable",
        read_only=True,
        help_text="Whether it opens anything here: it is not closed, and has a role that holds.",
    )
    has_second_factor = serializers.BooleanField(
        read_only=True, help_text="Whether an app or a passkey is enrolled; never which."
    )

    class Meta:
        model = User
        fields = [
            "id",
            "email",
            "name",
            "roles",
            "practitioner",
            "is_active",
            "has_second_factor",
        ]
        read_only_fields = fields


class LoginFilter(filters.FilterSet):
    """How a login is looked for."""

    name = filters.CharFilter(
        method="by_name", label="A part of the name or of the address; case does not matter."
    )
    role = filters.ChoiceFilter(choices=_STAFF, method="by_role", label="What it is now.")
    is_active = filters.BooleanFilter(field_name="is_usable")

    class Meta:
        model = User
        fields: list[str] = []

    def by_name(self, rows: QuerySet[User, User], name: str, value: str) -> QuerySet[User, User]:
        """Keep whose name or address holds it."""
        return rows.filter(Q(name__icontains=value) | Q(email__icontains=value))

    def by_role(self, rows: QuerySet[User, User], name: str, value: str) -> QuerySet[User, User]:
        """Keep who wears the hat."""
        request: Any = self.request
        now = request.parser_context["view"].now
        worn = Membership.objects.filter(current(now), user=OuterRef("pk"), role=value)
        return rows.filter(Exists(worn))


@extend_schema_view(
    list=extend_schema(
        summary="List the logins of the staff",
        description="Whoever works or worked in your organization, portals' service accounts "
        "included; `id` is what `/logins/{id}/end-access` and `/access-check` take. It tells "
        "nothing of patients and proxies, who are no staff.",
    )
)
class LoginViewSet(Listed):
    """Logins of the staff, as who keeps them sees them."""

    roles = {"list": ADMINISTRATION | OVERSIGHT}
    serializer_class = LoginListingSerializer
    filterset_class = LoginFilter
    queryset = User.objects.none()

    def get_queryset(self) -> QuerySet[User, User]:
        """Return the organization's own."""
        rows: QuerySet[User, User] = staff.logins_of(self.actor, self.now)
        return rows
