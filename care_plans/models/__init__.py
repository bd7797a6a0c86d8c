"""What should happen: content, plans and what became of them."""

from .content import Measure, Pathway, PathwaySignature, PathwayVersion
from .lanes import Activity, Goal, Lane, LaneSignOff
from .plans import (
    CarePlan,
    Course,
    Severity,
    SeverityChange,
    Side,
    Stage,
    StageStay,
    StageTransition,
)

__all__ = [
    "Activity",
    "CarePlan",
    "Course",
    "Goal",
    "Lane",
    "LaneSignOff",
    "Measure",
    "Pathway",
    "PathwaySignature",
    "PathwayVersion",
    "Severity",
    "SeverityChange",
    "Side",
    "Stage",
    "StageStay",
    "StageTransition",
]
