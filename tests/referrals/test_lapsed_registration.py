"""A registration that lapses takes effect the same day, by the day of the person's location."""

from datetime import UTC, date, datetime, timedelta

import pytest

from coordination.models import PractitionerRole
from coordination.problems import Denied, Invalid, NotFound
from referrals.assignment import NobodyToAsk
from referrals.candidates import candidates_for
from referrals.lifecycle import perform, referral_for
from tests.cast import Cast, Person
from tests.referrals.walk import do, opened, work_of

LAST_DAY = date(2026, 11, 23)
#: midnight in Toronto (downtown) and in Vancouver (uptown) after the last valid day
MIDNIGHT = {
    "downtown": datetime(2026, 11, 24, 5, 0, tzinfo=UTC),
    "uptown": datetime(2026, 11, 24, 8, 0, tzinfo=UTC),
}
MOMENT = timedelta(seconds=1)


def lapses(cast: Cast, location: str) -> Person:
    """Let Chloé, the only massage therapist, work there and be registered up to the last day."""
    PractitionerRole.objects.filter(pk=cast.chloe.practitioner_role.pk).update(
        location=getattr(cast, location), registered_until=LAST_DAY
    )
    return cast.chloe


@pytest.mark.feature("PT-05")
@pytest.mark.parametrize("location", ["downtown", "uptown"])
def test_it_removes_the_person_from_routing_when_their_day_ends(cast: Cast, location: str) -> None:
    midnight = MIDNIGHT[location]
    with cast.acting():
        chloe = lapses(cast, location)
        referral = opened(cast)
        (before,) = candidates_for(referral, now=midnight - MOMENT)
        assert before.is_routable
        (after,) = candidates_for(referral, now=midnight)
        assert not after.is_routable
        assert "registration-lapsed" in {reason.code for reason in after.reasons}
        with pytest.raises(NobodyToAsk):
            do(referral, "reroute", cast.sam, now=midnight)
        with pytest.raises(Invalid):
            do(
                referral,
                "assign",
                cast.sam,
                now=midnight,
                to=chloe.practitioner_role.id,
                reason_code="expertise",
            )
        assert work_of(referral).owner is None
        do(referral, "reroute", cast.sam, now=midnight - MOMENT)
        assert work_of(referral).owner == chloe.practitioner_role


@pytest.mark.parametrize("location", ["downtown", "uptown"])
def test_it_lets_nobody_take_up_work_whose_registration_lapsed_meanwhile(
    cast: Cast, location: str
) -> None:
    midnight = MIDNIGHT[location]
    with cast.acting():
        chloe = lapses(cast, location)
        referral = opened(cast)
        do(referral, "assign", cast.sam, now=midnight - MOMENT)
        referral_for(chloe.actor(midnight - MOMENT), referral.id, now=midnight - MOMENT)
        with pytest.raises((Denied, NotFound)):
            perform(referral.id, "accept", actor=chloe.actor(midnight), now=midnight)
        assert work_of(referral).status == "requested"
        do(referral, "requeue", cast.sam, now=midnight, reason_code="registration_lapsed")
        assert work_of(referral).owner is None
