"""Who may do what on a plan: one table, asked at every write.

Seeing the patient comes first (`coordination.access`); scope decides what somebody who sees them
may do. Only a registration that is valid now counts, so a lapse takes every scope away at once.
"""

from collections.abc import Callable, Iterable, Mapping
from enum import Enum, auto
from typing import Protocol
from uuid import UUID

from coordination.actors import Actor
from coordination.models import CareTeamMember, PractitionerRole
from coordination.problems import Denied


class Needs(Enum):
    """What somebody must be, beyond a practitioner who sees the patient."""

    PRACTITIONER = auto()  # of any discipline
    DISCIPLINE = auto()  # of one of the disciplines given: the lane's, or those that diagnose
    LEAD = auto()  # the patient's accountable lead
    LEAD_OR_DISCIPLINE = auto()  # the lead, or of one of the disciplines given


RULES: Mapping[str, Needs] = {
    "plan.open": Needs.PRACTITIONER,
    "plan.edit": Needs.PRACTITIONER,
    "plan.close": Needs.LEAD,
    "course.apply": Needs.DISCIPLINE,
    "course.edit": Needs.LEAD_OR_DISCIPLINE,
    "course.change-severity": Needs.LEAD_OR_DISCIPLINE,
    "course.start": Needs.LEAD_OR_DISCIPLINE,
    "course.pause": Needs.LEAD_OR_DISCIPLINE,
    "course.resume": Needs.LEAD_OR_DISCIPLINE,
    "course.advance": Needs.LEAD_OR_DISCIPLINE,
    # stepping back is safe, and whoever of the team sees the flare-up may
    "course.regress": Needs.PRACTITIONER,
    "course.discharge": Needs.LEAD,
    "course.override": Needs.LEAD,
    "lane.decide": Needs.LEAD,
    "lane.edit": Needs.DISCIPLINE,
    "lane.sign-off": Needs.DISCIPLINE,
    "activity.edit": Needs.DISCIPLINE,
    "activity.begin": Needs.DISCIPLINE,
    "activity.complete": Needs.DISCIPLINE,
    "activity.stop": Needs.DISCIPLINE,
    "goal.edit": Needs.LEAD_OR_DISCIPLINE,
    "goal.achieve": Needs.LEAD_OR_DISCIPLINE,
    "goal.give-up": Needs.LEAD_OR_DISCIPLINE,
    "goal.reopen": Needs.LEAD_OR_DISCIPLINE,
    # whoever sees the patient looks for red flags and asks about their circumstances
    "screen.record": Needs.PRACTITIONER,
    "answer.record": Needs.PRACTITIONER,
    # whoever sees the patient writes down what they did and found
    "encounter.record": Needs.PRACTITIONER,
    "note.write": Needs.PRACTITIONER,
    "summary.write": Needs.PRACTITIONER,
}

#: what being asked does not suffice for: somebody to whom a referral is merely assigned sees the
#: patient in order to decide, and answers for the course only once in the team
OF_THE_TEAM = frozenset(RULES) - {
    "plan.open",  # before there is a plan there may be only a lead
    "course.apply",
    "screen.record",
    "answer.record",
    "encounter.record",
    "note.write",
    "summary.write",
}

_WORDS = {
    Needs.PRACTITIONER: "a registered practitioner",
    Needs.DISCIPLINE: "a registered practitioner of: {disciplines}",
    Needs.LEAD: "the patient's lead",
    Needs.LEAD_OR_DISCIPLINE: "the patient's lead or a registered practitioner of: {disciplines}",
}


class _OfPatient(Protocol):
    @property
    def patient_id(self) -> UUID: ...


def require(
    rule: str, row: _OfPatient, *, actor: Actor, disciplines: Iterable[str] = ()
) -> PractitionerRole:
    """Return the role in which the actor may do this to `row`, or raise `Denied` with the rule."""
    needs, allowed = RULES[rule], frozenset(disciplines)
    lead_id = lead_role_id(row.patient_id) if actor.practitioner_roles else None
    tests: Mapping[Needs, Callable[[PractitionerRole], bool]] = {
        Needs.PRACTITIONER: lambda role: True,
        Needs.DISCIPLINE: lambda role: role.discipline in allowed,
        Needs.LEAD: lambda role: role.id == lead_id,
        Needs.LEAD_OR_DISCIPLINE: lambda role: role.id == lead_id or role.discipline in allowed,
    }
    roles = sorted(actor.practitioner_roles, key=lambda role: role.id != lead_id)
    if rule in OF_THE_TEAM:
        roles = _in_team(row.patient_id, roles)
    found = next((role for role in roles if tests[needs](role)), None)
    if found is None:
        words = _WORDS[needs].format(disciplines=", ".join(sorted(allowed)) or "no discipline")
        team = " in the patient's team" if rule in OF_THE_TEAM else ""
        raise Denied(f"This needs {words}{team}.", rule=f"scope.{rule}")
    return found


def _in_team(patient_id: UUID, roles: list[PractitionerRole]) -> list[PractitionerRole]:
    members = set(
        CareTeamMember.objects.filter(
            patient_id=patient_id, practitioner_role__in=roles, until=None
        ).values_list("practitioner_role_id", flat=True)
    )
    return [role for role in roles if role.id in members]


def lead_role_id(patient_id: UUID) -> UUID | None:
    """Return the role of the patient's accountable lead; None before intake."""
    found: UUID | None = (
        CareTeamMember.objects.filter(patient_id=patient_id, role="lead", until=None)
        .values_list("practitioner_role_id", flat=True)
        .first()
    )
    return found
