"""What was decided, patient by patient, about a newer version of a pathway."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from coordination.models import APPEND_ONLY, Labels, OrganizationOwned, PractitionerRole

from .content import PathwayVersion
from .plans import Course


class VersionDecision(OrganizationOwned):
    """One decision to take a course over to another version of its pathway, or not to."""

    labels: ClassVar[Labels] = Labels(
        patient="course__patient_id",
        discipline="practitioner_role__discipline",
        author="practitioner_role_id",
        condition="course_id",
    )

    class Decision(models.TextChoices):
        ADOPTED = "adopted"
        DECLINED = "declined"

    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="version_decisions")
    from_version = models.ForeignKey(PathwayVersion, on_delete=models.PROTECT, related_name="+")
    to_version = models.ForeignKey(PathwayVersion, on_delete=models.PROTECT, related_name="+")
    decision = models.CharField(max_length=8, choices=Decision)
    reason = models.TextField(blank=True)
    practitioner_role = models.ForeignKey(
        PractitionerRole, on_delete=models.PROTECT, related_name="+"
    )
    actor = models.TextField()
    user_id = models.UUIDField(null=True, blank=True)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(decision="adopted") | Q(decision="declined") & ~Q(reason=""),
                name="care_plans_version_declined_why",
            ),
            models.CheckConstraint(
                condition=~Q(from_version=F("to_version")), name="care_plans_version_another"
            ),
        ]
        indexes = [
            models.Index(fields=["course", "recorded_at"], name="care_plans_version_of"),
        ]
        triggers = APPEND_ONLY
