"""The stage machine: the one function through which a course moves.

In one transaction: the table below, who may, the evidence, a compare-and-swap, the stay that ends
and the one that begins, the transition with what it rests on, and all that people are told.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F

from care_plans import (
    closing,
    goals,
    lanes,
    leading,
    reminders,
    scope,
    staffing,
    standing,
    stays,
)
from care_plans.content.sourced import STAGES
from care_plans.disclosing import explain
from care_plans.evidence import Outcome
from care_plans.models import Course, StageStay, StageTransition
from care_plans.recording import course_for
from care_plans.telling import tell
from coordination.actors import Actor
from coordination.problems import Invalid, NotAllowed, Stale
from coordination.refusals import Words, actions_from
from referrals.lifecycle import perform as move_referral
from referrals.models import ReferralTransition
from referrals.reasons import HoldReason

Status = Course.Status


class NotReady(NotAllowed):
    """Something that the move needs is not met or not known; `blockers` says what."""

    type = "course-not-ready"
    title = "Not ready for this step"


class RedFlagOpen(NotAllowed):
    """A red flag stands in the way; no override moves it."""

    type = "red-flag-open"
    title = "A red flag is open"


@dataclass(frozen=True, slots=True)
class Move:
    """Where an action leads, and whether criteria, lanes and red flags are asked first."""

    to: Course.Status
    needs_readiness: bool = False
    needs_reason: bool = False


MOVES: Mapping[tuple[str, str], Move] = {
    (Status.INTAKE, "start"): Move(Status.ACTIVE, needs_readiness=True),
    (Status.INTAKE, "discharge"): Move(Status.DISCHARGED, needs_reason=True),
    (Status.ACTIVE, "advance"): Move(Status.ACTIVE, needs_readiness=True),
    (Status.ACTIVE, "regress"): Move(Status.ACTIVE, needs_reason=True),
    (Status.ACTIVE, "pause"): Move(Status.PAUSED, needs_reason=True),
    (Status.ACTIVE, "discharge"): Move(Status.DISCHARGED, needs_reason=True),
    (Status.PAUSED, "resume"): Move(Status.ACTIVE),
    (Status.PAUSED, "discharge"): Move(Status.DISCHARGED, needs_reason=True),
}
WORDS = Words(
    subject="This course",
    states={
        Status.INTAKE: "is in intake",
        Status.ACTIVE: "is active",
        Status.PAUSED: "is paused",
        Status.DISCHARGED: "was discharged",
    },
    actions={
        "start": "started",
        "advance": "moved on to the next stage",
        "regress": "moved back to an earlier stage",
        "pause": "paused",
        "resume": "resumed",
        "discharge": "discharged",
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What somebody asks of a course. `effective_at` is when it happened, if not just now.

    `override` lets the lead go on, for a reason, although something is not met. `leaving`, when
    given, must be where the course is (a stage, or intake), or it is `Stale`. `to_stage` is
    where a regression leads (default: one stage back); `outcome` says how a course ended.
    """

    action: str
    reason: str = ""
    effective_at: datetime | None = None
    override: bool = False
    leaving: str = ""
    to_stage: str = ""
    outcome: str = ""


@dataclass(slots=True)
class _Step:
    """A move under way: what was asked, of which course, by whom."""

    request: Request
    course: Course
    stay: StageStay | None
    move: Move
    to_stage: str | None
    at: datetime
    actor: Actor
    now: datetime
    evidence: dict[str, Any]
    unmet: list[dict[str, Any]]
    reckoning: closing.Reckoning | None = None


def perform(course_id: UUID, request: Request, *, actor: Actor, now: datetime) -> Course:
    """Move a course as the table allows and return it as it is afterwards.

    Raises `CourseNotFound`, `Denied`, `NotAllowed` for a move that the table does not have,
    `NotReady` and `RedFlagOpen` when evidence is missing, `LeadLapsed`, `Invalid`, and `Stale` when
    somebody else was faster; then nothing has changed.
    """
    with transaction.atomic():
        seen = course_for(actor, course_id, now=now)
        role = scope.require(
            f"course.{request.action}",
            seen,
            actor=actor,
            disciplines=lanes.needed_disciplines(seen),
        )
        course = standing.hold(course_id)
        at = course.stage or course.status
        if (course.status, course.stage) != (seen.status, seen.stage):
            raise Stale("Somebody else moved this course first; look at it again.")
        if request.leaving not in {"", at}:
            raise Stale(f"The course is in {at} now, and not in {request.leaving}.")
        step = _prepared(course, request, actor=actor, now=now)
        _move(step)
        _write(step, practitioner_role_id=role.id)
        _FOLLOW[request.action](step)
        if request.action in {"start", "advance", "regress", "resume"}:
            standing.reassess(course.pk, actor=actor, now=now)
        course.refresh_from_db()
        return course


