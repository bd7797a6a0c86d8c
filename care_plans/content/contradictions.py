"""Statements that cannot both be followed: about urgency, rest, time and place."""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from itertools import combinations

from care_plans.content.figures import SPAN, WORDS
from care_plans.content.findings import Found
from care_plans.content.pathways import PathwayDefinition
from care_plans.content.placing import placed_advice, placed_flags
from care_plans.content.reading import Where
from care_plans.content.safety import MOST_URGENT_FIRST
from care_plans.content.sourced import SEVERITIES, Band, Duration, SeverityName
from care_plans.content.thresholds import CALM
from care_plans.content.words import sentences
from care_plans.criteria import AllOf, Criterion, Elapsed, OfSeverity

#: Words that do not tell one finding from another.
_EMPTY = frozenset(
    {"a", "an", "and", "any", "are", "at", "by", "for", "from", "in", "is", "it", "of", "on"}
    | {"or", "the", "this", "to", "when", "with"}
)
_rank = MOST_URGENT_FIRST.index
_DAYS = {"days": Decimal(1), "weeks": Decimal(7), "months": Decimal("365.25") / 12}
_WAIT = re.compile(
    r"\b(days?|weeks?|months?)['’]?( of)? rest(ing)?\b|\brest(ing)? for\b|\bafter (a )?rest\b",
    re.IGNORECASE,
)
_RESTING = re.compile(r"\brest(ing)?\b", re.IGNORECASE)
_REST_ALONE = re.compile(
    r"\brest(ing)? ((alone|by itself|on its own|only)\b|(is|does|will) "
    r"(not|rarely|never|seldom|insufficient|ineffective)\b)",
    re.IGNORECASE,
)
_FAILS = re.compile(r"\b(not|rarely|never|insufficient|ineffective|seldom|no)\b", re.IGNORECASE)
#: what has a severity, and not a severe pain or swelling
_CASE = (
    r"(?:cases?|conditions?|courses?|diseases?|disorders?|forms?|injur(?:y|ies)|sprains?|strains?|"
    r"symptoms?|tears?|\w*(?:path(?:y|ies)|itis|osis))"
)
_SUBJECT = re.compile(rf"{_CASE}|it|that|they|this|which|who", re.IGNORECASE)
_JOINED = (
    r"(?:after|and|are|as|at|but|by|despite|for|from|if|in|is|lasting|lasts|on|or|over|persisting|"
    r"persists?|since|than|that|to|when|which|while|with|without)\b"
)
_NAMES = "|".join(SEVERITIES)
#: a severity, of what it is said, and not before a noun that is no case
_SEVERITY = re.compile(
    r"(?:\b(?P<of>\w++) (?:is|are|was|were|becomes?|gets?|remains?|stays?) (?:still )?)?"
    rf"\b(?P<name>{_NAMES})\b(?=(?:\W{{1,2}}(?:(?:and|or|to) )?(?:{_NAMES})\b){{0,2}}+"
    rf"(?:\s*(?:$|[^\w\s])|\s+{_JOINED}|\s+(?:(?!{_JOINED})[\w-]+ ){{0,2}}{_CASE}\b))",
    re.IGNORECASE,
)
#: what stands before a span that has to pass, and what stands after one
_PASSED = re.compile(
    r"\b(?:after|at|beyond|by|despite|exceed(?:s|ing)?|for|from|last(?:s|ed|ing)?|least|over|past|"
    r"persist(?:s|ed|ing)?|since|than) (?:about |another |some |the )?$",
    re.IGNORECASE,
)
_LONGER = re.compile(r" (?:and|or) (?:longer|more|over)\b", re.IGNORECASE)
_BEFORE = 30
#: as many digits as no number of months has within a hundred years
_LONG = 4
_SLOW = {"chronic_overuse", "degenerative"}


def contradiction_findings(pathway: PathwayDefinition, today: date) -> Iterator[Found]:
    """Find statements of a pathway that contradict one another, and a review that is overdue."""
    yield from _urgency(pathway)
    yield from _normal_course(pathway)
    yield from _rest(pathway)
    yield from _stage_name(pathway)
    due = pathway.governance.next_review_due
    if due is not None and due < today:
        yield Found(
            "review-overdue",
            ("governance", "next_review_due"),
            f"the review was due on {due}",
            (("governance", "next_review_due"),),
        )


# urgency


def _urgency(pathway: PathwayDefinition) -> Iterator[Found]:
    """Compare findings by the words they consist of: the format has nothing else for a finding.

    Advice is also compared with the red flag that it names, and with each whose words contain
    all of its own or lie within them.
    """
    flags = placed_flags(pathway)
    for (first, one), (second, other) in combinations(flags, 2):
        if _words(one.text) == _words(other.text) and one.urgency != other.urgency:
            yield Found(
                "conflicting-urgency",
                (*second, "urgency"),
                f'"{other.text}" is {other.urgency} here, and {one.urgency} as {one.id}',
                (first, second),
            )
    for at, advice in placed_advice(pathway):
        for where, flag in flags:
            same = advice.red_flag == flag.id or _alike(advice.text, flag.text)
            if same and _rank(advice.urgency) > _rank(flag.urgency):
                yield Found(
                    "conflicting-urgency",
                    (*at, "urgency"),
                    f'"{advice.text}" is {advice.urgency} as advice, and {flag.urgency} as the '
                    f"flag {flag.id}",
                    (where, at),
                )


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text.casefold())) - _EMPTY


