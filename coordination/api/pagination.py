"""Pages by keyset: stable while rows come and go, and as fast on the last page as on the first."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request

from coordination.problems import Invalid


class KeysetPagination(CursorPagination):
    """`?limit=` rows from `?cursor=` on, newest first unless the view orders otherwise."""

    page_size = 50
    max_page_size = 200
    page_size_query_param = "limit"
    ordering = "-id"

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: Any) -> tuple[str, ...]:
        """Return the view's own order when it names one; it must end in a unique column."""
        ordering = getattr(view, "ordering", None) or self.ordering
        return (ordering,) if isinstance(ordering, str) else tuple(ordering)

    def paginate_queryset(
        self, queryset: QuerySet[Any], request: Request, view: Any = None
    ) -> list[Any] | None:
        """Return one page; a cursor that this list cannot have given out is `Invalid`."""
        self._model = queryset.model
        self._order = self.get_ordering(request, queryset, view)
        return super().paginate_queryset(queryset, request, view)

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Read the cursor and check its position against the column before SQL sees it."""
        from rest_framework.exceptions import NotFound

        try:
            cursor = super().decode_cursor(request)
            if cursor is not None and cursor.position is not None:
                name = self._order[0].lstrip("-")
                self._model._meta.get_field(name).to_python(cursor.position)
                if "\x00" in cursor.position:
                    raise ValueError("NUL")
        except (NotFound, ValidationError, ValueError, OverflowError) as error:
            raise Invalid.field("/cursor", "This cursor was not given out by this list.") from error
        return cursor
