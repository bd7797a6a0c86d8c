"""Who does each lane: somebody of the patient's team, or whom a referral finds.

Referrals of a stage run side by side unless the pathway says `sequential`. Everything here may be
repeated: a lane that has somebody, or a referral on its way, is left as it is.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import F, Q

from care_plans import facts as facts_of_courses
from care_plans import scope
from care_plans.content.stages import ReferralSet
from care_plans.facts import LaneRow, StayRow
from care_plans.models import Course, Lane, LaneOwner, StageStay
from care_plans.routing_level import routing
from coordination.actors import Actor
from coordination.models import CareTeamMember
from referrals.lifecycle import perform
from referrals.models import Referral, ReferralTransition
from referrals.requests import open_referral

_ON_ITS_WAY = ("draft", "active", "on_hold")


def staff(
    course: Course,
    stay: StageStay,
    plan: ReferralSet,
    *,
    entered_at: datetime | None = None,
    actor: Actor,
    now: datetime,
) -> list[Lane]:
    """Give each needed lane of the present stage somebody, or a referral that will find one.

    Whoever of the team comes to a lane has done it since the stage was `entered_at`, where that is
    entered late, or since they joined. Returns the lanes that got a practitioner just now. A lane
    whose referral was revoked in this stay is left without: whoever revoked it decided so, until
    somebody says that it is needed.
    """
    lanes = list(
        Lane.objects.filter(course=course, needed=Lane.Needed.NEEDED)
        .select_related("referral__work_item")
        .order_by("order", "discipline")
    )
    team = _team(course.patient_id, now)
    since = {member.practitioner_role_id: member.since for member in team}
    came = []
    for lane in lanes:
        if lane.practitioner_role_id in since:
            continue
        roles = [member.practitioner_role for member in team]
        member = next((role for role in roles if role.discipline == lane.discipline), None)
        # While a referral is on its way, routing decides: a member may just have given it back.
        if member is not None and not _on_its_way(lane):
            at = _from_when(lane, entered_at or now, since[member.id], now)
            _assign(lane, member.id, now=now, effective_at=at)
            came.append(lane)
            continue
        forsaken = _forsaken(lane)
        if lane.practitioner_role_id is not None:
            _assign(lane, None, now=now)
        if not _on_its_way(lane) and (forsaken or not _given_up(lane, stay)):
            _refer(lane, course, stay, actor=actor, now=now)
        if plan.timing == "sequential" and _on_its_way(lane):
            break
    return came


def is_staffed(
    rows: Iterable[LaneRow], team: Mapping[UUID, str], stay: StageStay | StayRow, plan: ReferralSet
) -> bool:
    """Say whether `staff` would leave the lanes of a stay as they are.

    `team` is the discipline of each role that is in the patient's team and registered now. What
    cannot be told from these alone counts as not staffed.
    """
    needed = [row for row in rows if row.needed == Lane.Needed.NEEDED]
    for row in sorted(needed, key=lambda row: (row.order, row.discipline)):
        if row.practitioner_role_id in team:
            continue
        is_on_its_way = row.referral_status in _ON_ITS_WAY
        given_up = row.referral_status == Referral.Status.REVOKED and (
            row.referral_key or ""
        ).startswith(f"stage-stay:{stay.id}:{row.discipline}")
        if row.practitioner_role_id is not None or not (is_on_its_way or given_up):
            return False
        if not is_on_its_way and row.discipline in team.values():
            return False
        if plan.timing == "sequential" and is_on_its_way:
            break
    return True


def take_up_again(lane: Lane, *, now: datetime) -> None:
    """Forget a revoked referral of a lane that somebody needs after all, so that one follows."""
    if lane.referral is not None and lane.referral.status == Referral.Status.REVOKED:
        Lane.objects.filter(pk=lane.pk).update(
            referral=None, version=F("version") + 1, updated_at=now
        )
        lane.refresh_from_db()


def take_in(referral: Referral, *, now: datetime) -> Lane | None:
    """Let a lane follow its referral as it stands now; return the lane if somebody came to it.

    Whoever accepted does the lane; whoever declined, gave back or was revoked does not.
    """
    lane = Lane.objects.select_related("course").filter(referral=referral).first()
    if lane is None:
        return None
    item = referral.work_item
    working = item is not None and item.status in {"accepted", "in_progress", "completed"}
    owner = item.owner_id if item is not None and working else None
    if referral.status == Referral.Status.REVOKED:
        owner = None
    if lane.practitioner_role_id == owner:
        return None
    _assign(lane, owner, now=now, effective_at=_moved_at(referral))
    return lane if owner else None


def _moved_at(referral: Referral) -> datetime | None:
    """Return when the latest step of the work happened; the sweep takes it in some time later."""
    steps = ReferralTransition.objects.filter(referral=referral, part=ReferralTransition.Part.WORK)
    found: datetime | None = (
        steps.order_by("-recorded_at", "-id").values_list("effective_at", flat=True).first()
    )
    return found


def withdraw(
    lanes: Iterable[Lane], *, reason_code: str, actor: Actor, now: datetime
) -> list[Referral]:
    """Revoke the referrals of these lanes that nobody has accepted yet; return them.

    One that somebody works on stays open until they report: the loop is closed, not cut.
    """
    revoked = []
    for lane in lanes:
        referral = lane.referral
        if referral is None or not _on_its_way(lane):
            continue
        if referral.work_item is None or referral.work_item.status == "requested":
            software = Actor.system("care_plans.staffing", actor.organization_id)
            revoked.append(
                perform(referral.id, "revoke", actor=software, now=now, reason_code=reason_code)
            )
    return revoked


def unneeded(course: Course) -> Sequence[Lane]:
    """Return the lanes of a course that the present stage does not need."""
    return list(
        Lane.objects.filter(course=course, needed=Lane.Needed.NOT_NEEDED).select_related(
            "referral__work_item"
        )
    )


def every_lane(course: Course) -> Sequence[Lane]:
    """Return all lanes of a course."""
    return list(Lane.objects.filter(course=course).select_related("referral__work_item"))


def _from_when(lane: Lane, entered_at: datetime, since: datetime, now: datetime) -> datetime:
    """Return from when on a member does a lane: not before they joined, nor beside another."""
    if lane.practitioner_role_id is not None:
        return now
    rows = LaneOwner.objects.filter(lane=lane).order_by("-effective_at")
    left = rows.values_list("effective_at", flat=True).first()
    return max(entered_at, since, left or since)


def _team(patient_id: UUID, now: datetime) -> list[CareTeamMember]:
    # Nobody joins ahead of time: who came after `now` came while this waited for the course, or
    # while a sweep was at the courses before it, and is here all the same.
    members = (
        CareTeamMember.objects.filter(Q(until=None) | Q(until__gt=now), patient_id=patient_id)
        .select_related("practitioner_role__location")
        .order_by("since", "id")
    )
    lead_first = sorted(members, key=lambda member: member.role != CareTeamMember.Role.LEAD)
    return [member for member in lead_first if member.practitioner_role.is_registered(now)]


def _on_its_way(lane: Lane) -> bool:
    return lane.referral is not None and lane.referral.status in _ON_ITS_WAY


def _given_up(lane: Lane, stay: StageStay) -> bool:
    """Say whether the referral of this very stay was revoked."""
    return (
        lane.referral is not None
        and lane.referral.status == Referral.Status.REVOKED
        and lane.referral.key.startswith(_key(lane, stay))
    )


def _forsaken(lane: Lane) -> bool:
    """Say whether a lane, done by nobody of the team any more, was not its referral's to fill."""
    if lane.practitioner_role_id is None:
        return False
    item = lane.referral.work_item if lane.referral is not None else None
    return item is None or item.owner_id != lane.practitioner_role_id


