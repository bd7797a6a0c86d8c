"""Which known name may be meant by one that is not known."""

from collections.abc import Collection
from difflib import get_close_matches

#: among more names than any form or file has, looking for the nearest takes too long
_FEW = 1_000
#: nor is a longer one a name that somebody mistyped
_LONGEST = 200


def nearest(name: str, known: Collection[str], *, likeness: float = 0.6) -> str | None:
    """Return the known name that is most like one that is not, and at least so much; or None.

    `likeness` is a share of 1.
    """
    if len(known) > _FEW or len(name) > _LONGEST:
        return None
    return next(iter(get_close_matches(name, known, n=1, cutoff=likeness)), None)


def no_such(what: str, name: str, known: Collection[str]) -> str:
    """Return the sentence that there is no such thing, with the one that may be meant."""
    meant = nearest(name, known)
    return f"{what}; did you mean {meant}?" if meant else f"{what}."
