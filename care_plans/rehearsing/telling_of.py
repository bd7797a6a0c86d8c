"""A rehearsal in words and as data, the same bytes for the same rehearsal."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from care_plans.content_review import ReviewStatus
from care_plans.rehearsing.bases import Basis
from care_plans.rehearsing.dry_run import Rehearsed

#: nothing of it is a prediction
NOTICE = (
    "A rehearsal with a made-up patient who meets each stage on its last expected day. It shows "
    "what the pathway does, not how anybody will fare. The clinic is made up as well, with one "
    "person of each discipline and one scheduler: yours may have nobody in some of these roles."
)
FORECAST = (
    "This course played on as if each stage were met on its last expected day, or tomorrow where "
    "that has gone by. It is taken that a paused course is resumed now, that every screen is "
    "clear, that lanes nobody has decided on are not needed, that referrals are accepted within a "
    "day by the clinic's people or, beside them, one made-up person of each other discipline than "
    "the lead's and a made-up scheduler, that each goal is reached, and that what was never "
    "measured is measured today. It shows what the pathway would bring about, not how the "
    "patient will fare. Nothing of it has happened."
)


def as_data(found: Rehearsed) -> dict[str, Any]:
    """Return a rehearsal as plain data: dates in UTC, nothing that differs from run to run."""
    return {
        "pathway": found.pathway,
        "version": found.version,
        "severity": found.severity,
        "side": found.side,
        "notice": NOTICE,
        "review_due": found.review_due,
        "review_status": str(found.review_status),
        "began_at": found.began_at,
        "ended_at": found.ended_at,
        "stays": [
            {
                "stage": stay.stage,
                "entered_at": stay.entered_at,
                "left_at": stay.left_at,
                "expected_until": stay.expected_until,
                **_resting(stay.basis),
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
                **_resting(entry.basis),
            }
            for entry in found.entries
        ],
    }


def as_lines(found: Rehearsed) -> Iterator[str]:
    """Return a rehearsal as lines of text, one for each thing that happens."""
    yield f"{found.pathway} {found.version}, {found.severity}{found.side and f', {found.side}'}"
    if found.review_status in (ReviewStatus.OVERDUE, ReviewStatus.EXPIRED):
        yield f"its review is overdue: it was due on {found.review_due}"
    for stay in found.stays:
        yield f"{stay.stage}: {_day(stay.entered_at)} to {_day(stay.left_at)}  {_mark(stay.basis)}"
    if found.stopped:
        yield f"stopped: {found.stopped}"
    for unmet in found.unmet:
        yield f"unmet and overridden: {unmet}"
    for entry in found.entries:
        said = f"({entry.detail})" if entry.detail else ""
        parts = [entry.kind, entry.who, entry.what, said, _mark(entry.basis)]
        yield f"{_day(entry.at)}  " + "  ".join(part for part in parts if part)


def _resting(basis: Basis | None) -> dict[str, Any]:
    if basis is None:
        return {"source": [], "evidence_grade": None, "is_expert_consensus": None}
    return {
        "source": list(basis.source),
        "evidence_grade": basis.grade,
        "is_expert_consensus": basis.is_consensus,
    }


def _mark(basis: Basis | None) -> str:
    """Return how well something is supported, and that part of it is opinion where it is."""
    if basis is None:
        return ""
    is_mixed = basis.is_consensus and basis.grade != "consensus"
    return f"[{basis.grade}{', part consensus' if is_mixed else ''}]"


def _day(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d}" if moment is not None else "-"
