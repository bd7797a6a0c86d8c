"""How long records are kept, and the holds that keep them longer.

The numbers are an organization's decision, kept as rows. The defaults below are this software's
own, no law's: whoever runs it checks them with their college and decides.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from itertools import chain
from uuid import UUID

from django.db import transaction
from django.db.models import Max, QuerySet

from coordination import audit
from coordination.access import patient_for
from coordination.actors import Actor, Role
from coordination.models import LegalHold, Patient, RetentionPolicy
from coordination.persons import person_of, records_of_persons
from coordination.problems import Denied, Invalid, NotFound, Stale
from coordination.record_kinds import RecordKind, kind_of, record_kinds


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long one kind is kept, in years."""

    years_after_last_contact: int = 10
    minor_until_age: int = 18
    years_after_minority: int = 10
    is_default: bool = True


@dataclass(frozen=True, slots=True)
class Due:
    """The records of one kind whose time is over; `held` counts those that a hold keeps."""

    kind: RecordKind
    record_ids: tuple[UUID, ...]
    patients: int
    held: int
    unknown: int
    """Records of patients whose birth date nobody knows: they stay."""


@dataclass(frozen=True, slots=True)
class Review:
    """What would be disposed of; the digest changes with any record that comes or goes."""

    lines: tuple[Due, ...]
    digest: str


class HoldNotFound(NotFound):
    """No such legal hold."""

    type = "legal-hold-not-found"


def is_held(patient_id: UUID) -> bool:
    """Say whether a legal hold of the acting organization keeps everything of this person."""
    records = records_of_persons([patient_id])
    found: bool = LegalHold.objects.filter(patient_id__in=records, until=None).exists()
    return found


def holds_visible_to(actor: Actor, now: datetime) -> QuerySet[LegalHold, LegalHold]:
    """Return the organization's holds to its privacy officers, and none to anybody else."""
    if Role.PRIVACY_OFFICER not in actor.roles:
        return LegalHold.objects.none()
    return LegalHold.objects.filter(organization_id=actor.organization_id)


@transaction.atomic
def place_hold(
    patient_id: UUID, *, reason: str, ordered_by: str, actor: Actor, now: datetime
) -> LegalHold:
    """Keep everything of a patient from being disposed of until the hold is released.

    Only for privacy officers. Raises `PatientNotFound`, `Denied`, `Invalid`.
    """
    _must_guard(actor, "legal-hold.place")
    patient = patient_for(actor, patient_id, now=now, view="oversight", lock=True)
    for name, said in (("reason", reason), ("ordered_by", ordered_by)):
        if not said.strip():
            raise Invalid.field(f"/{name}", "This is needed.")
    hold = LegalHold.objects.create(
        organization_id=actor.organization_id,
        patient=patient,
        reason=reason,
        ordered_by=ordered_by,
        since=now,
        placed_by=actor.label,
    )
    _tell("legal-hold.placed", hold, actor, now)
    return hold


@transaction.atomic
def release_hold(hold_id: UUID, *, reason: str, actor: Actor, now: datetime) -> LegalHold:
    """End a hold, as a privacy officer. Raises `HoldNotFound`, `Denied`, `Invalid`, `Stale`."""
    _must_guard(actor, "legal-hold.release")
    hold = holds_visible_to(actor, now).filter(pk=hold_id).first()
    if hold is None:
        raise HoldNotFound("There is no such legal hold.")
    if not reason.strip():
        raise Invalid.field("/reason", "Say why it is released.")
    released = LegalHold.objects.filter(pk=hold.pk, until=None).update(
        until=now, released_by=actor.label, release_reason=reason
    )
    if not released:
        raise Stale("This hold was released already.")
    hold.refresh_from_db()
    _tell("legal-hold.released", hold, actor, now)
    return hold


@transaction.atomic
def decide_policy(
    record_kind: str,
    *,
    years_after_last_contact: int,
    minor_until_age: int,
    years_after_minority: int,
    actor: Actor,
    now: datetime,
) -> RetentionPolicy:
    """Record how long the organization keeps one kind from now on; earlier decisions stay.

    Only for privacy officers. Raises `Denied`, `Invalid` for a kind that nobody registered.
    """
    _must_guard(actor, "retention.decide")
    if kind_of(record_kind) is None:
        there = ", ".join(sorted(kind.name for kind in record_kinds()))
        words = f"There is no such kind of record; there are: {there}."
        raise Invalid.field("/record_kind", words)
    policy = RetentionPolicy.objects.create(
        organization_id=actor.organization_id,
        record_kind=record_kind,
        years_after_last_contact=years_after_last_contact,
        minor_until_age=minor_until_age,
        years_after_minority=years_after_minority,
        decided_by=actor.label,
        user_id=actor.user_id,
        recorded_at=now,
    )
    audit.record(
        actor=actor,
        now=now,
        action=audit.Action.CREATE,
        event="retention.decided",
        resource="RetentionPolicy",
        resource_id=policy.pk,
        detail={"record_kind": record_kind, "years": years_after_last_contact},
    )
    return policy


