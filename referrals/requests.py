"""Asking for a discipline's work: by a person, or by a plan for all that a stage needs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from coordination import scope
from coordination.access import must_go_on, patient_for
from coordination.actors import Actor
from coordination.models import Discipline, Location, PractitionerRole, new_id
from coordination.problems import Denied, FieldError, Invalid, NotAllowed
from coordination.withheld import NotOpenToYou
from referrals import reminders
from referrals.history import make_known, open_work, write_step
from referrals.models import Referral
from referrals.models.referral import CODE

_NO_CODE = (
    "A code has 1 to 64 characters: small letters, digits, `_`, `.` and `-`; the first is a letter "
    "or a digit."
)
_PRESSING = ("stat", "asap", "urgent", "routine")


class KeyInUse(NotAllowed):
    """Another referral of this patient, to another discipline, has this key."""

    type = "referral-key-in-use"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked for. `key` makes asking twice for a patient one referral; none: each is new.

    `reason_code` and `sensitivity` are codes (small letters, digits, `_ . -`), never free text.
    """

    discipline: str
    reason_code: str
    priority: str = Referral.Priority.ROUTINE
    stage: str = ""
    sensitivity: str = ""
    needed_by: datetime | None = None
    location_id: UUID | None = None
    key: str = ""
    lane_id: UUID | None = None
    condition_id: UUID | None = None
    order: int = 0


def open_referrals(
    requests: Sequence[Request],
    *,
    patient_id: UUID,
    requested_by_id: UUID,
    actor: Actor,
    now: datetime,
) -> list[tuple[Referral, bool]]:
    """Open the referrals that a stage needs, in this order, all of them or none.

    Returns each with whether it is new; raises what `open_referral` raises.
    """
    with transaction.atomic():
        return [
            _open(
                request,
                patient_id=patient_id,
                requested_by_id=requested_by_id,
                actor=actor,
                now=now,
                draft=False,
            )
            for request in requests
        ]


def open_referral(
    *,
    patient_id: UUID,
    discipline: str,
    key: str,
    reason_code: str,
    requested_by_id: UUID,
    actor: Actor,
    now: datetime,
    priority: str = Referral.Priority.ROUTINE,
    stage: str = "",
    needed_by: datetime | None = None,
    sensitivity: str = "",
    order: int = 0,
    location_id: UUID | None = None,
    lane_id: UUID | None = None,
    condition_id: UUID | None = None,
) -> tuple[Referral, bool]:
    """Send one referral into the schedulers' queue; the same key again returns the first one.

    `requested_by_id` is the practitioner role that must acknowledge the report. Returns the
    referral and whether it is new. Raises `PatientNotFound`, `Invalid` (also for `needed_by` on a
    day that has gone by), and `KeyInUse` when the key belongs to a referral of this patient to
    another discipline.
    """
    request = Request(
        discipline=discipline,
        reason_code=reason_code,
        priority=priority,
        stage=stage,
        sensitivity=sensitivity,
        needed_by=needed_by,
        location_id=location_id,
        key=key,
        lane_id=lane_id,
        condition_id=condition_id,
        order=order,
    )
    with transaction.atomic():
        return _open(
            request,
            patient_id=patient_id,
            requested_by_id=requested_by_id,
            actor=actor,
            now=now,
            draft=False,
        )


def request_referral(
    request: Request,
    *,
    patient_id: UUID,
    requested_by_id: UUID | None,
    draft: bool,
    actor: Actor,
    now: datetime,
) -> tuple[Referral, bool]:
    """Let a practitioner ask for a patient in their circle, as themselves.

    `requested_by_id` may be left out by whoever practises in one role only. A draft is not sent
    until `submit`. Raises `Denied` for somebody else's role, `NotOpenToYou` where the referral
    of this key is withheld from the actor, and what `open_referral` raises.
    """
    mine = actor.practitioner_role_ids
    if not mine:
        raise Denied("Only a registered practitioner refers.", rule="referral.create")
    if requested_by_id is None and len(mine) > 1:
        raise Invalid.field("/requested_by", "You practise in several roles: say in which.")
    if requested_by_id is not None and requested_by_id not in mine:
        raise Denied("Nobody refers in another's name.", rule="referral.create.own-name")
    kinds = [request.discipline]
    may = [role.id for role in scope.permitted("referral.create", actor=actor, kinds=kinds)]
    if requested_by_id is not None and requested_by_id not in may:
        raise Denied("This role of yours may not refer there.", rule="scope.referral.create")
    with transaction.atomic():
        return _open(
            request,
            patient_id=patient_id,
            requested_by_id=requested_by_id or mine[0],
            actor=actor,
            now=now,
            draft=draft,
            by_hand=True,
        )


