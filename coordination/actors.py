"""Who acts: every domain function is told, and the audit trail says so."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from coordination.models import Membership, PractitionerRole, User, current

Role = Membership.Role


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, a program or a part of this software, in exactly one organization."""

    organization_id: UUID
    label: str
    user_id: UUID | None = None
    roles: frozenset[Role] = frozenset()
    practitioner_roles: tuple[PractitionerRole, ...] = field(default=(), repr=False)
    request_id: str = ""

    @classmethod
    def system(cls, part: str, organization_id: UUID) -> "Actor":
        """Return the software itself acting, named after its part (`care_plans.progress`)."""
        return cls(organization_id=organization_id, label=f"software:{part}")

    @property
    def is_software(self) -> bool:
        """Say whether no person stands behind the act."""
        return self.user_id is None

    @property
    def practitioner_role_ids(self) -> list[UUID]:
        """Return the ids under which this person may hold access grants."""
        return [role.id for role in self.practitioner_roles]

    @property
    def disciplines(self) -> frozenset[str]:
        """Return the disciplines in which this person is registered now."""
        return frozenset(role.discipline for role in self.practitioner_roles)


def actor_for(user: User, organization_id: UUID, *, now: datetime, request_id: str = "") -> Actor:
    """Describe a login inside an organization that the transaction already acts in.

    Only practitioner roles whose registration is valid now count: a lapse takes effect at once.
    A login without a membership gets no roles and therefore sees nothing.
    """
    roles = frozenset(
        Role(role)
        for role in Membership.objects.filter(current(now), user=user).values_list(
            "role", flat=True
        )
    )
    practising: tuple[PractitionerRole, ...] = ()
    if Role.PRACTITIONER in roles:
        mine = PractitionerRole.objects.filter(practitioner__user=user).select_related("location")
        practising = tuple(role for role in mine if role.is_registered(now))
    return Actor(organization_id, user.email, user.id, roles, practising, request_id)
