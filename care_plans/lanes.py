"""The lanes of a course: which are needed, what each says about going on, and its notes."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.db import transaction
from django.db.models import F

from care_plans import scope
from care_plans.content.pathways import PathwayDefinition
from care_plans.content.sourced import STAGES, Discipline, StageName
from care_plans.editing import save_edit
from care_plans.evaluation import Asked
from care_plans.evidence import Facts, Outcome
from care_plans.facts import LaneRow
from care_plans.models import Course, Lane, LaneDecision, LaneSignOff, StageStay
from care_plans.saying import Said
from care_plans.telling import tell
from coordination.access import owned_by_patient
from coordination.actors import Actor
from coordination.models import PractitionerRole
from coordination.problems import Invalid, NotAllowed, NotFound, VersionMismatch

NOT_IN_STAGE = "Not part of this stage."

_DECIDED = {
    Outcome.MET: Lane.Needed.NEEDED,
    Outcome.NOT_MET: Lane.Needed.NOT_NEEDED,
    Outcome.UNKNOWN: Lane.Needed.UNDECIDED,
}

_BEFORE = {
    Outcome.MET: "It was needed before.",
    Outcome.NOT_MET: "It was not needed before.",
    Outcome.UNKNOWN: "It was not decided before.",
}


class LaneNotFound(NotFound):
    """No such lane, or none that this actor has a reason to see."""

    type = "lane-not-found"


class NothingToSignOff(NotAllowed):
    """A lane signs off only while its course is active and the lane is needed."""

    type = "nothing-to-sign-off"


def lane_for(actor: Actor, lane_id: UUID, *, now: datetime) -> Lane:
    """Return a lane within the actor's reach, or raise `LaneNotFound`."""
    lanes = owned_by_patient(
        Lane.objects.select_related("course"), actor, now, path="course__patient_id"
    )
    lane = lanes.filter(pk=lane_id).first()
    if lane is None:
        raise LaneNotFound("There is no such lane within your reach.")
    return lane


def needed_disciplines(course: Course) -> list[str]:
    """Return the disciplines whose lanes the present stage needs."""
    return list(
        Lane.objects.filter(course=course, needed=Lane.Needed.NEEDED).values_list(
            "discipline", flat=True
        )
    )


def create_lanes(
    course: Course, definition: PathwayDefinition, *, but: Collection[str] = ()
) -> None:
    """Give a course a lane for each discipline that any of its stages names, but those it has."""
    disciplines = dict.fromkeys(
        discipline for stage in STAGES for discipline in definition.stage(stage).lanes
    )
    Lane.objects.bulk_create(
        [
            Lane(
                organization_id=course.organization_id,
                course=course,
                discipline=discipline,
                needed=Lane.Needed.NOT_NEEDED,
                reason=NOT_IN_STAGE,
                rests_on=[],
            )
            for discipline in disciplines
            if discipline not in but
        ]
    )


def decide_lanes(
    course: Course,
    definition: PathwayDefinition,
    stage: StageName,
    facts: Facts,
    *,
    keep_decisions: bool,
    only_add: bool,
    entered_at: datetime | None = None,
    now: datetime,
) -> list[Lane]:
    """Settle from the facts which lanes a stage needs; return those that changed.

    `keep_decisions` leaves alone what a person decided about this stage, `only_add` every lane
    that is needed already: a fact does not take a lane off that is at work. One that was needed
    for a score which was replaced since, and still is, says for what. Each change is kept
    with its reason, and of a stage that was `entered_at` a time what is so from then on.
    """
    changed, decisions = [], []
    asked = Asked(definition, facts, now)
    for lane in Lane.objects.filter(course=course).order_by("discipline"):
        decided = _decided(lane, stage, asked)
        if keep_decisions and lane.decided_by == Lane.DecidedBy.PERSON:
            continue
        if only_add and _stays_needed(lane, decided, facts):
            continue
        before = (lane.needed, lane.reason, lane.order, lane.decided_by)
        needed, reason, order, rows = decided
        lane.needed, lane.reason, lane.order = needed, reason, order
        lane.decided_by = Lane.DecidedBy.PATHWAY
        rested_on, lane.rests_on = lane.rests_on, rows
        if before != (needed, reason, order, Lane.DecidedBy.PATHWAY):
            _write(lane, now=now)
            changed.append(lane)
            decisions.append(lane)
            continue
        if entered_at is not None:
            decisions.append(lane)
        if rested_on != rows:
            # the same decision for newer facts: nobody's edit of the lane is behind because of it
            Lane.objects.filter(pk=lane.pk).update(rests_on=rows)
    _keep(decisions, stage, effective_at=entered_at or now, now=now)
    return changed


