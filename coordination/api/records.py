"""Filters of the lists: by patient, however many records one person has, and by moment."""

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, Q, QuerySet
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_naive
from django_filters import rest_framework as filters
from django_filters.fields import IsoDateTimeField

from coordination.access import IsAnyOf
from coordination.api.zoned import WITHOUT_ZONE
from coordination.models import Patient


class OfPatientFilter(filters.UUIDFilter):
    """Keep what one patient owns, the records merged into theirs included."""

    def filter(self, qs: QuerySet[Any, Any], value: Any) -> QuerySet[Any, Any]:
        """Narrow the rows."""
        if value is None:
            return qs
        theirs = Patient.objects.filter(Q(pk=value) | Q(merged_into_id=value)).values("pk")
        return qs.filter(Q(IsAnyOf(F(self.field_name or "patient_id"), ArraySubquery(theirs))))


class _MomentField(IsoDateTimeField):
    def to_python(self, value: Any) -> datetime | None:
        moment: datetime | None = super().to_python(value)
        # what the library makes of it has a zone, whether one was written or not
        written = parse_datetime(value.strip()) if isinstance(value, str) else None
        if written is not None and is_naive(written):
            raise forms.ValidationError(WITHOUT_ZONE)
        return moment

    def clean(self, value: Any) -> datetime | None:
        moment: datetime | None = super().clean(value)
        try:
            # PostgreSQL knows no zone as far from Greenwich as ISO 8601 can write.
            return moment and moment.astimezone(UTC)
        except OverflowError:
            raise forms.ValidationError("There is no such moment in UTC.") from None


class MomentFilter(filters.IsoDateTimeFilter):
    """Compare with a moment, with whatever offset it is written."""

    field_class = _MomentField
