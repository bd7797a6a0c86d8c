"""How a patient's name is found: one normalized form, stored and compared."""

import unicodedata


def search_key(*names: str) -> str:
    """Return names in the form in which they are stored and looked for.

    Case, accents and punctuation go, so that "O'Hara" and "ohara", "José" and "jose" meet.
    """
    spelled = unicodedata.normalize("NFKD", " ".join(name for name in names if name))
    letters = (c for c in spelled.casefold() if not unicodedata.combining(c))
    kept = "".join(c if c.isalnum() or c.isspace() else "" for c in letters)
    return " ".join(kept.split())
