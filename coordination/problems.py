"""What can go wrong in a domain call, said once for people, programs and logs.

Each app defines its own problems beside the function that raises them; the API turns any of
them into an RFC 9457 document, a command prints `detail`.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, ClassVar, NamedTuple


class FieldError(NamedTuple):
    """One thing wrong with the input: a JSON pointer to the field, and what is wrong."""

    pointer: str
    detail: str


def pointer(*parts: str | int) -> str:
    """Return the JSON pointer to a place in the input (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


#: so many things wrong are named at once: nobody mends more, and each has to be looked into
MOST_ERRORS = 100


def first_of(errors: Iterable[FieldError]) -> list[FieldError]:
    """Return the errors; of very many the first, and that there are more, which are left alone."""
    found = list(islice(errors, MOST_ERRORS + 1))
    if len(found) > MOST_ERRORS:
        found[-1] = FieldError("", f"There is more: these are the first {MOST_ERRORS}.")
    return found


class Problem(Exception):
    """A refusal that its reader can act on; nothing was written."""

    type: ClassVar[str] = "problem"  # stable; part of the API
    title: ClassVar[str] = "The request could not be carried out"
    status: ClassVar[int] = 409
    retry_after: ClassVar[int | None] = None  # seconds, where asking again may help

    def __init__(self, detail: str, *, errors: Sequence[FieldError] = (), **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)
        self.extra: Mapping[str, Any] = extra


class NotFound(Problem):
    """Missing or out of sight: the two must look the same."""

    type = "not-found"
    title = "Not found"
    status = 404


class Denied(Problem):
    """The actor may see the thing but not do this; `rule` names the rule that says so."""

    type = "denied"
    title = "Not permitted"
    status = 403

    def __init__(self, detail: str, *, rule: str) -> None:
        super().__init__(detail, rule=rule)
        self.rule = rule


class Invalid(Problem):
    """The input is wrong; `errors` says where."""

    type = "invalid"
    title = "The input is not valid"
    status = 400

    @classmethod
    def field(cls, pointer: str, detail: str) -> "Invalid":
        """Build the common case of a single wrong field."""
        return cls(detail, errors=[FieldError(pointer, detail)])


class NotAllowed(Problem):
    """The state machine has no such move from here."""

    type = "not-allowed"
    title = "Not possible in this state"
    status = 409


class Stale(Problem):
    """Somebody else changed it first; read it again and decide anew."""

    type = "stale"
    title = "Changed meanwhile"
    status = 409


class VersionMismatch(Problem):
    """If-Match names a version that is no longer the newest; `current` is what is."""

    type = "version-mismatch"
    title = "Edited meanwhile by somebody else"
    status = 412


class VersionRequired(Problem):
    """An edit must say which version it edits."""

    type = "version-required"
    title = "If-Match is required"
    status = 428