def _key(lane: Lane, stay: StageStay) -> str:
    return f"stage-stay:{stay.id}:{lane.discipline}"


def _refer(lane: Lane, course: Course, stay: StageStay, *, actor: Actor, now: datetime) -> None:
    lead_id = scope.lead_role_id(course.patient_id)
    assert lead_id is not None, "an open plan has a lead"
    attempt = 1
    while True:
        key = _key(lane, stay) + (f":{attempt}" if attempt > 1 else "")
        referral, _ = open_referral(
            patient_id=course.patient_id,
            discipline=lane.discipline,
            key=key,
            reason_code=f"{course.pathway.slug}.{stay.stage}"[-64:].lstrip("-._"),
            stage=stay.stage,
            sensitivity="psychotherapy" if lane.discipline == "psychotherapy" else "",
            requested_by_id=lead_id,
            order=lane.order,
            priority=_priority(course, now),
            lane_id=lane.id,
            condition_id=course.id,
            actor=actor,
            now=now,
        )
        # What was reported and closed, or revoked, finds nobody any more: a further one does.
        if referral.status in _ON_ITS_WAY:
            break
        attempt += 1
    Lane.objects.filter(pk=lane.pk).update(
        referral=referral, version=F("version") + 1, updated_at=now
    )
    lane.referral = referral


def _priority(course: Course, now: datetime) -> str:
    """Return how pressing a referral is: as a screen of the course asks, and else as usual."""
    facts = facts_of_courses.gather([course], now=now)[course.id]
    found = routing(course.pathway_version.definition, facts, now)
    return found.priority if found.basis in ("complexity_screen", "risk_screen") else "routine"


def _assign(
    lane: Lane,
    practitioner_role_id: UUID | None,
    *,
    now: datetime,
    effective_at: datetime | None = None,
) -> None:
    Lane.objects.filter(pk=lane.pk).update(
        practitioner_role=practitioner_role_id, version=F("version") + 1, updated_at=now
    )
    lane.practitioner_role_id = practitioner_role_id
    LaneOwner.objects.create(
        organization_id=lane.organization_id,
        course_id=lane.course_id,
        lane=lane,
        practitioner_role_id=practitioner_role_id,
        effective_at=min(effective_at or now, now),
        recorded_at=now,
    )