def _open(
    request: Request,
    *,
    patient_id: UUID,
    requested_by_id: UUID,
    actor: Actor,
    now: datetime,
    draft: bool,
    by_hand: bool = False,
) -> tuple[Referral, bool]:
    reads = Referral.objects.within_reach(actor, now) if by_hand else Referral.objects.all()
    must_go_on(patient_for(actor, patient_id, now=now))
    _check(request, requested_by_id)
    known = _known(request, patient_id, reads)
    if known is not None:
        return known, False
    _must_lie_ahead(request, requested_by_id, now)
    try:
        with transaction.atomic():
            referral = _insert(request, patient_id, requested_by_id, actor, now, draft)
    except IntegrityError:
        # Somebody used the key between our look and our insert; theirs is the referral.
        known = _known(request, patient_id, reads)
        if known is None:
            raise
        return known, False
    _announce(referral, actor=actor, now=now)
    return referral, True


def _known(
    request: Request, patient_id: UUID, reads: QuerySet[Referral, Referral]
) -> Referral | None:
    if not request.key:
        return None
    known: Referral | None = (
        Referral.objects.select_related("work_item")
        .filter(patient_id=patient_id, key=request.key)
        .first()
    )
    if known is None:
        return None
    # A plan goes on with what it opened, whoever's move it follows and whatever they may read.
    if not reads.filter(pk=known.pk).exists():
        raise NotOpenToYou
    if known.discipline != request.discipline:
        raise KeyInUse("This key belongs to a referral of this patient to another discipline.")
    return known


def _insert(
    request: Request,
    patient_id: UUID,
    requested_by_id: UUID,
    actor: Actor,
    now: datetime,
    draft: bool,
) -> Referral:
    referral_id = new_id()
    item = None
    if not draft:
        item = open_work(referral_id, patient_id, due_at=request.needed_by, actor=actor, now=now)
    referral: Referral = Referral.objects.create(
        id=referral_id,
        organization_id=actor.organization_id,
        patient_id=patient_id,
        discipline=request.discipline,
        status=Referral.Status.DRAFT if draft else Referral.Status.ACTIVE,
        priority=request.priority,
        reason_code=request.reason_code,
        stage=request.stage,
        sensitivity=request.sensitivity,
        requested_by_id=requested_by_id,
        requested_at=now,
        needed_by=request.needed_by,
        key=request.key,
        lane_id=request.lane_id,
        condition_id=request.condition_id,
        order=request.order,
        location_id=request.location_id,
        work_item=item,
        moved_at=now,
        queue_position=f"{_PRESSING.index(request.priority)}{referral_id}",
    )
    return referral


def _announce(referral: Referral, *, actor: Actor, now: datetime) -> None:
    item = referral.work_item
    write_step(
        referral,
        part="request",
        action="open",
        from_status="",
        to_status=referral.status,
        item=None,
        actor=actor,
        now=now,
    )
    if item is not None:
        write_step(
            referral,
            part="work",
            action="open",
            from_status="",
            to_status=item.status,
            item=item,
            actor=actor,
            now=now,
        )
        reminders.tell(referral, item, actor=actor, now=now)
    make_known(
        referral,
        "open",
        actor=actor,
        now=now,
        detail={"discipline": referral.discipline, "status": referral.status},
        created=True,
    )


def _check(request: Request, requested_by_id: UUID) -> None:
    wrong = [
        FieldError(pointer, detail)
        for pointer, is_right, detail in (
            ("/discipline", request.discipline in Discipline.values, "No such discipline."),
            ("/priority", request.priority in Referral.Priority.values, "No such priority."),
            ("/stage", request.stage in ["", *Referral.Stage.values], "No such stage."),
            ("/reason_code", _is_code(request.reason_code), _NO_CODE),
            (
                "/sensitivity",
                not request.sensitivity or _is_code(request.sensitivity),
                _NO_CODE,
            ),
            ("/key", not request.key or bool(request.key.strip()), "A key says something."),
            (
                "/requested_by",
                PractitionerRole.objects.filter(pk=requested_by_id).exists(),
                "There is no such practitioner role.",
            ),
            (
                "/location",
                request.location_id is None
                or Location.objects.filter(pk=request.location_id).exists(),
                "There is no such location.",
            ),
        )
        if not is_right
    ]
    if wrong:
        raise Invalid(wrong[0].detail, errors=wrong)


def _must_lie_ahead(request: Request, requested_by_id: UUID, now: datetime) -> None:
    """Raise `Invalid` for work needed by a day that is over where it is to be done, or asked for.

    A draft that is sent later, and the same key again, are as they were when they were new.
    """
    if request.needed_by is None:
        return
    place: Location = (
        Location.objects.get(pk=request.location_id)
        if request.location_id is not None
        else PractitionerRole.objects.select_related("location").get(pk=requested_by_id).location
    )
    today = place.day(now)
    if place.day(request.needed_by) < today:
        raise Invalid.field(
            "/needed_by",
            f"This day has gone by: at {place.name} it is {today} now. Name that day or a later "
            "one, or none.",
        )


def _is_code(value: str) -> bool:
    return re.fullmatch(CODE, value) is not None
