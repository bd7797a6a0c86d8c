"""The list of recommendations takes as many queries for many patients as for one."""

from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from coordination import care_team
from tests import lockbox
from tests.care_plans import underway
from tests.care_plans.suggested import DAY, URL, corrected, score
from tests.cast import NOW, Cast, make_patient

pytestmark = [pytest.mark.feature("DP-06"), pytest.mark.usefixtures("clock")]


def retraced(cast: Cast) -> lockbox.Scene:
    """Let the patient, whom Asha and Ben treat, have a recommendation with an earlier reason."""
    with cast.acting():
        course = underway.start(cast, now=NOW - 10 * DAY)
        care_team.join(
            cast.patient.id,
            practitioner_role_id=cast.ben.practitioner_role.id,
            actor=cast.sam.actor(),
            now=NOW,
        )
    first = score(cast, course, at=NOW - 3 * DAY, pain_load_24h=9)
    score(cast, course, at=NOW - 2 * DAY, pain_load_24h=9)
    corrected(cast, first, pain_load_24h=6)
    return lockbox.Scene(cast, course)


def with_earlier(cast: Cast) -> tuple[int, list[bool]]:
    """Return how many queries Ben's list takes, and which earlier reasons are withheld."""
    cast.ben.client.get(URL)
    with CaptureQueriesContext(connection) as taken:
        answer = cast.ben.client.get(URL, {"limit": 100})
    earlier = [before for one in answer.json()["results"] for before in one["earlier"]]
    return len(taken), sorted(one["is_withheld"] for one in earlier)


@pytest.mark.feature("PV-02")
def test_it_asks_once_for_all_patients_what_is_withheld(cast: Cast) -> None:
    scenes = [retraced(cast)]
    # it withholds nothing that these rest on, so that each of them has to be looked up
    locked = {
        "target": "practitioner",
        "target_practitioner_id": cast.chloe.practitioner_role.practitioner_id,
    }
    scenes[0].lock(**locked)
    few = with_earlier(cast)
    assert few[1] == [False]
    for name in ("Gagnon", "Roy"):
        patient = make_patient(cast.asha, family_name=name)
        scenes.append(retraced(replace(cast, patient=patient)))
    scenes[1].lock(**locked)
    assert with_earlier(cast) == (few[0], [False] * 3)
    wrote = cast.asha.practitioner_role.practitioner_id
    scenes[1].lock(target="practitioner", target_practitioner_id=wrote)
    _, told = with_earlier(cast)
    assert told == [False] * 2  # of the other, the recommendation itself is withheld
