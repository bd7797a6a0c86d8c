"""Another lead, where a test is about something else than how the lead was handed over."""

from datetime import datetime

from coordination import care_team
from coordination.access import patient_for
from coordination.actors import Actor
from coordination.models import CareTeamMember
from tests.cast import NOW, Cast, Person


def pass_lead_to(cast: Cast, who: Person, *, now: datetime = NOW) -> CareTeamMember:
    """Make somebody the lead, as an accepted hand-off does; inside the organization."""
    actor = Actor.system("tests", cast.riverside.id)
    patient = patient_for(actor, cast.patient.id, now=now, lock=True)
    role = who.practitioner_role
    return care_team.change_lead(patient, role, because="moves", actor=actor, now=now)
