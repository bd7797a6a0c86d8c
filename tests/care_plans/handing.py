"""Hand-offs for tests that need one."""

from datetime import datetime
from typing import Any

from care_plans import hand_offs
from coordination.models import HandOff
from tests.cast import NOW, Cast, Person


def opened_hand_off(
    cast: Cast, *, to: Person | None = None, now: datetime = NOW, **asked: Any
) -> HandOff:
    """Offer the lead of the patient from Asha to somebody: to Ben, unless said."""
    receiver = to or cast.ben
    return hand_offs.offer(
        cast.patient.id,
        to_id=receiver.practitioner_role.id,
        because="moves away",
        actor=cast.asha.actor(now),
        now=now,
        **asked,
    )
