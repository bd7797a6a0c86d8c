"""`/api/v1/`: clinical content, plans and courses, and what is found out on them."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from care_plans.api.activities import ActivityViewSet
from care_plans.api.adherence import AdherenceEntryViewSet, OwnAdherenceEntryViewSet
from care_plans.api.briefs import PatientBriefViewSet
from care_plans.api.changes import PatientChangesViewSet
from care_plans.api.complexity import ComplexityScreenViewSet
from care_plans.api.conflicts import PlanConflictViewSet
from care_plans.api.content import (
    MeasureVersionViewSet,
    MeasureViewSet,
    PathwayVersionViewSet,
    PathwayViewSet,
)
from care_plans.api.course_versions import CourseVersionViewSet
from care_plans.api.courses import CourseViewSet
from care_plans.api.diagnoses import CourseDiagnosisViewSet
from care_plans.api.duplicates import DuplicateReviewViewSet
from care_plans.api.findings import (
    AssessmentViewSet,
    ConditionViewSet,
    CourseAnswerViewSet,
    RedFlagScreenViewSet,
    SourceDocumentViewSet,
)
from care_plans.api.hand_offs import HandOffViewSet, PatientHandOverViewSet
from care_plans.api.history import CourseHistoryViewSet
from care_plans.api.lanes import GoalViewSet, LaneViewSet
from care_plans.api.notes import CareSummaryViewSet, ClinicalNoteViewSet, EncounterViewSet
from care_plans.api.outcomes import CourseOutcomeViewSet
from care_plans.api.plans import CarePlanViewSet
from care_plans.api.proxied import ProxiedPlanViewSet
from care_plans.api.recommendations import RecommendationViewSet, RuleOutcomeViewSet
from care_plans.api.red_flags import RedFlagViewSet
from care_plans.api.rehearsals import (
    CourseForecastViewSet,
    DryRunOfDraftViewSet,
    DryRunOfVersionViewSet,
)
from care_plans.api.reports import PlanFundingViewSet, RecurrenceViewSet
from care_plans.api.safety_alerts import SafetyAlertViewSet
from care_plans.api.self_checks import MeasureCheckView, PathwayCheckView
from care_plans.api.self_reports import OwnAssessmentViewSet
from care_plans.api.statements import OwnStatementViewSet, PatientStatementViewSet

router = SimpleRouter(trailing_slash=False)
router.register("measures", MeasureViewSet, basename="measure")
router.register(
    "measures/(?P<slug>[a-z][a-z0-9_]{0,59})/versions",
    MeasureVersionViewSet,
    basename="measure-version",
)
router.register("pathways", PathwayViewSet, basename="pathway")
router.register(
    "pathways/(?P<slug>[a-z][a-z0-9-]{0,59})/versions",
    PathwayVersionViewSet,
    basename="pathway-version",
)
router.register("pathways", DryRunOfDraftViewSet, basename="draft-dry-run")
router.register(
    "pathways/(?P<slug>[a-z][a-z0-9-]{0,59})/versions",
    DryRunOfVersionViewSet,
    basename="version-dry-run",
)
router.register("care-plans", CarePlanViewSet, basename="care-plan")
router.register("care-plans", PlanFundingViewSet, basename="plan-funding")
router.register("care-plans", PlanConflictViewSet, basename="plan-conflict")
router.register("courses", CourseViewSet, basename="course")
router.register("courses", CourseVersionViewSet, basename="course-version")
router.register("courses", CourseDiagnosisViewSet, basename="course-diagnosis")
router.register("courses", CourseForecastViewSet, basename="course-forecast")
router.register("courses", CourseHistoryViewSet, basename="course-history")
router.register("courses", CourseOutcomeViewSet, basename="course-outcome")
router.register("duplicate-reviews", DuplicateReviewViewSet, basename="duplicate-review")
router.register("hand-offs", HandOffViewSet, basename="hand-off")
router.register("patients", PatientHandOverViewSet, basename="patient-hand-over")
router.register("patients", PatientBriefViewSet, basename="patient-brief")
router.register("patients", PatientChangesViewSet, basename="patient-changes")
router.register("me/patients", ProxiedPlanViewSet, basename="proxied-plan")
router.register("lanes", LaneViewSet, basename="lane")
router.register("activities", ActivityViewSet, basename="activity")
router.register("goals", GoalViewSet, basename="goal")
router.register("assessments", AssessmentViewSet, basename="assessment")
router.register("red-flag-screens", RedFlagScreenViewSet, basename="red-flag-screen")
router.register("adherence-entries", AdherenceEntryViewSet, basename="adherence-entry")
router.register("me/adherence-entries", OwnAdherenceEntryViewSet, basename="own-adherence-entry")
router.register("red-flags", RedFlagViewSet, basename="red-flag")
router.register("safety-alerts", SafetyAlertViewSet, basename="safety-alert")
router.register("recommendations", RecommendationViewSet, basename="recommendation")
router.register("recurrences", RecurrenceViewSet, basename="recurrence")
router.register("patient-statements", PatientStatementViewSet, basename="patient-statement")
router.register("me/statements", OwnStatementViewSet, basename="own-statement")
router.register("rule-outcomes", RuleOutcomeViewSet, basename="rule-outcome")
router.register("complexity-screens", ComplexityScreenViewSet, basename="complexity-screen")
router.register("course-answers", CourseAnswerViewSet, basename="course-answer")
router.register("conditions", ConditionViewSet, basename="condition")
router.register("source-documents", SourceDocumentViewSet, basename="source-document")
router.register("encounters", EncounterViewSet, basename="encounter")
router.register("clinical-notes", ClinicalNoteViewSet, basename="clinical-note")
router.register("care-summaries", CareSummaryViewSet, basename="care-summary")

router.register("me/assessments", OwnAssessmentViewSet, basename="own-assessment")

urlpatterns = [
    *router.urls,
    path("self-checks/pathways/<slug:slug>", PathwayCheckView.as_view()),
    path("self-checks/measures/<slug:slug>", MeasureCheckView.as_view()),
]
