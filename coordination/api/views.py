"""What the API's views have in common: the actor, the clock, the roles, and audited reads."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cached_property
from http import HTTPStatus
from typing import Any, ClassVar
from uuid import UUID

from django.db import connection
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from coordination import audit
from coordination.access import View, owned_by_patient, patients_visible_to, readable_by
from coordination.actors import Actor, Role
from coordination.api.concurrency import etag
from coordination.api.members import read_whole, refuse_unread
from coordination.api.once import answer_once
from coordination.api.parameters import check_parameters
from coordination.api.permissions import ByRole
from coordination.api.rate_limit import PerLogin
from coordination.disclosure import something_withheld
from coordination.models import Editable, Patient

UUID_PATTERN = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"


#: says that something is withheld from the reader at the patient's wish, never what
WITHHELD_HEADER = "Continuum-Withheld"

#: the actions that only read
READS = frozenset({"list", "retrieve"})


class ContinuumViewSet(GenericViewSet[Any]):
    """A resource: `roles` lists each action with the roles that may call it."""

    roles: ClassVar[Mapping[str, frozenset[Role]]] = {}
    #: by action, the query parameters that no filter and no pagination reads
    parameters: ClassVar[Mapping[str, Iterable[str]]] = {}
    #: `Deprecation` (RFC 9745) and `Sunset` (RFC 8594) of an address that will go: docs/api.md
    retiring: ClassVar[Mapping[str, str]] = {}
    permission_classes: Any = (ByRole,)
    throttle_classes: Any = (PerLogin,)
    lookup_value_regex = UUID_PATTERN
    #: whether the handler has asked for the body; what nobody asked for is refused
    has_read_body = False

    def perform_authentication(self, request: Request) -> None:
        """Find out who asks, and count it; whatever is refused from then on was asked as well."""
        try:
            super().perform_authentication(request)
        finally:
            super().check_throttles(request)

    def check_throttles(self, request: Request) -> None:
        """Count nothing again: it was counted before anything could be refused."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Let the request in, or answer it as it was answered before."""
        super().initial(request, *args, **kwargs)
        check_parameters(self, request)
        refuse_unread(self, request)
        answer_once(self, request)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer, and write what the request did or disclosed in one INSERT before it commits."""
        with audit.collecting() as gathered:
            response = super().dispatch(request, *args, **kwargs)
            try:
                if not connection.needs_rollback:
                    gathered.write()
            except Exception as error:
                response = self.handle_exception(error)
                self.finalize_response(self.request, response)
        return response

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Tell with each answer what the login has left, and whether the address will go."""
        final: HttpResponseBase = super().finalize_response(request, response, *args, **kwargs)
        if standing := getattr(getattr(request, "_request", request), "rate_limit", None):
            standing.tell(final)
        for name, value in self.retiring.items():
            final[name] = value
        return final

    @cached_property
    def now(self) -> datetime:
        """Return the one moment that this request counts as happening at."""
        return timezone.now()

    @property
    def actor(self) -> Actor:
        """Return who asks."""
        auth: Any = self.request.auth
        assert isinstance(auth, Actor)
        return auth

    def valid(self, serializer_class: Any = None, **kwargs: Any) -> dict[str, Any]:
        """Return the request's body, validated; raises DRF's ValidationError, or `Invalid`."""
        build = serializer_class or self.get_serializer_class()
        return read_whole(build(data=self.body(), context=self.get_serializer_context(), **kwargs))

    def body(self) -> Any:
        """Return the request's body as it came; a body that nobody asks for is refused."""
        self.has_read_body = True
        return self.request.data

    def answer(self, row: Any, *, status: int = 200, serializer_class: Any = None) -> Response:
        """Return one row, with its ETag when it can be edited."""
        build = serializer_class or self.get_serializer_class()
        data = build(row, context=self.get_serializer_context()).data
        headers = {"ETag": etag(row)} if isinstance(row, Editable) else None
        return Response(data, status=status, headers=headers)


class Listed(ContinuumViewSet):
    """`GET /things`: filtered, paged; `audit_disclosure` sees every page before it leaves."""

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return one page."""
        rows = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        self.audit_disclosure(rows, searched=True)
        return self.get_paginated_response(self.get_serializer(rows, many=True).data)

    def audit_disclosure(
        self, rows: Iterable[Model], *, searched: bool, resource: str = ""
    ) -> None:
        """Record nothing: this resource is not a patient's."""


