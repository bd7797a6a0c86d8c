"""A citation as a test writes it, and whose work it turns out to be."""

from typing import Any

from care_plans.content.citations import check
from care_plans.content.sourced import Record

#: the work that the article means where it gives 10.1136/bmj.b296
MANAGEMENT = "10.1177/0363546508324283"


def cited(cite: str, doi: str | None = None, **more: Any) -> Record:
    return Record(cite=cite, doi=doi, verified="read", **more)


def identity(cite: str, doi: str | None = None, **more: Any) -> str:
    record = cited(cite, doi, **more)
    return check(record, record.cite).identity
