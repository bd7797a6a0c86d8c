"""What should happen: content, plans and what became of them."""

from .assessments import (
    Assessment,
    Condition,
    CourseAnswer,
    RedFlagAnswer,
    RedFlagScreen,
    Score,
    SourceDocument,
)
from .content import Measure, Pathway, PathwayReview, PathwaySignature, PathwayVersion
from .dosing import AdherenceEntry, DoseChange
from .encounters import CareSummary, ClinicalNote, Encounter
from .lanes import Activity, Goal, Lane, LaneSignOff
from .plans import CarePlan, Course, SeverityChange, StageStay, StageTransition
from .recommendations import Recommendation
from .red_flags import RedFlag
from .safety import SafetyAlert
from .versions import VersionDecision
from .words import Severity, Side, Stage

__all__ = [
    "Activity",
    "AdherenceEntry",
    "Assessment",
    "CarePlan",
    "CareSummary",
    "ClinicalNote",
    "Condition",
    "Course",
    "CourseAnswer",
    "DoseChange",
    "Encounter",
    "Goal",
    "Lane",
    "LaneSignOff",
    "Measure",
    "Pathway",
    "PathwayReview",
    "PathwaySignature",
    "PathwayVersion",
    "Recommendation",
    "RedFlag",
    "RedFlagAnswer",
    "RedFlagScreen",
    "SafetyAlert",
    "Score",
    "Severity",
    "SeverityChange",
    "Side",
    "SourceDocument",
    "Stage",
    "StageStay",
    "StageTransition",
    "VersionDecision",
]
