"""Practitioners and Organizations become directory entries: no tenancy, no login, no access."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import UUID

from django.db import IntegrityError, transaction

from coordination import audit
from coordination.actors import Actor
from coordination.models import DirectoryEntry
from coordination.tenancy import acting_in
from fhir.importing.elements import Element, Wrong
from fhir.importing.patients import human_name, one_line
from fhir.importing.references import Identity, numbers_of
from fhir.importing.spool import Kept, Spool

_KINDS = {
    "Practitioner": DirectoryEntry.Kind.PRACTITIONER,
    "Organization": DirectoryEntry.Kind.ORGANIZATION,
}
# HL7's name for the national provider identifier of the United States
_BEST_SYSTEMS = ("http://hl7.org/fhir/sid/us-npi",)
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class EntryRead:
    """What one Practitioner or Organization says."""

    kind: str
    name: str
    phone: str
    address: str


def directory_identity(resource: Element, otherwise: Identity | None) -> Identity | None:
    """Return what names a clinic or clinician: its official number, else its resource."""
    numbers = sorted(numbers_of(resource), key=lambda pair: pair[0] not in _BEST_SYSTEMS)
    return Identity(*numbers[0]) if numbers else otherwise


def read_entry(resource: Element) -> EntryRead:
    """Translate a Practitioner or Organization; raises `Wrong`."""
    kind = resource.text("resourceType")
    if kind == "Organization":
        name = resource.text("name", limit=_LONGEST)
    else:
        family, given = human_name(next(resource.many("name"), None))
        name = f"{given} {family}".strip()
    if not name:
        raise Wrong(f"{kind}.name: there is no name")
    phones = [
        part.text("value") for part in resource.many("telecom") if part.text("system") == "phone"
    ]
    places = [one_line(part) for part in resource.many("address")]
    return EntryRead(
        kind=_KINDS[kind],
        name=name,
        phone=next((phone for phone in phones if phone and len(phone) <= 40), ""),
        address=next((place for place in places if place), ""),
    )


def write_directory(
    spool: Spool, *, actor: Actor, now: datetime, advance: Callable[[], None]
) -> None:
    """Write each practitioner and organization of the files once, and settle their entries."""
    for _, copies in groupby(spool.directory(), key=_place):
        _write_copies(spool, copies, actor=actor, now=now)
        advance()


def _place(kept: Kept) -> tuple[str, Identity]:
    return kept.kind, kept.identity


def entry_id(kept: Kept) -> UUID | None:
    """Return the directory entry that a resource of the files became, None if it became none."""
    if kept.kind not in _KINDS or kept.body is None:
        return None
    name = read_entry(Element(kept.body, kept.kind)).name
    return (
        DirectoryEntry.objects.filter(
            kind=_KINDS[kept.kind], system=kept.system, value=kept.value, name=name
        )
        .values_list("id", flat=True)
        .first()
    )


def _write_copies(spool: Spool, copies: Iterable[Kept], *, actor: Actor, now: datetime) -> None:
    """Write the latest of several copies; one that bears another name is somebody else.

    They are gone through one by one, however many there are.
    """
    known = ""
    latest: tuple[Kept, EntryRead] | None = None
    for kept in copies:
        try:
            if kept.body is None:
                raise Wrong(kept.fault)
            read = read_entry(Element(kept.body, kept.kind))
        except Wrong as wrong:
            spool.settle(kept.seq, "rejected", str(wrong))
            continue
        known = known or _known_name(kept, actor) or read.name
        if read.name != known:
            why = f"{kept.identity} is in the directory under another name"
            spool.settle(kept.seq, "skipped", why)
            continue
        earlier, latest = _in_order(latest, (kept, read))
        if earlier is not None:
            spool.settle(earlier.seq, "skipped", "the files hold it more than once")
    if latest is not None:
        outcome, reason = _write(*latest, actor=actor, now=now)
        spool.settle(latest[0].seq, outcome, reason)


def _in_order(
    one: tuple[Kept, EntryRead] | None, other: tuple[Kept, EntryRead]
) -> tuple[Kept | None, tuple[Kept, EntryRead]]:
    """Return the earlier and the later of two copies; the second was read after the first."""
    if one is None:
        return None, other
    return (one[0], other) if one[0].updated <= other[0].updated else (other[0], one)


def _known_name(kept: Kept, actor: Actor) -> str:
    with acting_in(actor.organization_id):
        found = DirectoryEntry.objects.filter(
            kind=_KINDS[kept.kind], system=kept.system, value=kept.value
        ).first()
    return found.name if found else ""


def _write(kept: Kept, read: EntryRead, *, actor: Actor, now: datetime) -> tuple[str, str]:
    with acting_in(actor.organization_id):
        try:
            with transaction.atomic():
                entry = DirectoryEntry.objects.create(
                    organization_id=actor.organization_id,
                    kind=read.kind,
                    name=read.name,
                    system=kept.system,
                    value=kept.value,
                    phone=read.phone,
                    address=read.address,
                )
        except IntegrityError:
            return _update(kept, read, actor=actor, now=now)
        _tell(entry.id, "directory.imported", actor=actor, now=now)
        return "imported", ""


def _update(kept: Kept, read: EntryRead, *, actor: Actor, now: datetime) -> tuple[str, str]:
    entry = DirectoryEntry.objects.select_for_update().get(
        kind=read.kind, system=kept.system, value=kept.value
    )
    if (entry.phone, entry.address) == (read.phone, read.address):
        return "skipped", "unchanged"
    entry.phone, entry.address = read.phone, read.address
    entry.save(update_fields=["phone", "address"])
    _tell(entry.id, "directory.updated", actor=actor, now=now)
    return "updated", ""


def _tell(entry_id: UUID, event: str, *, actor: Actor, now: datetime) -> None:
    audit.record(
        actor=actor,
        now=now,
        action=audit.Action.IMPORT,
        event=event,
        resource="DirectoryEntry",
        resource_id=entry_id,
        purpose=audit.Purpose.OPERATIONS,
    )
