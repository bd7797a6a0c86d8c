"""What somebody without a login is told to do, by how urgent it is, in words of our own.

A pathway says what to do about a finding to those who treat; none of that is for lay people. These
sentences say no more than the urgency does. No source has them, and no clinician has reviewed the
French.
"""

from collections.abc import Mapping

from care_plans.content.safety import Urgency
from coordination.languages import ENGLISH, Language, State

_WORDS: Mapping[Language, Mapping[Urgency, str]] = {
    "en-CA": {
        Urgency.EMERGENCY: "Go to an emergency department or call 9-1-1 now.",
        Urgency.URGENT_24H: (
            "See a provider within 24 hours, and do not exercise this part of your body until then."
        ),
        Urgency.URGENT_2WK: "See a provider within two weeks.",
        Urgency.REVIEW_BEFORE_PROGRESS: "See a provider before you do harder exercises.",
        Urgency.ROUTINE: "Book an evaluation with a provider.",
    },
    "fr-CA": {
        Urgency.EMERGENCY: "Rendez-vous à l'urgence ou appelez le 9-1-1 maintenant.",
        Urgency.URGENT_24H: (
            "Consultez un professionnel de la santé dans les 24 heures et, d'ici là, ne faites pas "
            "d'exercices avec cette partie du corps."
        ),
        Urgency.URGENT_2WK: "Consultez un professionnel de la santé d'ici deux semaines.",
        Urgency.REVIEW_BEFORE_PROGRESS: (
            "Consultez un professionnel de la santé avant de faire des exercices plus difficiles."
        ),
        Urgency.ROUTINE: (
            "Prenez rendez-vous pour une évaluation avec un professionnel de la santé."
        ),
    },
}


def what_to_do(urgency: Urgency, language: Language) -> str:
    """Return what somebody of whom something so urgent is true does, in a language."""
    return _WORDS[language][urgency]


def state_in(language: Language) -> State:
    """Return how far these words may be trusted in a language."""
    return "original" if language == ENGLISH else "machine_drafted"
