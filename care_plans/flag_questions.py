"""Whether a red flag is open, and whether each was asked about."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from care_plans.counting import clearings_of_stay, open_flags, screens_of_stay
from care_plans.criteria import Subject
from care_plans.evidence import Evidence, Facts
from care_plans.saying import MET, NOT_MET, UNKNOWN, Said, rows_of


def no_open_flag(
    flags: frozenset[str],
    known: frozenset[str],
    facts: Facts,
    now: datetime,
    *,
    elsewhere: Iterable[UUID] = (),
    valid_for: timedelta | None = None,
) -> Said:
    """Answer whether none of these flags is open and each has been asked about in this stay.

    `elsewhere` are the screens on other courses whose findings count here too. What was found
    absent longer than `valid_for` ago is not known any more (None: it counts for as long as the
    stay lasts).

    `known` are all flags of the pathway: an open one that the pathway does not know (any more)
    counts too, since nobody can say how urgent it is.
    """
    found = open_flags(facts, now)
    standing = {flag: found[flag] for flag in sorted(found) if flag in flags or flag not in known}
    others = sorted(set(elsewhere))
    if standing or others:
        named = ", ".join(standing) or "on another course of this patient"
        return Said(
            NOT_MET,
            lambda: f"Open red flag: {named}.",
            lambda: rows_of(
                "screen",
                dict.fromkeys([*(s.id for s in standing.values()), *others]),
            ),
            lambda: _named(standing),
        )
    latest = _latest_of_stay(facts, now, valid_for)

    def rows() -> tuple[Evidence, ...]:
        return tuple(dict.fromkeys(latest[flag][1] for flag in sorted(flags) if flag in latest))

    unasked = [flag for flag in flags if flag not in latest or latest[flag][0] != "absent"]
    if unasked:
        return Said(
            UNKNOWN,
            lambda: (
                f"{len(unasked)} of {len(flags)} red flags are not known to be absent in this stay."
            ),
            rows,
            lambda: _named(unasked),
        )
    return Said(MET, lambda: _all_absent(flags, latest), rows)


def _all_absent(flags: frozenset[str], latest: Mapping[str, tuple[str, Evidence]]) -> str:
    cleared = sum(latest[flag][1].kind == "red_flag" for flag in flags)
    if not cleared:
        return f"All {len(flags)} red flags were found absent in this stay."
    return (
        f"Of {len(flags)} red flags {len(flags) - cleared} were found absent in this stay, and "
        f"{cleared} {'was' if cleared == 1 else 'were'} cleared by a clinician."
    )


def _named(flags: Iterable[str]) -> tuple[Subject, ...]:
    return tuple(Subject("red_flag", flag) for flag in sorted(flags))


def _latest_of_stay(
    facts: Facts, now: datetime, valid_for: timedelta | None
) -> dict[str, tuple[str, Evidence]]:
    """Return what was last said of each flag in this stay; clearing one says that it is absent."""
    said: list[tuple[datetime, datetime, Mapping[str, str], Evidence]] = [
        (
            screen.effective_at,
            screen.recorded_at,
            screen.answers,
            Evidence("screen", screen.id),
        )
        for screen in screens_of_stay(facts, now)
    ]
    said += [
        (one.effective_at, one.recorded_at, {one.flag: "absent"}, Evidence("red_flag", one.id))
        for one in clearings_of_stay(facts, now)
    ]
    latest: dict[str, tuple[str, Evidence]] = {}
    # whoever cleared a flag in the moment of a screen had that screen before them
    decided_last = sorted(said, key=lambda one: (one[0], one[1], one[3].kind == "red_flag", one[3]))
    for effective_at, _, answers, row in decided_last:
        if valid_for is not None and now - effective_at > valid_for:
            continue
        for flag, answer in answers.items():
            latest[flag] = (answer, row)
    return latest
