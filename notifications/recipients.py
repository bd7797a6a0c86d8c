"""To whom something is said, and which person that is: one may be reached in several ways."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models.functions import Coalesce

from coordination.models import PractitionerRole


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Exactly one of a login, a practitioner role and a patient; raises ValueError otherwise.

    `as_role` is the hat for which a login is written to: whoever has put it off meanwhile gets
    nothing. Without it, any membership of the organization will do.
    """

    user_id: UUID | None = None
    practitioner_role_id: UUID | None = None
    patient_id: UUID | None = None
    as_role: str = ""

    def __post_init__(self) -> None:
        """Count who is named."""
        named = [self.user_id, self.practitioner_role_id, self.patient_id]
        if sum(one is not None for one in named) != 1:
            raise ValueError("A recipient is a login, a practitioner role or a patient: just one.")
        if self.as_role and self.user_id is None:
            raise ValueError("Only a login wears a hat.")


def by_person(recipients: Iterable[Recipient]) -> dict[UUID, Recipient]:
    """Return one recipient for each person, by the id of their login, or else of themselves.

    Whoever is named both as a practitioner and as a login is told as a practitioner; of several
    roles, the one named first counts.
    """
    wanted = list(dict.fromkeys(recipients))
    role_ids = [to.practitioner_role_id for to in wanted if to.practitioner_role_id is not None]
    practising = dict(
        PractitionerRole.objects.filter(pk__in=role_ids).values_list(
            "id", Coalesce("practitioner__user_id", "practitioner_id")
        )
    )
    found: dict[UUID, Recipient] = {}
    for to in sorted(wanted, key=lambda to: to.practitioner_role_id is None):
        found.setdefault(_person(to, practising), to)
    return found


def _person(to: Recipient, practising: dict[UUID, UUID]) -> UUID:
    role_id = to.practitioner_role_id
    if role_id is not None:
        return practising.get(role_id, role_id)
    person = to.user_id or to.patient_id
    assert person is not None, "a recipient names somebody"
    return person
