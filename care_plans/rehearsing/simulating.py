"""Many made-up patients sent through a pathway, so that a clinic sees what it would ask of it.

Everything about the patients is invented: the figures of `Assumptions` are no clinical facts, and
come from no source. What is counted is what the engine does with such patients.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from random import Random
from statistics import median
from typing import Any

from care_plans.content.pathways import PathwayDefinition
from care_plans.content.sourced import SEVERITIES, STAGES, SeverityName
from care_plans.content.stages import Stage
from care_plans.content.stored import reading_as
from care_plans.content_review import review_status
from care_plans.models import PathwayVersion, StageStay
from care_plans.rehearsing import meeting
from care_plans.rehearsing.dry_run import scores_of, stand_in, watched
from care_plans.rehearsing.expected import Expected
from care_plans.rehearsing.playing import DAY, begin
from care_plans.rehearsing.scene import Scene, scratch_scene
from care_plans.rehearsing.timeline import Entry

NOTICE = (
    "Invented patients. The assumptions are this software's, no clinical facts, and come from no "
    "source; the report shows what the pathway does with such patients, not how patients fare."
)


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What is assumed of the patients who are drawn. All of it is invented."""

    mild: float = 0.4
    moderate: float = 0.4
    quickest: float = 0.7  # of the time that a stage is expected to last
    slowest: float = 1.8
    yes: float = 0.3  # to any question about circumstances
    regresses: float = 0.15  # from a stage after the first
    leaves: float = 0.1  # in a stage, for good


@dataclass
class Drawn(Expected):
    """One patient of a simulation: as expected, but at their own pace, and with setbacks."""

    dice: Random = field(default_factory=Random)
    assumed: Assumptions = field(default_factory=Assumptions)
    _has_regressed: bool = False

    def _finish(self, stay: StageStay) -> None:
        fate = self.dice.random()
        if fate < self.assumed.leaves:
            self._wait(stay)
            self.player.move("discharge", outcome="patient_left", reason="An invented patient.")
        elif (
            stay.stage != STAGES[0]
            and not self._has_regressed
            and fate < self.assumed.leaves + self.assumed.regresses
        ):
            self._has_regressed = True
            self._wait(stay)
            self.player.move("regress", reason="An invented setback.")
        else:
            super()._finish(stay)

    def _wait(self, stay: StageStay) -> None:
        half = (stay.expected_until - stay.entered_at) / 2
        self.player.take_up_referrals()
        self.let_pass(self.player.at + timedelta(days=max(1, half.days)))

    def _due(self, content: Stage, stay: StageStay) -> datetime:
        pace = self.dice.uniform(self.assumed.quickest, self.assumed.slowest)
        expected = super()._due(content, stay)
        days = round((expected - stay.entered_at).days * pace)
        return stay.entered_at + timedelta(days=max(1, days))


def simulate(
    version: PathwayVersion | None,
    *,
    patients: int,
    seed: int,
    at: datetime,
    draft: PathwayDefinition | None = None,
    assumed: Assumptions | None = None,
    told: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """Send so many invented patients through a pathway and return what came of it; keep nothing.

    The same version, number, seed and beginning give the same report. `told`, if given, is called
    after each patient with how many are done.
    """
    row = version or stand_in(draft)
    definition = draft or row.definition
    assumed = assumed or Assumptions()
    entries: list[list[Entry]] = []
    days: dict[str, list[int]] = {stage: [] for stage in STAGES}
    severities: Counter[str] = Counter()
    unmet: Counter[str] = Counter()
    reading = reading_as(row.sha256, draft) if draft is not None else nullcontext()
    with reading, scratch_scene(now=at) as scene:
        for number in range(1, patients + 1):
            dice = Random(f"{seed}:{number}")  # noqa: S311 # nosec B311 - no secret
            severity = _severity(dice, assumed)
            severities[severity] += 1
            played = _begun(
                scene, row, severity=severity, dice=dice, assumed=assumed, number=number, at=at
            )
            entries.append(_played(played))
            unmet.update({line.split(":", 1)[0]: 1 for line in played.unmet})
            for stay in StageStay.objects.filter(course=played.player.course_id):
                if stay.left_at is not None:
                    days[stay.stage].append((stay.left_at - stay.entered_at).days)
            if told is not None:
                told(number)
    return _report(definition, patients, seed, at, assumed) | {
        "severities": dict(sorted(severities.items())),
        "days_in_stage": {stage: _spread(found) for stage, found in days.items()},
        "overridden_in": dict(sorted(unmet.items())),
        **_counted(entries),
    }


def _begun(
    scene: Scene,
    row: PathwayVersion,
    *,
    severity: SeverityName,
    dice: Random,
    assumed: Assumptions,
    number: int,
    at: datetime,
) -> Drawn:
    definition = row.definition
    side = dice.choice(["left", "right"]) if definition.condition.side_required else ""
    drawn = {
        name: (dice.random() < assumed.yes if isinstance(plain, bool) else plain)
        for name, plain in sorted(meeting.circumstances(definition).items())
    }
    answers = drawn | meeting.answering(definition.stage(STAGES[0]).entry)
    player = begin(scene, row, severity=severity, side=side, answers=answers, number=number, at=at)
    return Drawn(player, scores_of(definition, severity, side), dice=dice, assumed=assumed)


def _played(played: Drawn) -> list[Entry]:
    with watched(played.player) as timeline:
        played.play()
        played.player.pass_time(played.player.at + DAY)
    return timeline.in_order()


def _severity(dice: Random, assumed: Assumptions) -> SeverityName:
    drawn = dice.random()
    if drawn < assumed.mild:
        return SEVERITIES[0]
    return SEVERITIES[1] if drawn < assumed.mild + assumed.moderate else SEVERITIES[2]


def _report(
    definition: PathwayDefinition, patients: int, seed: int, at: datetime, assumed: Assumptions
) -> dict[str, Any]:
    return {
        "notice": NOTICE,
        "pathway": definition.pathway,
        "version": definition.version,
        "patients": patients,
        "seed": seed,
        "began_at": at.isoformat(),
        "review_status": str(review_status(definition.governance.next_review_due, today=at.date())),
        "assumptions": asdict(assumed),
    }


def _spread(found: list[int]) -> dict[str, float]:
    if not found:
        return {"stays": 0}
    return {"stays": len(found), "least": min(found), "median": median(found), "most": max(found)}


def _counted(entries: list[list[Entry]]) -> dict[str, Mapping[str, int]]:
    def count(kind: str, by: str) -> dict[str, int]:
        found = Counter(
            str(getattr(entry, by)) for told in entries for entry in told if entry.kind == kind
        )
        return dict(sorted(found.items()))

    referred = Counter(
        entry.who
        for told in entries
        for entry in told
        if entry.kind == "referral" and entry.what == "requested"
    )
    moves = count("stage", "what")
    return {
        "transitions": moves,
        "regressions": {"all": sum(n for what, n in moves.items() if what.startswith("regress"))},
        "recommendations": count("recommendation", "detail"),
        "referrals": dict(sorted(referred.items())),
        "tasks": count("task", "who"),
        "messages": count("message", "what"),
    }
