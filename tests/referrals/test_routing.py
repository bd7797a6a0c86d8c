"""The ranking itself, from facts alone."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referrals.routing import Candidate, Need, Ranked, best, rank

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
HERE, THERE = UUID(int=1), UUID(int=2)


def somebody(number: int, **facts: Any) -> Candidate:
    known: dict[str, Any] = {
        "practitioner_role_id": UUID(int=number),
        "name": f"Somebody {number}",
        "discipline": "massage_therapy",
        "location_id": HERE,
        "location_name": "Here",
        "time_zone": "America/Toronto",
        "location_is_active": True,
        "is_active": True,
        "registered_from": date(2020, 1, 1),
        "registered_until": None,
        "capacity": 10,
        "open_load": 0,
        "in_team": False,
        "declined": False,
        "gave_back": False,
    }
    return Candidate(**(known | facts))


def order(*candidates: Candidate, location: UUID | None = None) -> list[int]:
    need = Need(discipline="massage_therapy", location_id=location)
    return [r.candidate.practitioner_role_id.int for r in rank(need, candidates, now=NOW)]


def only(candidate: Candidate, location: UUID | None = None, now: datetime = NOW) -> Ranked:
    need = Need(discipline="massage_therapy", location_id=location)
    return rank(need, [candidate], now=now)[0]


def codes(ranked: Ranked) -> set[str]:
    return {reason.code for reason in ranked.reasons}


def test_it_prefers_who_has_the_smaller_open_load() -> None:
    assert order(somebody(1, open_load=3), somebody(2, open_load=1)) == [2, 1]


def test_it_prefers_the_wanted_location_to_a_smaller_load() -> None:
    assert order(somebody(1, location_id=THERE), somebody(2, open_load=5), location=HERE) == [2, 1]


def test_it_prefers_who_cares_for_the_patient_already() -> None:
    assert order(
        somebody(1), somebody(2, open_load=5, location_id=THERE, in_team=True), location=HERE
    ) == [2, 1]


def test_it_puts_the_full_behind_everybody_who_has_room() -> None:
    assert order(somebody(1, in_team=True, open_load=2, capacity=2), somebody(2, open_load=9)) == [
        2,
        1,
    ]


def test_it_puts_who_gave_it_back_last_and_never_chooses_them_unasked() -> None:
    ranked = rank(
        Need(discipline="massage_therapy"),
        [somebody(1, gave_back=True), somebody(2, open_load=10)],
        now=NOW,
    )
    assert [r.candidate.practitioner_role_id.int for r in ranked] == [2, 1]
    assert best(ranked) is None, "one is full, the other had it before"


def test_it_says_that_a_capacity_is_unknown() -> None:
    ranked = only(somebody(1, capacity=None, open_load=4))
    assert "capacity-unknown" in codes(ranked)
    assert ranked.unasked
    assert order(somebody(1, capacity=None), somebody(2)) == [2, 1]


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"discipline": "nutrition"}, "other-discipline"),
        ({"is_active": False}, "inactive"),
        ({"location_is_active": False}, "location-closed"),
        ({"declined": True}, "declined"),
        ({"registered_until": date(2026, 11, 22)}, "registration-lapsed"),
        ({"registered_from": date(2026, 11, 24)}, "not-yet-registered"),
    ],
)
def test_it_excludes_and_says_why(facts: dict[str, Any], code: str) -> None:
    ranked = only(somebody(1, **facts))
    assert ranked.rank is None
    assert code in codes(ranked)
    assert [r.code for r in ranked.reasons if r.effect == "excludes"] == [code]


@pytest.mark.parametrize(
    ("zone", "moment", "is_registered"),
    [
        # the last valid day is 23 November, wherever the location is
        ("America/Toronto", datetime(2026, 11, 24, 4, 59, tzinfo=UTC), True),
        ("America/Toronto", datetime(2026, 11, 24, 5, 0, tzinfo=UTC), False),
        ("America/Vancouver", datetime(2026, 11, 24, 5, 0, tzinfo=UTC), True),
        ("America/Vancouver", datetime(2026, 11, 24, 7, 59, tzinfo=UTC), True),
        ("America/Vancouver", datetime(2026, 11, 24, 8, 0, tzinfo=UTC), False),
    ],
)
def test_it_asks_for_the_registration_on_the_day_of_the_location(
    zone: str, moment: datetime, is_registered: bool
) -> None:
    candidate = somebody(1, time_zone=zone, registered_until=date(2026, 11, 23))
    assert only(candidate, now=moment).is_routable is is_registered


facts = st.builds(
    somebody,
    st.integers(1, 10_000),
    location_id=st.sampled_from([HERE, THERE]),
    is_active=st.booleans(),
    registered_until=st.sampled_from([None, date(2026, 11, 22), date(2026, 11, 23)]),
    capacity=st.none() | st.integers(0, 5),
    open_load=st.integers(0, 5),
    in_team=st.booleans(),
    declined=st.booleans(),
    gave_back=st.booleans(),
)


@given(
    st.lists(facts, max_size=12, unique_by=lambda c: c.practitioner_role_id),
    st.randoms(use_true_random=False),
    st.sampled_from([None, HERE]),
)
def test_it_ranks_the_same_facts_alike_in_whatever_order_they_come(
    candidates: list[Candidate], random: Any, location: UUID | None
) -> None:
    need = Need(discipline="massage_therapy", location_id=location)
    ranked = rank(need, candidates, now=NOW)
    shuffled = list(candidates)
    random.shuffle(shuffled)
    assert rank(need, shuffled, now=NOW) == ranked
    places = [entry.rank for entry in ranked if entry.rank is not None]
    assert places == list(range(1, len(places) + 1))
    assert all(entry.rank is None for entry in ranked[len(places) :])
    assert all(entry.reasons for entry in ranked)
    chosen = best(ranked)
    assert chosen is None or chosen.unasked


def test_it_stays_the_same_an_hour_later_on_the_same_day() -> None:
    candidates = [somebody(n, open_load=n % 3) for n in range(1, 9)]
    need = Need(discipline="massage_therapy")
    early, late = (
        [r.candidate for r in rank(need, candidates, now=at)]
        for at in (NOW, NOW + timedelta(hours=1))
    )
    assert early == late
