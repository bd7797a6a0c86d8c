"""What somebody may ask without a login: whether to see a provider, and whom to call.

Nothing that is answered is stored, logged or sent on.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from django.conf import settings

from care_plans.content.citations import Evidence, Grade
from care_plans.content.measures import SafetyRule
from care_plans.content.pathways import PathwayDefinition, Step
from care_plans.content.safety import MOST_URGENT_FIRST, Advice, RedFlag, Urgency
from care_plans.content.sourced import EXPERT_CONSENSUS
from care_plans.content.translating import Translated, in_language
from care_plans.models import Measure, Pathway, PathwayVersion
from care_plans.recording import refuse
from care_plans.safety_alerts import left_out
from care_plans.scoring import least
from care_plans.seeking_help import state_in, what_nothing_means, what_to_do, what_was_left_out
from coordination.languages import Language, worst
from coordination.near_names import no_such
from coordination.problems import FieldError, NotFound, pointer

type Outcome = Literal["emergency", "urgent", "see_provider", "unclear", "self_care"]
type Rule = Literal["most_urgent_yes", "not_all_answered", "all_no"]

#: more of a number says nothing of how long it is for a person
_DIGITS = 40
#: how somebody may have written that something is so
_YES = ("true", "yes", "y", "oui", "vrai", "1", "on")
_SHORT = re.compile(r"-?[0-9]{1,6}(\.[0-9]{1,6})?")
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


class NoSuchMeasure(NothingToCheck):
    """There is no measure of this name at all."""


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to answer with yes or no, and what to do if it is so.

    What a pathway says to do about a red flag is for those who treat: `action` of one is by its
    urgency alone, and that of an advice the pathway's own. `evidence` is for what is asked; `grade`
    says how well what to do is known, which of a red flag is in our words alone.

    `after_days` is the figure of one that asks whether something has lasted: it may be answered by
    how many days it has.
    """

    id: str
    text: str
    action: str
    urgency: Urgency
    evidence: tuple[Evidence, ...]
    grade: Grade
    is_consensus: bool
    after_days: int | None = None

    @property
    def cites(self) -> tuple[str, ...]:
        """Return the citations in words, but none that belongs to another work."""
        return tuple(dict.fromkeys(one.cite for one in self.evidence))


@dataclass(frozen=True, slots=True)
class Result:
    """What to do: what applies, what nobody answered, each the most urgent first; what to try.

    `advice` says it in a sentence or two: of the most urgent that applies, and that something more
    urgent was left out; or, where nothing was answered with yes, what that means.
    `rule` says why it comes to that, and `cites` on whose word: of what applies, or else of all
    that was asked, since only what each of them was answered with makes it so. What to do where
    nothing applies is opinion: no source says it.
    """

    outcome: Outcome
    advice: str
    rule: Rule
    cites: tuple[str, ...]
    is_consensus: bool
    applies: tuple[Question, ...]
    left_out: tuple[Question, ...]
    self_help: tuple[Step, ...]
    disclaimer: str

    @property
    def not_answered(self) -> tuple[str, ...]:
        """Return the ids of what nobody answered."""
        return tuple(one.id for one in self.left_out)


def version_to_check(slug: str) -> PathwayVersion:
    """Return the newest version of a pathway, or raise `NothingToCheck`."""
    try:
        return PathwayVersion.objects.newest(slug)
    except PathwayVersion.DoesNotExist as error:
        stub = Pathway.objects.filter(slug=slug).first()
        raise NothingToCheck(
            f"{stub.title} has no protocol yet, and so no self-check."
            if stub is not None
            else "There is no self-check of this name."
        ) from error


def pathway_to_check(slug: str, language: Language) -> Translated:
    """Return the newest version of a pathway in a language, or raise `NothingToCheck`."""
    more = tuple(Path(folder) for folder in settings.CONTENT_TRANSLATIONS)
    told = in_language(version_to_check(slug).definition, language, more)
    return replace(told, state=worst((told.state, state_in(language))))


