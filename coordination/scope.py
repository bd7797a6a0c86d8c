"""Who may do what to a patient's care: the table of `policy/scope.yaml`, asked at every write.

Seeing the patient comes first (`coordination.access`); scope decides what somebody who sees them
may do. Only a registration that is valid now counts, so a lapse takes every scope away at once.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from django.db import IntegrityError, transaction

from coordination import audit
from coordination.actors import Actor, Role
from coordination.models import CareTeamMember, Discipline, PractitionerRole, ScopeNarrowing
from coordination.problems import Denied, Invalid, NotAllowed, NotFound, Stale
from coordination.scope_table import TABLE, Entry, Lacking, NotClinical, Position

_WHO = {
    "practitioner": "a registered practitioner",
    "discipline": "a registered practitioner of: {disciplines}",
    "lead": "the patient's lead",
    "lead_or_discipline": "the patient's lead or a registered practitioner of: {disciplines}",
}
_BY_TABLE = {
    Lacking.CELL: "The scope of practice table does not let your discipline do this.",
    Lacking.KIND: "The scope of practice table does not let your discipline do this here.",
    Lacking.NARROWED: "Your organization does not let your discipline do this.",
}


class NarrowedAlready(NotAllowed):
    """The organization has taken this away from the discipline already."""

    type = "narrowed-already"


class NarrowingNotFound(NotFound):
    """The organization has no such narrowing."""

    type = "scope-narrowing-not-found"


class _OfPatient(Protocol):
    @property
    def patient_id(self) -> UUID: ...


def require(
    rule: str,
    row: _OfPatient,
    *,
    actor: Actor,
    disciplines: Iterable[str] = (),
    kinds: Iterable[str] = (),
) -> PractitionerRole:
    """Return the role in which the actor may do this to `row`, or raise `Denied` with the rule.

    `rule` is an entry of the table, `disciplines` those of the matter (its `among`), `kinds`
    which of the kinds that the entry distinguishes. The rule raised is `scope.<entry>`.
    """
    entry, among, asked = TABLE.entries[rule], frozenset(disciplines), frozenset(kinds)
    mine = positions(actor, row.patient_id)
    narrowed = taken_away(rule)
    found = [
        (role, entry.lacking(position, among=among, kinds=asked, narrowed=narrowed))
        for role, position in mine
    ]
    for role, lacking in found:
        if lacking is None:
            return role
    raise Denied(_words(entry, [lack for _, lack in found if lack], among), rule=f"scope.{rule}")


def permitted(rule: str, *, actor: Actor, kinds: Iterable[str] = ()) -> list[PractitionerRole]:
    """Return the roles whose discipline the table lets do this, or raise `Denied`.

    It asks the table alone, not who somebody is to a patient.
    """
    entry, asked, narrowed = TABLE.entries[rule], frozenset(kinds), taken_away(rule)
    found = {
        role: _by_discipline(entry, role, asked, narrowed) for role in actor.practitioner_roles
    }
    roles = [role for role, lacking in found.items() if lacking is None]
    if not roles:
        lacks = [lacking for lacking in found.values() if lacking]
        raise Denied(_words(entry, lacks, frozenset(Discipline)), rule=f"scope.{rule}")
    return roles


def _by_discipline(
    entry: Entry, role: PractitionerRole, kinds: Collection[str], narrowed: Collection[str]
) -> Lacking | None:
    position = Position(discipline=role.discipline, is_lead=True, in_team=True)
    return entry.lacking(position, among=frozenset(Discipline), kinds=kinds, narrowed=narrowed)


def admit(action: str, *, actor: Actor, hats: Collection[Role]) -> None:
    """Raise `Denied` unless the table lets one of the actor's disciplines write at an address.

    `action` is `basename.action`, `hats` the roles that may call it. Whoever may call it under
    another hat than a practitioner's needs no scope. An address that the table does not name
    refuses everybody. Somebody without a valid registration reaches no patient, and is refused
    there.
    """
    target = TABLE.actions.get(action)
    if target is None:
        raise Denied("The scope of practice table does not name this.", rule="scope.unlisted")
    if isinstance(target, NotClinical) or actor.roles & (set(hats) - {Role.PRACTITIONER}):
        return
    if actor.practitioner_roles:
        entry, narrowed = TABLE.entries[target], taken_away(target)
        lacks = [_by_discipline(entry, role, (), narrowed) for role in actor.practitioner_roles]
        if None not in lacks:
            words = _words(entry, [lack for lack in lacks if lack], frozenset())
            raise Denied(words, rule=f"scope.{target}")


def taken_away(rule: str) -> frozenset[str]:
    """Return the disciplines from which the organization took this away."""
    return frozenset(
        ScopeNarrowing.objects.filter(entry=rule, until=None).values_list("discipline", flat=True)
    )


def positions(actor: Actor, patient_id: UUID) -> list[tuple[PractitionerRole, Position]]:
    """Return who the actor is to a patient in each of their roles, the lead's role first."""
    roles = actor.practitioner_roles
    mine: Mapping[UUID, str] = {}
    if roles:
        mine = dict(
            CareTeamMember.objects.filter(
                patient_id=patient_id, practitioner_role__in=roles, until=None
            ).values_list("practitioner_role_id", "role")
        )
    found = [
        (
            role,
            Position(
                discipline=role.discipline,
                is_lead=mine.get(role.id) == CareTeamMember.Role.LEAD,
                in_team=role.id in mine,
            ),
        )
        for role in roles
    ]
    return sorted(found, key=lambda one: not one[1].is_lead)


