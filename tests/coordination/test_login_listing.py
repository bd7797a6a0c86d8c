"""Whose login is which: for who ends access and who tries permissions out."""

from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.utils import timezone

from coordination import logins
from coordination.actors import Role
from coordination.login_fence import known_as
from coordination.models import Membership
from tests.cast import Cast, Person, make_person
from tests.matrix_scenes import a_patient, a_proxy, logged_in

pytestmark = pytest.mark.django_db
URL = "/api/v1/logins"


def listed(who: Person, **query: Any) -> list[dict[str, Any]]:
    answer = who.client.get(URL, query)
    assert answer.status_code == 200, answer.data
    found: list[dict[str, Any]] = answer.data["results"]
    return found


def enrol(who: Person, kind: str) -> None:
    with known_as(who.user.pk):
        Authenticator.objects.create(user=who.user, type=kind, data={"secret": ""})


@pytest.mark.feature("AD-01")
def test_it_tells_administrators_whose_login_is_which(cast: Cast) -> None:
    enrol(cast.sam, Authenticator.Type.TOTP)
    enrol(cast.asha, Authenticator.Type.RECOVERY_CODES)
    enrol(cast.olu, Authenticator.Type.TOTP)
    rows = {row["name"]: row for row in listed(cast.ada, limit=200)}
    here = {name.title() for name in cast.everybody} - {"Olu"}
    assert set(rows) == here
    assert rows["Sam"] == {
        "id": str(cast.sam.user.id),
        "email": cast.sam.user.email,
        "name": "Sam",
        "roles": ["scheduler"],
        "practitioner": None,
        "is_active": True,
        "has_second_factor": True,
    }
    asha = rows["Asha"]
    assert asha["practitioner"] == str(cast.asha.practitioner_role.practitioner_id)
    assert (asha["roles"], asha["has_second_factor"]) == (["practitioner"], False)
    assert rows["Pia"]["roles"] == ["privacy_officer"]
    # the id is what these addresses take
    asked = {"user": rows["Sam"]["id"], "action": "care-plan.create"}
    assert cast.ada.client.get("/api/v1/access-check", asked).status_code == 200
    ended = logged_in(cast.ada).post(f"{URL}/{rows['Sam']['id']}/end-access")
    assert ended.status_code == 204


@pytest.mark.feature("AD-01")
def test_it_is_found_by_name_role_and_whether_it_is_in_use(cast: Cast) -> None:
    gone = make_person(cast.riverside, "Gone", hat=Role.SCHEDULER)
    closed = make_person(cast.riverside, "Closed", hat=Role.SCHEDULER)
    now = timezone.now()
    with cast.acting():
        ended = Membership.objects.filter(user=gone.user)
        ended.update(until=now - timedelta(days=1))
        Membership.objects.create(
            organization=cast.riverside, user=cast.sam.user, role=Role.ADMINISTRATOR, since=now
        )
    logins.close_login(closed.user, now=now)

    def names(**query: Any) -> set[str]:
        return {row["name"] for row in listed(cast.pia, **query)}

    assert names(name="CHL") == {"Chloe"}
    assert names(name=cast.ben.user.email) == {"Ben"}
    assert names(name="%") == set()
    assert names(role="scheduler") == {"Sam", "Closed"}
    assert names(is_active="false") == {"Gone", "Closed"}
    assert listed(cast.ada, name="Gone")[0]["roles"] == []
    assert listed(cast.ada, name="sam")[0]["roles"] == ["administrator", "scheduler"]
    first = cast.ada.client.get(URL, {"limit": 5}).data
    second = cast.ada.client.get(first["next"]).data
    assert not {row["id"] for row in first["results"]} & {row["id"] for row in second["results"]}
    refused = cast.ada.client.get(URL, {"role": "patient"})
    assert (refused.status_code, refused.data["errors"][0]["pointer"]) == (400, "/role")


@pytest.mark.feature("AD-01")
def test_it_tells_nothing_of_patients_and_proxies(cast: Cast) -> None:
    outside = [a_patient(cast), a_proxy(cast)]
    for who in (cast.ada, cast.pia):
        text = who.client.get(URL, {"limit": 200}).content.decode()
        for one in outside:
            assert str(one.user.id) not in text
            assert one.user.email not in text
        assert str(cast.patient.id) not in text
    for who in (*outside, cast.asha, cast.sam, cast.gus):
        refused = who.client.get(URL)
        assert (refused.status_code, refused.data["rule"]) == (403, "role.login.list")
