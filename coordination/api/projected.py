"""Lists that many people ask for all day: PostgreSQL writes their JSON, DRF passes it through."""

import json
from abc import abstractmethod
from copy import copy
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, ClassVar
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django_filters import BooleanFilter, ChoiceFilter
from django_filters.utils import translate_validation
from rest_framework.request import Request
from rest_framework.response import Response

from coordination import audit
from coordination.actors import Actor
from coordination.api.authentication import presented_token
from coordination.api.finishing import PageQuery
from coordination.api.projection import Projection
from coordination.api.views import Listed, OfPatients
from coordination.audit_rows import Row
from coordination.disclosure import directed_at

_CHECKED_AS = Actor.system("projection", UUID(int=0))
_CHECKED_AT = datetime(2000, 1, 1, tzinfo=UTC)


class Finished(Response):
    """An answer that is JSON already; its `data` is read back only for who asks for it."""

    def __init__(self, body: bytes) -> None:
        super().__init__()
        self._body = body
        self.status_code = 200

    @property
    def data(self) -> Any:
        """Return what the body says."""
        return json.loads(self._body) if getattr(self, "_body", None) else None

    @data.setter
    def data(self, value: Any) -> None:
        """Take no other."""

    @property
    def rendered_content(self) -> Any:
        """Return the body."""
        self["Content-Type"] = "application/json"
        return self._body


class Projected(OfPatients, Listed):
    """`GET /things`, found, audited and printed by PostgreSQL in one round trip.

    The list's transaction is that round trip: the statement that finds the page also writes the
    audit row, so neither is there without the other. Every other action keeps the transaction
    that a request has. A serializer that cannot be projected stops the start.
    """

    #: where the patient's id stands
    patient_path: ClassVar[str] = "patient_id"
    filterset_class: Any = None
    #: whose rows are listed; read off `projected_rows` once
    listed_model: ClassVar[Any]
    #: the actions that are such lists
    projected: ClassVar[frozenset[str]] = frozenset({"list"})
    _is_withheld: bool | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse a list that SQL cannot print as its serializer does; raises `Unprojectable`."""
        super().__init_subclass__(**kwargs)
        view: Any = cls()
        view.request = SimpleNamespace(auth=_CHECKED_AS, query_params={})
        view.now, view.action, view.format_kwarg = _CHECKED_AT, "list", None
        if "projected_rows" not in vars(cls):
            return
        rows = view.projected_rows()
        cls.listed_model = rows.model
        Projection(view.get_serializer(), rows)

    @classmethod
    def as_view(cls, actions: Any = None, **initkwargs: Any) -> Any:
        """Return the view; `dispatch` opens the transactions."""
        return transaction.non_atomic_requests(super().as_view(actions, **initkwargs))

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer; everything but the projected lists within one transaction."""
        actions: dict[str, str] = getattr(self, "action_map", None) or {}
        is_projected = actions.get(str(request.method).lower()) in self.projected
        if is_projected and not connection.in_atomic_block:
            return super().dispatch(request, *args, **kwargs)
        with transaction.atomic():
            return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Let the request in: who asks for a projected list is found out in a transaction.

        Whose token it is has one of its own, when it must be asked at all.
        """
        if self.action not in self.projected or presented_token(request) is not None:
            super().initial(request, *args, **kwargs)
            return
        with transaction.atomic():
            super().initial(request, *args, **kwargs)

    def withholds_something(self) -> bool:
        """Say what the statement that found the page said of it, or ask."""
        if self._is_withheld is None:
            return super().withholds_something()
        return self._is_withheld

    def withheld_of(self, found: Q) -> QuerySet[Any, Any] | None:
        """Return the directives directed at the reader: of whom a page shows, and is asked for."""
        if not self.reads_clinically:
            return None
        asked = self.asked_for()
        if asked is not None:
            found |= Q(patient_id__in=asked.values("pk"))
        return directed_at(self.actor, self.now, found, view=self.seen_in)

    @abstractmethod
    def projected_rows(self) -> QuerySet[Any, Any]:
        """Return the rows within the actor's reach, with everything that the list prints."""

    def page_rows(self) -> QuerySet[Any, Any]:
        """Return the rows that the request asks for."""
        return self.filter_queryset(self.projected_rows())

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return one page."""
        page = PageQuery(self, kept_for=self._kept_for(request))
        pages: Any = self.paginator
        pages.paginate_queryset(page, request, view=self)
        self._is_withheld = page.is_withheld
        links = {"next": pages.get_next_link(), "previous": pages.get_previous_link()}
        head = json.dumps(links, separators=(",", ":"))[:-1]
        return Finished(f'{head},"results":'.encode() + page.results + b"}")

    def audited_search(self) -> Row:
        """Return the audit row of this search, but for whom it discloses."""
        return audit.row(**self.search_record(self.audited_as))

    def seen_by(self, actor: Actor, now: datetime) -> "Projected":
        """Return this view as somebody else would have asked it at another moment."""
        other = copy(self)
        request: Any = copy(self.request)
        request._auth = actor  # noqa: SLF001 - setting `auth` would change the first request too
        request.parser_context = {**self.request.parser_context, "view": other}
        other.request, other.now = request, now
        return other

    def _kept_for(self, request: Request) -> tuple[Any, ...] | None:
        """Return under what a page's SQL is kept; None: it is used this once.

        A filter with few values is part of it. Raises DRF's ValidationError for a bad one.
        """
        filters: dict[str, Any] = self.filterset_class.base_filters
        asked = [name for name in filters if name in request.query_params]
        if not asked:
            return (type(self), self.action)
        filterset = self.filterset_class(
            data=request.query_params, queryset=self.projected_rows().none(), request=request
        )
        if not filterset.is_valid():
            refused: Any = translate_validation(filterset.errors)
            raise refused
        if not all(isinstance(filters[name], ChoiceFilter | BooleanFilter) for name in asked):
            return None
        values = tuple((name, filterset.form.cleaned_data[name]) for name in asked)
        return (type(self), self.action, values)
