"""Visits that happened: recorded, finished, or taken back when they were entered in error."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from care_plans.authorship import about, author_of
from care_plans.models import Encounter, Lane
from care_plans.recording import moment
from care_plans.telling import tell
from coordination import audit
from coordination.access import must_go_on, owned_by_patient, patient_for
from coordination.actors import Actor
from coordination.corrections import with_statements
from coordination.models import Location, PractitionerRole
from coordination.problems import Denied, Invalid, NotAllowed, NotFound, Stale
from coordination.refusals import Words, actions_from

Status = Encounter.Status

#: (status, action) -> status
MOVES: Mapping[tuple[str, str], Status] = {
    (Status.IN_PROGRESS, "finish"): Status.FINISHED,
    (Status.IN_PROGRESS, "cancel"): Status.CANCELLED,
    (Status.IN_PROGRESS, "mark-in-error"): Status.ENTERED_IN_ERROR,
    (Status.FINISHED, "mark-in-error"): Status.ENTERED_IN_ERROR,
    (Status.CANCELLED, "mark-in-error"): Status.ENTERED_IN_ERROR,
}
WORDS = Words(
    subject="This encounter",
    states={
        Status.IN_PROGRESS: "is under way",
        Status.FINISHED: "was finished",
        Status.CANCELLED: "was cancelled",
        Status.ENTERED_IN_ERROR: "was marked as entered in error",
    },
    actions={
        "finish": "finished",
        "cancel": "cancelled",
        "mark-in-error": "marked as entered in error",
    },
)


class EncounterNotFound(NotFound):
    """No such encounter, or none that this actor has a reason to see."""

    type = "encounter-not-found"


def encounters_visible_to(
    actor: Actor, now: datetime, *, narrow: Any = owned_by_patient
) -> QuerySet[Encounter, Encounter]:
    """Return the encounters within the actor's reach."""
    rows = Encounter.objects.select_related("practitioner_role__practitioner", "location")
    return with_statements(narrow(rows, actor, now), actor, now)


def encounter_for(actor: Actor, encounter_id: UUID, *, now: datetime) -> Encounter:
    """Return an encounter within the actor's reach, or raise `EncounterNotFound`."""
    found = encounters_visible_to(actor, now).filter(pk=encounter_id).first()
    if found is None:
        raise EncounterNotFound("There is no such encounter within your reach.")
    return found


@transaction.atomic
def record_encounter(
    patient_id: UUID,
    *,
    encounter_class: str,
    started_at: datetime | None = None,
    ended_at: datetime | None = None,
    location_id: UUID | None = None,
    course_id: UUID | None = None,
    lane_id: UUID | None = None,
    author_id: UUID | None = None,
    actor: Actor,
    now: datetime,
) -> Encounter:
    """Record a visit of the actor's own: in progress, or finished when it has an end.

    Without a start it begins now. Raises `PatientNotFound`, `Denied`, and `Invalid` for times
    that cannot be, or for a course, lane, location or role that does not fit.
    """
    patient = patient_for(actor, patient_id, now=now)
    must_go_on(patient)
    role = author_of("encounter.record", patient, author_id, actor=actor, now=now)
    fields = about(patient, course_id, actor=actor, now=now)
    start = _moment(started_at, "/started_at", fields, now)
    encounter = Encounter.objects.create(
        **fields,
        practitioner_role=role,
        location_id=_place(encounter_class, location_id, role),
        lane=_lane(lane_id, fields, role),
        encounter_class=encounter_class,
        status=Status.IN_PROGRESS if ended_at is None else Status.FINISHED,
        started_at=start,
        ended_at=_end(ended_at, start, now) if ended_at is not None else None,
    )
    _tell("encounter.recorded", encounter, actor=actor, now=now, action=audit.Action.CREATE)
    return encounter


@transaction.atomic
def move_encounter(
    encounter_id: UUID,
    action: str,
    *,
    ended_at: datetime | None = None,
    because: str = "",
    actor: Actor,
    now: datetime,
) -> Encounter:
    """Finish, cancel or take back an encounter of one's own.

    Raises `Denied` for somebody else's, `NotAllowed` for a move that is not there, `Invalid` when
    a reason is missing or the end cannot be, `Stale`.
    """
    encounter = encounter_for(actor, encounter_id, now=now)
    if encounter.practitioner_role_id not in actor.practitioner_role_ids:
        raise Denied("Only whoever held it moves an encounter.", rule=f"encounter.{action}")
    target = MOVES.get((encounter.status, action))
    if target is None:
        instead = actions_from(MOVES, encounter.status)
        raise NotAllowed(WORDS.refuse(encounter.status, action, instead))
    changes: dict[str, object] = {"status": target}
    if target == Status.FINISHED:
        changes["ended_at"] = _end(ended_at or now, encounter.started_at, now)
    elif not because.strip():
        raise Invalid.field("/because", "Say why.")
    else:
        changes["because"] = because
    if not Encounter.objects.filter(pk=encounter.pk, status=encounter.status).update(**changes):
        raise Stale("Somebody else moved this encounter first.")
    encounter.refresh_from_db(fields=["status", "ended_at", "because"])
    _tell(f"encounter.{action}", encounter, actor=actor, now=now)
    return encounter


def _moment(
    at: datetime | None, pointer: str, fields: Mapping[str, Any], now: datetime
) -> datetime:
    try:
        return moment(at, fields["patient"], fields["course"], now=now)
    except Invalid as error:
        raise Invalid.field(pointer, error.detail) from error


def _end(ended_at: datetime, started_at: datetime, now: datetime) -> datetime:
    if not started_at <= ended_at <= now:
        raise Invalid.field("/ended_at", "It ends after it began, and not in the future.")
    return ended_at


def _place(encounter_class: str, location_id: UUID | None, role: PractitionerRole) -> UUID | None:
    if location_id is None:
        in_person = encounter_class == Encounter.Class.IN_PERSON
        return role.location_id if in_person else None
    if not Location.objects.filter(pk=location_id).exists():
        raise Invalid.field("/location", "There is no such location.")
    return location_id


def _lane(lane_id: UUID | None, fields: Mapping[str, Any], role: PractitionerRole) -> Lane | None:
    if lane_id is None:
        return None
    lane = Lane.objects.filter(
        pk=lane_id, course=fields["course"], discipline=role.discipline
    ).first()
    if fields["course"] is None or lane is None:
        raise Invalid.field("/lane", "This is no lane of your discipline on that course.")
    found: Lane = lane
    return found


def _tell(
    event: str,
    encounter: Encounter,
    *,
    actor: Actor,
    now: datetime,
    action: audit.Action = audit.Action.ACT,
) -> None:
    tell(
        event,
        subject="Encounter",
        subject_id=encounter.pk,
        patient_id=encounter.patient_id,
        actor=actor,
        now=now,
        action=action,
        detail={"status": encounter.status, "class": encounter.encounter_class},
    )
