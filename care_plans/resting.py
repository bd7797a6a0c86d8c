"""On what the rows of a plan rest: whether a goal, an activity or an expected date is opinion."""

from typing import Any

from django.db.models import F, QuerySet

from care_plans.content.pathways import PathwayDefinition
from care_plans.content.sourced import EXPERT_CONSENSUS, Sourced
from care_plans.content.stored import known_pathway
from care_plans.models import Activity, Course, Goal, PathwayVersion, StageStay

type Rows = QuerySet[Any, Any]


def with_version(rows: Rows) -> Rows:
    """Add to what belongs to a course which content that follows, without reading it."""
    found: Rows = rows.annotate(followed=F("course__pathway_version__sha256"))
    return found


def is_goal_opinion(goal: Goal) -> bool | None:
    """Say whether a goal rests, in whole or in part, on consensus; None where nobody knows.

    Nobody knows of a goal that the version which its course follows now does not have.
    """
    stage = followed_by(goal).stage_named(goal.stage)
    return _opinion([one for one in stage.goals if one.id == goal.key] if stage else [])


def is_activity_opinion(activity: Activity) -> bool | None:
    """Say the same of an activity."""
    stage = followed_by(activity).stage_named(activity.stage)
    lanes = stage.lanes.values() if stage else ()
    return _opinion([one for lane in lanes for one in lane.activities if one.id == activity.key])


def is_stay_opinion(stay: StageStay, course: Course) -> bool:
    """Say whether the weeks that a stay is expected to last, or its review, are consensus."""
    stage: Any = stay.stage
    severity: Any = course.severity
    part = course.pathway_version.definition.stage(stage)
    return part.weeks(severity).is_consensus or part.review.is_consensus


def followed_by(row: Any) -> PathwayDefinition:
    """Return the content that the course of a row follows; the row is one of `with_version`."""
    known = known_pathway(row.followed)
    if known is None:
        # once per process and version: content is kept in memory from then on
        known = PathwayVersion.objects.filter(sha256=row.followed)[0].definition
    return known


def _opinion(found: list[Any]) -> bool | None:
    if not found:
        return None
    [said] = found
    target: Sourced | Any = getattr(said, "target", None)
    own: bool = said.is_consensus
    return own or EXPERT_CONSENSUS in ((target.source if target else None) or ())
