"""Days as a clinic counts them: in its time zone, and business days without its holidays."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import holidays

from care_plans.content.sourced import Duration
from care_plans.content.timing import Days
from coordination.models import Location
from coordination.organizations import is_holiday_calendar

_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class ClinicDays:
    """The calendar of one location; without a location, days are UTC's and nobody has holidays.

    `holidays` is the calendar that the location names, such as CA-ON. Without one, business days
    are Monday to Friday: no holiday is ever guessed.
    """

    location_id: UUID | None = None
    time_zone: str = "UTC"
    holidays: str = ""

    def after(self, moment: datetime, length: Duration, days: Days) -> datetime:
        """Return the beginning of the day that lies so many days after that of a moment.

        No days at all is the moment itself, or the beginning of the next business day.
        """
        zone = ZoneInfo(self.time_zone)
        day = moment.astimezone(zone).date()
        if days == "business":
            reached = self._business(day, _business_days(length))
        else:
            reached = day + timedelta(days=length.days)
        if reached == day:
            return moment
        return datetime.combine(reached, time.min, tzinfo=zone).astimezone(UTC)

    def end_of(self, moment: datetime) -> datetime:
        """Return the end of a moment's day."""
        zone = ZoneInfo(self.time_zone)
        following = moment.astimezone(zone).date() + timedelta(days=1)
        return datetime.combine(following, time.min, tzinfo=zone).astimezone(UTC)

    def day(self, moment: datetime) -> date:
        """Return the day that a moment falls on."""
        return moment.astimezone(ZoneInfo(self.time_zone)).date()

    def last_minute(self, day: date) -> datetime:
        """Return the last minute of a day, when all that was done on it is done."""
        zone = ZoneInfo(self.time_zone)
        return datetime.combine(day, time(23, 59), tzinfo=zone).astimezone(UTC)

    def is_business_day(self, day: date) -> bool:
        """Say whether a day is neither a weekend nor a holiday of the calendar that is named."""
        return day.weekday() < _SATURDAY and day not in _holidays(self.holidays)

    def _business(self, day: date, count: int) -> date:
        while not self.is_business_day(day):
            day += timedelta(days=1)
            if count and self.is_business_day(day):
                count -= 1
        while count:
            day += timedelta(days=1)
            count -= self.is_business_day(day)
        return day

    def told(self) -> dict[str, Any]:
        """Return what the API says of it."""
        return {
            "location": self.location_id,
            "time_zone": self.time_zone,
            "holidays": self.holidays or None,
        }


def clinic_days(location: Location | None) -> ClinicDays:
    """Return the calendar of a location, or that of no place."""
    if location is None:
        return ClinicDays()
    named = location.holiday_calendar
    # a later edition of the library may not know it any more; that is said, and nothing guessed
    known = named if is_holiday_calendar(named) else ""
    return ClinicDays(location.pk, location.time_zone, known)


def _business_days(length: Duration) -> int:
    """Count five business days a week; a part of a day counts whole."""
    per_unit = 5 if length.unit == "weeks" else 1
    return -int(-(length.value * per_unit) // 1)


@cache
def _holidays(named: str) -> Mapping[date, str]:
    country, _, subdivision = named.partition("-")
    found: Mapping[date, str] = (
        holidays.country_holidays(country, subdiv=subdivision or None) if named else {}
    )
    return found
