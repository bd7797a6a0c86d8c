"""Whom a person in danger calls: shown at once to whoever gives an answer that calls for it.

The numbers are those of Canada: 9-8-8 is the suicide crisis line, 9-1-1 emergency services.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from coordination.languages import ENGLISH, NOTICES, Language


@dataclass(frozen=True, slots=True)
class Line:
    """One number to call, and what it is."""

    number: str
    text: str


@dataclass(frozen=True, slots=True)
class Crisis:
    """What the person who answered is shown: whom to call, and who will not see the answer."""

    title: str
    lines: tuple[Line, ...]
    notice: str
    unreachable: str
    translation_notice: str


_WORDS: Mapping[Language, tuple[str, str, str, str, str, str]] = {
    "en-CA": (
        "You are not alone. If you may harm yourself, call now.",
        "The suicide crisis line in Canada",
        "Emergency services",
        "Nobody watches these answers around the clock. Do not wait for the clinic to call.",
        "Nobody of the clinic can be reached just now: please call one of these numbers.",
        "These answers were not recorded and no clinic was told: please call one of these numbers.",
    ),
    "fr-CA": (
        "Vous n'êtes pas sans aide. Si vous risquez de vous faire du mal, appelez maintenant.",
        "La ligne d'aide en cas de crise de suicide au Canada",
        "Les services d'urgence",
        "Personne ne surveille ces réponses jour et nuit. N'attendez pas l'appel de la clinique.",
        "Personne de la clinique n'est joignable en ce moment : appelez l'un de ces numéros.",
        "Réponses non enregistrées, aucune clinique avisée : appelez l'un de ces numéros.",
    ),
}


#: said to whoever treats, where answers that may call for help were refused
NOT_CALLED = (
    "What was sent may call for help now. This request recorded nothing of it and called nobody: "
    "see to the person, and see that the answers are recorded."
)


def crisis_in(language: Language, *, reachable: bool, is_recorded: bool = True) -> Crisis:
    """Return what to show; `reachable` says whether an alert reaches somebody of the clinic.

    What is not recorded raises no alert, whoever could be reached.
    """
    title, suicide, emergency, notice, nobody, unheard = _WORDS[language]
    unreachable = nobody if is_recorded else unheard
    return Crisis(
        title=title,
        lines=(Line("9-8-8", suicide), Line("9-1-1", emergency)),
        notice=notice,
        unreachable="" if reachable and is_recorded else unreachable,
        translation_notice=NOTICES["original" if language == ENGLISH else "machine_drafted"],
    )
