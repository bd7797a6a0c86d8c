"""Times of the audit trail that somebody may have written by hand: what is taken, what is read.

PostgreSQL knows infinity and years that Python does not, so that one such value would stop whoever
reads the rows around it.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime

from django.db.models import DateField, DateTimeField, Model, Q, QuerySet, Value
from django.db.models.functions import Greatest, Least

EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def plausible(*fields: str, edges: tuple[date, date] = (EARLIEST, LATEST)) -> Q:
    """Return the condition that these times are finite and of this age."""
    first, end = edges
    every = Q()
    for name in fields:
        every &= Q(**{f"{name}__gte": first, f"{name}__lt": end})
    return every


def readable[M: Model](rows: QuerySet[M, M]) -> Iterator[M]:
    """Return rows one at a time; a time that is not plausible is brought to the nearer edge.

    There it contradicts what was signed or sealed, so that it is noticed and stops nobody.
    """
    names = [one.name for one in rows.model._meta.get_fields() if isinstance(one, DateField)]
    moved = {f"readable_{name}": _brought_near(rows.model, name) for name in names}
    for row in rows.defer(*names).annotate(**moved).iterator(chunk_size=1):
        for name in names:
            setattr(row, name, getattr(row, f"readable_{name}"))
        yield row


def _brought_near(model: type[Model], name: str) -> Least:
    has_time = isinstance(model._meta.get_field(name), DateTimeField)
    field = DateTimeField() if has_time else DateField()
    first, end = (one if has_time else one.date() for one in (EARLIEST, LATEST))
    return Least(Greatest(name, Value(first, output_field=field)), Value(end, output_field=field))
