"""The versions of one sitting: each correction is a new one, and replaces the one before."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Q

from care_plans.models import Assessment


def with_corrections(assessment_ids: Iterable[UUID]) -> set[UUID]:
    """Return these sittings with all that they replace, and all that replaces them."""
    found = set(assessment_ids)
    added = found
    while added:
        beside = Assessment.objects.filter(Q(replaces__in=added) | Q(replaced_by__in=added))
        added = set(beside.values_list("pk", flat=True)) - found
        found |= added
    return found
