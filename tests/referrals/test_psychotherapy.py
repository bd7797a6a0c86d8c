"""A referral to or from psychotherapy: that it exists is shown, why and what came of it is not."""

from typing import Any

import pytest

from referrals.lifecycle import perform
from referrals.models import Referral
from referrals.permission import Report
from referrals.requests import Request, request_referral
from tests.care_plans import written
from tests.cast import NOW, Cast, Person, make_person

pytestmark = pytest.mark.django_db
SECRET = "CANARY-REPORT"
AT = "/api/v1/referrals"


def referred(cast: Cast, by: Person, to: Person) -> Referral:
    """Have a referral made, taken and reported on."""
    asked = Request(discipline=to.practitioner_role.discipline, reason_code="canary_reason")
    with cast.acting():
        referral, _ = request_referral(
            asked,
            patient_id=cast.patient.id,
            requested_by_id=None,
            draft=False,
            actor=by.actor(),
            now=NOW,
        )
        steps: list[tuple[str, Person, dict[str, Any]]] = [
            (
                "assign",
                cast.sam,
                {"to": to.practitioner_role.id, "reason_code": "patient_preference"},
            ),
            ("accept", to, {}),
            ("start", to, {}),
            ("complete", to, {"report": Report(SECRET, "goals_met")}),
        ]
        for action, who, given in steps:
            perform(referral.id, action, actor=who.actor(), now=NOW, **given)
    return referral


@pytest.mark.feature("PV-10")
@pytest.mark.parametrize("is_from", [True, False])
def test_it_shows_why_and_what_came_of_it_to_its_parties_alone(cast: Cast, is_from: bool) -> None:
    hana = make_person(cast.riverside, "Hana", discipline="psychotherapy", location=cast.downtown)
    written.join(cast, cast.ben, cast.farah, hana)
    by, to = (cast.farah, cast.ben) if is_from else (cast.ben, cast.farah)
    referral = referred(cast, by, to)
    for who in (by, to, hana):
        shown = who.client.get(f"{AT}/{referral.id}").data["clinical"]
        assert (shown["reason_code"], shown["reports"][0]["text"]) == ("canary_reason", SECRET)
    for address in (f"{AT}/{referral.id}", AT):
        for who in (cast.asha, cast.sam):
            answer = who.client.get(address)
            assert answer.status_code == 200
            assert str(referral.id).encode() in answer.content
            assert b"canary" not in answer.content.lower()


def test_it_shows_other_referrals_to_the_whole_circle(cast: Cast) -> None:
    written.join(cast, cast.ben, cast.chloe, cast.esi)
    referral = referred(cast, cast.ben, cast.chloe)
    shown = cast.esi.client.get(f"{AT}/{referral.id}").data["clinical"]
    assert shown["reports"][0]["text"] == SECRET
