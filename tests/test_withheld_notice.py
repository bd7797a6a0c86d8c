"""Who is told that something is withheld, and of whose breaking of the glass: found by probing."""

import pytest

from coordination import break_glass
from coordination.api.views import WITHHELD_HEADER
from tests import lockbox
from tests.cast import NOW, Cast

pytestmark = pytest.mark.django_db


@pytest.mark.feature("PV-05")
def test_it_tells_nobody_out_of_reach_that_a_patient_locked_something_away(cast: Cast) -> None:
    scene = lockbox.stage(cast)
    scene.lock(target="everything", audience="everyone")
    at = f"/api/v1/assessments?patient={cast.patient.id}"
    assert cast.ben.client.get(at).headers[WITHHELD_HEADER] == "true"
    for who in (cast.gus, cast.olu):
        assert WITHHELD_HEADER not in who.client.get(at).headers


@pytest.mark.feature("PV-05")
def test_it_tells_nobody_from_whom_nothing_is_withheld(cast: Cast) -> None:
    scene = lockbox.stage(cast)
    scene.lock(target="everything", audience="everyone")
    course = cast.sam.client.get("/api/v1/courses").json()["results"][0]
    assert course["patient"] == str(cast.patient.id)
    for who, at in ((cast.sam, "courses"), (cast.sam, "coverages"), (cast.pia, "consents")):
        asked = f"/api/v1/{at}?patient={cast.patient.id}"
        for address in (f"/api/v1/{at}", asked):
            answer = who.client.get(address)
            assert answer.status_code == 200 or at == "courses"
            assert WITHHELD_HEADER not in answer.headers


@pytest.mark.feature("PV-04")
def test_it_tells_in_the_feed_only_of_ones_own_overrides(cast: Cast) -> None:
    lockbox.stage(cast)
    with cast.acting():
        opened = break_glass.break_glass(
            cast.patient.id,
            practitioner_role_id=None,
            reason_code="risk_of_harm",
            reason="Fainted.",
            minutes=30,
            opens_withheld=False,
            actor=cast.ben.actor(),
            now=NOW,
        )
    told = {
        name: str(opened.id) in who.client.get("/api/v1/events?limit=200").content.decode()
        for name, who in (("asha", cast.asha), ("ben", cast.ben), ("sam", cast.sam))
    }
    assert told == {"asha": False, "ben": True, "sam": False}
