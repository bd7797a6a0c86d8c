"""Who could do it: a pure ranking of candidates, each with every reason for its place.

Nothing here reads the database or the clock: the same need, facts and moment give the same
ranking. `candidates` gathers the facts.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

RULES_VERSION = "2"

Effect = Literal["excludes", "for", "against", "neutral", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What routing knows of a referral: the discipline, and where the patient would rather go."""

    discipline: str
    location_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """The facts of one practitioner role; a `capacity` of None is unknown, not unlimited."""

    practitioner_role_id: UUID
    name: str
    discipline: str
    location_id: UUID
    location_name: str
    time_zone: str
    location_is_active: bool
    is_active: bool
    registered_from: date
    registered_until: date | None
    capacity: int | None
    open_load: int
    in_team: bool
    declined: bool
    gave_back: bool
    is_referrer: bool = False


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that put a candidate where it is: a code for programs, a text for people."""

    code: str
    effect: Effect
    text: str


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate with its place (1 is best, None: excluded) and all reasons for it.

    `unasked` says whether the choice needs nobody's judgement: there is room, as far as is known,
    and the work was not taken from this person before.
    """

    candidate: Candidate
    rank: int | None
    reasons: tuple[Reason, ...]

    @property
    def is_routable(self) -> bool:
        """Say whether the work may be assigned to this candidate at all."""
        return self.rank is not None

    @property
    def unasked(self) -> bool:
        """Say whether the candidate may be chosen without anybody looking."""
        codes = {reason.code for reason in self.reasons}
        return self.is_routable and not codes & {"full", "gave-back"}

    def as_json(self) -> dict[str, Any]:
        """Return what a routing decision keeps of the candidate."""
        return {
            "practitioner_role": str(self.candidate.practitioner_role_id),
            "name": self.candidate.name,
            "location": str(self.candidate.location_id),
            "location_name": self.candidate.location_name,
            "rank": self.rank,
            "reasons": [
                {"code": reason.code, "effect": reason.effect, "text": reason.text}
                for reason in self.reasons
            ],
        }


def rank(need: Need, candidates: Iterable[Candidate], *, now: datetime) -> list[Ranked]:
    """Return all candidates, the best first and the excluded last, each with its reasons.

    In this order: those with room before the full and those who gave this work back; who cares
    for the patient already; the location that the patient prefers; the smaller open load; a known
    capacity before an unknown one; the id, so that a tie is always broken the same way.
    """
    weighed = [(candidate, tuple(_reasons(need, candidate, now))) for candidate in candidates]
    weighed.sort(key=lambda pair: _order(need, *pair))
    ranked: list[Ranked] = []
    place = 0
    for candidate, reasons in weighed:
        if _excluded(reasons):
            ranked.append(Ranked(candidate, None, reasons))
        else:
            place += 1
            ranked.append(Ranked(candidate, place, reasons))
    return ranked


def best(ranked: Sequence[Ranked]) -> Ranked | None:
    """Return the first whom one may choose unasked, or None when a person has to judge."""
    return next((entry for entry in ranked if entry.unasked), None)


def _order(need: Need, candidate: Candidate, reasons: tuple[Reason, ...]) -> tuple[Any, ...]:
    return (
        _excluded(reasons),
        candidate.gave_back,
        _is_full(candidate),
        not candidate.in_team,
        need.location_id is not None and candidate.location_id != need.location_id,
        candidate.open_load,
        candidate.capacity is None,
        str(candidate.practitioner_role_id),
    )


def _excluded(reasons: tuple[Reason, ...]) -> bool:
    return any(reason.effect == "excludes" for reason in reasons)


def _is_full(candidate: Candidate) -> bool:
    return candidate.capacity is not None and candidate.open_load >= candidate.capacity


def _reasons(need: Need, candidate: Candidate, now: datetime) -> Iterator[Reason]:
    yield from _discipline(need, candidate)
    if candidate.is_referrer:
        yield Reason("referrer", "excludes", "Asked for it: nobody refers to themselves.")
    yield from _registration(candidate, now)
    yield from _history(candidate)
    yield from _location(need, candidate)
    yield _load(candidate)


def _discipline(need: Need, candidate: Candidate) -> Iterator[Reason]:
    if candidate.discipline == need.discipline:
        yield Reason("discipline", "for", "Practises the discipline that is needed.")
    else:
        yield Reason("other-discipline", "excludes", "Practises another discipline.")


def _registration(candidate: Candidate, now: datetime) -> Iterator[Reason]:
    today = now.astimezone(ZoneInfo(candidate.time_zone)).date()
    until = candidate.registered_until
    if not candidate.is_active:
        yield Reason("inactive", "excludes", "Does not practise here at present.")
    if today < candidate.registered_from:
        yield Reason(
            "not-yet-registered",
            "excludes",
            f"Registration begins on {candidate.registered_from}; there it is {today}.",
        )
    elif until is not None and until < today:
        yield Reason(
            "registration-lapsed",
            "excludes",
            f"Registration ended with {until}; there it is {today}.",
        )
    else:
        yield Reason("registered", "for", f"Registered on {today}, the day at the location.")


def _history(candidate: Candidate) -> Iterator[Reason]:
    if candidate.declined:
        yield Reason("declined", "excludes", "Declined this referral.")
    if candidate.gave_back:
        yield Reason("gave-back", "against", "Had this referral, and it came back.")
    if candidate.in_team:
        yield Reason("in-team", "for", "Is in the patient's care team already.")
    else:
        yield Reason("new-to-patient", "neutral", "Is new to the patient.")


def _location(need: Need, candidate: Candidate) -> Iterator[Reason]:
    if not candidate.location_is_active:
        yield Reason("location-closed", "excludes", "The location is closed.")
    if need.location_id is None:
        yield Reason("any-location", "neutral", "No location is preferred.")
    elif candidate.location_id == need.location_id:
        yield Reason("preferred-location", "for", "Works where the patient prefers to go.")
    else:
        yield Reason("other-location", "against", "Works at another location than preferred.")


def _load(candidate: Candidate) -> Reason:
    load, capacity = candidate.open_load, candidate.capacity
    if capacity is None:
        return Reason("capacity-unknown", "unknown", f"{load} open; how many fit is unknown.")
    if _is_full(candidate):
        return Reason("full", "against", f"{load} open of {capacity}: no room.")
    return Reason("room", "for", f"{load} open of {capacity}.")
