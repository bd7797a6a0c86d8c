"""Whether a course may go on: a pathway's criteria asked of the facts.

Pure and total: the same facts give the same answer in whatever order they come, and no facts
make it raise. `counting` says which evidence counts, `questions` how each question is answered.

More evidence never turns met into unknown, but for two kinds of evidence that say that something
is not known: an explicit "unknown" on a screen, and an other side that scored 0 where two sides
are compared.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, cached_property, partial

from care_plans import questions
from care_plans.content.pathways import PathwayDefinition
from care_plans.content.safety import BLOCKS_PROGRESSION, STOPS_LOADING, Urgency, YellowFlag
from care_plans.content.sourced import SEVERITIES, STAGES, SeverityName
from care_plans.criteria import AllOf, AnyOf, Compared, Criterion, NoOpen, SignedOff, YellowFlagged
from care_plans.evidence import Evidence, Facts, Finding, Outcome, Readiness
from care_plans.flag_questions import no_open_flag
from care_plans.saying import MET, NOT_MET, UNKNOWN, Said, every, some

_LANES = SignedOff(sign_off="all_needed_lanes")


def readiness(definition: PathwayDefinition, facts: Facts, now: datetime) -> Readiness:
    """Return whether a course may leave its stage for the next (or, after the last, end)."""
    asked = Asked(definition, facts, now)
    stage = facts.stay.stage if facts.stay else None
    following = definition.stage_after(stage) if stage else STAGES[0]
    way_out = asked.find(definition.stage(stage).exit) if stage else None
    way_in = asked.find(definition.stage(following).entry) if following else None
    lanes = asked.find(_LANES) if stage else None
    # Nobody has been screened when care begins: then only a flag that was found blocks, and
    # `may_load` holds back what needs a screen.
    safety = asked.safety(BLOCKS_PROGRESSION, must_be_screened=stage is not None)
    return Readiness(
        course_id=facts.course_id,
        pathway=definition.pathway,
        version=definition.version,
        as_of=now,
        stage=stage,
        next_stage=following,
        outcome=every(part.outcome for part in (safety, way_out, way_in, lanes) if part),
        safety=safety,
        exit=way_out,
        entry=way_in,
        lanes=lanes,
    )


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The outcomes of readiness alone, without what they rest on."""

    safety: Outcome
    exit: Outcome
    entry: Outcome
    lanes: Outcome

    @property
    def whole(self) -> Outcome:
        """Return whether the course may go on."""
        return every((self.safety, self.exit, self.entry, self.lanes))

    @property
    def criteria_met(self) -> bool:
        """Say whether everything but the sign-offs of lanes is met."""
        return every((self.safety, self.exit, self.entry)) is MET


def outcomes(asked: "Asked") -> Outcomes:
    """Return what `readiness` concludes and nothing of why; a part that does not apply is met."""
    definition, facts = asked.definition, asked.facts
    stage = facts.stay.stage if facts.stay else None
    following = definition.stage_after(stage) if stage else STAGES[0]
    return Outcomes(
        safety=asked.said_of_safety(BLOCKS_PROGRESSION, must_be_screened=stage is not None).outcome,
        exit=asked.outcome(definition.stage(stage).exit) if stage else MET,
        entry=asked.outcome(definition.stage(following).entry) if following else MET,
        lanes=asked.outcome(_LANES) if stage else MET,
    )


def evaluate(
    criterion: Criterion, definition: PathwayDefinition, facts: Facts, now: datetime
) -> Finding:
    """Return the outcome of one criterion of a pathway, with its trace."""
    return Asked(definition, facts, now).find(criterion)


def may_load(definition: PathwayDefinition, facts: Facts, now: datetime) -> Finding:
    """Return whether loading activities may begin or go on.

    Every hard-stop flag must have been found absent in the current stay, and none may be open:
    what nobody asked holds loading back as surely as what somebody found.
    """
    return Asked(definition, facts, now).safety(STOPS_LOADING, must_be_screened=True)


def severity_met(asked: "Asked") -> SeverityName | None:
    """Return the gravest severity whose criterion is met.

    It is only ever a suggestion: a person decides how bad it is.
    """
    for name in reversed(SEVERITIES):
        severity = asked.definition.severities.get(name)
        when = severity.suggested_when if severity is not None else None
        if when is not None and asked.is_met(when):
            return name
    return None


