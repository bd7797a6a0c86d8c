"""What the lint may find in a pathway: the rules, and one finding with file, line and sentence."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel

from care_plans.content.reading import Flaw, Where, shown

type Level = Literal["error", "warning", "note"]


class Checked(NamedTuple):
    """One rule of the lint: how bad what it finds is, and what it looks for.

    `resolvable` says that the authors may let a finding stand by saying how it is resolved. What
    a machine would act on wrongly, or what would put a patient at risk, has to be mended.
    """

    level: Level
    says: str
    resolvable: bool = False


RULES: dict[str, Checked] = {
    "content": Checked("error", "The file does not follow the format."),
    "unknown-name": Checked(
        "error", "An exercise, a site or a resolution names what is not there."
    ),
    "unreachable": Checked("error", "A criterion can never be met."),
    "weeks-backwards": Checked("error", "A stage is expected before the one that it follows."),
    "weeks-overlap": Checked("warning", "Two stages are expected in the same weeks.", True),
    "consecutive-too-long": Checked("error", "The stage is too short for so many daily scores."),
    "uncollected-measure": Checked("warning", "A criterion rests on what nobody measures.", True),
    "between-steps": Checked("warning", "A threshold is no possible score.", True),
    "wrong-direction": Checked(
        "error", "A threshold is met by getting worse, or a flag by better."
    ),
    "always-met": Checked("error", "A criterion is met whatever the facts are.", True),
    "asks-for-less": Checked("error", "A later exit asks for less than an earlier one.", True),
    "met-at-entry": Checked("warning", "An exit asks what the entry has asked already.", True),
    "text-and-figure": Checked(
        "error", "A text names another number than its criterion, or the other side of it."
    ),
    "text-and-answer": Checked(
        "error",
        "A text says yes where its criterion asks for a no, or never where for a yes.",
        True,
    ),
    "gain-within-error": Checked("error", "A gain may be measurement error alone.", True),
    "gain-too-small": Checked("warning", "A gain is smaller than any change that matters.", True),
    "missing-dose": Checked("warning", "An exercise has no dose.", True),
    "cautioned-without-dose": Checked(
        "warning", "Something is recommended and warned against, and no dose tells which.", True
    ),
    "conflicting-urgency": Checked("error", "One finding is urgent here and less so there."),
    "similar-urgency": Checked("warning", "What sounds like one finding has two urgencies.", True),
    "red-flag-made-light": Checked("error", "An answer calls a red flag harmless."),
    "action-unlike-urgency": Checked(
        "error", "What is done about a finding is unlike its urgency."
    ),
    "longer-than-stage": Checked("warning", "A span is longer than the stage that it is in.", True),
    "no-safety-triggers": Checked(
        "warning", "A measure of mood is used, and nothing says when to act at once.", True
    ),
    "weaker-trigger": Checked(
        "error", "A measure raises an alarm that the pathway does not, or not as early."
    ),
    "unsupported-claim": Checked("error", "A claim is shown as supported by what nobody has read."),
    "mismatched-citation": Checked(
        "error", "An identifier belongs to another work than its citation describes."
    ),
    "mismatch-as-evidence": Checked(
        "error", "Something rests on a citation that belongs to another work."
    ),
    "weak-citation": Checked("warning", "A statement rests on what nobody has read.", True),
    "threshold-in-normal-course": Checked(
        "warning", "A recommendation begins while recovery is still within its usual time.", True
    ),
    "rest-as-waiting": Checked("warning", "Rest is to be waited for, and said to fail.", True),
    "exercise-in-two-levels": Checked("error", "One exercise stands in two dose levels.", True),
    "test-and-exercise": Checked(
        "warning", "A movement provokes the pain as a test and is an exercise.", True
    ),
    "missing-gate": Checked("error", "A condition that the words demand guards nothing."),
    "severities-overlap": Checked("error", "Some scores point to two severities.", True),
    "severities-apart": Checked(
        "error", "Some scores lie between two severities and point to neither.", True
    ),
    "severity-order": Checked("error", "A graver severity is said to last less long."),
    "weeks-past-course": Checked(
        "warning", "A stage is expected to end after the whole course has.", True
    ),
    "unmarked-loading": Checked("error", "Exercise with a dose level is not marked as loading."),
    "level-too-early": Checked("error", "A harder level begins before any easier one."),
    "leads-to-itself": Checked("error", "A look-alike or a redirect is the pathway itself."),
    "idle-goal": Checked("warning", "Nobody works on a goal.", True),
    "nobody-diagnoses": Checked("error", "Nobody of the first stage may diagnose."),
    "side-not-asked": Checked("error", "Two sides are compared, and no side has to be named."),
    "conflicting-action": Checked("error", "One finding asks for two different things."),
    "urgent-put-off": Checked("error", "What is urgent is to be booked, or done later."),
    "reviewed-in-future": Checked("error", "The last review lies in the future."),
    "stage-name": Checked("warning", "A slow condition has a stage that is called acute.", True),
    "site-not-covered": Checked("error", "No rule is about a site that counts as covered."),
    "site-unspoken": Checked(
        "warning", "A site counts as covered, and nothing says a word of it.", True
    ),
    "similar-exercise": Checked(
        "warning", "What sounds like one exercise stands in two dose levels.", True
    ),
    "no-dose": Checked("warning", "What stands as a dose says neither how much nor how often."),
    "same-exit": Checked("warning", "A stage is left by what the one before was left by.", True),
    "wrong-check-digit": Checked(
        "warning", "The last digit of a code is not the one that the others make.", True
    ),
    "missing-french": Checked("error", "What patients read has no French."),
    "review-overdue": Checked("warning", "The review of the content is overdue."),
}


_DOSED: tuple[Where, ...] = (("dose_levels",), ("exercises",))
#: rules that find that something is not there, and where it would be
ABSENCES: dict[str, tuple[Where, ...]] = {
    "uncollected-measure": (("stages", "*", "measures_at_entry"),),
    "idle-goal": (("stages", "*", "goals"), ("stages", "*", "lanes")),
    "nobody-diagnoses": (("stages", "acute", "lanes"), ("diagnosis", "may_diagnose")),
    "missing-gate": (*_DOSED, ("self_help",)),
    "missing-dose": _DOSED,
    "cautioned-without-dose": _DOSED,
    "level-too-early": _DOSED,
    "site-not-covered": ((),),
    "site-unspoken": ((),),
    "stage-name": (("stages", "acute", "note"),),
}


@dataclass(frozen=True, slots=True)
class Found:
    """What a rule found: at which place, in words, and between which parts of the pathway."""

    rule: str
    where: Where
    detail: str
    parts: tuple[Where, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding as people see it.

    `about` names the parts that contradict one another, by their ids where they have any, and
    `rows` the rows of the source's inventory that all of them represent. `resolved` is set when
    a resolution of the pathway answers it; it is a note then. `pathway` names the version where
    the place is in a file that several share.
    """

    rule: str
    level: Level
    at: Flaw
    about: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    resolved: str = ""
    pathway: str = ""

    def __str__(self) -> str:
        place = f"{shown(self.at.file)}:{self.at.line}: {self.level} {self.rule}: "
        path = ", ".join(part for part in (self.pathway, self.at.path) if part)
        path = f"{path}: " if path else ""
        rows = f" ({', '.join(self.rows)})" if self.rows else ""
        resolved = f" resolved: {self.resolved}" if self.resolved else ""
        return f"{place}{path}{self.at.detail}{rows}{resolved}"


def errors(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings that keep a version from being published."""
    return [finding for finding in findings if finding.level == "error"]


def steps_to(definition: BaseModel, where: Where) -> Iterator[tuple[str | int, Any]]:
    """Yield each step of a place with what stands there; nothing (None) where it leads nowhere."""
    node: Any = definition
    for step in where:
        if isinstance(node, BaseModel):
            node = getattr(node, str(step), None)
        elif isinstance(node, dict):
            node = node.get(step)
        elif isinstance(node, tuple) and isinstance(step, int) and step < len(node):
            node = node[step]
        else:
            node = None
        yield step, node


def name_of(definition: BaseModel, where: Where) -> str:
    """Return a place by ids rather than numbers: `rules.severe-earliest`, `claims.0`."""
    words = []
    for step, node in steps_to(definition, where):
        known = getattr(node, "id", None) if isinstance(step, int) else None
        words.append(str(known or step))
    return ".".join(words)
