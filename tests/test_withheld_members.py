"""Who is in the team stays untold where the patient withholds the record that says so."""

import json
from typing import Any

import pytest

from coordination.models import CareTeamMember
from referrals.models import Referral
from tests import lockbox
from tests.cast import NOW, Cast, Person

pytestmark = [pytest.mark.django_db, pytest.mark.feature("PV-02"), pytest.mark.feature("PV-03")]


def membership(cast: Cast, who: Person) -> CareTeamMember:
    role = who.practitioner_role.id
    found: CareTeamMember = CareTeamMember.objects.get(practitioner_role_id=role, until=None)
    return found


def hide(scene: lockbox.Scene, who: Person) -> CareTeamMember:
    """Let the patient keep from Ben that somebody is in the team."""
    with scene.cast.acting():
        member = membership(scene.cast, who)
    scene.lock(target="record", target_id=member.id)
    return member


def test_it_names_no_withheld_member_as_who_does_the_work(cast: Cast) -> None:
    scene = lockbox.stage(cast, hands_over=False)
    course, patient = scene.course, cast.patient
    places = [
        f"/api/v1/courses/{course.id}/lanes",
        "/api/v1/courses",
        f"/api/v1/care-plans/{course.care_plan_id}",
        f"/api/v1/patients/{patient.id}/care-team",
        f"/api/v1/patients/{patient.id}/brief",
        "/api/v1/referrals",
    ]

    def met(who: Person) -> list[str]:
        role = str(cast.chloe.practitioner_role.id)
        said = {at: json.dumps(json.loads(who.client.get(at).content)) for at in places}
        return [at for at, body in said.items() if role in body or "Chlo" in body]

    assert met(cast.ben) == places
    hide(scene, cast.chloe)
    assert met(cast.ben) == []
    assert met(cast.asha) == met(cast.chloe) == places


def test_it_names_no_withheld_member_as_a_writer(cast: Cast) -> None:
    scene = lockbox.stage(cast, hands_over=False)
    at = f"/api/v1/provenance?target={scene.course.id}"
    assert "asha" in cast.ben.client.get(at).content.decode()
    member = hide(scene, cast.asha)
    told = cast.ben.client.get(at)
    assert told.status_code == 200
    assert "asha" not in told.content.decode()
    assert cast.ben.client.get(f"/api/v1/provenance?target={member.id}").status_code == 404


def test_it_tells_nobody_who_adds_a_withheld_member(cast: Cast) -> None:
    scene = lockbox.stage(cast, hands_over=False)
    at = f"/api/v1/patients/{cast.patient.id}/care-team"
    body = {"practitioner_role": str(cast.chloe.practitioner_role.id)}

    def ask() -> Any:
        answer = cast.ben.client.post(at, body)
        return answer.status_code, answer.data["type"].rpartition(":")[2], answer.data["detail"]

    assert ask()[1] == "already-in-team"
    member = hide(scene, cast.chloe)
    refused = ask()
    assert refused[:2] == (409, "not-open-to-you")
    with cast.acting():
        CareTeamMember.objects.filter(pk=member.pk).update(until=NOW)
    assert ask() == refused, "it tells whether the membership goes on"


def test_it_ranks_candidates_without_a_withheld_membership(cast: Cast) -> None:
    scene = lockbox.stage(cast, hands_over=False)
    body = {"patient": str(cast.patient.id), "discipline": "massage_therapy", "reason_code": "pain"}
    asked = cast.ben.client.post("/api/v1/referrals", body)
    assert asked.status_code == 201, asked.data
    at = f"/api/v1/referrals/{asked.data['id']}"
    for who, action, given in (
        (cast.sam, "claim", {}),
        (cast.sam, "assign", {"practitioner_role": str(cast.chloe.practitioner_role.id)}),
    ):
        answer = who.client.post(f"{at}/{action}", given)
        assert answer.status_code == 200, answer.data
    with cast.acting():
        assert Referral.objects.filter(pk=asked.data["id"]).exists()

    def known(who: Person) -> list[bool]:
        return ["in-team" in who.client.get(f"{at}/{what}").content.decode() for what in SAID]

    assert known(cast.ben) == known(cast.sam) == [True, True]
    hide(scene, cast.chloe)
    assert known(cast.ben) == [False, False]
    assert known(cast.sam) == [True, True]


SAID = ("candidates", "routing")