def is_decided(row: LaneRow, stage: StageName, asked: Asked) -> bool:
    """Say whether `decide_lanes`, which takes no lane off, would leave a lane as it is."""
    if row.decided_by == Lane.DecidedBy.PERSON:
        return True
    if row.needed == Lane.Needed.NEEDED and not row.withdrawn:
        return True
    decided = _decided(row, stage, asked)
    if _stays_needed(row, decided, asked.facts):
        return True
    return (row.needed, row.reason, row.order, row.rests_on) == decided


type _Decided = tuple[Lane.Needed, str, int, list[UUID]]


def _stays_needed(row: Lane | LaneRow, decided: _Decided, facts: Facts) -> bool:
    """Say whether a lane is needed already, and nothing is to be said of it but what was said."""
    if row.needed != Lane.Needed.NEEDED:
        return False
    known = facts.lanes.get(row.discipline)
    is_outdated = known is not None and bool(known.withdrawn)
    return not (is_outdated and decided[0] == Lane.Needed.NEEDED)


def _decided(row: Lane | LaneRow, stage: StageName, asked: Asked) -> _Decided:
    content = asked.definition.stage(stage)
    lane = content.lanes.get(cast(Discipline, row.discipline))
    if lane is None:
        return Lane.Needed.NOT_NEEDED, NOT_IN_STAGE, 0, []
    place = content.places.get(row.discipline, 0)
    if lane.when is None:
        return Lane.Needed.NEEDED, lane.reason or "", place, []
    outcome = asked.outcome(lane.when)
    # a lane that goes on asks of itself whether it was needed before, which is no reason to read
    leaves = [(leaf, {each.id for each in leaf.rows()}) for leaf in asked.leaves(lane.when)]
    others = [leaf for leaf, rows in leaves if rows != {row.id}]
    rests_on = set[UUID]().union(*(rows for _, rows in leaves)) - {row.id}
    why = _why(others, outcome) or asked.find(lane.when).sentence
    return _DECIDED[outcome], why, place, sorted(rests_on)


def _why(leaves: Sequence[Said], outcome: Outcome) -> str:
    """Return what decided: of several questions those that came out as the whole did."""
    told = [leaf.tell() for leaf in leaves if leaf.outcome is outcome]
    if not told and leaves:
        told = [_BEFORE[outcome], *(leaf.tell() for leaf in leaves)]
    return " ".join(dict.fromkeys(told))


def _write(lane: Lane, *, now: datetime) -> None:
    Lane.objects.filter(pk=lane.pk).update(
        needed=lane.needed,
        reason=lane.reason,
        rests_on=lane.rests_on,
        order=lane.order,
        decided_by=lane.decided_by,
        version=F("version") + 1,
        updated_at=now,
    )


def _keep(
    lanes: Iterable[Lane],
    stage: str,
    *,
    effective_at: datetime,
    now: datetime,
    role: PractitionerRole | None = None,
) -> None:
    """Keep what was decided about lanes, which the next decision overwrites."""
    LaneDecision.objects.bulk_create(
        LaneDecision(
            organization_id=lane.organization_id,
            course_id=lane.course_id,
            lane=lane,
            stage=stage,
            needed=lane.needed,
            decided_by=lane.decided_by,
            reason=lane.reason,
            rests_on=lane.rests_on,
            practitioner_role=role,
            effective_at=effective_at,
            recorded_at=now,
        )
        for lane in lanes
    )


