"""What evaluation knows of the measures: read with the facts of every batch, understood once."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any, Literal, NamedTuple, cast

from care_plans.criteria import Criterion
from care_plans.evidence import Better, MeasureFacts
from care_plans.models import MeasureVersion

type _Risk = tuple[tuple[Literal["low", "medium", "high"], Criterion], ...]

MEASURES = """
SELECT m.slug, m.name, m.better, m.side_required, m.version, v.version, v.sha256
FROM care_plans_measure m LEFT JOIN care_plans_measureversion v ON v.measure_id = m.id
ORDER BY m.slug, v.version
"""


class Known(NamedTuple):
    """The measures, and by which scoring each version of one is scored."""

    measures: Mapping[str, MeasureFacts]
    scoring: Mapping[tuple[str, int], int]


@lru_cache(maxsize=4)  # every batch reads the same few
def known(rows: tuple[tuple[Any, ...], ...]) -> Known:
    """Return what is known of the measures, of the rows that `MEASURES` is answered with."""
    changes: defaultdict[str, dict[int, Decimal | None]] = defaultdict(dict)
    hashes = {(row[0], row[5]): row[6] for row in rows if row[5] is not None}
    for (slug, version), sha256 in hashes.items():
        changes[slug][version] = _meaning(sha256).smallest_change
    measures = {
        slug: MeasureFacts(
            name,
            cast(Better, better),
            sided,
            changes[slug].get(version),
            changes[slug],
            *_more(hashes.get((slug, version))),
        )
        for slug, name, better, sided, version, _, _ in rows
    }
    return Known(measures, {named: _meaning(sha256).scoring for named, sha256 in hashes.items()})


def _more(sha256: str | None) -> tuple[_Risk, timedelta | None]:
    """Return the classes of a version, and the time that a score of it is about."""
    return (_meaning(sha256).risk, _meaning(sha256).period) if sha256 is not None else ((), None)


class _Meaning(NamedTuple):
    """What a version of a measure says of its scores."""

    smallest_change: Decimal | None
    scoring: int
    risk: _Risk
    period: timedelta | None


@cache
def _meaning(sha256: str) -> _Meaning:
    """Return what the version with this hash says; a hash never changes."""
    definition = MeasureVersion.objects.filter(sha256=sha256)[0].definition
    scoring = definition.scoring.version if definition.scoring else 0
    risk = tuple((one.level, one.when) for one in definition.risk.levels) if definition.risk else ()
    period = timedelta(days=definition.period.days) if definition.period else None
    change = definition.smallest_change
    if change is None or change.value is None or change.unit not in (None, ""):
        return _Meaning(None, scoring, risk, period)
    return _Meaning(max(change.value, change.mdc or change.value), scoring, risk, period)
