"""Moments that say in which time zone they are: without that, nobody knows when they were."""

from datetime import datetime
from typing import Any

from django.utils.timezone import is_naive
from rest_framework import serializers

WITHOUT_ZONE = (
    "This does not say in which time zone it is. Write day, time and offset from UTC, such as "
    "2026-03-01T09:00:00-05:00, or a Z instead of the offset for UTC."
)


def ask_for_zone(field: Any) -> None:
    """Let a field that takes a moment refuse one without a zone, which would be read as UTC."""
    if not isinstance(field, serializers.DateTimeField):
        return
    taken: Any = field  # typed, no method of it could be replaced
    in_its_zone = taken.enforce_timezone

    def zoned(value: datetime) -> datetime:
        if is_naive(value):
            raise serializers.ValidationError(WITHOUT_ZONE)
        moment: datetime = in_its_zone(value)
        return moment

    # the library asks this of every moment it has read; each serializer has fields of its own
    taken.enforce_timezone = zoned
