"""The filter by patient, which finds the records of one person however many they are."""

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, Q, QuerySet
from django_filters import rest_framework as filters

from coordination.access import IsAnyOf
from coordination.models import Patient


class OfPatientFilter(filters.UUIDFilter):
    """Keep what one patient owns, the records merged into theirs included."""

    def filter(self, qs: QuerySet[Any, Any], value: Any) -> QuerySet[Any, Any]:
        """Narrow the rows."""
        if value is None:
            return qs
        theirs = Patient.objects.filter(Q(pk=value) | Q(merged_into_id=value)).values("pk")
        return qs.filter(Q(IsAnyOf(F(self.field_name or "patient_id"), ArraySubquery(theirs))))