def lead_role_id(patient_id: UUID) -> UUID | None:
    """Return the role of the patient's accountable lead; None before intake."""
    found: UUID | None = (
        CareTeamMember.objects.filter(patient_id=patient_id, role="lead", until=None)
        .values_list("practitioner_role_id", flat=True)
        .first()
    )
    return found


def _words(entry: Entry, lacks: Iterable[Lacking], among: Collection[str]) -> str:
    for lacking in lacks:
        if lacking in _BY_TABLE:
            return _BY_TABLE[lacking]
    # Several are those of a course's lanes, of which one may be withheld from whoever is refused.
    named = "".join(among) if len(among) == 1 else "a discipline that works on it"
    who = _WHO[entry.who].format(disciplines=named)
    return f"This needs {who}{" in the patient's team" if entry.team else ''}."


@transaction.atomic
def narrow(
    entry: str, discipline: str, *, reason: str, actor: Actor, now: datetime
) -> ScopeNarrowing:
    """Take from a discipline, in this organization, what the table lets it do.

    Raises `Denied`, `Invalid` for what the table does not have or does not allow anyway, and
    `NarrowedAlready`. There is no call that widens the table.
    """
    _may_keep(actor)
    found = TABLE.entries.get(entry)
    if found is None:
        raise Invalid.field(
            "/entry", "There is no such entry; `GET /api/v1/scope-of-practice` lists them."
        )
    if discipline not in Discipline.values:
        raise Invalid.field("/discipline", f"One of: {', '.join(Discipline.values)}.")
    if not found.each[Discipline(discipline)].may:
        raise Invalid.field("/discipline", "The table does not let this discipline do it anyway.")
    if not reason.strip():
        raise Invalid.field("/reason", "Say why.")
    try:
        with transaction.atomic():
            row = ScopeNarrowing.objects.create(
                organization_id=actor.organization_id,
                entry=entry,
                discipline=discipline,
                reason=reason,
                actor=actor.label,
                since=now,
            )
    except IntegrityError as error:
        raise NarrowedAlready("This is taken away from the discipline already.") from error
    _record("scope.narrowed", row, actor=actor, now=now)
    return row


@transaction.atomic
def lift(narrowing_id: UUID, *, actor: Actor, now: datetime) -> ScopeNarrowing:
    """Give back what `narrow` took. Raises `Denied`, `NarrowingNotFound`, `Stale`."""
    _may_keep(actor)
    row = ScopeNarrowing.objects.filter(pk=narrowing_id).first()
    if row is None:
        raise NarrowingNotFound("There is no such narrowing.")
    if not ScopeNarrowing.objects.filter(pk=row.pk, until=None).update(until=now):
        raise Stale("This narrowing was lifted already.")
    row.until = now
    _record("scope.narrowing-lifted", row, actor=actor, now=now)
    return row


def _may_keep(actor: Actor) -> None:
    if Role.ADMINISTRATOR not in actor.roles:
        raise Denied("Only administrators narrow the scope of practice.", rule="scope.narrow")


def _record(event: str, row: ScopeNarrowing, *, actor: Actor, now: datetime) -> None:
    audit.record(
        actor=actor,
        now=now,
        action=audit.Action.ACT,
        event=event,
        resource="ScopeNarrowing",
        resource_id=row.pk,
        detail={"entry": row.entry, "discipline": row.discipline},
    )


def described() -> list[dict[str, Any]]:
    """Return the table for readers, with what the organization took away from it."""
    rows = ScopeNarrowing.objects.filter(until=None).values_list("entry", "discipline")
    narrowed = set(rows)
    return [
        {
            "entry": name,
            "says": entry.says,
            "who": entry.who,
            "among": entry.among,
            "in_team": entry.team,
            "is_built": entry.is_built,
            "cells": [
                {
                    "discipline": str(discipline),
                    "may": cell.may,
                    "narrowed": (name, str(discipline)) in narrowed,
                    "kinds": list(cell.kinds or ()),
                    "verified": TABLE.verified(cell),
                    "rests_on": TABLE.evidence(cell),
                    "note": cell.note,
                }
                for discipline, cell in entry.each.items()
            ],
        }
        for name, entry in TABLE.entries.items()
    ]