def _prepared(course: Course, request: Request, *, actor: Actor, now: datetime) -> _Step:
    move = MOVES.get((course.status, request.action))
    if move is None:
        raise NotAllowed(WORDS.refuse(course.status, request.action, _possible(course)))
    if move.needs_reason and not request.reason.strip():
        raise Invalid.field("/reason", "Say why.")
    step = _Step(
        request=request,
        course=course,
        stay=standing.open_stay(course),
        move=move,
        to_stage=_target(course, request),
        at=_effective(course, request, now),
        actor=actor,
        now=now,
        evidence={},
        unmet=[],
    )
    if request.action == "discharge":
        step.reckoning = closing.reckon(course, request.outcome, at=step.at)
        step.evidence = step.reckoning.as_json()
    if move.needs_readiness:
        _ask_readiness(step)
    return step


def _possible(course: Course) -> list[str]:
    stages: list[str] = list(STAGES)
    beyond = {stages[0]: "regress", stages[-1]: "advance"}.get(course.stage or "")
    return [action for action in actions_from(MOVES, course.status) if action != beyond]


def _target(course: Course, request: Request) -> str | None:
    stages: list[str] = list(STAGES)
    at = stages.index(course.stage) if course.stage in stages else -1
    match request.action:
        case "start":
            return stages[0]
        case "advance":
            if at == len(stages) - 1:
                raise NotAllowed("There is no stage after this one: discharge the course.")
            return stages[at + 1]
        case "regress":
            if at == 0:
                raise NotAllowed("There is no stage before this one.")
            target = request.to_stage or stages[at - 1]
            if target not in stages[:at]:
                raise NotAllowed(f"From {course.stage} a course does not step back to {target}.")
            return target
    return course.stage


def _effective(course: Course, request: Request, now: datetime) -> datetime:
    at = request.effective_at or now
    if at > now:
        raise Invalid.field("/effective_at", "This lies in the future.")
    latest = (
        StageTransition.objects.filter(course=course)
        .order_by("-effective_at")
        .values_list("effective_at", flat=True)
        .first()
    )
    if at < max(course.applied_at, latest or course.applied_at):
        raise Invalid.field(
            "/effective_at", "This lies before the course began, or before its latest move."
        )
    return at


def _ask_readiness(step: _Step) -> None:
    """Keep the trace as evidence; refuse unless everything is met or the lead overrides it.

    A move entered late must hold at both moments: a late entry dates a move, and never hides
    what has been found since.
    """
    patient_id = step.course.patient_id
    then = standing.judge([step.course], now=step.at)[step.course.id].readiness
    asked = [then]
    step.evidence = then.as_json()
    if step.at != step.now:
        asked.append(standing.judge([step.course], now=step.now)[step.course.id].readiness)
        step.evidence["when_entered"] = asked[-1].as_json()
    for found in asked:
        if found.safety.outcome is Outcome.NOT_MET:
            (told,) = explain([found.safety], patient_id, actor=step.actor, now=step.now)
            raise RedFlagOpen(told["sentence"], finding=told)
    blockers = list(dict.fromkeys(finding for found in asked for finding in found.blockers()))
    step.unmet = [finding.as_json() for finding in blockers]
    if all(found.outcome is Outcome.MET for found in asked):
        return
    if not step.request.override:
        told_of = explain(blockers, patient_id, actor=step.actor, now=step.now)
        sentences = dict.fromkeys(finding["sentence"] for finding in told_of)
        raise NotReady(" ".join(sentences), blockers=told_of)
    leading.must_not_have_lapsed(step.course.patient_id, now=step.now)
    scope.require("course.override", step.course, actor=step.actor)
    if not step.request.reason.strip():
        raise Invalid.field("/reason", "An override says why.")