def evaluate_severity(name: SeverityName, asked: "Asked") -> Finding:
    """Return what a severity's own criterion finds; it must have one."""
    when = asked.definition.severity(name).suggested_when
    assert when is not None, "only a criterion suggests a severity"
    return asked.find(when)


@dataclass(frozen=True, eq=False)
class Asked:
    """A pathway's criteria, asked of the facts of one course at one moment.

    What was answered once is remembered, since several rules ask the same: whoever asks much of
    one course asks it of one of these.
    """

    definition: PathwayDefinition
    facts: Facts
    now: datetime
    counting_yellow_flags: bool = False
    #: by the criterion's identity, which holds for as long as it is kept beside its answer
    answered: dict[int, tuple[Criterion, Said]] = field(default_factory=dict, repr=False)

    def find(self, criterion: Criterion) -> Finding:
        """Return the outcome of a criterion, with its trace."""
        parts: tuple[Finding, ...] = ()
        # pydantic's classes are slow to say whether something is one of theirs
        if type(criterion) is AllOf:
            parts = tuple([self.find(child) for child in criterion.all_of])
            said = Said(every([p.outcome for p in parts]), lambda: _tally(parts, "all are needed"))
        elif type(criterion) is AnyOf:
            parts = tuple([self.find(child) for child in criterion.any_of])
            said = Said(some([p.outcome for p in parts]), lambda: _tally(parts, "one is enough"))
        else:
            said = self._said(criterion)
            if type(criterion) is YellowFlagged:
                parts = self._signs()
        return self._finding(criterion, said, parts)

    def leaves(self, criterion: Criterion) -> Iterator[Said]:
        """Yield what is said to each question of a tree, without the nodes that only join them."""
        if type(criterion) is AllOf:
            for child in criterion.all_of:
                yield from self.leaves(child)
        elif type(criterion) is AnyOf:
            for child in criterion.any_of:
                yield from self.leaves(child)
        else:
            yield self._said(criterion)

    def is_met(self, criterion: Criterion) -> bool:
        """Say whether a criterion is met; of most nothing was recorded that could meet it."""
        return self.facts.may_meet(criterion) and self.outcome(criterion) is MET

    @property
    def yellow_flags_met(self) -> int:
        """Return how many of the yellow flags are met."""
        return len(self._met_signs)

    def outcome(self, criterion: Criterion) -> Outcome:
        """Return the outcome alone; what can change it no more is not asked."""
        if type(criterion) is AllOf:
            return self._outcome_of_all(criterion.all_of)
        if type(criterion) is AnyOf:
            return self._outcome_of_any(criterion.any_of)
        if not self.facts.may_meet(criterion):
            return UNKNOWN  # without looking for what counts
        return self._said(criterion).outcome

    def _outcome_of_all(self, criteria: tuple[Criterion, ...]) -> Outcome:
        found = MET
        for criterion in criteria:
            outcome = self.outcome(criterion)
            if outcome is NOT_MET:
                return NOT_MET
            found = UNKNOWN if outcome is UNKNOWN else found
        return found

    def _outcome_of_any(self, criteria: tuple[Criterion, ...]) -> Outcome:
        found = NOT_MET
        for criterion in criteria:
            outcome = self.outcome(criterion)
            if outcome is MET:
                return MET
            found = UNKNOWN if outcome is UNKNOWN else found
        return found

    def _said(self, criterion: Criterion) -> Said:
        if type(criterion) is YellowFlagged:
            return self._yellow_flagged(criterion)
        if type(criterion) is NoOpen:
            return self._nothing_blocks
        known = self.answered.get(id(criterion))
        if known is None:
            known = criterion, questions.answer(criterion, self.facts, self.now)
            self.answered[id(criterion)] = known
        return known[1]

    def safety(self, urgencies: frozenset[Urgency], *, must_be_screened: bool) -> Finding:
        """Return whether no flag of these urgencies is open, with its trace.

        Unless it `must_be_screened`, what nobody asked about does not count against it.
        """
        said = self.said_of_safety(urgencies, must_be_screened=must_be_screened)
        return self._finding(NoOpen(no_open="red_flag"), said, ())

    def said_of_safety(self, urgencies: frozenset[Urgency], *, must_be_screened: bool) -> Said:
        """Return what `safety` finds, and how to tell why."""
        blocks = urgencies == BLOCKS_PROGRESSION
        said = self._nothing_blocks if blocks else self._no_open(urgencies)
        if said.outcome is UNKNOWN and not must_be_screened:
            return Said(MET, lambda: "No red flag was found, as far as anybody asked.", said.rows)
        return said

    @cached_property
    def _nothing_blocks(self) -> Said:
        """Answer what every stage asks, and most of their criteria ask again."""
        return self._no_open(BLOCKS_PROGRESSION)

    def _no_open(self, urgencies: frozenset[Urgency]) -> Said:
        known = self.definition.flag_ids
        # a flag goes on being as urgent as when it was found, whatever a later version says
        as_found = {f for f, urgency in self.facts.urgencies.items() if urgency in urgencies}
        flags = self.definition.flags_with(urgencies) | as_found
        stage = self.definition.stage(self.facts.stay.stage) if self.facts.stay else None
        valid = stage.screen_valid_for if stage else None
        elsewhere = self.facts.stopped_by
        if Urgency.URGENT_2WK in urgencies:
            elsewhere += self.facts.held_back_by
        return no_open_flag(
            flags,
            known,
            self.facts,
            self.now,
            elsewhere=elsewhere,
            valid_for=timedelta(days=valid.days) if valid else None,
        )

    def _yellow_flagged(self, criterion: YellowFlagged) -> Said:
        if self.counting_yellow_flags:  # a trigger that counts triggers would never end
            return Said(NOT_MET, lambda: "A yellow flag cannot count yellow flags.")
        asked, found = criterion.yellow_flags_at_least, self._met_signs
        count = len(self.definition.yellow_flags.triggers)

        def tell() -> str:
            named = f" ({', '.join(sign.id for sign, _ in found)})" if found else ""
            return f"{len(found)} of {count} yellow flags are met{named}; asked for {asked}."

        def rows() -> tuple[Evidence, ...]:
            leaves = (leaf for _, sign in found for leaf in sign().leaves())
            return tuple(dict.fromkeys(row for leaf in leaves for row in leaf.evidence))

        return Said(MET if len(found) >= asked else NOT_MET, tell, rows)

    @cached_property
    def _met_signs(self) -> tuple[tuple[YellowFlag, Callable[[], Finding]], ...]:
        """Return each yellow flag that is met, with what finds out why, at most once."""
        triggers = self.definition.yellow_flags.triggers
        possible = [sign for sign in triggers if self.facts.may_meet(sign.when)]
        if not possible:
            return ()
        inner = Asked(
            self.definition,
            self.facts,
            self.now,
            counting_yellow_flags=True,
            answered=self.answered,
        )
        return tuple(
            (sign, cache(partial(inner.find, sign.when)))
            for sign in possible
            if inner.outcome(sign.when) is MET
        )

    def _signs(self) -> tuple[Finding, ...]:
        """Return each yellow flag that is met, with its words, its source and what it rests on."""
        if self.counting_yellow_flags:
            return ()
        return tuple(
            said._replace(
                id=sign.id,
                text=sign.text,
                source=self.definition.supporting((*sign.source, *said.source)),
            )
            for sign, said in ((sign, find()) for sign, find in self._met_signs)
        )

    def _finding(self, criterion: Criterion, said: Said, parts: tuple[Finding, ...]) -> Finding:
        return Finding(
            kind=type(criterion).__name__,
            outcome=said.outcome,
            sentence=said.tell(),
            id=criterion.id,
            text=criterion.text,
            evidence=said.rows(),
            source=self.definition.supporting(criterion.source or ()),
            parts=parts,
            is_moving=type(criterion) is Compared and criterion.over is not None,
            about=said.about() or criterion.about,
        )


def _tally(parts: tuple[Finding, ...], rule: str) -> str:
    met = sum(part.outcome is Outcome.MET for part in parts)
    return f"{met} of {len(parts)} are met; {rule}."
