"""What somebody may ask without a login: whether to see a provider, and whom to call.

Nothing that is answered is stored, logged or sent on.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Literal

from django.conf import settings

from care_plans.content.citations import Evidence, Grade
from care_plans.content.pathways import PathwayDefinition, Step
from care_plans.content.safety import Advice, RedFlag, Urgency
from care_plans.content.sourced import EXPERT_CONSENSUS
from care_plans.content.translating import Translated, in_language
from care_plans.models import Measure, Pathway, PathwayVersion
from care_plans.recording import pointer, refuse
from care_plans.safety_alerts import left_out
from care_plans.scoring import least
from coordination.languages import Language
from coordination.problems import FieldError, NotFound

type Outcome = Literal["emergency", "urgent", "see_provider", "unclear", "self_care"]
type Rule = Literal["most_urgent_yes", "not_all_answered", "all_no"]

_MOST_URGENT = list(Urgency)
_OUTCOMES: Mapping[Urgency, Outcome] = {
    Urgency.EMERGENCY: "emergency",
    Urgency.URGENT_24H: "urgent",
    Urgency.URGENT_2WK: "see_provider",
    Urgency.REVIEW_BEFORE_PROGRESS: "see_provider",
    Urgency.ROUTINE: "see_provider",
}


class NothingToCheck(NotFound):
    """No pathway or measure of this name can be checked without a login."""

    type = "no-such-self-check"


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to answer with yes or no, and what to do if it is so."""

    id: str
    text: str
    action: str
    urgency: Urgency
    evidence: tuple[Evidence, ...]
    grade: Grade
    is_consensus: bool

    @property
    def cites(self) -> tuple[str, ...]:
        """Return the citations in words, but none that belongs to another work."""
        return tuple(dict.fromkeys(one.cite for one in self.evidence))


@dataclass(frozen=True, slots=True)
class Result:
    """What to do: what applies, the most urgent first; what nobody answered; what to try.

    `rule` says why it comes to that, and `cites` on whose word: of what applies, or else of all
    that was asked, since only what each of them was answered with makes it so.
    """

    outcome: Outcome
    rule: Rule
    cites: tuple[str, ...]
    is_consensus: bool
    applies: tuple[Question, ...]
    not_answered: tuple[str, ...]
    self_help: tuple[Step, ...]
    disclaimer: str


def version_to_check(slug: str) -> PathwayVersion:
    """Return the newest version of a pathway, or raise `NothingToCheck`."""
    try:
        return PathwayVersion.objects.newest(slug)
    except PathwayVersion.DoesNotExist as error:
        raise NothingToCheck("There is no self-check of this name.") from error


def pathway_to_check(slug: str, language: Language) -> Translated:
    """Return the newest version of a pathway in a language, or raise `NothingToCheck`."""
    more = tuple(Path(folder) for folder in settings.CONTENT_TRANSLATIONS)
    return in_language(version_to_check(slug).definition, language, more)


def questions(definition: PathwayDefinition) -> tuple[Question, ...]:
    """Return what to ask: each reason to see a provider, and each red flag, once."""
    asked = {advice.red_flag for advice in definition.see_provider}
    flags = [flag for flag in definition.screened_flags() if flag.id not in asked]
    every: list[Advice | RedFlag] = [*definition.see_provider, *flags]
    return tuple(_question(definition, one) for one in every)


def _question(definition: PathwayDefinition, one: Advice | RedFlag) -> Question:
    keys = (*one.source, *((one.action_source or ()) if isinstance(one, RedFlag) else ()))
    return Question(
        id=one.id,
        text=one.text,
        action=one.action,
        urgency=one.urgency,
        evidence=definition.evidence(keys),
        grade=definition.grade(keys),
        is_consensus=EXPERT_CONSENSUS in keys,
    )


def check(definition: PathwayDefinition, answers: Mapping[str, bool]) -> Result:
    """Return what to do after answers of yes (true) or no.

    What was left out is unknown and not negative: then nobody is told that self-care is enough.
    Raises `Invalid` that names each answer to a question that was not asked.
    """
    asked = questions(definition)
    refuse(_flaws(asked, answers), "The answers are not valid")
    applies = sorted(
        (one for one in asked if answers.get(one.id)),
        key=lambda one: _MOST_URGENT.index(one.urgency),
    )
    missing = tuple(one.id for one in asked if one.id not in answers)
    outcome: Outcome = "unclear" if missing else "self_care"
    rule: Rule = "not_all_answered" if missing else "all_no"
    if applies:
        outcome, rule = _OUTCOMES[applies[0].urgency], "most_urgent_yes"
    rests_on = applies or asked
    return Result(
        outcome=outcome,
        rule=rule,
        cites=tuple(dict.fromkeys(cite for one in rests_on for cite in one.cites)),
        is_consensus=any(one.is_consensus for one in rests_on),
        applies=tuple(applies),
        not_answered=missing,
        self_help=definition.self_help if outcome == "self_care" else (),
        disclaimer=definition.governance.disclaimer.text,
    )


def _flaws(asked: tuple[Question, ...], answers: Mapping[str, bool]) -> Iterator[FieldError]:
    known = {one.id for one in asked}
    for name in answers:
        if name not in known:
            yield FieldError(pointer("answers", name), "This is not asked here.")


def is_crisis(slug: str, *, total: Decimal | None, items: Mapping[int, Decimal]) -> bool:
    """Say whether answers to a measure call for showing whom to call; nothing is kept of them.

    They do as well where the item that decides it was left out, or the total proves it.
    Raises `NothingToCheck` for a measure without a safety rule.
    """
    measure = Measure.objects.filter(slug=slug).first()
    if measure is None or not measure.definition.safety:
        raise NothingToCheck("There is no self-check of this name.")
    return left_out(measure, items) or any(
        rule.is_met_by(value)
        for rule in measure.definition.safety
        if rule.crisis
        and (value := least(measure.definition.scoring, items, total, rule.item)) is not None
    )


def checkable() -> list[str]:
    """Return the pathways that can be checked, by slug."""
    return sorted(
        Pathway.objects.filter(versions__isnull=False).distinct().values_list("slug", flat=True)
    )
