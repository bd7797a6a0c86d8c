"""Practitioners, locations and the events feed."""

from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view

from coordination import access, events
from coordination.actors import Role
from coordination.api import serializers
from coordination.api.pagination import FeedPagination
from coordination.api.permissions import ANY_ROLE, CARE
from coordination.api.views import Listed, OfPatients, Retrieved
from coordination.models import Discipline, Event, Location, Practitioner


@extend_schema_view(
    list=extend_schema(summary="List the organization's locations"),
    retrieve=extend_schema(summary="Read a location"),
)
class LocationViewSet(Listed, Retrieved):
    """The sites of the organization."""

    roles = {"list": ANY_ROLE, "retrieve": ANY_ROLE}
    serializer_class = serializers.LocationSerializer
    queryset = Location.objects.all()
    filterset_fields: ClassVar[list[str]] = ["is_active"]


class PractitionerFilter(filters.FilterSet):
    """How a practitioner is looked for."""

    discipline = filters.ChoiceFilter(
        field_name="roles__discipline", choices=Discipline.choices, distinct=True
    )
    location = filters.UUIDFilter(field_name="roles__location", distinct=True)

    class Meta:
        model = Practitioner
        fields: list[str] = []


@extend_schema_view(
    list=extend_schema(summary="List practitioners with their roles and registrations"),
    retrieve=extend_schema(summary="Read a practitioner"),
)
class PractitionerViewSet(Listed, Retrieved):
    """The people who treat, with discipline, location and registration."""

    roles = {"list": ANY_ROLE, "retrieve": ANY_ROLE}
    serializer_class = serializers.PractitionerSerializer
    queryset = Practitioner.objects.prefetch_related("roles__location")
    filterset_class = PractitionerFilter


@extend_schema_view(
    list=extend_schema(
        summary="Follow what happened",
        description=(
            "Oldest first. Keep the `next` link and ask it again: nothing is skipped and nothing "
            "comes twice. Events carry ids only; read the record to learn more."
        ),
    )
)
class EventViewSet(OfPatients, Listed):
    """The feed of what happened, for systems that follow by cursor."""

    audited_as = "Event"
    roles = {"list": CARE}
    serializer_class = serializers.EventSerializer
    queryset = Event.objects.none()
    pagination_class = FeedPagination
    filterset_fields: ClassVar[list[str]] = ["type", "subject"]

    def get_queryset(self) -> QuerySet[Event, Event]:
        """Return the settled events about patients within reach, and those about nobody."""
        view: access.View = (
            "directory" if Role.SCHEDULER in self.actor.roles else "clinical"
        )
        return Event.objects.filter(
            events.settled(),
            Q(patient=None, organization_id=self.actor.organization_id)
            | access.within_reach(self.actor, self.now, view=view),
        )

    def audit_disclosure(self, rows: Any, *, searched: bool) -> None:
        """Record the patients that the page names."""
        super().audit_disclosure(
            [row for row in rows if row.patient_id], searched=searched
        )