def keeping_of(record_kind: str) -> Keeping:
    """Return how long the acting organization keeps a kind: its latest decision, or the default."""
    row = (
        RetentionPolicy.objects.filter(record_kind=record_kind)
        .order_by("-recorded_at", "-id")
        .first()
    )
    if row is None:
        return Keeping()
    return Keeping(
        row.years_after_last_contact, row.minor_until_age, row.years_after_minority, False
    )


def review(*, now: datetime) -> Review:
    """Say what of the acting organization is past its time; nothing is changed by looking."""
    contacts = _last_contacts()
    born = dict(Patient.objects.values_list("id", "birth_date"))
    held = records_of_persons(
        LegalHold.objects.filter(until=None).values_list("patient_id", flat=True)
    )
    kinds = [kind for kind in record_kinds() if kind.is_disposable]
    lines = tuple(_due(kind, contacts, born, held, now.date()) for kind in kinds)
    every = sorted(map(str, chain.from_iterable(line.record_ids for line in lines)))
    return Review(lines, sha256("\n".join(every).encode()).hexdigest())


def kept_until(last_contact: date, birth_date: date, keeping: Keeping) -> date:
    """Return the day until which a record is kept; a minor's until they have been of age long."""
    until = _years_later(last_contact, keeping.years_after_last_contact)
    of_age = _years_later(birth_date, keeping.minor_until_age)
    if last_contact < of_age:
        until = max(until, _years_later(of_age, keeping.years_after_minority))
    return until


def _last_contacts() -> dict[UUID, date]:
    """Return the day of each patient's last contact: the person's latest record of any kind."""
    latest = dict(Patient.objects.values_list("id", "registered_at"))
    for kind in record_kinds():
        latest_of = kind.rows.values_list(kind.labels.patient).annotate(at=Max(kind.moment))
        for patient_id, at in latest_of:
            latest[patient_id] = max(latest[patient_id], at)
    goes_on, last = person_of(), dict[UUID, datetime]()
    for patient_id, at in latest.items():
        person = goes_on[patient_id]
        last[person] = max(last.get(person, at), at)
    return {patient_id: last[goes_on[patient_id]].date() for patient_id in latest}


def _due(
    kind: RecordKind,
    contacts: dict[UUID, date],
    born: dict[UUID, date | None],
    held: set[UUID],
    today: date,
) -> Due:
    keeping = keeping_of(kind.name)
    over, kept, unknown = list[UUID](), 0, 0
    patients = set[UUID]()
    rows = kind.rows.values_list("pk", kind.labels.patient)
    for record_id, patient_id in rows.order_by("pk"):
        birth_date = born[patient_id]
        if _years_later(contacts[patient_id], keeping.years_after_last_contact) >= today:
            continue
        if birth_date is None:
            unknown += 1
        elif kept_until(contacts[patient_id], birth_date, keeping) >= today:
            continue
        elif patient_id in held:
            kept += 1
        else:
            over.append(record_id)
            patients.add(patient_id)
    return Due(kind, tuple(over), len(patients), kept, unknown)


def _years_later(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return date(day.year + years, 3, 1)


def due_ids(found: Review) -> Iterator[tuple[RecordKind, list[UUID]]]:
    """Return the records past their time, kind by kind, in the order in which they may go."""
    for line in found.lines:
        if line.record_ids:
            yield line.kind, list(line.record_ids)


def _must_guard(actor: Actor, rule: str) -> None:
    if Role.PRIVACY_OFFICER not in actor.roles:
        raise Denied("This needs a privacy officer.", rule=rule)


def _tell(event: str, hold: LegalHold, actor: Actor, now: datetime) -> None:
    audit.record(
        actor=actor,
        now=now,
        action=audit.Action.ACT,
        event=event,
        resource="LegalHold",
        resource_id=hold.pk,
        patient_ids=[hold.patient_id],
    )
