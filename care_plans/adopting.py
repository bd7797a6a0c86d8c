"""Taking a course over to a newer version of its pathway, patient by patient, or not to.

A course stays on the version it began with until somebody decides otherwise. What was completed,
signed off or moved before keeps the version under which that happened; only what lies ahead
follows the new one.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F

from care_plans import (
    activities,
    facts,
    goals,
    lanes,
    open_flags,
    recommending,
    scope,
    standing,
    stays,
)
from care_plans.content.pathways import PathwayDefinition
from care_plans.courses import UnknownVersion, must_be_in_force
from care_plans.differences import Difference, differences
from care_plans.evaluation import may_load
from care_plans.evidence import Outcome
from care_plans.models import (
    Activity,
    Course,
    Lane,
    PathwayVersion,
    StageStay,
    VersionDecision,
)
from care_plans.recording import course_for
from care_plans.telling import tell
from coordination.actors import Actor
from coordination.models import PractitionerRole
from coordination.problems import FieldError, Invalid, NotAllowed, VersionMismatch

Decision = VersionDecision.Decision
_EVENTS = {
    Decision.ADOPTED: "course.version-adopted",
    Decision.DECLINED: "course.version-declined",
}
NOT_IN_VERSION = "The version of the pathway that the course follows now does not have it."


def newer_version(course: Course) -> PathwayVersion | None:
    """Return the newest version of a course's pathway, if it is not the course's own."""
    newest = PathwayVersion.objects.newest(course.pathway.slug)
    return None if newest.pk == course.pathway_version_id else newest


def compared(course: Course, version: PathwayVersion) -> list[Difference]:
    """Return what a version says differently from the one that a course follows."""
    return differences(course.pathway_version.content, version.content)


@transaction.atomic
def adopt(
    course_id: UUID,
    version_id: UUID,
    *,
    version: int,
    reason: str = "",
    actor: Actor,
    now: datetime,
) -> Course:
    """Let a course follow another version of its pathway from now on.

    Lanes, goals and activities of the present stage that are new are planned; activities that
    the version does not have, and that nobody has begun, are stopped; what was begun or completed
    stays as it is. The stay is timed anew, and an open red flag that the version calls more urgent
    is so from now on. Raises `CourseNotFound`, `Denied`, `UnknownVersion` for
    another pathway's, `ExpiredVersion`, `UnsignedVersion`, `NotAllowed` for a course that has
    ended or follows it already, `VersionMismatch`.
    """
    course, wanted, role = _decided(course_id, version_id, actor=actor, now=now)
    before = course.pathway_version.definition
    must_be_in_force(course.care_plan, wanted, now)
    if wanted.definition.condition.side_required and not course.side:
        raise NotAllowed("This version asks for a side, and the course names none: apply it anew.")
    _keep(course, wanted, Decision.ADOPTED, reason, role, actor=actor, now=now)
    changed = Course.objects.filter(pk=course.pk, version=version).update(
        pathway_version=wanted, version=F("version") + 1, updated_at=now
    )
    if not changed:
        raise VersionMismatch("Somebody else edited this course meanwhile.")
    course = standing.hold(course.pk)
    _follow(course, before, actor=actor, now=now)
    _tell(Decision.ADOPTED, course, wanted, actor=actor, now=now)
    return course


@transaction.atomic
def decline(
    course_id: UUID, version_id: UUID, *, reason: str, actor: Actor, now: datetime
) -> VersionDecision:
    """Keep a course on its version for a reason, which is kept.

    Raises `CourseNotFound`, `Denied`, `UnknownVersion`, `Invalid` without a reason, `NotAllowed`.
    """
    course, wanted, role = _decided(course_id, version_id, actor=actor, now=now)
    if not reason.strip():
        raise Invalid.field("/reason", "Say why the course stays on its version.")
    kept = _keep(course, wanted, Decision.DECLINED, reason, role, actor=actor, now=now)
    _tell(Decision.DECLINED, course, wanted, actor=actor, now=now)
    return kept


def _decided(
    course_id: UUID, version_id: UUID, *, actor: Actor, now: datetime
) -> tuple[Course, PathwayVersion, PractitionerRole]:
    course = course_for(actor, course_id, now=now)
    role = scope.require(
        "course.adopt-version",
        course,
        actor=actor,
        disciplines=course.pathway_version.definition.diagnosis.may_diagnose,
    )
    activities.lock_courses(course.patient_id)
    course = course_for(actor, course_id, now=now)
    versions = PathwayVersion.objects.filter(pathway_id=course.pathway_id)
    wanted = versions.select_related("pathway").filter(pk=version_id).first()
    if wanted is None:
        words = "This pathway has no such version."
        raise UnknownVersion(words, errors=[FieldError("/pathway_version", words)])
    if course.status == Course.Status.DISCHARGED:
        raise NotAllowed("This course has ended.")
    if wanted.pk == course.pathway_version_id:
        raise NotAllowed("The course follows this version already.")
    return course, wanted, role


def _keep(
    course: Course,
    wanted: PathwayVersion,
    decision: VersionDecision.Decision,
    reason: str,
    role: PractitionerRole,
    *,
    actor: Actor,
    now: datetime,
) -> VersionDecision:
    kept: VersionDecision = VersionDecision.objects.create(
        organization_id=course.organization_id,
        course=course,
        from_version_id=course.pathway_version_id,
        to_version=wanted,
        decision=decision,
        reason=reason,
        practitioner_role=role,
        actor=actor.label,
        user_id=actor.user_id,
        recorded_at=now,
    )
    return kept


def _follow(course: Course, before: PathwayDefinition, *, actor: Actor, now: datetime) -> None:
    definition = course.pathway_version.definition
    present = set(Lane.objects.filter(course=course).values_list("discipline", flat=True))
    lanes.create_lanes(course, definition, but=present)
    recommending.end_changed(course, before, actor=actor, now=now)
    goals.renew_planned(course, definition, now=now)
    stay = standing.open_stay(course)
    if stay is not None:
        _stop_what_is_gone(course, stay, now=now)
        _renew_what_nobody_began(course, stay, now=now)
        _mark_loading(course, stay, now=now)
        stays.expect_anew(course, stay, actor=actor, now=now)
    everywhere = open_flags.follow_version(course, actor=actor, now=now)
    known = facts.gather([course], now=now)[course.pk]
    if may_load(definition, known, now).outcome is Outcome.NOT_MET:
        activities.stop_for_red_flag(course.patient_id, actor=actor, now=now)
    open_flags.reassess_patient(course, everywhere=everywhere, actor=actor, now=now)


def _renew_what_nobody_began(course: Course, stay: StageStay, *, now: datetime) -> None:
    """Let what is planned and not begun say what the version says of it, and wait for that.

    What a person released by hand stays released.
    """
    name: Any = stay.stage
    planned = Activity.objects.filter(
        course=course, sequence=stay.sequence, status=Activity.Status.NOT_STARTED
    )
    for discipline, lane in course.pathway_version.definition.stage(name).lanes.items():
        for content in lane.activities:
            mine = planned.filter(lane__discipline=discipline, key=content.id)
            mine.update(**activities.told_by(content), version=F("version") + 1, updated_at=now)
    planned.filter(released_by="").update(
        released_at=None, released_on=[], due_from=None, due_until=None
    )


def _mark_loading(course: Course, stay: StageStay, *, now: datetime) -> None:
    """Let a hard stop reach what has begun and the version calls loading."""
    name: Any = stay.stage
    begun = Activity.objects.filter(
        course=course,
        sequence=stay.sequence,
        status__in=[Activity.Status.IN_PROGRESS, Activity.Status.ON_HOLD],
        is_loading=False,
    )
    for discipline, lane in course.pathway_version.definition.stage(name).lanes.items():
        loading = [one.id for one in lane.activities if one.is_loading]
        begun.filter(lane__discipline=discipline, key__in=loading).update(
            is_loading=True, version=F("version") + 1, updated_at=now
        )


def _stop_what_is_gone(course: Course, stay: StageStay, *, now: datetime) -> None:
    """Stop what the version does not plan and nobody has begun; what was begun goes on."""
    name: Any = stay.stage
    lanes_of_stage = course.pathway_version.definition.stage(name).lanes
    planned = {one.id for lane in lanes_of_stage.values() for one in lane.activities}
    gone = Activity.objects.filter(
        course=course, sequence=stay.sequence, status=Activity.Status.NOT_STARTED
    ).exclude(key__in=planned)
    gone.update(
        status=Activity.Status.STOPPED,
        because=NOT_IN_VERSION,
        ended_at=now,
        version=F("version") + 1,
        updated_at=now,
    )


def _tell(
    decision: VersionDecision.Decision,
    course: Course,
    wanted: PathwayVersion,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    tell(
        _EVENTS[decision],
        subject="Course",
        subject_id=course.pk,
        patient_id=course.patient_id,
        actor=actor,
        now=now,
        detail={"to": str(wanted), "version": wanted.version},
    )
