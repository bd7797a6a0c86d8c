"""Whether an activity may begin and when: its conditions and the activities that it is timed by.

Pure: rows and facts in, findings out, each with what it rests on. Unknown is not negative: what is
not known to be met lets a beginning wait, and what is not known to be over goes on.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from care_plans.clinic_days import ClinicDays
from care_plans.content.pathways import PathwayDefinition
from care_plans.content.sourced import StageName
from care_plans.content.stages import Activity, Stage
from care_plans.content.timing import HOLDS, WAITS_FOR, Related
from care_plans.evaluation import evaluate
from care_plans.evidence import Evidence, Facts, Finding, Outcome
from care_plans.saying import every

MET, NOT_MET, UNKNOWN = Outcome.MET, Outcome.NOT_MET, Outcome.UNKNOWN


@dataclass(frozen=True, slots=True)
class Planned:
    """An activity of the present stay as it stands."""

    id: UUID
    status: str
    began_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Timing:
    """What was found about one activity.

    `start` holds the start condition and whatever lets it wait for another activity, `stop` its
    stop condition, `finish` what must be over before it is completed. `due_from` and `due_until`
    bound its beginning as far as that is known already, while it waits as well.
    """

    applicability: Finding | None = None
    start: tuple[Finding, ...] = ()
    stop: Finding | None = None
    finish: tuple[Finding, ...] = ()
    since: datetime | None = None
    due_from: datetime | None = None
    due_until: datetime | None = None
    days: ClinicDays = field(default_factory=ClinicDays)

    @property
    def outcome(self) -> Outcome:
        """Return whether it may begin."""
        return every(finding.outcome for finding in (*self.start, *self.over))

    @property
    def waits_for(self) -> tuple[Finding, ...]:
        """Return what keeps it from beginning."""
        parts = (*self.start, *self.over)
        return tuple(part for part in parts if part.outcome is not MET)

    @property
    def is_over(self) -> bool:
        """Say whether its stop condition is known to be met."""
        return self.stop is not None and self.stop.outcome is MET

    @property
    def over(self) -> tuple[Finding, ...]:
        """Return the met stop condition as what holds the beginning back, if it is met."""
        if not self.is_over or self.stop is None:
            return ()
        text = "It would be stopped at once: its stop condition is met."
        return (Finding("Stopped", NOT_MET, text, evidence=self.stop.evidence, parts=(self.stop,)),)


@dataclass(frozen=True, slots=True)
class _Anchor:
    """The moment of another activity that is waited for, or why there is none."""

    outcome: Outcome
    sentence: str
    at: datetime | None = None
    rows: tuple[Evidence, ...] = ()
    binds: bool = True


@dataclass(frozen=True, slots=True)
class _Wait:
    finding: Finding | None = None
    due_from: datetime | None = None
    due_until: datetime | None = None


def _found(
    relationship: str,
    other: str,
    outcome: Outcome,
    sentence: str,
    rows: tuple[Evidence, ...],
    source: tuple[str, ...] = (),
) -> Finding:
    return Finding(
        kind="Related",
        outcome=outcome,
        sentence=sentence,
        id=f"{relationship}:{other}",
        evidence=rows,
        source=source,
    )


@dataclass(frozen=True, slots=True)
class Clock:
    """All that the timing of one stay's activities is asked of."""

    definition: PathwayDefinition
    stage: StageName
    facts: Facts
    planned: Mapping[str, Planned]
    now: datetime

    @property
    def content(self) -> Stage:
        """Return the stage as the pathway describes it."""
        return self.definition.stage(self.stage)

    def timing(self, key: str, days: ClinicDays) -> Timing:
        """Return what is found about an activity, whether it is planned already or not."""
        found = self.content.activity(key)
        if found is None:
            # the version that the course follows does not have it (any more): nothing holds it
            return Timing(since=self._entered(), due_from=self._entered(), days=days)
        _, content = found
        waits = [self._relation(content, one, days) for one in content.related]
        waits += [one for one in [self._turn(content)] if one is not None]
        waits += [
            self._held(other, one, days)
            for other, one in self._holding(key)
            if HOLDS[one.relationship] == "start"
        ]
        start = [wait.finding for wait in waits if wait.finding is not None]
        if content.start_when is not None:
            start.append(self._asked(content.start_when))
        moments = [wait.due_from for wait in waits if wait.due_from is not None]
        # where nothing but dated things is waited for, the moment at which all were met is known
        dated = content.start_when is None
        entered = self._entered()
        reckoned = max([*moments, *([entered] if entered else [])], default=None)
        if any(w.finding and w.finding.outcome is not MET and not w.due_from for w in waits):
            reckoned = None
        until = [wait.due_until for wait in waits if wait.due_until is not None]
        return Timing(
            applicability=self._asked(content.when) if content.when is not None else None,
            start=tuple(start),
            stop=self._asked(content.stop_when) if content.stop_when is not None else None,
            finish=tuple(
                held.finding
                for other, one in self._holding(key)
                if HOLDS[one.relationship] == "end"
                and (held := self._held(other, one, days)).finding is not None
            ),
            since=reckoned if dated else None,
            due_from=reckoned if dated or moments else None,
            due_until=max([min(until), *moments]) if until and reckoned else None,
            days=days,
        )

    def _entered(self) -> datetime | None:
        return self.facts.stay.began_at if self.facts.stay else None

    def _asked(self, criterion: Any) -> Finding:
        return evaluate(criterion, self.definition, self.facts, self.now)

    def _holding(self, key: str) -> Iterator[tuple[str, Related]]:
        """Yield the activities that must have ended before this one begins, or ends."""
        for lane in self.content.lanes.values():
            for activity in lane.activities:
                for one in activity.holding(key):
                    yield activity.id, one

    def _relation(self, content: Activity, one: Related, days: ClinicDays) -> _Wait:
        edge = WAITS_FOR.get(one.relationship)
        if edge is None:
            return _Wait()  # it is the other one that waits
        anchor = self._anchor(one.activity, edge, ended=one.counts == "ended")
        wait = self._after(one.activity, one, anchor, days)
        other = self.planned.get(one.activity)
        if one.relationship != "concurrent" or other is None or other.ended_at is None:
            return wait
        # it belongs beside the other one, which is over
        text = f"{self._named(one.activity)} has ended: it can no longer be done beside it."
        finding = _found(one.relationship, one.activity, NOT_MET, text, anchor.rows)
        return _Wait(finding, wait.due_from, other.ended_at)

    def _held(self, other: str, one: Related, days: ClinicDays) -> _Wait:
        anchor = self._anchor(other, "end", ended=one.counts == "ended")
        return self._after(other, one, anchor, days)

    def _turn(self, content: Activity) -> _Wait | None:
        """Wait for the nearest activity before it in its lane that applies and is not optional."""
        if content.release != "in_turn":
            return None
        found = self.content.activity(content.id)
        assert found is not None
        before = list(self.content.lanes[found[0]].activities)
        before = before[: [one.id for one in before].index(content.id)]
        for earlier in reversed([one for one in before if not one.optional]):
            anchor = self._anchor(earlier.id, "end", ended=False)
            if anchor.binds:
                finding = _found(
                    "in-turn", earlier.id, anchor.outcome, anchor.sentence, anchor.rows
                )
                return _Wait(finding, anchor.at, None)
        return None

    def _after(self, other: str, one: Related, anchor: _Anchor, days: ClinicDays) -> _Wait:
        if anchor.at is None:
            finding = _found(
                one.relationship, other, anchor.outcome, anchor.sentence, anchor.rows, one.source
            )
            return _Wait(finding)
        due = days.after(anchor.at, one.offset, one.days)
        until = None
        if one.latest is not None:
            until = days.end_of(days.after(anchor.at, one.latest, one.days))
        elif one.relationship.startswith("concurrent-"):
            until = days.end_of(due)
        sentence = anchor.sentence
        if one.offset.value:
            kind = "business days" if one.days == "business" else "days"
            count = f"{one.offset.value.normalize():f} {one.offset.unit}"
            said = count if one.days == "calendar" else f"{count}, counted in {kind}"
            sentence += f" With {said} after it, from {days.day(due)} on."
        outcome = MET if due <= self.now else NOT_MET
        finding = _found(one.relationship, other, outcome, sentence, anchor.rows, one.source)
        return _Wait(finding, due, until)

    def _anchor(self, key: str, edge: str, *, ended: bool) -> _Anchor:
        """Return when an activity began or ended, or why that binds nobody or is not known."""
        name, row = self._named(key), self.planned.get(key)
        left_out = self._left_out(key, row)
        if left_out is not None:
            return left_out
        assert row is not None
        rows = (Evidence("activity", row.id),)
        never = row.status == "not_started" or (row.status == "stopped" and edge == "start")
        if never and row.began_at is None:
            verb = "begun" if edge == "start" else "been completed"
            return _Anchor(NOT_MET, f"{name} has not {verb}.", rows=rows)
        if edge == "start":
            at, verb = row.began_at, "began"
        elif row.status == "completed" or (row.status == "stopped" and ended):
            at, verb = row.ended_at, "was completed" if row.status == "completed" else "was stopped"
        elif row.status == "stopped":
            return _Anchor(NOT_MET, f"{name} was stopped, and not completed.", rows=rows)
        else:
            return _Anchor(NOT_MET, f"{name} has not been completed.", rows=rows)
        if at is None:
            return _Anchor(UNKNOWN, f"When {name} {verb} is not known.", rows=rows)
        return _Anchor(MET, f"{name} {verb}.", at, rows)

    def _left_out(self, key: str, row: Planned | None) -> _Anchor | None:
        """Return why an activity takes no part in this stay, or that nobody knows yet."""
        name, found = self._named(key), self.content.activity(key)
        if found is None:
            return _Anchor(MET, f"{name} is no part of this stage.", binds=False)
        discipline, content = found
        lane = self.facts.lanes.get(discipline)
        rows: tuple[Evidence, ...] = (Evidence("lane", lane.id),) if lane is not None else ()
        if row is not None and row.status not in ("not_started", "stopped"):
            return None
        if lane is None or lane.needed is False:
            said = f"{name} is left out: its lane is not needed."
            return _Anchor(MET, said, rows=rows, binds=False)
        if row is not None:
            return None
        if lane.needed is None:
            return _Anchor(
                UNKNOWN, f"Whether the lane of {name} is needed is not known.", rows=rows
            )
        if content.when is None:
            return _Anchor(UNKNOWN, f"{name} is not planned yet.", rows=rows)
        asked = self._asked(content.when)
        rows = tuple(sorted({row for leaf in asked.leaves() for row in leaf.evidence}))
        if asked.outcome is NOT_MET:
            return _Anchor(MET, f"{name} is left out: it does not apply.", rows=rows, binds=False)
        return _Anchor(UNKNOWN, f"Whether {name} applies is not known.", rows=rows)

    def _named(self, key: str) -> str:
        found = self.content.activity(key)
        return f'"{found[1].text}"' if found else f'"{key}"'
