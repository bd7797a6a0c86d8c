"""Whether a secret could be guessed."""

import math
from collections import Counter

SHORTEST_SECRET = 32
SHORTEST_PASSWORD = 16
# A random text of letters and digits has between three and six bits a character.
_LEAST_BITS = {SHORTEST_SECRET: 96, SHORTEST_PASSWORD: 40}
_PLACEHOLDERS = ("change", "example", "insecure", "password", "placeholder", "secret", "your-")


def weakness(secret: str, *, shortest: int) -> str:
    """Return why a secret is too easily guessed, without repeating it; empty when it is not."""
    if len(secret) < shortest:
        return f"it has {len(secret)} characters; give it {shortest} or more"
    if any(word in secret.lower() for word in _PLACEHOLDERS):
        return "it looks like a placeholder"
    if _repeats(secret) or _bits(secret) < _LEAST_BITS[shortest]:
        return "it repeats too few characters to be random"
    return ""


def _repeats(secret: str) -> bool:
    # Twice in a row: "abcabc" is found in "bcabca", the middle of itself doubled.
    return secret in (secret + secret)[1:-1]


def _bits(secret: str) -> float:
    """Return the Shannon entropy of the characters, taken one by one."""
    shares = [count / len(secret) for count in Counter(secret).values()]
    return -len(secret) * sum(share * math.log2(share) for share in shares)
