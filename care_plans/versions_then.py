"""Which version of its pathway a course followed at a moment, also if it has adopted another."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from care_plans.models import Course, PathwayVersion, VersionDecision


def versions_then(
    asked: Iterable[tuple[UUID, datetime]],
) -> Mapping[tuple[UUID, datetime], PathwayVersion]:
    """Return the version in force by course and moment, in a number of queries that is constant."""
    moments = set(asked)
    ids = {course_id for course_id, _ in moments}
    present = dict(Course.objects.filter(pk__in=ids).values_list("pk", "pathway_version_id"))
    adopted: defaultdict[UUID, list[tuple[datetime, UUID]]] = defaultdict(list)
    rows = VersionDecision.objects.filter(
        course__in=ids, decision=VersionDecision.Decision.ADOPTED
    ).order_by("recorded_at", "id")
    for course_id, at, before in rows.values_list("course_id", "recorded_at", "from_version_id"):
        adopted[course_id].append((at, before))
    named = {
        (course_id, at): next(
            (before for since, before in adopted[course_id] if at <= since), present[course_id]
        )
        for course_id, at in moments
    }
    versions = PathwayVersion.objects.select_related("pathway").defer("content")
    found = versions.in_bulk(set(named.values()))
    return {key: found[version_id] for key, version_id in named.items()}
