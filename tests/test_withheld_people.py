"""A practitioner whom a patient withholds is named nowhere to whom they are withheld from."""

from typing import Any

import pytest

from coordination.models import CareTeamMember, Directive
from tests import lockbox
from tests.care_plans import underway, written
from tests.cast import Cast

pytestmark = pytest.mark.django_db


@pytest.mark.feature("PV-02")
@pytest.mark.feature("PV-03")
def test_it_leaves_a_withheld_lead_out_of_the_course_list(cast: Cast) -> None:
    scene = lockbox.stage(cast)

    def lead(who: str) -> object:
        answer = cast.everybody[who].client.get("/api/v1/courses")
        (row,) = answer.json()["results"]
        return row["lead"] and row["lead"]["name"]

    assert {lead(who) for who in ("ben", "chloe", "sam")} == {"Asha"}
    scene.lock(
        target=Directive.Target.PRACTITIONER,
        target_practitioner_id=cast.asha.practitioner_role.practitioner_id,
    )
    assert [lead(who) for who in ("ben", "chloe", "sam", "asha")] == [None, "Asha", "Asha", "Asha"]


@pytest.mark.feature("PV-02")
@pytest.mark.parametrize("target", ["discipline", "practitioner", "everything"])
@pytest.mark.parametrize("is_member", [True, False])
def test_it_answers_alike_whether_a_withheld_person_is_in_the_team(
    cast: Cast, target: str, is_member: bool
) -> None:
    written.join(cast, cast.ben, *([cast.farah] if is_member else []))
    with cast.acting():
        scene = lockbox.Scene(cast, underway.start(cast))
        before = CareTeamMember.objects.count()
    names: dict[str, dict[str, Any]] = {
        "discipline": {"target_discipline": "psychotherapy"},
        "practitioner": {
            "target_practitioner_id": cast.farah.practitioner_role.practitioner_id,
        },
        "everything": {},
    }
    scene.lock(target=target, **names[target])
    at = f"/api/v1/patients/{cast.patient.id}/care-team"
    body = {"practitioner_role": str(cast.farah.practitioner_role.id)}
    refused = cast.ben.client.post(at, body)
    assert refused.status_code == 409
    assert refused.data["type"] == "urn:continuum:problem:not-open-to-you"
    with cast.acting():
        assert CareTeamMember.objects.count() == before
    assert cast.asha.client.post(at, body).status_code == (409 if is_member else 201)