@transaction.atomic
def edit_lane(
    lane_id: UUID, *, version: int, fields: Mapping[str, Any], actor: Actor, now: datetime
) -> Lane:
    """Change a lane's note. Raises `VersionMismatch`, `Denied` for another discipline."""
    lane = lane_for(actor, lane_id, now=now)
    scope.require("lane.edit", lane.course, actor=actor, disciplines=[lane.discipline])
    return save_edit(
        lane,
        version=version,
        fields=fields,
        patient_id=lane.course.patient_id,
        actor=actor,
        now=now,
    )


def write_decision(
    lane: Lane, *, version: int, needed: bool, reason: str, actor: Actor, now: datetime
) -> Lane:
    """Let the lead say that a lane is needed in this stage, or is not, and why.

    Raises `Denied` for anybody but the lead, `Invalid` without a reason, `VersionMismatch`, and
    `NotAllowed` for a course that has ended.
    """
    role = scope.require("lane.decide", lane.course, actor=actor)
    if lane.course.status == Course.Status.DISCHARGED:
        raise NotAllowed("This course has ended.")
    if not reason.strip():
        raise Invalid.field("/reason", "Say why.")
    word = Lane.Needed.NEEDED if needed else Lane.Needed.NOT_NEEDED
    written = Lane.objects.filter(pk=lane.pk, version=version).update(
        needed=word,
        decided_by=Lane.DecidedBy.PERSON,
        reason=reason,
        rests_on=None,
        version=version + 1,
        updated_at=now,
    )
    if not written:
        raise VersionMismatch("Somebody else edited this lane meanwhile.")
    lane.refresh_from_db()
    _keep([lane], lane.course.stage or STAGES[0], effective_at=now, now=now, role=role)
    tell(
        "lane.decided",
        subject="Lane",
        subject_id=lane.pk,
        patient_id=lane.course.patient_id,
        actor=actor,
        now=now,
        detail={"needed": word, "discipline": lane.discipline},
    )
    return lane


def write_sign_off(
    lane: Lane,
    *,
    verdict: str,
    reason: str,
    effective_at: datetime | None,
    actor: Actor,
    now: datetime,
) -> LaneSignOff:
    """Let a lane say that it is ready for what comes next, or is not and why.

    It counts for the present stay alone; the latest word counts. Raises `Denied` for another
    discipline, `NothingToSignOff` when the course is not active or the lane not needed,
    `Invalid` for a time outside the stay or "not ready" without a reason.
    """
    role = scope.require("lane.sign-off", lane.course, actor=actor, disciplines=[lane.discipline])
    if verdict not in LaneSignOff.Verdict.values:
        raise Invalid.field("/verdict", "This is neither ready nor not_ready.")
    if verdict == LaneSignOff.Verdict.NOT_READY and not reason.strip():
        raise Invalid.field("/reason", "Say what is missing.")
    stay = _stay_to_sign(lane)
    at = effective_at or now
    if not stay.entered_at <= at <= now:
        raise Invalid.field("/effective_at", "Not before this stay began, and not in the future.")
    signed = LaneSignOff.objects.create(
        organization_id=lane.organization_id,
        course_id=lane.course_id,
        lane=lane,
        stay=stay,
        verdict=verdict,
        practitioner_role=role,
        actor=actor.label,
        user_id=actor.user_id,
        reason=reason,
        effective_at=at,
        recorded_at=now,
    )
    tell(
        "lane.signed-off",
        subject="LaneSignOff",
        subject_id=signed.pk,
        patient_id=lane.course.patient_id,
        actor=actor,
        now=now,
        detail={"verdict": verdict, "discipline": lane.discipline},
    )
    return signed


def _stay_to_sign(lane: Lane) -> StageStay:
    stay = StageStay.objects.filter(course_id=lane.course_id, left_at=None).first()
    if stay is None or lane.course.status != Course.Status.ACTIVE:
        raise NothingToSignOff("This course is not active.")
    if lane.needed == Lane.Needed.NOT_NEEDED:
        raise NothingToSignOff("This lane is not needed in the present stage.")
    return stay
