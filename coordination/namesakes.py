"""Whether two people may be of one family, as far as their names tell."""

import re

from coordination.search import search_key

_HYPHENS = re.compile(r"[-\u2010-\u2015\u2212]")
# One of these alone is nobody's family name, so that "Al-Masri" and "Al-Hassan" are strangers.
_PARTICLES = frozenset(
    {"abu", "al", "ben", "bin", "da", "das", "de", "del", "den", "der", "di", "do", "dos", "du"}
    | {"el", "ibn", "la", "las", "le", "los", "mac", "mc", "o", "san", "st", "van", "von", "y"}
)


def share_a_family_name(full_name: str, family_name: str) -> bool:
    """Say whether whoever bears the full name bears the family name, or a part of it.

    Where the family name begins in a full name is unknown, so every ending of it counts. Of a
    hyphenated name each part counts, and of a family name in several words each end.
    """
    theirs = _endings(family_name) | _beginnings(family_name)
    return bool((_endings(full_name) & theirs) - _PARTICLES)


def _endings(name: str) -> set[str]:
    apart = _words(name)
    found = {" ".join(apart[place:]) for place in range(len(apart))}
    # also written in one word: "Al-Masri" is "Almasri"
    joined = search_key(name).split()
    found |= {" ".join(joined[place:]) for place in range(len(joined))}
    last = name.split()[-1:]
    return found | {part for word in last for part in _words(word)}


def _beginnings(name: str) -> set[str]:
    apart = _words(name)
    return {" ".join(apart[:place]) for place in range(1, len(apart) + 1)}


def _words(name: str) -> list[str]:
    return search_key(_HYPHENS.sub(" ", name)).split()
