"""The closing report: what became of each entry, for people in short and for programs in full."""

import json
from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from fhir.importing.spool import Spool

#: kinds and reasons that are counted one by one; FHIR R4 has 148 kinds
_MOST = 300
UNMEASURED = "no measure has its LOINC code{}"
OUTCOMES = ("imported", "updated", "skipped", "rejected")


@dataclass(slots=True)
class Summary:
    """How many entries had which outcome: in all, by kind, and for which reasons."""

    totals: Counter[str] = field(default_factory=Counter)
    by_kind: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    skipped: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)


def summarize(spool: Spool) -> Summary:
    """Count the outcomes."""
    summary = Summary()
    for kind, outcome, count in spool.counts():
        summary.totals[outcome] += count
        summary.by_kind[_among(summary.by_kind, kind or "(no resource)")][outcome] += count
    for outcome, reason, count in spool.reasons():
        reasons = summary.skipped if outcome == "skipped" else summary.left_out
        reasons[_among(reasons, _without_code(reason))] += count
    return summary


def _among(known: Collection[str], word: str) -> str:
    """Return the word under which something is counted: a file may be full of words of its own."""
    return word if word in known or len(known) < _MOST else "(others)"


def _without_code(reason: str) -> str:
    """Return a reason without the code that makes it one of many."""
    return UNMEASURED.format("") if reason.startswith(UNMEASURED.format("")) else reason


def rejections(spool: Spool, *, limit: int) -> list[str]:
    """Return one line for each rejected entry, at most `limit`."""
    lines = (
        f"{' '.join(filter(None, (Path(path).name, _place(entry, line), label)))}: {reason}"
        for path, entry, line, label, outcome, reason in spool.items()
        if outcome == "rejected"
    )
    return [" ".join(text.split()) for text in islice(lines, limit)]


def write_report(spool: Spool, path: Path, *, organization: str, started_at: str) -> None:
    """Write all of it as JSON: the counts, then each entry with file, place and reason."""
    summary = summarize(spool)
    head = {
        "organization": organization,
        "started_at": started_at,
        "counts": {outcome: summary.totals[outcome] for outcome in OUTCOMES},
        "by_kind": {kind: dict(counts) for kind, counts in sorted(summary.by_kind.items())},
    }
    with path.open("w", encoding="utf-8") as file:
        file.write(json.dumps(head, ensure_ascii=False)[:-1] + ', "items": [')
        separator = "\n"
        for name, entry, line, label, outcome, reason in spool.items():
            item = {
                "file": name,
                "entry": entry,
                "line": line,
                "resource": label,
                "outcome": outcome,
                "reason": reason,
            }
            file.write(separator + json.dumps(item, ensure_ascii=False))
            separator = ",\n"
        file.write("\n]}\n")


def _place(entry: int | None, line: int | None) -> str:
    place = "" if line is None else f"line {line}"
    return place if entry is None else f"{place} entry[{entry}]".strip()
