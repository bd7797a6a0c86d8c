"""Coming back: how often a condition that had ended is treated again within twelve months.

No source says what counts as a recurrence, so the report counts what is recorded: another course on
the same pathway and side, begun within twelve months of the day on which one ended. A course that
never began, or that turned out to be another condition, ended nothing that could come back.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from care_plans.disclosing import disclose
from care_plans.models import Course, Outcome
from coordination.access import owned_by_patient
from coordination.actors import Actor
from coordination.models import Patient
from coordination.persons import person_of

MONTHS = 12
#: nothing ended that could come back
NOTHING_ENDED = (Outcome.NEVER_STARTED, Outcome.NEW_DIAGNOSIS, Outcome.DECEASED)

Same = tuple[UUID, UUID, str]


@dataclass(slots=True)
class Recurrence:
    """Of the courses of a pathway that ended so: how many were followed, how many came back.

    `followed` are those whose twelve months have passed, `recurred` is of these. The months of
    `watched` have not passed yet, `recurred_so_far` is of these: they are in no rate, since of them
    only those who came back early are known. `lost` died before, without coming back.
    """

    pathway: str
    outcome: str
    ended: int = 0
    followed: int = 0
    recurred: int = 0
    watched: int = 0
    recurred_so_far: int = 0
    lost: int = 0

    @property
    def rate(self) -> float | None:
        """Return the share that came back, in percent with one decimal; None: nobody knows."""
        return round(100 * self.recurred / self.followed, 1) if self.followed else None


def recurrences(
    *, since: datetime, until: datetime, actor: Actor, now: datetime
) -> tuple[list[Recurrence], set[UUID]]:
    """Return the report over courses that ended from `since` on and before `until`.

    It counts what the reader may know, and nothing else; also returned are the patients whom it
    counts. Takes a constant number of queries.
    """
    seen = disclose(owned_by_patient(Course.objects.all(), actor, now), actor, now)
    ended = seen.filter(
        status=Course.Status.DISCHARGED, discharged_at__gte=since, discharged_at__lt=until
    ).exclude(outcome__in=NOTHING_ENDED)
    rows: list[Any] = list(
        ended.order_by("pathway__slug", "outcome", "id").values_list(
            "id",
            "patient_id",
            "pathway_id",
            "side",
            "pathway__slug",
            "outcome",
            "discharged_at",
        )
    )
    patients = {row[1] for row in rows}
    persons, died = person_of(), _died()
    begun = _begun(seen, persons)
    found: dict[tuple[str, str], Recurrence] = {}
    for course_id, patient_id, pathway_id, side, slug, outcome, at in rows:
        line = found.setdefault((slug, outcome), Recurrence(slug, outcome))
        person = persons[patient_id]
        again = _next(begun[person, pathway_id, side], course_id, at)
        _count(line, at, again, died.get(person), now)
    return list(found.values()), patients


def _begun(seen: Any, persons: Mapping[UUID, UUID]) -> dict[Same, list[tuple[datetime, UUID]]]:
    begun: defaultdict[Same, list[tuple[datetime, UUID]]] = defaultdict(list)
    rows: Iterable[Any] = seen.order_by("applied_at", "id").values_list(
        "id", "patient_id", "pathway_id", "side", "applied_at"
    )
    for course_id, patient_id, pathway_id, side, at in rows:
        begun[persons[patient_id], pathway_id, side].append((at, course_id))
    return begun


def _died() -> dict[UUID, datetime]:
    rows = Patient.objects.exclude(deceased_at=None)
    return {pk: at for pk, at in rows.values_list("pk", "deceased_at") if at is not None}


def _count(
    line: Recurrence,
    ended_at: datetime,
    came_back_at: datetime | None,
    died_at: datetime | None,
    now: datetime,
) -> None:
    line.ended += 1
    end = _months_later(ended_at)
    came_back = came_back_at is not None and came_back_at <= min(end, now)
    if end > now:
        line.watched += 1
        line.recurred_so_far += came_back
    elif died_at is not None and died_at < end and not came_back:
        line.lost += 1
    else:
        line.followed += 1
        line.recurred += came_back


def _months_later(at: datetime) -> datetime:
    """Return the same moment twelve months later; of a 29 February, on the 28th."""
    try:
        return at.replace(year=at.year + MONTHS // 12)
    except ValueError:
        return at.replace(year=at.year + MONTHS // 12, day=28)


def _next(begun: list[tuple[datetime, UUID]], course_id: UUID, ended_at: datetime) -> Any:
    """Return when the same condition was next taken up again; None: it was not."""
    later = (at for at, other in begun if at >= ended_at and other != course_id)
    return next(later, None)
