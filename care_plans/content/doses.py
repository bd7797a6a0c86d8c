"""Exercises across a pathway: their levels and doses, what tests them, and what guards them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from care_plans.content.checks import parts
from care_plans.content.figures import WORDS
from care_plans.content.findings import Found
from care_plans.content.pathways import DoseLevel, PathwayDefinition
from care_plans.content.reading import Where
from care_plans.content.sourced import Slug, Sourced
from care_plans.content.stages import Activity
from care_plans.content.words import stems

#: "once" that says how often, and no condition
_HOW_OFTEN = (
    r"an?|per|daily|nightly|weekly|monthly|every|each|more|or twice|before|after (?:each|every)|"
    r"in (?:a|every|the (?:morning|afternoon|evening))"
)
_ONCE = re.compile(
    rf"\b(?:(?<!\bat )(?<!\bleast )once(?![ -](?:{_HOW_OFTEN})\b)|not until|only when|only after|"
    r"only if)\b",
    re.IGNORECASE,
)
#: of whom something is kept, whatever their stage
_NEVER = re.compile(r"\b(?:never|not) (?:with|in|for)\b", re.IGNORECASE)
_WORDS = "|".join([*WORDS, "fifteen", "twenty", "thirty", "forty", "fifty", "sixty"])
_SPAN = "day|week|month|hour|morning|evening|session"
#: what a dose says: a number of something that is counted or timed, from how many to how many, how
#: often, or to which end
_MUCH = re.compile(
    rf"(?:\d|\b(?:{_WORDS})\b)(?:[\s–-]*(?:x|×|percent|sets?|reps?|repetitions?|times?|holds?|"
    r"rounds?|sessions?|steps?|breaths?|s|secs?|seconds?|min|mins|minutes?|hours?|h|days?|weeks?|"
    r"kg|lbs?|pounds?|rm|m|km|metres?|meters?)\b"
    rf"|\s*(?:to|-|–)\s*(?:\d++|(?:{_WORDS})\b)(?!\s*(?:of|out of|/)\s*\d))"
    r"|\d\s*[x×%]|\b(?:daily|weekly|hourly|once|twice|[bt]\.?i\.?d)\b"
    rf"|(?:\b(?:every|each|per|a) (?:other |second )?|/ ?)(?:{_SPAN})\b"
    r"|\b(?:to|until) (?:fatigue|failure|exhaustion)\b",
    re.IGNORECASE,
)
_VAGUE = re.compile(
    r"(as|if|when|where)( it is)? (able|comfortable|desired|needed|possible|required|tolerated)"
    r"|often|regularly|sometimes",
    re.IGNORECASE,
)
_NO_NAME = stems("level one two three first second third load")


def dose_findings(pathway: PathwayDefinition) -> Iterator[Found]:
    """Find exercises without a dose or of two levels, tests that are exercises, missing gates.

    Exercises are compared by the ids in `uses` and `cautions`, never by their words.
    """
    named = _named(pathway)
    yield from _levels(named)
    yield from _tests(named)
    yield from _cautions(pathway, named)
    yield from _doses(pathway)
    yield from _no_doses(pathway)
    yield from _gates(pathway)


@dataclass(frozen=True)
class _Use:
    """One place that names an exercise."""

    where: Where
    part: Sourced
    cautions: bool = False

    @property
    def is_test(self) -> bool:
        """Say whether it looks for a sign instead of asking somebody to train."""
        return self.where[:2] == ("diagnosis", "examination")

    @property
    def is_dosed(self) -> bool:
        """Say whether it tells how much: by a level, or by how often."""
        if isinstance(self.part, Activity):
            cadence = self.part.cadence
            said = cadence != "unknown" and not _VAGUE.fullmatch(cadence.strip(" ."))
            return self.part.dose_level is not None or said
        return self.where[0] == "dose_levels"


def _named(pathway: PathwayDefinition) -> dict[Slug, list[_Use]]:
    named: dict[Slug, list[_Use]] = {}
    for where, part in parts(pathway):
        if isinstance(part, Sourced) and where[:1] != ("exercises",):
            for name in part.uses:
                named.setdefault(name, []).append(_Use(where, part))
            for name in part.cautions:
                named.setdefault(name, []).append(_Use(where, part, cautions=True))
    return named


def _levels(named: dict[Slug, list[_Use]]) -> Iterator[Found]:
    for name, uses in named.items():
        levels = [use for use in uses if use.where[0] == "dose_levels" and not use.cautions]
        if len(levels) > 1:
            told = " and ".join(str(getattr(use.part, "id", "")) for use in levels)
            yield Found(
                "exercise-in-two-levels",
                levels[-1].where,
                f"{name} stands in the levels {told}: which of them it is decides how hard it is",
                tuple(use.where for use in levels),
            )


def _tests(named: dict[Slug, list[_Use]]) -> Iterator[Found]:
    for name, uses in named.items():
        tests = [use.where for use in uses if use.is_test]
        trained = [
            use.where
            for use in uses
            if not use.cautions and use.where[0] in ("dose_levels", "stages", "self_help")
        ]
        if tests and trained:
            yield Found(
                "test-and-exercise",
                tests[0],
                f"{name} provokes the pain as a test, and is an exercise as well: say from when "
                "on it may be trained",
                (*tests, *trained),
            )


def _cautions(pathway: PathwayDefinition, named: dict[Slug, list[_Use]]) -> Iterator[Found]:
    for where, activity in _activities(pathway):
        own = _Use(where, activity)
        if activity.caution and not own.is_dosed and not _all_dosed(pathway, activity):
            yield Found(
                "cautioned-without-dose",
                (*where, "caution"),
                "is asked for and warned against, and neither a dose nor how often tells how much "
                "is too much",
                (where,),
            )
    for name, uses in named.items():
        against = [use for use in uses if use.cautions]
        wanted = [use for use in uses if not use.cautions and not use.is_test]
        stated = name in pathway.exercises and pathway.exercises[name].dose is not None
        if against and wanted and not stated and not any(use.is_dosed for use in wanted):
            yield Found(
                "cautioned-without-dose",
                against[0].where,
                f"warns against {name}, which is recommended elsewhere, and no dose tells how "
                "much is too much",
                tuple(use.where for use in (*wanted, *against)),
            )


def _doses(pathway: PathwayDefinition) -> Iterator[Found]:
    for where, activity in _activities(pathway):
        trains = activity.is_loading or bool(activity.uses)
        if not trains or activity.caution or _Use(where, activity).is_dosed:
            continue
        if not _all_dosed(pathway, activity):
            yield Found(
                "missing-dose",
                where,
                "is an exercise without a dose: neither its level nor how often is stated",
                (where,),
            )


def _no_doses(pathway: PathwayDefinition) -> Iterator[Found]:
    """Find a dose that is none: no number of what is counted or timed, nor how often."""
    for name, exercise in pathway.exercises.items():
        if exercise.dose is not None and not _MUCH.search(exercise.dose):
            at: Where = ("exercises", name, "dose")
            detail = (
                f'"{exercise.dose}" says neither how many or how long, such as 3 sets of 10 or 30 '
                "seconds, nor how often"
            )
            yield Found("no-dose", at, detail, (at[:-1],))


def _all_dosed(pathway: PathwayDefinition, activity: Activity) -> bool:
    known = [pathway.exercises[name] for name in activity.uses if name in pathway.exercises]
    return bool(known) and all(exercise.dose is not None for exercise in known)


def _activities(pathway: PathwayDefinition) -> Iterator[tuple[Where, Activity]]:
    for where, part in parts(pathway):
        if isinstance(part, Activity):
            yield where, part


# gates


def _gates(pathway: PathwayDefinition) -> Iterator[Found]:
    """Find activities that the words allow only once something holds, and that nothing guards.

    A step of self-help states such a condition as `gate`, for the exercises that it `uses` and for
    the level that it names; a level and an activity have only their words for it ("once", "only
    when", "not until"), and so has a step without a gate.
    """
    levels = {level.id: (n, level) for n, level in enumerate(pathway.dose_levels)}
    for where, activity in _activities(pathway):
        number, level = levels.get(activity.dose_level or "", (0, None))
        if level is None:
            spoken = [one for one in levels.values() if _speaks_of(activity.text, one[1])]
            number, level = spoken[-1] if spoken else (0, None)
        gated = activity.when is not None or activity.start_when is not None
        if gated or (level is not None and level.gate is not None):
            continue
        trained = {*activity.uses, *(level.uses if level else ())}
        demands: list[tuple[Where, str]] = []
        for n, step in enumerate(pathway.self_help):
            gate = step.gate or (step.text if _ONCE.search(step.text) else None)
            named = step.gate and trained & set(step.uses)
            if gate and (named or (level is not None and _speaks_of(step.text, level))):
                demands.append((("self_help", n), gate))
        if level is not None and _ONCE.search(level.text):
            demands.append((("dose_levels", number), level.text))
        demands += [
            (where, text)
            for text in (activity.text, activity.caution or "")
            if _ONCE.search(text) or _NEVER.search(text)
        ]
        if demands:
            yield Found(
                "missing-gate",
                where,
                "has no `when` or `start_when`, nor has its level a `gate`, but the words demand "
                f'it: "{demands[0][1]}"',
                tuple(dict.fromkeys((where, *(at for at, _ in demands)))),
            )


def _speaks_of(text: str, level: DoseLevel) -> bool:
    """Say whether a text names a level by a word that is no number and tells it from others."""
    named = stems(level.id.replace("-", " ")) - _NO_NAME
    return bool(named) and named <= stems(text)