def _alike(text: str, other: str) -> bool:
    fewer, more = sorted((_words(text), _words(other)), key=len)
    return fewer == more if len(fewer) < 2 else fewer <= more


# time


def _normal_course(pathway: PathwayDefinition) -> Iterator[Found]:
    """Find rules that begin within the time that recovery usually takes in the cases they name.

    A rule whose condition asks for no time is taken at its words, where those name a severity.
    """
    for number, rule in enumerate(pathway.rules):
        asked = [] if rule.when is None else list(_conjuncts(rule.when))
        times = [c.at_least for c in asked if isinstance(c, Elapsed) and _counts(c)]
        severities = [c.severity for c in asked if isinstance(c, OfSeverity)]
        usual, key = list(_usual(pathway, severities)), "when"
        if not any(isinstance(c, Elapsed) for c in asked):
            times, key = list(_spans(rule.text)), "text"
            told = _usual(pathway, severities or list(_severities(rule.text)))
            usual = [one for one in told if one[0][0] == "severities"]
        for at, who, band in usual:
            for time in times:
                if unrounded(band.shortest) <= unrounded(time) < unrounded(band.longest):
                    yield Found(
                        "threshold-in-normal-course",
                        ("rules", number, key),
                        f"applies from {time.value} {time.unit} on, while {who} usually take "
                        f"{band.min} to {band.max} {band.unit} to recover",
                        (at, ("rules", number)),
                    )


def _usual(
    pathway: PathwayDefinition, severities: Sequence[SeverityName]
) -> Iterator[tuple[Where, str, Band]]:
    """Yield how long severities usually take, or how long each form does where that is unknown."""
    known = False
    for name in severities:
        part = pathway.severities.get(name)
        if part is not None and isinstance(part.duration, Band):
            known = True
            yield ("severities", name, "duration"), f"{name} cases", part.duration
    for number, form in enumerate(() if known else pathway.condition.durations):
        yield ("condition", "durations", number), f"{form.id} forms", form


def _severities(text: str) -> Iterator[SeverityName]:
    """Yield the severities of cases that words name; severe pain alone makes no severe case."""
    named = {
        one["name"].casefold()
        for one in _SEVERITY.finditer(text)
        if one["of"] is None or _SUBJECT.fullmatch(one["of"])
    }
    yield from (name for name in SEVERITIES if name in named)


def _spans(text: str) -> Iterator[Duration]:
    """Yield the spans of time that words let pass, each by its smaller number."""
    for one in SPAN.finditer(text):
        before = text[max(0, one.start() - _BEFORE) : one.start()]
        if not _PASSED.search(before) and not _LONGER.match(text, one.end()):
            continue
        first, last, unit = one.groups()
        number = (first or last).casefold()
        if number in WORDS or (number.isdigit() and len(number) < _LONG):
            value = WORDS.get(number) or Decimal(number)
            yield Duration.model_validate({"value": value, "unit": f"{unit.casefold()}s"})


def _counts(node: Elapsed) -> bool:
    return node.elapsed_since == "course_start"


def _conjuncts(node: Criterion) -> Iterator[Criterion]:
    if isinstance(node, AllOf):
        for child in node.all_of:
            yield from _conjuncts(child)
    else:
        yield node


def unrounded(duration: Duration) -> Decimal:
    """Return days unrounded, for comparing; what is too long to reckon becomes infinite."""
    return CALM.multiply(duration.value, _DAYS[duration.unit])


# rest


def _rest(pathway: PathwayDefinition) -> Iterator[Found]:
    """Find advice to wait for rest to work beside a statement that rest alone does not.

    Text search: the format has no other word for rest. Only statements that speak of rest alone (or
    by itself) and deny it count, and only advice that names a time of rest.
    """
    stated: list[tuple[Where, str]] = [
        *((("claims", n), one.text) for n, one in enumerate(pathway.claims)),
        *((("treatments", n), one.text) for n, one in enumerate(pathway.treatments)),
        *((("notes", n), one.text) for n, one in enumerate(pathway.notes)),
        *((("questions", n), one.answer) for n, one in enumerate(pathway.questions)),
    ]
    claims = [
        where
        for where, text in stated
        if any(_REST_ALONE.search(one) and _FAILS.search(one) for one in sentences(text))
    ]
    lasting = {n for n, advice in enumerate(pathway.see_provider) if advice.after is not None}
    said: list[tuple[Where, str]] = [
        *((("see_provider", n), advice.text) for n, advice in enumerate(pathway.see_provider)),
        *((("rules", n), rule.text) for n, rule in enumerate(pathway.rules)),
        *((("self_help", n), step.text) for n, step in enumerate(pathway.self_help)),
        *((("questions", n), answer.answer) for n, answer in enumerate(pathway.questions)),
    ]
    for where, text in said:
        waits = where[0] == "see_provider" and where[1] in lasting and _RESTING.search(text)
        if claims and (waits or _WAIT.search(text)):
            yield Found(
                "rest-as-waiting",
                where,
                "lets people wait for rest to help, while the pathway claims that rest alone is "
                "not effective",
                (*claims, where),
            )


# names and places


def _stage_name(pathway: PathwayDefinition) -> Iterator[Found]:
    stage, condition = pathway.stages.get("acute"), pathway.condition
    if stage is not None and stage.note is None and condition.kind in _SLOW:
        yield Found(
            "stage-name",
            ("stages", "acute"),
            f'the first stage is called acute, but the condition is of slow onset ("'
            f'{condition.kind}"); a note has to say that it names the stage and not the condition',
            (("condition",), ("stages", "acute")),
        )
