"""Query parameters: what an address does not know, or cannot read, is refused and named.

Somebody who mistypes a filter would otherwise be shown everything, and take it for the answer.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from django_filters import rest_framework as filters
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from coordination.api.plausible import no_such_choice
from coordination.problems import FieldError, Invalid

if TYPE_CHECKING:
    from coordination.api.views import ContinuumViewSet

#: filters whose empty value would silently mean "all"
_TEXT = (filters.CharFilter,)


def check_parameters(view: "ContinuumViewSet", request: Request) -> None:
    """Raise `Invalid` that names every parameter which this address does not understand."""
    given = request.query_params
    if not given or view.action is None:
        return
    known = _known(view, request)
    errors = [
        FieldError(f"/{name}", wrong)
        for name, values in given.lists()
        if (wrong := _wrong(name, values, known))
    ]
    if errors:
        raise Invalid("The query is not understood; see `errors`.", errors=errors)


def _wrong(name: str, values: list[str], known: Mapping[str, Any]) -> str:
    if name not in known:
        there = ", ".join(sorted(known)) or "none"
        return f"There is no such parameter here; there are: {there}."
    if len(values) > 1:
        return "This is given more than once."
    if "\x00" in values[0]:
        return "This holds a character that cannot be."
    kind = known[name]
    if isinstance(kind, filters.BooleanFilter):
        return "" if values[0].lower() in {"true", "false"} else "This must be true or false."
    if kind is not None and not values[0] and type(kind) not in _TEXT:
        return "This is empty."
    if isinstance(kind, filters.ChoiceFilter):
        return _wrong_choice(values[0], kind)
    return ""


def _wrong_choice(value: str, kind: Any) -> str:
    choices = [str(choice) for choice, _ in kind.field.choices if choice]
    return "" if value in choices else no_such_choice(choices)


def _known(view: "ContinuumViewSet", request: Request) -> dict[str, Any]:
    """Return the parameters of an action, with the filter that reads each, if one does."""
    if request.method not in SAFE_METHODS:
        return {}
    known: dict[str, Any] = dict.fromkeys(view.parameters.get(view.action, ()))
    if not getattr(view, "detail", False):
        known |= dict.fromkeys(getattr(view.pagination_class, "parameters", ()))
        known |= dict(_filters(view))
    return known


def _filters(view: "ContinuumViewSet") -> Iterator[tuple[str, Any]]:
    for backend in view.filter_backends:
        find: Any = getattr(backend(), "get_filterset_class", None)
        found = find(view, getattr(view, "queryset", None)) if find else None
        if found is not None:
            yield from found.base_filters.items()