def questions(definition: PathwayDefinition, language: Language) -> tuple[Question, ...]:
    """Return what to ask: each reason to see a provider, and each red flag, once."""
    asked = {advice.red_flag for advice in definition.see_provider}
    flags = [flag for flag in definition.screened_flags() if flag.id not in asked]
    every: list[Advice | RedFlag] = [*definition.see_provider, *flags]
    return tuple(_question(definition, one, language) for one in every)


def _question(definition: PathwayDefinition, one: Advice | RedFlag, language: Language) -> Question:
    to_do = one.source if isinstance(one, Advice) else (EXPERT_CONSENSUS,)
    return Question(
        id=one.id,
        text=one.text,
        action=one.action if isinstance(one, Advice) else what_to_do(one.urgency, language),
        urgency=one.urgency,
        evidence=definition.evidence(one.source),
        grade=definition.grade(to_do, one.verified),
        is_consensus=EXPERT_CONSENSUS in to_do,
        after_days=one.after.days if isinstance(one, Advice) and one.after else None,
    )


def check(
    definition: PathwayDefinition,
    answers: Mapping[str, bool],
    days: Mapping[str, int] | None = None,
    *,
    language: Language,
) -> Result:
    """Return what to do after answers of yes (true) or no, or of how many days it has lasted.

    What was left out is unknown and not negative: then nobody is told that self-care is enough.
    Raises `Invalid` that names each answer to a question that was not asked, or not so.
    """
    asked = questions(definition, language)
    figures = {one.id: one.after_days for one in asked if one.after_days is not None}
    refuse(_flaws(asked, answers, days or {}), "The answers are not valid")
    lasted = {name: given >= figures[name] for name, given in (days or {}).items()}
    answers = {**lasted, **answers}
    applies = sorted((one for one in asked if answers.get(one.id)), key=_rank)
    unknown = sorted((one for one in asked if one.id not in answers), key=_rank)
    outcome: Outcome = "unclear" if unknown else "self_care"
    rule: Rule = "not_all_answered" if unknown else "all_no"
    advice = what_nothing_means(language, is_all_answered=not unknown)
    if applies:
        outcome, rule = _OUTCOMES[applies[0].urgency], "most_urgent_yes"
        advice = applies[0].action
        if unknown and _rank(unknown[0]) < _rank(applies[0]):
            advice += f" {what_was_left_out(language)}"
    rests_on = applies or asked
    return Result(
        outcome=outcome,
        advice=advice,
        rule=rule,
        cites=tuple(dict.fromkeys(cite for one in rests_on for cite in one.cites)),
        is_consensus=not applies or any(one.is_consensus for one in applies),
        applies=tuple(applies),
        left_out=tuple(unknown),
        self_help=definition.self_help if outcome == "self_care" else (),
        disclaimer=definition.governance.disclaimer.text,
    )


def advice_anyway(
    definition: PathwayDefinition, sent: Mapping[str, Any], *, language: Language
) -> str:
    """Return what to do by answers as they were sent, which are refused; nothing if by none.

    What is wrong with one of them takes nothing from what another says: each name in them that is
    a question's counts, wherever it stands, if what it has can be read as a yes; of days, as so
    many that the question asks about.
    """
    asked = questions(definition, language)
    said = {
        _plain(name)
        for key, part in (("", sent), *sent.items())
        if isinstance(part, Mapping) and key != "days"
        for name, answer in part.items()
        if str(answer)[:5].lower() in _YES
    }
    days = sent.get("days")
    lasting = {
        _plain(name): _days(number)
        for name, number in (days.items() if isinstance(days, Mapping) else ())
    }
    said |= {
        _plain(one.id)
        for one in asked
        if one.after_days is not None and lasting.get(_plain(one.id), -1) >= one.after_days
    }
    meant = [one for one in asked if _plain(one.id) in said]
    first = min(meant, key=_rank, default=None)
    return first.action if first is not None else ""


def _days(sent: Any) -> float:
    """Return a number of days as it was sent; less than none where it cannot be read as one."""
    try:
        return -1 if isinstance(sent, bool) else float(str(sent)[:_DIGITS])
    except ValueError:
        return -1


def _rank(question: Question) -> int:
    """Return the place of a question by its urgency, 0 for the most urgent."""
    return MOST_URGENT_FIRST.index(question.urgency)


