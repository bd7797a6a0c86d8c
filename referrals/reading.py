"""Which referrals somebody reads, also once they have left the patient's team."""

from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, F, OuterRef, Q

from coordination.access import IsAnyOf, formerly
from coordination.actors import Actor
from referrals.models import Referral, ReferralReport
from referrals.models.referral import NO_ROW, reach


def referrals_readable_by(actor: Actor, now: datetime) -> Any:
    """Return the referrals that the actor may read, each with `discloses`.

    Whoever has left the team goes on reading, for a while, what they asked for and what they
    reported on: the outcome of their own work. For reading only: `lifecycle` asks by itself.
    """
    theirs = _theirs(actor, now)
    rows = Referral.objects.filter(reach(actor, now) | theirs)
    return rows.disclosing(actor, now, also=theirs)


def _theirs(actor: Actor, now: datetime) -> Q:
    mine = actor.practitioner_role_ids
    if not mine:
        return NO_ROW
    reported = ReferralReport.objects.filter(referral=OuterRef("pk"), author_id__in=mine)
    return Q(
        Q(requested_by_id__in=mine) | Q(Exists(reported)),
        IsAnyOf(F("patient_id"), ArraySubquery(formerly(actor, now))),
        organization_id=actor.organization_id,
    )
