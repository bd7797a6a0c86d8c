"""A rehearsal in words and as data, the same bytes for the same rehearsal."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from care_plans.rehearsing.dry_run import Rehearsed

#: nothing of it is a prediction
NOTICE = (
    "A rehearsal with a made-up patient who meets each stage on its last expected day. It shows "
    "what the pathway does, not how anybody will fare."
)
FORECAST = (
    "This course played on as if each stage were met on its last expected day, or tomorrow where "
    "that has gone by. It is taken that a paused course is resumed now, that every screen is "
    "clear, that lanes nobody has decided on are not needed, that referrals are accepted within a "
    "day, that each goal is reached, and that what was never measured is measured today. It shows "
    "what the pathway would bring about, not how the patient will fare. Nothing of it has happened."
)


def as_data(found: Rehearsed) -> dict[str, Any]:
    """Return a rehearsal as plain data: dates in UTC, nothing that differs from run to run."""
    return {
        "pathway": found.pathway,
        "version": found.version,
        "severity": found.severity,
        "side": found.side,
        "notice": NOTICE,
        "began_at": found.began_at,
        "ended_at": found.ended_at,
        "stays": [
            {
                "stage": stay.stage,
                "entered_at": stay.entered_at,
                "left_at": stay.left_at,
                "expected_until": stay.expected_until,
                "source": list(stay.source),
            }
            for stay in found.stays
        ],
        "unmet": list(found.unmet),
        "stopped": found.stopped,
        "entries": [
            {
                "at": entry.at,
                "kind": entry.kind,
                "who": entry.who,
                "what": entry.what,
                "detail": entry.detail,
            }
            for entry in found.entries
        ],
    }


def as_lines(found: Rehearsed) -> Iterator[str]:
    """Return a rehearsal as lines of text, one for each thing that happens."""
    yield f"{found.pathway} {found.version}, {found.severity}{found.side and f', {found.side}'}"
    for stay in found.stays:
        yield f"{stay.stage}: {_day(stay.entered_at)} to {_day(stay.left_at)}"
    if found.stopped:
        yield f"stopped: {found.stopped}"
    for unmet in found.unmet:
        yield f"unmet and overridden: {unmet}"
    for entry in found.entries:
        parts = [entry.kind, entry.who, entry.what, f"({entry.detail})" if entry.detail else ""]
        yield f"{_day(entry.at)}  " + "  ".join(part for part in parts if part)


def _day(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d}" if moment is not None else "-"
