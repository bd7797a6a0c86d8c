"""A patient reads who looked at their record: their own rows, in plain words, and nothing else."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from coordination import own_access
from coordination.break_glass import break_glass
from coordination.models import AuditEvent, Patient
from coordination.problems import Problem
from tests.cast import NOW, Cast, Person, make_patient
from tests.coordination.test_portals import BACK, carrying, code_for, exchange, registered
from tests.coordination.test_proxies import grant, proxy
from tests.test_every_address import everything

pytestmark = pytest.mark.django_db

URL = "/api/v1/me/access-log"
#: what a patient may call: their own access log, what they may do, and what they answer themselves
OWN = {
    URL,
    "/api/v1/permissions",
    "/api/v1/me/assessments",
    "/api/v1/me/adherence-entries",
    "/api/v1/me/statements",
}
EMERGENCY = "Access taken in an emergency, with a reason"


@pytest.fixture
def noor(cast: Cast) -> Person:
    """Give the patient a login."""
    user, is_new = own_access.bind_login(
        cast.patient.id,
        organization_id=cast.riverside.id,
        email="noor@continuum.example",
        password=None,
        now=NOW,
    )
    assert is_new
    return Person(user, cast.riverside)


def log(who: Person, **query: Any) -> list[dict[str, Any]]:
    answer = who.client.get(URL, query)
    assert answer.status_code == 200, answer.data
    found: list[dict[str, Any]] = json.loads(answer.content)["results"]
    return found


@pytest.mark.feature("PV-07")
def test_it_tells_who_looked_at_what_and_why(cast: Cast, noor: Person) -> None:
    _ = noor.client  # the login is not what is read here
    cast.asha.client.get(f"/api/v1/patients/{cast.patient.id}/care-team")
    cast.sam.client.get("/api/v1/patients")
    listed, read = log(noor)[:2]
    assert (read["who"], read["disciplines"], read["works_as"]) == (
        "Asha",
        ["Physiotherapy"],
        ["Practitioner"],
    )
    assert (read["done"], read["what"]) == ("Read", "your care team")
    assert (read["why"], read["purpose"]) == ("Member of the care team", "Care")
    assert (listed["who"], listed["done"], listed["works_as"]) == (
        "Sam",
        "Shown in a list",
        ["Scheduler"],
    )
    assert listed["why"].startswith("Scheduling")


@pytest.mark.feature("PV-07")
def test_it_logs_the_reading_itself(cast: Cast, noor: Person) -> None:
    log(noor)
    with cast.acting():
        row = AuditEvent.objects.get(event="access-log.read")
    assert (row.user_id, row.patient_ids, row.basis, row.purpose) == (
        noor.user.id,
        [cast.patient.id],
        "self",
        "patient_request",
    )
    newest = log(noor)[0]
    assert (newest["what"], newest["why"]) == (
        "this list of who looked",
        "Your own access",
    )


@pytest.mark.feature("PV-07")
def test_it_says_nothing_of_other_patients(cast: Cast, noor: Person) -> None:
    with cast.acting():
        other = make_patient(cast.asha, family_name="Gagnon")
    cast.asha.client.get("/api/v1/patients")
    cast.asha.client.get(f"/api/v1/patients/{other.id}")
    answer = noor.client.get(URL, {"limit": 200})
    assert str(other.id).encode() not in answer.content
    assert b"Gagnon" not in answer.content
    with cast.acting():
        mine = set(
            AuditEvent.objects.filter(patient_ids__contains=[cast.patient.id])
            .exclude(event="access-log.read")
            .values_list("id", flat=True)
        )
    assert {line["id"] for line in json.loads(answer.content)["results"]} == {
        str(one) for one in mine
    }


def test_it_pages(cast: Cast, noor: Person) -> None:
    for _ in range(3):
        cast.asha.client.get(f"/api/v1/patients/{cast.patient.id}")
    first = noor.client.get(URL, {"limit": 2}).data
    second = noor.client.get(first["next"]).data
    assert not {one["id"] for one in first["results"]} & {one["id"] for one in second["results"]}


@pytest.mark.feature("PV-07")
def test_it_opens_nothing_else_to_the_patient(cast: Cast, noor: Person) -> None:
    for address in everything():
        if address.path in OWN:
            continue
        for verb in address.verbs:
            at = address.of({"Patient": cast.patient.id})
            answer = getattr(noor.client, verb)(at, {}, headers={"If-Match": '"1"'})
            assert answer.status_code in {403, 404, 428}, (verb, at, answer.status_code)


def test_it_is_for_patients_alone(cast: Cast) -> None:
    for who in (cast.asha, cast.sam, cast.ada, cast.pia, cast.olu):
        assert who.client.get(URL).status_code == 403


def test_it_binds_a_login_to_one_patient_and_a_patient_to_one_login(
    cast: Cast, noor: Person
) -> None:
    with cast.acting():
        other = make_patient(cast.asha, family_name="Gagnon")
    given: dict[str, Any] = {"organization_id": cast.riverside.id, "password": None, "now": NOW}
    with pytest.raises(own_access.LoginTaken):
        own_access.bind_login(cast.patient.id, email="else@continuum.example", **given)
    with pytest.raises(Problem):
        own_access.bind_login(other.id, email=noor.user.email, **given)
    with pytest.raises(own_access.NoOwnRecord):
        own_access.bind_login(cast.stranger.id, email="else@continuum.example", **given)
    with cast.acting():
        assert Patient.objects.get(pk=other.pk).user_id is None


def test_it_is_made_from_the_command_line(cast: Cast) -> None:
    out = StringIO()
    call_command(
        "create_patient_login",
        "noor@continuum.example",
        organization=cast.riverside.slug,
        patient=cast.patient.id,
        stdout=out,
        stderr=StringIO(),
    )
    with cast.acting():
        user = Patient.objects.get(pk=cast.patient.pk).user
    assert user is not None
    assert user.check_password(out.getvalue().strip())
    newest = log(Person(user, cast.riverside))[0]
    assert (newest["who"], newest["done"], newest["what"], newest["why"]) == (
        "The operator of this system",
        "Created",
        "your own login to this record",
        "Running the system for the clinic",
    )


@pytest.mark.feature("PV-07")
def test_it_tells_who_broke_the_glass_from_who_reviewed_it(cast: Cast, noor: Person) -> None:
    with cast.acting():
        made, ended = (
            break_glass(
                cast.patient.id,
                practitioner_role_id=None,
                reason_code="risk_of_harm",
                reason="Unresponsive.",
                minutes=None,
                opens_withheld=False,
                actor=cast.ben.actor(),
                now=timezone.now(),
            )
            for _ in range(2)
        )
    at = "/api/v1/overrides"
    verdict = {"verdict": "appropriate", "note": "Seen the ambulance's report."}
    assert cast.pia.client.post(f"{at}/{made.id}/review", verdict).status_code == 200
    assert cast.pia.client.post(f"{at}/{ended.id}/end").status_code == 200
    told = [(one["who"], one["done"], one["why"], one["purpose"]) for one in log(noor)]
    glass = ("Ben", "Opened in an emergency", EMERGENCY, "Care in an emergency")
    oversight = ("The privacy officer's review", "Checking who looked at what")
    assert ("Pia", "Reviewed", *oversight) in told
    assert ("Pia", "Ended", *oversight) in told
    assert told.count(glass) == 2
    assert not [one for one in told if one[0] == "Pia" and one[2] == EMERGENCY]


@pytest.mark.feature("PV-07")
def test_it_names_the_proxy_who_had_something_locked_away(cast: Cast, noor: Person) -> None:
    person, rana = proxy(cast)
    with cast.acting():
        grant(cast, person, "consent")
    body = {"target": "everything", "audience": "everyone"}
    asked = rana.client.post(f"/api/v1/me/patients/{cast.patient.id}/directives", body)
    assert asked.status_code == 201, asked.content
    for (done, what), line in zip(
        (
            ("Locked away", "a part of your record"),
            ("Wrote down", "what you decided about your information"),
        ),
        log(noor),
        strict=False,
    ):
        assert (line["who"], line["done"], line["what"]) == (person.name, done, what)
        assert (line["why"], line["purpose"]) == ("Somebody who acts for you", "Care")
    consent = cast.pia.client.get("/api/v1/consents").json()["results"][0]
    assert consent["recorded_by"] == rana.user.email


@pytest.mark.feature("PV-07")
def test_it_names_the_portal_that_read_for_somebody(cast: Cast, noor: Person) -> None:
    scopes = ["access-log:read", "patient:read"]
    portal, secret = registered(cast.riverside, redirect_uris=[BACK], scopes=scopes)
    for who, address in ((noor, URL), (cast.asha, f"/api/v1/patients/{cast.patient.id}")):
        code = code_for(who, portal, scope=" ".join(scopes))
        token = exchange(portal, secret, code).json()["access_token"]
        assert carrying(token).get(address).status_code == 200
    last, first = log(noor)[:2]
    assert last["who"] == "Asha, through the portal “Family portal”"
    assert first["who"] == f"{noor.user.name}, through the portal “Family portal”"
