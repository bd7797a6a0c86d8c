"""Whom a message reaches among those who practise: they may practise now, and they can log in."""

from datetime import datetime

from django.db.models import Exists, OuterRef

from coordination.actors import Role
from coordination.models import Membership, PractitionerRole, current


def has_login(now: datetime, practitioner: str = "practitioner") -> Exists:
    """Ask of a row whether the practitioner it names can log in here now, as one who practises."""
    open_here = Membership.objects.filter(
        current(now), role=Role.PRACTITIONER, user__is_active=True
    )
    return Exists(open_here.filter(user__practitioner=OuterRef(practitioner)))


def can_be_told(role: PractitionerRole, now: datetime) -> bool:
    """Say whether a message in this role would reach somebody who may practise and log in."""
    if not role.is_registered(now):
        return False
    found: bool = PractitionerRole.objects.filter(has_login(now), pk=role.pk).exists()
    return found
