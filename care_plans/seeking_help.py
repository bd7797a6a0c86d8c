"""What somebody without a login is told to do, by what their answers come to, in words of our own.

A pathway says what to do about a finding to those who treat; none of that is for lay people. These
sentences say no more than the urgency does, or that nothing urgent was said. No source has them,
and no clinician has reviewed the French.
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

_NOT_ALL_ANSWERED: Mapping[Language, str] = {
    "en-CA": (
        "Not everything was answered, so nobody can say that self-care is enough. Answer the rest; "
        "if you cannot, see a provider. In an emergency call 9-1-1."
    ),
    "fr-CA": (
        "Il manque des réponses; personne ne peut donc dire que vous pouvez vous soigner sans "
        "aide. Répondez au reste; si vous ne le pouvez pas, consultez un professionnel de la "
        "santé. En cas d'urgence, appelez le 9-1-1."
    ),
}
_MORE_URGENT: Mapping[Language, str] = {
    "en-CA": "Answer the rest as well: something more urgent may apply.",
    "fr-CA": "Répondez aussi au reste; quelque chose de plus urgent pourrait s'appliquer.",
}
_ALL_NO: Mapping[Language, str] = {
    "en-CA": (
        "Nothing that was asked here applies to you, so you may try to care for yourself. Answer "
        "again as soon as something changes."
    ),
    "fr-CA": (
        "Rien de ce qui est demandé ici ne s'applique à vous; vous pouvez donc essayer de vous "
        "soigner sans aide. Répondez de nouveau dès que quelque chose change."
    ),
}


def what_to_do(urgency: Urgency, language: Language) -> str:
    """Return what somebody of whom something so urgent is true does, in a language."""
    return _WORDS[language][urgency]


def what_nothing_means(language: Language, *, is_all_answered: bool) -> str:
    """Return what somebody does who answered nothing with yes, in a language.

    A question that was left out is unknown and not negative: without it nobody is sent to
    self-care.
    """
    return (_ALL_NO if is_all_answered else _NOT_ALL_ANSWERED)[language]


def what_was_left_out(language: Language) -> str:
    """Return what somebody does who left out a question more urgent than what applies."""
    return _MORE_URGENT[language]


def state_in(language: Language) -> State:
    """Return how far these words may be trusted in a language."""
    return "original" if language == ENGLISH else "machine_drafted"
