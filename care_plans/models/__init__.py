"""What should happen: content, plans and what became of them."""

from .assessments import (
    Assessment,
    Condition,
    CourseAnswer,
    RedFlagAnswer,
    RedFlagScreen,
    SourceDocument,
)
from .care_plan import CarePlan
from .conflicts import ConflictDecision
from .content import (
    Measure,
    MeasureVersion,
    Pathway,
    PathwayReview,
    PathwaySignature,
    PathwayVersion,
)
from .dosing import AdherenceEntry, DoseChange
from .encounters import CareSummary, ClinicalNote, Encounter
from .lanes import Activity, Goal, Lane, LaneDecision, LaneOwner, LaneSignOff
from .looks import LastLook
from .outcomes import ComplexityScreen, GoalAchievement
from .plans import Course, SeverityChange, StageStay, StageTransition
from .recommendations import Recommendation
from .red_flags import RedFlag
from .safety import SafetyAlert
from .scores import AbsentScore, Score
from .statements import PatientStatement, PatientStatementVersion
from .versions import VersionDecision
from .words import Outcome, Severity, Side, Stage

__all__ = [
    "AbsentScore",
    "Activity",
    "AdherenceEntry",
    "Assessment",
    "CarePlan",
    "CareSummary",
    "ClinicalNote",
    "ComplexityScreen",
    "Condition",
    "ConflictDecision",
    "Course",
    "CourseAnswer",
    "DoseChange",
    "Encounter",
    "Goal",
    "GoalAchievement",
    "Lane",
    "LaneDecision",
    "LaneOwner",
    "LaneSignOff",
    "LastLook",
    "Measure",
    "MeasureVersion",
    "Outcome",
    "Pathway",
    "PathwayReview",
    "PathwaySignature",
    "PathwayVersion",
    "PatientStatement",
    "PatientStatementVersion",
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
