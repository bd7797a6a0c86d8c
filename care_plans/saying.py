"""What is said to a question of a criterion, and how several answers are joined into one."""

from collections.abc import Callable, Iterable
from typing import NamedTuple
from uuid import UUID

from care_plans.criteria import Subject
from care_plans.evidence import Evidence, EvidenceKind, Outcome

MET, NOT_MET, UNKNOWN = Outcome.MET, Outcome.NOT_MET, Outcome.UNKNOWN


class Said(NamedTuple):
    """An outcome, and how to tell why: the sentence that explains it, and the rows it rests on.

    `about` names what keeps it from being met, where the question alone does not say. Whoever only
    asks whether a criterion is met, of a hundred thousand courses say, asks for none of these, and
    none is made then.
    """

    outcome: Outcome
    tell: Callable[[], str]
    rows: Callable[[], tuple[Evidence, ...]] = tuple
    about: Callable[[], tuple[Subject, ...]] = tuple


def every(outcomes: Iterable[Outcome]) -> Outcome:
    """Join with and: not met wins over unknown, unknown over met."""
    seen = set(outcomes)
    return NOT_MET if NOT_MET in seen else UNKNOWN if UNKNOWN in seen else MET


def some(outcomes: Iterable[Outcome]) -> Outcome:
    """Join with or: met wins over unknown, unknown over not met."""
    seen = set(outcomes)
    return MET if MET in seen else UNKNOWN if UNKNOWN in seen else NOT_MET


def rows_of(kind: EvidenceKind, ids: Iterable[UUID]) -> tuple[Evidence, ...]:
    """Return rows of one kind as evidence."""
    return tuple(Evidence(kind, row_id) for row_id in ids)
