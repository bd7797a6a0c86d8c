"""Who is in the team stays untold where the patient withholds the record that says so."""

import json
from typing import Any
from uuid import uuid4

import pytest

from coordination.models import CareTeamMember, PractitionerRole
from referrals.reasons import DeclineReason
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


def gus_for_massage(cast: Cast) -> PractitionerRole:
    """Let Gus, who is new to the patient, practise what Chloe does as well."""
    with cast.acting():
        role = PractitionerRole.objects.get(pk=cast.gus.practitioner_role.pk)
        role.pk, role.discipline, role.registration_number = uuid4(), "massage_therapy", "TEST-G2"
        role.save(force_insert=True)
    return role


def referred(cast: Cast, chosen: PractitionerRole, *, first: Person | None = None) -> str:
    """Let Ben ask for massage, Sam give it to one who declines, then to another; say where."""
    body = {"patient": str(cast.patient.id), "discipline": "massage_therapy", "reason_code": "pain"}
    asked = cast.ben.client.post("/api/v1/referrals", body)
    at = f"/api/v1/referrals/{asked.data['id']}"
    moves: list[tuple[Person, str, dict[str, str]]] = []
    if first is not None:
        first_choice = {"practitioner_role": str(first.practitioner_role.pk)}
        moves += [(cast.sam, "claim", {}), (cast.sam, "assign", first_choice)]
        moves.append((first, "decline", {"reason_code": DeclineReason.NO_CAPACITY}))
    moves += [(cast.sam, "claim", {}), (cast.sam, "assign", {"practitioner_role": str(chosen.pk)})]
    for who, move, given in moves:
        answer = who.client.post(f"{at}/{move}", given)
        assert answer.status_code == 200, answer.data
    return at


def ranking(candidates: list[Any]) -> dict[str, bool]:
    """Return who is ranked, and whether each is said to be in the team."""
    return {one["name"]: "in-team" in json.dumps(one["reasons"]) for one in candidates}


def candidates(who: Person, at: str) -> dict[str, bool]:
    answer = who.client.get(f"{at}/candidates")
    assert answer.status_code == 200, answer.data
    return ranking(answer.data)


def decisions(who: Person, at: str) -> list[dict[str, bool]]:
    answer = who.client.get(f"{at}/routing")
    assert answer.status_code == 200, answer.data
    return [ranking(one["candidates"]) for one in answer.data]


def test_it_ranks_candidates_without_a_withheld_membership(cast: Cast) -> None:
    scene = lockbox.stage(cast, hands_over=False)
    at = referred(cast, gus_for_massage(cast), first=cast.chloe)
    known, unknown = {"Chloe": True, "Gus": False}, {"Chloe": False, "Gus": False}
    assert candidates(cast.ben, at) == known
    assert decisions(cast.ben, at) == [known, known]
    hide(scene, cast.chloe)
    assert candidates(cast.ben, at) == unknown
    # whom each chose, and nobody's rank: an order tells who was in the team
    assert decisions(cast.ben, at) == [{"Chloe": False}, {"Gus": False}]
    assert candidates(cast.sam, at) == known
    assert decisions(cast.sam, at) == [known, known]


def test_it_tells_no_order_to_whom_something_else_is_withheld(cast: Cast) -> None:
    scene = lockbox.stage(cast, hands_over=False)
    at = referred(cast, gus_for_massage(cast), first=cast.chloe)
    hide(scene, cast.asha)
    assert decisions(cast.ben, at) == [{"Chloe": True}, {"Gus": False}]


def test_it_shows_no_work_of_a_withheld_member(cast: Cast) -> None:
    scene = lockbox.stage(cast, hands_over=False)
    with cast.acting():
        chloe = PractitionerRole.objects.get(pk=cast.chloe.practitioner_role.pk)
    at = referred(cast, chloe)
    assert candidates(cast.ben, at) == {"Chloe": True}
    hide(scene, cast.chloe)
    for what in ("", "/candidates", "/routing"):
        assert cast.ben.client.get(f"{at}{what}").status_code == 404
    assert candidates(cast.sam, at) == {"Chloe": True}
