"""Pages by keyset: stable while rows come and go, and as fast on the last page as on the first."""

from base64 import b64decode
from typing import Any
from urllib.parse import parse_qs

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from rest_framework.pagination import BasePagination, Cursor, CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from coordination.problems import Invalid


class KeysetPagination(CursorPagination):
    """`?limit=` rows from `?cursor=` on, newest first unless the view orders otherwise."""

    page_size = 50
    max_page_size = 200
    page_size_query_param = "limit"
    ordering = "-id"
    parameters = ("cursor", "limit")

    def get_page_size(self, request: Request) -> int:
        """Return how many rows are wanted; raises `Invalid` for what is no such number."""
        return _size(request, self.page_size, self.max_page_size)

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Describe the parameters."""
        cursor = {"type": "string", "description": "From the `next` or `previous` link."}
        return [
            {"name": "cursor", "in": "query", "required": False, "schema": cursor},
            _limit(self.page_size, self.max_page_size),
        ]

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Describe the page; the first and the last one lack a link."""
        link = {"oneOf": [{"type": "string", "format": "uri"}, {"type": "null"}]}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": dict(link), "results": schema},
        }

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: Any) -> tuple[str, ...]:
        """Return the view's own order when it names one; it must end in a unique column."""
        ordering = getattr(view, "ordering", None) or self.ordering
        return (ordering,) if isinstance(ordering, str) else tuple(ordering)

    def paginate_queryset(
        self, queryset: Any, request: Request, view: Any = None
    ) -> list[Any] | None:
        """Return one page; a cursor that this list cannot have given out is `Invalid`."""
        self._model = queryset.model
        self._order = self.get_ordering(request, queryset, view)
        return super().paginate_queryset(queryset, request, view)

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Read the cursor and check its position against the column before SQL sees it."""
        from rest_framework.exceptions import NotFound

        try:
            _must_be_ours(request.query_params.get(self.cursor_query_param, ""))
            cursor = super().decode_cursor(request)
            if cursor is not None and cursor.position is not None:
                name = self._order[0].lstrip("-")
                self._model._meta.get_field(name).to_python(cursor.position)
                if "\x00" in str(cursor.position):
                    raise ValueError("NUL")
        except (NotFound, ValidationError, ValueError, OverflowError) as error:
            raise Invalid.field("/cursor", "This cursor was not given out by this list.") from error
        return cursor


def _must_be_ours(cursor: str) -> None:
    """Raise `ValueError` for what no page has given out, of which the parser would drop parts."""
    told = parse_qs(b64decode(cursor, validate=True).decode("ascii"), strict_parsing=bool(cursor))
    if not told.keys() <= {"o", "r", "p"}:
        raise ValueError(cursor)


class FeedPagination(BasePagination):
    """Pages of a feed, oldest first: `next` is always there, so that a reader can come back."""

    page_size = 100
    max_page_size = 1000
    parameters = ("after", "limit")

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """Return what follows the cursor."""
        self._request = request
        self._after = _position(request.query_params.get("after", ""))
        size = _size(request, self.page_size, self.max_page_size)
        if self._after:
            at, number = self._after
            queryset = queryset.filter(
                Q(transaction_id__gt=at) | Q(transaction_id=at, id__gt=number)
            )
        self._rows = list(queryset.order_by("transaction_id", "id")[:size])
        return self._rows

    def get_paginated_response(self, data: Any) -> Response:
        """Return the page with the link to continue from."""
        position = self._after
        if self._rows:
            position = (self._rows[-1].transaction_id, self._rows[-1].id)
        link = self._request.build_absolute_uri()
        if position:
            link = replace_query_param(link, "after", f"{position[0]}-{position[1]}")
        return Response({"next": link, "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Describe the page."""
        return {
            "type": "object",
            "required": ["next", "results"],
            "properties": {
                "next": {
                    "type": "string",
                    "format": "uri",
                    "description": "Ask this again.",
                },
                "results": schema,
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Describe the parameters."""
        after = {"type": "string", "description": "From the `next` link."}
        return [
            {"name": "after", "in": "query", "required": False, "schema": after},
            _limit(self.page_size, self.max_page_size),
        ]


def _position(after: str) -> tuple[int, int] | None:
    if not after:
        return None
    at, _, number = after.partition("-")
    if not (at.isdecimal() and number.isdecimal() and len(at) <= 18 and len(number) <= 18):
        raise Invalid.field("/after", "This cursor was not given out by this feed.")
    return int(at), int(number)


def _size(request: Request, usual: int, most: int) -> int:
    limit = request.query_params.get("limit")
    if limit is None:
        return usual
    if not (limit.isascii() and limit.isdecimal() and len(limit) <= 9 and 0 < int(limit) <= most):
        raise Invalid.field("/limit", f"This must be a whole number from 1 to {most}.")
    return int(limit)


def _limit(usual: int, most: int) -> dict[str, Any]:
    schema = {"type": "integer", "minimum": 1, "maximum": most, "default": usual}
    return {"name": "limit", "in": "query", "required": False, "schema": schema}
