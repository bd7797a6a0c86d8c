"""Practitioners, locations and the events feed."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from coordination import access, events, registry
from coordination.actors import Role
from coordination.api import serializers
from coordination.api.concurrency import expected_version
from coordination.api.headers import IF_MATCH, VERSION_PROBLEMS
from coordination.api.pagination import FeedPagination
from coordination.api.permissions import ADMINISTRATION, ANY_ROLE, CARE
from coordination.api.views import ContinuumViewSet, Listed, OfPatients, Retrieved
from coordination.disclosure import events_disclosed_to, events_of_drafts
from coordination.models import (
    Discipline,
    Event,
    Location,
    Practitioner,
    PractitionerRole,
)


@extend_schema_view(
    list=extend_schema(summary="List the organization's locations"),
    retrieve=extend_schema(summary="Read a location"),
)
class LocationViewSet(Listed, Retrieved):
    """The sites of the organization."""

    roles = {
        "list": ANY_ROLE,
        "retrieve": ANY_ROLE,
        "create": ADMINISTRATION,
        "partial_update": ADMINISTRATION,
    }
    serializer_class = serializers.LocationSerializer
    queryset = Location.objects.all()
    filterset_fields: ClassVar[list[str]] = ["is_active"]

    @extend_schema(summary="Add a location", responses={201: serializers.LocationSerializer})
    def create(self, request: Request) -> Response:
        """Add a site."""
        row = registry.add_location(fields=self.valid(), actor=self.actor, now=self.now)
        return self.answer(row, status=201)

    @extend_schema(summary="Correct a location")
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change fields of the version that If-Match names."""
        return _correct(self)


def _correct(view: ContinuumViewSet, serializer_class: Any = None) -> Response:
    version = expected_version(view.request)
    fields = view.valid(serializer_class, partial=True)
    row = registry.correct(
        view.get_object(), version=version, fields=fields, actor=view.actor, now=view.now
    )
    return view.answer(row)


class PractitionerFilter(filters.FilterSet):
    """How a practitioner is looked for."""

    discipline = filters.ChoiceFilter(choices=Discipline.choices, method="by_role")
    location = filters.UUIDFilter(
        method="by_location", label="Together with a discipline: who practises it there."
    )

    class Meta:
        model = Practitioner
        fields: list[str] = []

    def by_role(
        self, rows: QuerySet[Practitioner, Practitioner], name: str, value: Any
    ) -> QuerySet[Practitioner, Practitioner]:
        """Keep those of whom one and the same role is all that is asked for."""
        given = self.form.cleaned_data
        asked = {field: given[field] for field in ("discipline", "location") if given[field]}
        roles = PractitionerRole.objects.filter(practitioner=OuterRef("pk"), **asked)
        return rows.filter(Exists(roles))

    def by_location(
        self, rows: QuerySet[Practitioner, Practitioner], name: str, value: UUID
    ) -> QuerySet[Practitioner, Practitioner]:
        """Do the same; the schema reads off the signature what a location is."""
        return self.by_role(rows, name, value)


@extend_schema_view(
    list=extend_schema(summary="List practitioners with their roles and registrations"),
    retrieve=extend_schema(summary="Read a practitioner"),
)
class PractitionerViewSet(Listed, Retrieved):
    """The people who treat, with discipline, location and registration."""

    roles = {
        "list": ANY_ROLE,
        "retrieve": ANY_ROLE,
        "create": ADMINISTRATION,
        "partial_update": ADMINISTRATION,
        "register": ADMINISTRATION,
        "login": ADMINISTRATION,
    }
    serializer_class = serializers.PractitionerSerializer
    queryset = Practitioner.objects.select_related("user").prefetch_related("roles__location")
    filterset_class = PractitionerFilter

    @extend_schema(
        summary="Add a practitioner", responses={201: serializers.PractitionerSerializer}
    )
    def create(self, request: Request) -> Response:
        """Add a person who treats."""
        fields = self.valid()
        row = registry.add_practitioner(
            login=fields.pop("login", ""), fields=fields, actor=self.actor, now=self.now
        )
        return self.answer(row, status=201)

    @extend_schema(
        summary="Correct a practitioner",
        request=serializers.PractitionerChangeSerializer,
        responses=serializers.PractitionerSerializer,
    )
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change fields of the version that If-Match names."""
        return _correct(self, serializers.PractitionerChangeSerializer)

    @extend_schema(
        summary="Let a practitioner work under a login",
        request=serializers.LoginSerializer,
        responses={200: serializers.PractitionerSerializer, **VERSION_PROBLEMS},
        parameters=[IF_MATCH],
    )
    @action(detail=True, methods=["post"])
    def login(self, request: Request, pk: str) -> Response:
        """Name the address that this person logs in with."""
        version = expected_version(request)
        row = registry.give_login(
            self.get_object(),
            version=version,
            login=self.valid(serializers.LoginSerializer)["login"],
            actor=self.actor,
            now=self.now,
        )
        return self.answer(row)

    @extend_schema(
        summary="Register a practitioner as one discipline at one location",
        request=serializers.RegistrationSerializer,
        responses={201: serializers.RegistrationSerializer},
    )
    @action(detail=True, methods=["post"], url_path="roles")
    def register(self, request: Request, pk: str) -> Response:
        """Add a role with the registration that allows it."""
        fields = self.valid(serializers.RegistrationSerializer)
        fields["location_id"] = fields.pop("location").pk
        role = registry.register_role(
            self.get_object().pk, fields=fields, actor=self.actor, now=self.now
        )
        return self.answer(role, status=201, serializer_class=serializers.RegistrationSerializer)


@extend_schema_view(retrieve=extend_schema(summary="Read a registration"))
class PractitionerRoleViewSet(Retrieved):
    """One registration: its validity ends what the person may see and do the same day."""

    roles = {"retrieve": ANY_ROLE, "partial_update": ADMINISTRATION}
    serializer_class = serializers.RegistrationSerializer
    queryset = PractitionerRole.objects.select_related("location")

    @extend_schema(
        summary="Correct a registration", request=serializers.RegistrationChangeSerializer
    )
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change validity, capacity or services of the version that If-Match names."""
        return _correct(self, serializers.RegistrationChangeSerializer)


#: the records that the directory view shows: their events are the schedulers' too
LOGISTICS = ("Patient", "CareTeamMember", "Referral", "WorkItem")


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
    seen_in = "directory"
    roles = {"list": CARE}
    serializer_class = serializers.EventSerializer
    queryset = Event.objects.none()
    pagination_class = FeedPagination
    filterset_fields: ClassVar[list[str]] = ["type", "subject"]

    def get_queryset(self) -> QuerySet[Event, Event]:
        """Return the settled events about patients within reach, and those about nobody.

        Schedulers follow logistics; what happened clinically is told to the circle of care alone.
        """
        within = Q(patient=None, organization_id=self.actor.organization_id)
        within |= access.within_reach(self.actor, self.now) & events_disclosed_to(
            self.actor, self.now
        )
        if Role.SCHEDULER in self.actor.roles:
            directory = access.within_reach(self.actor, self.now, view="directory")
            within |= directory & Q(subject__in=LOGISTICS) & ~events_of_drafts(self.actor)
        return Event.objects.filter(events.settled(), within)
