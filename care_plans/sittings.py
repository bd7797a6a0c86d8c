"""What a sitting says before it is recorded: scores, values that are absent, and what is wrong.

A score is judged by the version of its measure that it was taken by. What its items make is added
here (`completed`), so that whoever sends items need not add them up, and nobody can send a total
that they do not make.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from care_plans.content.measures import MeasureDefinition
from care_plans.models import AbsentScore, Assessment, Measure, MeasureVersion, Score
from care_plans.recording import refuse
from care_plans.scoring import possible, scored
from coordination.near_names import no_such
from coordination.problems import FieldError, Invalid, pointer

MAX_SCORES = 200
#: a score has at most four decimals and six digits before them, as its column does
_LIMIT, _SMALLEST = Decimal(1_000_000), Decimal("0.0001")
_MAX_ITEM = 1000
_LONGEST: Mapping[str, int] = {"method": 60, "instrument": 120, "label": 200}

type Measures = Mapping[str, MeasureVersion]


@dataclass(frozen=True, slots=True)
class Versions:
    """The version of each measure that was named, and which of the names are those of one."""

    by_slug: Measures
    known: frozenset[str]


@dataclass(frozen=True, slots=True)
class NewScore:
    """A value to record, of a measure's slug, and of a side where it is taken per side.

    It is of one item or of one subscale, and without either the total. `version` names the version
    of the measure; None: the present one, or in a correction that of what is corrected.
    """

    measure: str
    value: Decimal
    side: str = ""
    item: int | None = None
    subscale: str = field(default="", repr=False)
    method: str = field(default="", repr=False)
    instrument: str = field(default="", repr=False)
    label: str = field(default="", repr=False)
    version: int | None = field(default=None, repr=False)
    is_computed: bool = field(default=False, repr=False)

    @property
    def said(self) -> str:
        """Return all that was sent of it, so that two may be compared."""
        more = (self.method, self.instrument, self.label, self.version)
        return f"{self!r}{self.subscale}{more if any(more) else ''}"


@dataclass(frozen=True, slots=True)
class NewAbsence:
    """A value that was not had, and the code of the reason."""

    measure: str
    reason: str
    side: str = ""
    subscale: str = ""


def versions_of(
    scores: Sequence[NewScore], absent: Sequence[NewAbsence], corrects: Assessment | None
) -> Versions:
    """Return the version by which each measure of a sitting is judged, and what there is none of.

    A correction is judged by the version that its original was taken by: what was answered then is
    scored as it was then.
    """
    asked = {one.measure: one.version for one in scores if one.version is not None}
    before = _versions_before(corrects)
    every: list[NewScore | NewAbsence] = [*scores, *absent]
    named = {one.measure for one in every if "\x00" not in one.measure}
    found: dict[str, MeasureVersion] = {}
    rows = MeasureVersion.objects.filter(measure__slug__in=named).select_related("measure")
    for row in rows:
        wanted = asked.get(row.measure.slug, before.get(row.measure.slug, row.measure.version))
        if row.version == wanted:
            found[row.measure.slug] = row
    return Versions(found, frozenset(row.measure.slug for row in rows))


def _versions_before(corrects: Assessment | None) -> dict[str, int]:
    if corrects is None:
        return {}
    rows = Score.objects.filter(assessment=corrects).exclude(measure_version=None)
    return {
        slug: version
        for slug, version in rows.values_list("measure__slug", "measure_version")
        if version is not None
    }


def _unknown(
    scores: Sequence[NewScore], absent: Sequence[NewAbsence], versions: Versions
) -> Iterator[FieldError]:
    kinds: tuple[tuple[str, Sequence[NewScore | NewAbsence]], ...] = (
        ("scores", scores),
        ("absent", absent),
    )
    there: list[str] = []
    for kind, rows in kinds:
        for number, one in enumerate(rows):
            asked = one.version if isinstance(one, NewScore) else None
            found = versions.by_slug.get(one.measure)
            if one.measure not in versions.known:
                there = there or list(Measure.objects.values_list("slug", flat=True))
                words = no_such("There is no such measure", one.measure, there)
                yield FieldError(pointer(kind, number, "measure"), words)
            elif found is None:
                yield FieldError(
                    pointer(kind, number, "version"), f"{one.measure} has no such version."
                )
            elif asked not in (None, found.version):
                yield FieldError(
                    pointer(kind, number, "version"),
                    "One sitting is scored by one version of a measure.",
                )


def check(scores: Sequence[NewScore], absent: Sequence[NewAbsence], versions: Versions) -> None:
    """Raise `Invalid` that names each wrong value, if there is one."""
    for name, length in (("scores", len(scores)), ("absent", len(absent))):
        if length > MAX_SCORES:
            raise Invalid.field(f"/{name}", f"At most {MAX_SCORES} fit into one assessment.")
    refuse(
        (
            *_unknown(scores, absent, versions),
            *_flaws(scores, versions.by_slug),
            *_flaws_of_absent(scores, absent, versions.by_slug),
        ),
        "The scores are not valid",
    )


def completed(
    scores: Sequence[NewScore], absent: Sequence[NewAbsence], measures: Measures
) -> tuple[tuple[NewScore, ...], tuple[NewAbsence, ...]]:
    """Return the scores with those that their items make, and what is absent with what they do not.

    A reason that was given for an absence stands. Raises `Invalid` that points to a total or
    subscale that the items cannot make.
    """
    said = {(one.measure, one.side, one.subscale) for one in absent}
    made: list[NewScore] = []
    missing: list[NewAbsence] = []
    wrong: list[FieldError] = []
    for (slug, side), items in _sheets(scores).items():
        definition = measures[slug].definition
        if definition.scoring is None:
            continue
        answers = {score.item: score.value for score in items if score.item is not None}
        sent = _sent(scores, slug, side)
        total = sent.get("")
        if total is not None and not possible(definition.scoring, answers, total[1]):
            wrong.append(FieldError(pointer("scores", total[0], "value"), _NOT_OF_ITEMS))
        result = scored(definition.scoring, answers)
        values = {**result.subscales, **({} if result.total is None else {"": result.total})}
        for part, value in values.items():
            if part not in sent:
                made.append(_computed(items[0], part, value))
            elif part and sent[part][1] != value:
                wrong.append(FieldError(pointer("scores", sent[part][0], "value"), _NOT_OF_ITEMS))
        if result.total is None and total is None and (slug, side, "") not in said:
            missing.append(NewAbsence(slug, AbsentScore.Reason.ITEMS_MISSING, side))
    refuse(wrong, "The scores are not valid")
    return (*scores, *made), (*absent, *missing)


_NOT_OF_ITEMS = "The items that were sent do not make this score."


def _sheets(scores: Iterable[NewScore]) -> dict[tuple[str, str], list[NewScore]]:
    found: dict[tuple[str, str], list[NewScore]] = {}
    for score in scores:
        if score.item is not None:
            found.setdefault((score.measure, score.side), []).append(score)
    return found


def _sent(scores: Sequence[NewScore], slug: str, side: str) -> dict[str, tuple[int, Decimal]]:
    """Return what was sent of a measure that is no item, by subscale, with its place."""
    return {
        one.subscale: (number, one.value)
        for number, one in enumerate(scores)
        if (one.measure, one.side, one.item) == (slug, side, None)
    }


def _computed(like: NewScore, subscale: str, value: Decimal) -> NewScore:
    return replace(like, item=None, label="", subscale=subscale, value=value, is_computed=True)


def _flaws(scores: Sequence[NewScore], measures: Measures) -> Iterator[FieldError]:
    seen: set[tuple[str, str, int | None, str]] = set()
    for number, score in enumerate(scores):
        if score.measure not in measures:
            continue
        for name, detail in _flaws_of(score, measures[score.measure].definition):
            yield FieldError(pointer("scores", number, name), detail)
        place = (score.measure, score.side, score.item, score.subscale)
        if place in seen:
            yield FieldError(pointer("scores", number), "This is scored twice in one assessment.")
        seen.add(place)


def _flaws_of(score: NewScore, of: MeasureDefinition) -> Iterator[tuple[str, str]]:
    yield from _flaws_of_side(score.side, of)
    yield from _flaws_of_taking(score, of)
    yield from _flaws_of_part(score, of)
    if not score.value.is_finite() or abs(score.value) >= _LIMIT:
        yield "value", "This is no number that a score can have."
    elif score.value % _SMALLEST:
        yield "value", "A score has at most four decimals."
    elif score.subscale:
        yield from _flaws_of_subscale(score, of)
    elif score.item is None and not of.accepts(score.value):
        yield "value", _range(of)
    elif score.item is not None:
        yield from _flaws_of_item(score, of)


def _flaws_of_side(side: str, of: MeasureDefinition) -> Iterator[tuple[str, str]]:
    if of.side_required and side not in Score.Side.values:
        yield "side", "This measure is taken per side: left or right."
    if not of.side_required and side:
        yield "side", "This measure is not taken per side."


def _flaws_of_taking(score: NewScore, of: MeasureDefinition) -> Iterator[tuple[str, str]]:
    taking = of.taking
    if taking.methods and score.method and score.method not in taking.methods:
        yield "method", f"{of.id} is taken by: {', '.join(taking.methods)}."
    if taking.method_required and not score.method.strip():
        yield "method", "Say how it was taken: another method reads another value."
    if taking.instrument_required and not score.instrument.strip():
        yield "instrument", "Say with what it was taken."
    for name, longest in _LONGEST.items():
        words: str = getattr(score, name)
        if len(words) > longest or "\x00" in words:
            yield name, f"At most {longest} characters."


def _flaws_of_part(score: NewScore, of: MeasureDefinition) -> Iterator[tuple[str, str]]:
    if score.item is not None and not 1 <= score.item <= _MAX_ITEM:
        yield "item", "There is no such item."
    elif score.item is not None and of.scoring is not None and score.item > of.scoring.items:
        yield "item", f"{of.id} has {of.scoring.items} items."
    if score.subscale and score.item is not None:
        yield "subscale", "A score is of an item or of a subscale, not of both."
    named = of.scoring is not None and of.scoring.named_by_patient and score.item is not None
    if named and not score.label.strip():
        yield "label", "Say which activity this is, in the patient's words."
    if score.label and not named:
        yield "label", "Only an activity that the patient chose has words of its own."


def _flaws_of_item(score: NewScore, of: MeasureDefinition) -> Iterator[tuple[str, str]]:
    """How an item is scored may not be known; it never exceeds the whole then."""
    if of.scoring is not None:
        if not of.scoring.accepts(score.value):
            lowest, highest = of.scoring.lowest, of.scoring.highest
            steps = f", in steps of {of.scoring.step}" if of.scoring.step else ""
            yield "value", f"An item of {of.id} lies between {lowest} and {highest}{steps}."
    elif score.value < 0 or (of.maximum is not None and score.value > of.maximum):
        yield "value", "An item's score lies between 0 and the maximum of its measure."


def _flaws_of_subscale(score: NewScore, of: MeasureDefinition) -> Iterator[tuple[str, str]]:
    if score.subscale not in of.subscales:
        known = ", ".join(sorted(of.subscales)) or "none"
        yield "subscale", f"There is no such subscale of {of.id}; it has: {known}."
        return
    low, high = of.subscales[score.subscale]
    if not low <= score.value <= high:
        yield "value", f"{of.id}, {score.subscale} lies between {low} and {high}."


def _range(of: MeasureDefinition) -> str:
    high = "no upper limit" if of.maximum is None else f"at most {of.maximum}"
    steps = f", in steps of {of.step}" if of.step else ""
    return f"A score of {of.id} is at least {of.minimum}, {high}{steps}."


def _flaws_of_absent(
    scores: Sequence[NewScore], absent: Sequence[NewAbsence], measures: Measures
) -> Iterator[FieldError]:
    had = {(one.measure, one.side, one.subscale) for one in scores if one.item is None}
    for number, one in enumerate(absent):
        if one.measure not in measures:
            continue
        of = measures[one.measure].definition
        for name, detail in _flaws_of_side(one.side, of):
            yield FieldError(pointer("absent", number, name), detail)
        if one.subscale and one.subscale not in of.subscales:
            yield FieldError(pointer("absent", number, "subscale"), "There is no such subscale.")
        if one.reason not in AbsentScore.Reason.values:
            yield FieldError(pointer("absent", number, "reason"), "There is no such reason.")
        place = (one.measure, one.side, one.subscale)
        if place in had:
            yield FieldError(pointer("absent", number), "This has a value, or a reason already.")
        had.add(place)
