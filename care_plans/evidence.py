"""What evaluation reads and what it answers, as plain values: facts in, findings out.

No database here, so that a rule can be tried on any history, real or imagined.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Any, Literal, NamedTuple, Protocol
from uuid import UUID

from care_plans.content.sourced import SeverityName, StageName
from care_plans.criteria import Criterion, Subject
from coordination.moments import as_text

type Better = Literal["higher", "lower", "depends"]
type Side = Literal["left", "right", "both", ""]
type ScreenAnswer = Literal["present", "absent", "unknown"]
type EvidenceKind = Literal[
    "score",
    "answer",
    "screen",
    "red_flag",
    "sign_off",
    "lane",
    "stay",
    "course",
    "complexity",
    "activity",
]


class Outcome(StrEnum):
    """The answer to a criterion. Unknown is not negative: it blocks, and says what is missing."""

    MET = "met"
    NOT_MET = "not_met"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class MeasureFacts:
    """What evaluation needs to know of a measure.

    `smallest_change` is the gain that matters, or the measurement error where that is larger; in
    the measure's unit, and None where nobody knows it. `changes` says what it was in each version:
    a score is judged by the version that it was taken by. `risk` has the classes of a screening
    measure, gravest first, each with the criterion that puts somebody into it. `period` is the time
    up to a score that it is about; None where it is about the moment alone.
    """

    name: str
    better: Better
    side_required: bool
    smallest_change: Decimal | None = None
    changes: Mapping[int, Decimal | None] = field(default_factory=dict)
    risk: tuple[tuple[Literal["low", "medium", "high"], Criterion], ...] = ()
    period: timedelta | None = None

    def change_for(self, score: "ScoreFact") -> Decimal | None:
        """Return the gain that matters by the version of a score."""
        return self.changes.get(score.version or 0, self.smallest_change)


class ScoreFact(NamedTuple):
    """One value of one measure, of one side where that matters, of one item or one subscale.

    `method` is how it was taken and `scoring` by which version of the instrument's scoring; two
    scores that differ in either say nothing about a change.
    """

    id: UUID
    assessment_id: UUID
    measure: str
    value: Decimal
    effective_at: datetime
    recorded_at: datetime
    side: Side = ""
    item: int | None = None
    subscale: str = ""
    method: str = ""
    version: int | None = None
    scoring: int = 0


class AnswerFact(NamedTuple):
    """One answer to a question that the pathway asks about the person's circumstances."""

    id: UUID
    question: str
    answer: bool | str
    effective_at: datetime
    recorded_at: datetime


class ScreenFact(NamedTuple):
    """One red-flag screen. A flag that it does not name was not asked about."""

    id: UUID
    answers: Mapping[str, ScreenAnswer]
    effective_at: datetime
    recorded_at: datetime


class ClearedFact(NamedTuple):
    """A clinician's decision that a flag, found in these screens, does not hold any more."""

    id: UUID
    flag: str
    screens: frozenset[UUID]
    effective_at: datetime
    recorded_at: datetime


class ComplexityFact(NamedTuple):
    """One screen of how complex a case is; `psychosocial` is the highest of those factors."""

    id: UUID
    level: Literal["low", "medium", "high"]
    psychosocial: Literal["low", "medium", "high"]
    effective_at: datetime
    recorded_at: datetime


class LaneFact(NamedTuple):
    """One lane in the current stay.

    `needed` is None while nobody knows what would decide it, `ready` until the lane has spoken.
    `deserted`: nobody does it, and no referral is on its way to find somebody. `withdrawn` are the
    scores for which the pathway needs it, and that were corrected or withdrawn since.
    """

    id: UUID
    needed: bool | None
    ready: bool | None = None
    sign_off_id: UUID | None = None
    deserted: bool = False
    withdrawn: tuple[UUID, ...] = ()


class StayFact(NamedTuple):
    """The stay in a stage that a course is in."""

    id: UUID
    stage: StageName
    began_at: datetime


