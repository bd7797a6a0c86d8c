"""Words as the lint compares them: their stems, the sentences and the alternatives of a text."""

import re

_ENDING = re.compile(r"(ions?|ings?|ed|es|s|ly|y|e)$")
#: words that do not tell one thing from another
EMPTY = frozenset(
    re.findall(
        r"\w+",
        "a an and any are as at be but by can cannot could for from had has have heard i if in "
        "into is it its loss my new no not of on or other own so some than that the their them "
        "then there this to was when which while with without you your sudden severe",
    )
)
#: words that say how much of something there is, or who sees it
_HOW_MUCH = frozenset(
    re.findall(
        r"\w+",
        "considerable feel great large major marked much notice obvious see significant unusual "
        "visible",
    )
)


def stem(word: str) -> str:
    """Return what different forms of a word have in common: `bridges` and `bridge`."""
    return re.sub(r"(.)\1$", r"\1", _ENDING.sub("", word.casefold()))[:6]


def stems(text: str) -> frozenset[str]:
    """Return the stems of all words of a text that tell something."""
    words = frozenset(re.findall(r"[a-z]+", text.casefold())) - EMPTY
    return frozenset(stem(word) for word in words)


def sentences(text: str) -> list[str]:
    """Return the sentences of a text, and what a semicolon divides."""
    return re.split(r"(?<=[.;!?])\s+", text)


def alternatives(text: str) -> frozenset[frozenset[str]]:
    """Return the stems of each thing any of which a text means, however much there is of it."""
    together = re.search(r"\band\b(?!/)", text)  # "swelling, warmth and pain" is one thing
    listed = [text] if together else re.split(r"[,;/(]|\bor\b", text)
    kept = frozenset(stem(word) for word in _HOW_MUCH)
    return frozenset(stems(one) - kept for one in listed) - {frozenset()}
