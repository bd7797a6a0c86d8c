"""The versions of one sitting: each correction is a new one, and replaces the one before."""

from collections.abc import Iterable
from uuid import UUID

from care_plans.models import Assessment


def with_corrections(assessment_ids: Iterable[UUID]) -> set[UUID]:
    """Return these sittings with all that they replace, and all that replaces them."""
    found = set(assessment_ids)
    added = found
    while added:
        # one after the other, each by its index: joined by "or", PostgreSQL reads all there are
        later = Assessment.objects.filter(replaces__in=added).values_list("pk", flat=True)
        own = Assessment.objects.filter(pk__in=added).exclude(replaces=None)
        added = {*later, *own.values_list("replaces_id", flat=True)} - found
        found |= added
    return found
