"""How a patient's name is found: one normalized form, stored and compared."""

import unicodedata

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, Q, QuerySet

from coordination.access import IsAnyOf
from coordination.models import Patient, PatientIdentifier, PatientWord

_END = "\U0010ffff"  # no word goes on with it, so a range of prefixes ends here


def search_key(*names: str) -> str:
    """Return names in the form in which they are stored and looked for.

    Case, accents and punctuation go, so that "O'Hara" and "ohara", "José" and "jose" meet.
    """
    spelled = unicodedata.normalize("NFKD", " ".join(name for name in names if name))
    letters = (c for c in spelled.casefold() if not unicodedata.combining(c))
    kept = "".join(c if c.isalnum() or c.isspace() else "" for c in letters)
    return " ".join(kept.split())


def named(rows: QuerySet[Patient, Patient], name: str) -> QuerySet[Patient, Patient]:
    """Keep the patients whose names hold, for every word of `name`, a word that begins so.

    The longest word draws up the list from an index, a range that a policy lets through; the
    others are looked for in the names of those who are on it.
    """
    words = search_key(name).split()
    if not words:
        return rows.none()
    longest = max(words, key=len)
    beginning = longest[: PatientWord.LONGEST]
    range_of_words = PatientWord.objects.filter(word__gte=beginning, word__lt=beginning + _END)
    found = rows.filter(IsAnyOf(F("pk"), ArraySubquery(range_of_words.values("patient_id"))))
    for word in words:
        if word != beginning:
            found = found.filter(
                Q(search_key__startswith=word) | Q(search_key__contains=f" {word}")
            )
    return found


def bearing(rows: QuerySet[Patient, Patient], value: str) -> QuerySet[Patient, Patient]:
    """Keep who bears this very identifier, each once, whoever assigned it."""
    borne = PatientIdentifier.objects.filter(value=value)
    return rows.filter(IsAnyOf(F("pk"), ArraySubquery(borne.values("patient_id"))))