def _flaws(
    asked: tuple[Question, ...], answers: Mapping[str, bool], days: Mapping[str, int]
) -> Iterator[FieldError]:
    known = {one.id for one in asked}
    lasting = {one.id for one in asked if one.after_days is not None}
    for name in answers:
        if name not in known:
            words = no_such("This is not asked here", name, known)
            yield FieldError(pointer("answers", name), words)
    for name in days:
        if name not in lasting:
            yield FieldError(pointer("days", name), "Nobody asks here how many days it has lasted.")
        elif name in answers:
            yield FieldError(pointer("days", name), "Answered twice: by days and by yes or no.")


@dataclass(frozen=True, slots=True)
class CrisisCheck:
    """What of a measure's version calls for showing whom to call: rules, or what was left out."""

    measure: str
    version: int
    rules: tuple[SafetyRule, ...]
    is_left_out: bool

    @property
    def calls(self) -> bool:
        """Say whether anything does."""
        return self.is_left_out or bool(self.rules)


def check_measure(slug: str, *, total: Decimal | None, items: Mapping[int, Decimal]) -> CrisisCheck:
    """Return what of these answers calls for showing whom to call; nothing is kept of them.

    They do as well where the item that decides it was left out, nothing was answered that can be
    read, or the total proves it. Raises `NothingToCheck` for a measure without a safety rule, and
    `NoSuchMeasure` for a name that no measure has.
    """
    measure = Measure.objects.filter(slug=slug).first()
    if measure is None:
        raise NoSuchMeasure("There is no self-check of this name.")
    if not measure.definition.safety:
        raise NothingToCheck("There is no self-check of this name.")
    scoring = measure.definition.scoring
    items = {number: value for number, value in items.items() if value >= 0}
    met = tuple(
        rule
        for rule in measure.definition.safety
        if rule.crisis
        and (value := least(scoring, items, total, rule.item)) is not None
        and rule.is_met_by(value)
    )
    is_left_out = left_out(measure, items) or (total is None and not items)
    return CrisisCheck(measure.slug, measure.version, met, is_left_out)


def is_crisis(slug: str, *, total: Decimal | None, items: Mapping[int, Decimal]) -> bool:
    """Say whether answers to a measure call for showing whom to call, as `check_measure` finds."""
    return check_measure(slug, total=total, items=items).calls


def calls_for_help(scores: Iterable[Any]) -> bool:
    """Say whether answers, as they were sent, call for showing whom to call.

    For answers that are refused: what is wrong with one of them takes nothing from what another
    says, and what cannot be read was not said. Nor does it matter how the measure is written.
    """
    items: defaultdict[str, dict[int, Decimal]] = defaultdict(dict)
    totals: dict[str, Decimal] = {}
    for one in scores:
        if not isinstance(one, Mapping) or one.get("subscale"):
            continue
        name, value, item = _plain(one.get("measure")), _number(one.get("value")), one.get("item")
        said = items[name]  # a measure that is named without an answer was not answered
        if item is None and value is not None:
            totals[name] = max(value, totals.get(name, value))
        elif (number := _number(item)) is not None and value is not None:
            said[int(number)] = max(value, said.get(int(number), value))
    slugs = Measure.objects.values_list("slug", flat=True) if items else ()
    by_slug = {slug: _plain(slug) for slug in slugs if _plain(slug) in items}
    return any(
        is_crisis(slug, total=totals.get(by_slug[slug]), items=items[by_slug[slug]])
        for slug, measure in Measure.objects.in_bulk(by_slug, field_name="slug").items()
        if measure.definition.safety
    )


def _plain(name: Any) -> str:
    """Return how a questionnaire is called here that somebody calls PHQ9, or phq-9."""
    return re.sub(r"[^a-z0-9]", "", str(name)[:60].lower())


def _number(sent: Any) -> Decimal | None:
    """Read a number of at most a few digits; nothing for anything else."""
    if isinstance(sent, bool) or not _SHORT.fullmatch(str(sent)):
        return None
    return Decimal(str(sent))


def checkable() -> list[str]:
    """Return the pathways that can be checked, by slug."""
    return sorted(
        Pathway.objects.filter(versions__isnull=False).distinct().values_list("slug", flat=True)
    )