def _move(step: _Step) -> None:
    course, to = step.course, step.move.to
    changes: dict[str, Any] = {"status": to, "stage": step.to_stage}
    changes["paused_at"] = step.at if to == Status.PAUSED else None
    if step.request.action == "start":
        changes["started_at"] = step.at
    if to == Status.DISCHARGED:
        changes |= {"discharged_at": step.at, "outcome": step.request.outcome}
    moved = Course.objects.filter(
        pk=course.pk, status=course.status, stage=course.stage, version=course.version
    ).update(**changes, version=F("version") + 1, updated_at=step.now)
    if not moved:
        raise Stale("Somebody else moved this course first; look at it again.")


def _write(step: _Step, *, practitioner_role_id: UUID) -> None:
    course, request = step.course, step.request
    transition = StageTransition.objects.create(
        organization_id=course.organization_id,
        course=course,
        action=request.action,
        from_status=course.status,
        to_status=step.move.to,
        from_stage=course.stage,
        to_stage=step.to_stage,
        actor=step.actor.label,
        user_id=step.actor.user_id,
        practitioner_role_id=practitioner_role_id,
        reason=request.reason,
        evidence=step.evidence,
        overridden=bool(step.unmet),
        unmet=step.unmet,
        effective_at=step.at,
        recorded_at=step.now,
    )
    tell(
        f"course.{request.action}",
        subject="Course",
        subject_id=course.pk,
        patient_id=course.patient_id,
        actor=step.actor,
        now=step.now,
        detail={
            "transition": str(transition.pk),
            "from": f"{course.status}/{course.stage}",
            "to": f"{step.move.to}/{step.to_stage}",
            "overridden": transition.overridden,
            "effective_at": step.at.isoformat(),
        },
    )


def _change_stage(step: _Step) -> None:
    if step.stay is not None:
        stays.leave(step.course, step.stay, effective_at=step.at, actor=step.actor, now=step.now)
    assert step.to_stage is not None
    step.course.refresh_from_db()
    if step.request.action == "regress":
        goals.reopen(step.course, step.to_stage, actor=step.actor, now=step.now)
    stays.enter(step.course, step.to_stage, effective_at=step.at, actor=step.actor, now=step.now)


def _pause(step: _Step) -> None:
    assert step.stay is not None
    reminders.take_back(
        step.stay.pk, because="the course is paused", actor=step.actor, now=step.now
    )
    for lane in staffing.every_lane(step.course):
        if lane.referral is not None and lane.referral.status == "active":
            _set_aside(step, lane.referral.id, "hold", lane.referral)


def _resume(step: _Step) -> None:
    assert step.stay is not None
    assert step.course.paused_at is not None
    stays.stretch(
        step.course,
        step.stay,
        step.at - step.course.paused_at,
        actor=step.actor,
        now=step.now,
    )
    for lane in staffing.every_lane(step.course):
        referral = lane.referral
        if referral is not None and referral.status == "on_hold" and _held_by_pause(referral.id):
            _set_aside(step, referral.id, "resume", referral)


def _held_by_pause(referral_id: UUID) -> bool:
    """What a person put on hold, for a reason of their own, stays there until they go on."""
    holds = ReferralTransition.objects.filter(referral_id=referral_id, action="hold")
    latest = holds.order_by("-id").values_list("reason_code", flat=True).first()
    return latest == HoldReason.COURSE_PAUSED


def _set_aside(step: _Step, referral_id: UUID, action: str, referral: Any) -> None:
    """Hold or resume a referral that nobody has accepted yet: nobody is sought meanwhile."""
    if referral.work_item is None or referral.work_item.status != "requested":
        return
    software = Actor.system("care_plans.progress", step.actor.organization_id)
    reason = HoldReason.COURSE_PAUSED if action == "hold" else ""
    move_referral(referral_id, action, actor=software, now=step.now, reason_code=reason)


def _discharge(step: _Step) -> None:
    assert step.reckoning is not None
    closing.end(
        step.course,
        step.stay,
        step.reckoning,
        outcome=step.request.outcome,
        at=step.at,
        actor=step.actor,
        now=step.now,
    )


_FOLLOW = {
    "start": _change_stage,
    "advance": _change_stage,
    "regress": _change_stage,
    "pause": _pause,
    "resume": _resume,
    "discharge": _discharge,
}