class Retrieved(ContinuumViewSet):
    """`GET /things/{id}`, with ETag."""

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return one row."""
        row = self.get_object()
        self.audit_disclosure([row], searched=False)
        return self.answer(row)

    def audit_disclosure(
        self, rows: Iterable[Model], *, searched: bool, resource: str = ""
    ) -> None:
        """Record nothing: this resource is not a patient's."""


class OfPatients(ContinuumViewSet):
    """A resource that patients own: each read is audited with every patient it discloses.

    Put it before `Listed` and `Retrieved`. The audit row is written in the request's transaction;
    if it cannot be written, nothing is disclosed.
    """

    audited_as: ClassVar[str]
    #: "directory" where schedulers reach every patient of the organization
    seen_in: ClassVar[View] = "clinical"

    @property
    def narrow(self) -> Any:
        """Return what narrows rows to the reader's: a former member may still read their own."""
        return readable_by if self.action in READS else owned_by_patient

    def patient_of(self, row: Any) -> UUID | None:
        """Return the patient whom a row is about, None if it is about none."""
        patient_id: UUID | None = row.patient_id
        return patient_id

    @cached_property
    def disclosed(self) -> set[UUID]:
        """Return the patients whom this response is about, gathered while it is made."""
        return set()

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Tell the reader, in a header, that something of these patients is withheld from them.

        It does not depend on what was asked for, so that it tells nothing about what it is.
        """
        response = super().finalize_response(request, response, *args, **kwargs)
        is_answered = response.status_code < HTTPStatus.BAD_REQUEST
        if is_answered and isinstance(request.auth, Actor) and self.withholds_something():
            response[WITHHELD_HEADER] = "true"
        return response

    def withholds_something(self) -> bool:
        """Say whether a directive of the patients that this is about is directed at the reader."""
        if not self.reads_clinically:
            return False
        return something_withheld(
            self.actor, self.now, self.disclosed, view=self.seen_in, asked_for=self.asked_for()
        )

    @property
    def reads_clinically(self) -> bool:
        """Say whether anything can be withheld: who reads nothing clinical loses nothing."""
        return bool(self.actor.practitioner_roles) or Role.PROXY in self.actor.roles

    def asked_for(self) -> QuerySet[Patient, Patient] | None:
        """Return the patient by whom the query narrows: within reach, of others nothing shows."""
        try:
            asked = UUID(self.request.query_params["patient"])
        except (KeyError, ValueError):
            return None
        return patients_visible_to(self.actor, self.now, view=self.seen_in).filter(pk=asked)

    def audit_disclosure(self, rows: Iterable[Any], *, searched: bool, resource: str = "") -> None:
        """Write one audit row for all that this response discloses.

        `resource` names what is disclosed where that is not the view's own kind of record; `rows`
        may then be what owns it, which the row names as `of`.
        """
        found, resource = list(rows), resource or self.audited_as
        patient_ids = list(filter(None, map(self.patient_of, found)))
        self.disclosed |= set(patient_ids)
        if searched:
            audit.record(**self.search_record(resource), patient_ids=patient_ids)
            return
        resource_id: UUID | None = None
        detail: dict[str, Any] = {}
        if getattr(found[0], "pk", None):
            resource_id, detail = _named(found[0], resource)
        audit.record(
            actor=self.actor,
            now=self.now,
            action=audit.Action.READ,
            event=f"{resource}.read",
            resource=resource,
            resource_id=resource_id,
            patient_ids=patient_ids,
            detail=detail,
        )

    def search_record(self, resource: str) -> dict[str, Any]:
        """Return what the audit trail says of a search, but for whom it disclosed."""
        return {
            "actor": self.actor,
            "now": self.now,
            "action": audit.Action.SEARCH,
            "event": f"{resource}.search",
            "resource": resource,
            "detail": {"parameters": sorted(self.request.query_params)},
        }


def _named(row: Model, resource: str) -> tuple[UUID | None, dict[str, Any]]:
    if row._meta.object_name == resource:
        return (row.pk if isinstance(row.pk, UUID) else None), {}
    return None, {"of": row._meta.object_name, "of_id": str(row.pk)}
