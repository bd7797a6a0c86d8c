"""A practitioner whom a patient withholds is named nowhere to whom they are withheld from."""

import pytest

from coordination.models import Directive
from tests import lockbox
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
