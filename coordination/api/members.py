"""Reading a body whole: a member that nobody reads is refused and named.

Somebody who mistypes `effective_at` would otherwise have it recorded as of now, and take that for
what they sent.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from django.http import HttpResponseBase
from rest_framework import serializers
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from coordination.api.plausible import watch
from coordination.api.problem_details import field_errors
from coordination.near_names import nearest
from coordination.problems import FieldError, Invalid, first_of, pointer

if TYPE_CHECKING:
    from coordination.api.views import ContinuumViewSet


def read_whole(serializer: Any) -> dict[str, Any]:
    """Return what a serializer makes of the body that it was given.

    Raises DRF's ValidationError or `Invalid`, which names every member that it does not know
    beside whatever else is wrong.
    """
    unknown = first_of(_unknown(watch(serializer), serializer.initial_data))
    try:
        serializer.is_valid(raise_exception=True)
    except serializers.ValidationError as error:
        if not unknown:
            raise
        raise _refusal(first_of((*unknown, *field_errors(error.detail)))) from error
    if unknown:
        raise _refusal(unknown)
    data: dict[str, Any] = serializer.validated_data
    return data


def is_closed(serializer: Any) -> bool:
    """Say whether a body has no other members than these; a resource of FHIR may (`keeps_more`)."""
    return not getattr(serializer, "keeps_more", False)


def refuse_unread(view: "ContinuumViewSet", request: Request) -> None:
    """Let whatever was sent to a handler that reads no body be refused, and undone."""
    if request.method in SAFE_METHODS or view.action is None:
        return
    name = str(request.method).lower()
    setattr(view, name, _reading(getattr(view, name), view))


def _reading(
    handler: Callable[..., HttpResponseBase], view: "ContinuumViewSet"
) -> Callable[..., HttpResponseBase]:
    def handle(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = handler(request, *args, **kwargs)
        if response.status_code < 400 and not view.has_read_body and request.data:
            raise _refusal(_named(request.data))
        return response

    return handle


def _named(data: Any) -> list[FieldError]:
    if isinstance(data, Mapping):
        return first_of(FieldError(pointer(name), _no_such(name, ())) for name in data)
    return [FieldError("", "Nothing is read here: send no body.")]


def _refusal(errors: list[FieldError]) -> Invalid:
    return Invalid("See `errors`.", errors=errors)


def _unknown(field: Any, data: Any, *path: str | int) -> Iterator[FieldError]:
    """Yield what a serializer, or a list or map of them, does not read of what was sent."""
    if isinstance(field, serializers.Serializer):
        if isinstance(data, Mapping) and is_closed(field):
            yield from _unknown_members(field, data, *path)
    elif (child := getattr(field, "child", None)) is not None:
        parts = data.items() if isinstance(data, Mapping) else _numbered(data)
        for name, part in parts:
            yield from _unknown(child, part, *path, name)


def _numbered(data: Any) -> Iterable[tuple[Any, Any]]:
    return enumerate(data) if isinstance(data, list) else ()


def _unknown_members(
    serializer: Any, data: Mapping[str, Any], *path: str | int
) -> Iterator[FieldError]:
    read = {name: part for name, part in serializer.fields.items() if not part.read_only}
    for name, value in data.items():
        if name in read:
            yield from _unknown(read[name], value, *path, name)
        elif name in serializer.fields:
            yield FieldError(pointer(*path, name), "This is told, and cannot be set.")
        else:
            yield FieldError(pointer(*path, name), _no_such(name, read))


def _no_such(name: str, there: Iterable[str]) -> str:
    """Say that there is no such member, and which may be meant."""
    names = sorted(there)
    if meant := nearest(name, names):
        return f"There is no such member here; did you mean {meant}?"
    return f"There is no such member here; there are: {', '.join(names) or 'none'}."