class Dated(Protocol):
    """A fact that counts from its effective time on."""

    @property
    def id(self) -> UUID:
        """Return what tells it from another of the same moment."""

    @property
    def effective_at(self) -> datetime:
        """Return when what it says was so."""

    @property
    def recorded_at(self) -> datetime:
        """Return when somebody wrote it down."""


def in_order[F: Dated](facts: Iterable[F]) -> list[F]:
    """Sort facts, earliest first, so that the order in which they were gathered never matters."""
    found = list(facts)
    if len(found) > 1:  # nearly always it is one, and a sweep asks a million times
        found.sort(key=moments)
    return found


def moments(fact: Dated) -> tuple[datetime, datetime, UUID]:
    """Return what facts are sorted by: of one effective time the one recorded later is later."""
    return fact.effective_at, fact.recorded_at, fact.id


@dataclass(frozen=True)
class Facts:
    """All that is known of one course. The order within each tuple means nothing.

    `urgencies` are those that the open flags had when they were found: the version that the course
    follows now may name others. Corrected assessments are left out. `stay` is None during intake.
    `pauses` are all of the course, from when until when each lasted (None: it lasts), and
    `regressed` the moments at which it stepped back to an earlier stage.
    `stopped_by` names the screens on other courses of the same patient that found a hard stop, not
    cleared since: it stops this one too. `held_back_by` names those that found something less
    urgent that endangers the person: it blocks each move forward. `time_zone` is that of the lead's
    location, by whose days times are told apart.
    """

    course_id: UUID
    began_at: datetime
    stay: StayFact | None = None
    pauses: tuple[tuple[datetime, datetime | None], ...] = ()
    regressed: tuple[datetime, ...] = ()
    severity: SeverityName | None = None
    side: Side = ""
    scores: tuple[ScoreFact, ...] = ()
    answers: tuple[AnswerFact, ...] = ()
    screens: tuple[ScreenFact, ...] = ()
    cleared: tuple[ClearedFact, ...] = ()
    urgencies: Mapping[str, str] = field(default_factory=dict)
    lanes: Mapping[str, LaneFact] = field(default_factory=dict)
    measures: Mapping[str, MeasureFacts] = field(default_factory=dict)
    stopped_by: tuple[UUID, ...] = ()
    held_back_by: tuple[UUID, ...] = ()
    complexity: tuple[ComplexityFact, ...] = ()
    time_zone: str = "UTC"

    @cached_property
    def scores_of(self) -> Mapping[str, Sequence[ScoreFact]]:
        """Return the scores by their measure; one that was never taken is not among them."""
        found: defaultdict[str, list[ScoreFact]] = defaultdict(list)
        for score in self.scores:
            found[score.measure].append(score)
        return dict(found)

    @cached_property
    def answers_to(self) -> Mapping[str, Sequence[AnswerFact]]:
        """Return the answers by their question, earliest first; none to one never answered."""
        found: defaultdict[str, list[AnswerFact]] = defaultdict(list)
        for answer in self.answers:
            found[answer.question].append(answer)
        return {question: in_order(said) for question, said in found.items()}

    @cached_property
    def recorded(self) -> frozenset[str]:
        """Return the measures that were taken, and the questions that were answered."""
        return frozenset((*self.scores_of, *self.answers_to))

    def may_meet(self, criterion: Criterion) -> bool:
        """Say whether all that a criterion needs was ever recorded; of most it never was."""
        return criterion.needs <= self.recorded


class Evidence(NamedTuple):
    """A row that an outcome rests on."""

    kind: EvidenceKind
    id: UUID


