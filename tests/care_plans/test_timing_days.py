"""How long an activity waits is counted in the days of its clinic, holidays and clocks included."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from care_plans.clinic_days import clinic_days
from care_plans.content.pathways import PathwayDefinition
from care_plans.content.sourced import Duration
from coordination.models import Location
from coordination.organizations import is_holiday_calendar
from tests.care_plans import imagined
from tests.care_plans.clocked import DAY, MET, NOT_MET, NOW, SECOND, TORONTO, ask, done, related
from tests.care_plans.drafts import changed


@pytest.mark.feature("PW-03")
@pytest.mark.parametrize(
    ("offset", "days", "first_day"),
    [
        ((0, "days"), "calendar", date(2026, 12, 23)),
        ((3, "days"), "calendar", date(2026, 12, 26)),
        ((1, "weeks"), "calendar", date(2026, 12, 30)),
        ((1, "months"), "calendar", date(2027, 1, 22)),
        # Christmas, Boxing Day on a Saturday and its observance on Monday, New Year's Day
        ((1, "days"), "business", date(2026, 12, 24)),
        ((2, "days"), "business", date(2026, 12, 29)),
        ((1, "weeks"), "business", date(2027, 1, 4)),
    ],
)
def test_it_counts_the_days_of_the_clinic(
    offset: tuple[int, str], days: str, first_day: date
) -> None:
    value, unit = offset
    relation = related("after-end", offset={"value": value, "unit": unit}, days=days)
    definition = changed(imagined.hamstring(), SECOND, related=(relation,))
    over = done(datetime(2026, 12, 23, 20, 0, tzinfo=UTC))
    found = ask(definition, SECOND, now=over.ended_at or NOW, acute_diagnose=over)
    assert found.due_from is not None
    assert TORONTO.day(found.due_from) == first_day
    assert found.since == found.due_from
    if value:
        assert found.due_from.astimezone(UTC).hour == 5  # midnight in Toronto
        early = ask(
            definition, SECOND, now=found.due_from - timedelta(seconds=1), acute_diagnose=over
        )
        assert early.outcome is NOT_MET
        assert str(first_day) in early.waits_for[0].sentence
    assert ask(definition, SECOND, now=found.due_from, acute_diagnose=over).outcome is MET


@pytest.mark.feature("PW-03")
def test_it_says_until_when_to_begin(draft: PathwayDefinition) -> None:
    # a Friday evening in Toronto, already Saturday in UTC
    over = done(datetime(2026, 11, 28, 1, 0, tzinfo=UTC))
    found = ask(draft, SECOND, acute_diagnose=over)
    assert found.due_from == datetime(2026, 12, 1, 5, 0, tzinfo=UTC)
    assert found.due_until == datetime(2026, 12, 5, 5, 0, tzinfo=UTC)  # all of Friday


@pytest.mark.feature("PW-03")
def test_without_a_named_calendar_only_weekends_are_passed_over() -> None:
    nowhere = clinic_days(None)
    christmas = datetime(2026, 12, 24, 20, 0, tzinfo=UTC)
    one = Duration.model_validate({"value": 1, "unit": "days"})
    assert nowhere.day(nowhere.after(christmas, one, "business")) == date(2026, 12, 25)
    assert nowhere.told() == {"location": None, "time_zone": "UTC", "holidays": None}
    # a calendar that the library has lost is none, and is shown as none
    lost = Location(time_zone="America/Toronto", holiday_calendar="CA-XX")
    assert clinic_days(lost).holidays == ""
    assert [is_holiday_calendar(one) for one in ("CA-ON", "CA", "CA-XX", "XX", "")] == [
        True,
        True,
        False,
        False,
        False,
    ]


def test_days_are_days_when_the_clocks_change() -> None:
    spring = datetime(2027, 3, 13, 17, 0, tzinfo=UTC)
    two = Duration.model_validate({"value": 2, "unit": "days"})
    assert TORONTO.after(spring, two, "calendar") == datetime(2027, 3, 15, 4, 0, tzinfo=UTC)


@settings(deadline=None)
@given(
    days=st.integers(0, 5000),
    count=st.integers(0, 400),
    more=st.integers(1, 30),
    business=st.booleans(),
)
def test_a_longer_wait_never_ends_earlier(days: int, count: int, more: int, business: bool) -> None:
    at = NOW + days * DAY
    kind: Any = "business" if business else "calendar"
    lengths = [Duration.model_validate({"value": n, "unit": "days"}) for n in (count, count + more)]
    first, second = [TORONTO.after(at, length, kind) for length in lengths]
    assert at <= first <= second
    assert count == 0 or first < second  # no days at all wait for a business day too
    if business:
        assert TORONTO.is_business_day(TORONTO.day(second))
