"""How often each rule was met in the organization, followed, declined and overridden."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Q

from care_plans.models import Activity, DoseChange, Recommendation, StageTransition
from care_plans.versions_then import versions_then


@dataclass(frozen=True, slots=True)
class RuleOutcomes:
    """How often one rule of one version was met in the organization, and what was decided."""

    pathway: str
    version: str
    rule: str
    made: int
    accepted: int
    declined: int
    lapsed: int
    open: int
    overridden: int

    @property
    def override_rate(self) -> float | None:
        """Return the share of decisions that went against the rule; None while nobody decided."""
        decided = self.accepted + self.declined + self.overridden
        return (self.declined + self.overridden) / decided if decided else None


def rule_outcomes(*, since: datetime | None = None) -> list[RuleOutcomes]:
    """Return what became of each rule in the organization of the transaction, by its name.

    What a lead overrode is counted under the version that was in force then, with no other
    figures, since nobody counts how often it was simply met: the criteria of a move under
    `criterion.<id>`, the gate of a dose level under `dose-gate.<level>`, and what an activity was
    to wait for under `early-release.<key>`.
    """
    made = Recommendation.objects.filter(**({"made_at__gte": since} if since else {}))
    names = ("pathway_version__pathway__slug", "pathway_version__version", "rule")
    counts: Any = {
        name: Count("pk", filter=Q(status=name))
        for name in ("accepted", "declined", "lapsed", "open")
    }
    found = [
        RuleOutcomes(
            pathway=row["pathway_version__pathway__slug"],
            version=row["pathway_version__version"],
            rule=row["rule"],
            made=row["made"],
            overridden=0,
            **{name: row[f"n_{name}"] for name in counts},
        )
        for row in made.values(*names).annotate(
            made=Count("pk"), **{f"n_{name}": count for name, count in counts.items()}
        )
    ]
    return sorted(
        [*found, *_overridden(since)], key=lambda one: (one.pathway, one.version, one.rule)
    )


def _overridden(since: datetime | None) -> list[RuleOutcomes]:
    tally = Counter((*_moves(since), *_by_course(since)))
    return [
        RuleOutcomes(pathway, version, rule, 0, 0, 0, 0, 0, overridden=count)
        for (pathway, version, rule), count in tally.items()
    ]


type _Key = tuple[str, str, str]


def _moves(since: datetime | None) -> Iterator[_Key]:
    moves = StageTransition.objects.filter(overridden=True)
    if since is not None:
        moves = moves.filter(recorded_at__gte=since)
    rows = moves.values_list("course__pathway__slug", "evidence__version", "unmet")
    for pathway, version, unmet in rows:
        for name in {finding.get("id") or finding["kind"] for finding in unmet}:
            yield pathway, version, f"criterion.{name}"


def _by_course(since: datetime | None) -> Iterator[_Key]:
    """Yield what was overridden of activities, by the version that their course followed then."""
    doses = DoseChange.objects.filter(overridden=True)
    early = Activity.objects.exclude(released_by="").filter(released_at__isnull=False)
    if since is not None:
        doses = doses.filter(recorded_at__gte=since)
        early = early.filter(released_at__gte=since)
    found: list[tuple[UUID, datetime, str]] = [
        (course_id, at, f"dose-gate.{level}")
        for course_id, at, level in doses.values_list(
            "activity__course_id", "recorded_at", "to_level"
        )
    ]
    found += [
        (course_id, at, f"early-release.{key}")
        for course_id, at, key in early.values_list("course_id", "released_at", "key")
        if at is not None
    ]
    versions = versions_then((course_id, at) for course_id, at, _ in found)
    for course_id, at, rule in found:
        version = versions[course_id, at]
        yield version.pathway.slug, version.version, rule