class Finding(NamedTuple):
    """The outcome of one criterion, why in one sentence, and the rows it rests on.

    `is_moving` where these are of a time that moves on with each day. `about` names what the
    criterion asks about; of several, those that keep it from being met.
    """

    kind: str
    outcome: Outcome
    sentence: str
    id: str | None = None
    text: str | None = None
    evidence: tuple[Evidence, ...] = ()
    source: tuple[str, ...] = ()
    parts: tuple["Finding", ...] = ()
    is_moving: bool = False
    about: tuple[Subject, ...] = ()

    @property
    def answer(self) -> tuple[Any, ...]:
        """Return what was found, whatever the question is called."""
        return (self.kind, self.outcome, self.sentence, self.evidence)

    @property
    def asks(self) -> bool:
        """Say whether it asks something itself: how many signs there are, say, which are parts."""
        return not self.parts or self.kind == "YellowFlagged"

    @property
    def moves(self) -> bool:
        """Say whether any part of it is moving."""
        return self.is_moving or any(part.moves for part in self.parts)

    def leaves(self) -> Iterator["Finding"]:
        """Yield the findings that ask something, without those that only join others."""
        if self.asks:
            yield self
        else:
            for part in self.parts:
                yield from part.leaves()

    def rows(self) -> set[UUID]:
        """Return the rows that it rests on, those of its parts as well."""
        own = {row.id for row in self.evidence}
        return own.union(*(part.rows() for part in self.parts))

    def sources(self) -> tuple[str, ...]:
        """Return every source that it rests on, those of its parts as well, each once."""
        below = (key for part in self.parts for key in part.sources())
        return tuple(dict.fromkeys((*self.source, *below)))

    def as_json(self) -> dict[str, Any]:
        """Return what is kept beside a decision: codes, ids and sentences."""
        return {
            "id": self.id,
            "kind": self.kind,
            "outcome": self.outcome.value,
            "text": self.text,
            "sentence": self.sentence,
            "about": [{"kind": one.kind, "key": one.key} for one in self.about],
            "evidence": [{"kind": e.kind, "id": str(e.id)} for e in self.evidence],
            "source": list(self.source),
            "parts": [part.as_json() for part in self.parts],
        }


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether a course may go on, part by part.

    `exit` asks the current stage's way out, `entry` the next stage's way in, `safety` the red
    flags, `lanes` every lane that the stage needs. A part is None where it does not apply: no
    exit and no lanes during intake, no entry after the last stage (what follows is discharge).
    """

    course_id: UUID
    pathway: str
    version: str
    as_of: datetime
    stage: StageName | None
    next_stage: StageName | None
    outcome: Outcome
    safety: Finding
    exit: Finding | None
    entry: Finding | None
    lanes: Finding | None

    @property
    def parts(self) -> tuple[Finding, ...]:
        """Return the parts that apply."""
        every = (self.safety, self.exit, self.entry, self.lanes)
        return tuple(part for part in every if part is not None)

    @property
    def criteria(self) -> tuple[Finding, ...]:
        """Return the parts that a lead cannot answer for a lane: all but the sign-offs."""
        return tuple(part for part in self.parts if part is not self.lanes)

    def blockers(self) -> tuple[Finding, ...]:
        """Return every question whose answer is not yes, and that keeps its part from yes.

        What several parts ask with the same answer is named once: by the pathway's name for it,
        if it has one.
        """
        leaves = [leaf for part in self.parts for leaf in _blocking(part)]
        by_pathway = {leaf.answer for leaf in leaves if leaf.id}
        named: dict[tuple[Any, ...], Finding] = {}
        for leaf in leaves:
            if leaf.id or leaf.answer not in by_pathway:
                named.setdefault((leaf.id, leaf.answer), leaf)
        return tuple(named.values())

    def as_json(self) -> dict[str, Any]:
        """Return what a transition keeps of the readiness on which it was decided."""
        named = {"safety": self.safety, "exit": self.exit, "entry": self.entry, "lanes": self.lanes}
        return {
            "pathway": self.pathway,
            "version": self.version,
            "as_of": as_text(self.as_of),
            "stage": self.stage,
            "next_stage": self.next_stage,
            "outcome": self.outcome.value,
            **{name: part.as_json() if part else None for name, part in named.items()},
        }


def _blocking(finding: Finding) -> Iterator[Finding]:
    if finding.outcome is Outcome.MET:
        return
    if finding.asks:
        yield finding
        return
    for part in finding.parts:
        yield from _blocking(part)
