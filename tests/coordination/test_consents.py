"""What was asked of a patient may be clinical: who reads it, and who may go on from it."""

from typing import Any

import pytest

from coordination.consent import Decided, Locked, set_directive
from tests.care_plans import underway, written
from tests.cast import NOW, Cast, Person

pytestmark = [pytest.mark.django_db, pytest.mark.feature("PV-01")]

URL = "/api/v1/consents"
ASKED = "Exposure in sensu, with the sister present"


def decide(cast: Cast, who: Person, *, status: int = 201, **given: Any) -> Any:
    body = {
        "patient": str(cast.patient.id),
        "category": "treatment",
        "decision": "permit",
        "given_by": "patient",
        "means": "spoken",
        **given,
    }
    answer = who.client.post(URL, body)
    assert answer.status_code == status, answer.data
    return answer.data


def read(who: Person, consent: Any) -> Any:
    answer = who.client.get(f"{URL}/{consent['id']}")
    return answer.data["about"] if answer.status_code == 200 else answer.status_code


def test_it_tells_the_desk_that_something_was_agreed_and_not_what(cast: Cast) -> None:
    theirs = decide(cast, cast.asha, about=ASKED)
    own = decide(cast, cast.sam, about="Photographs for the chart")
    assert [read(who, theirs) for who in (cast.asha, cast.pia)] == [ASKED, ASKED]
    assert read(cast.sam, theirs) is None
    listed = cast.sam.client.get(URL)
    assert ASKED not in listed.content.decode()
    assert len(listed.data["results"]) == 2
    assert read(cast.sam, own) == own["about"] == "Photographs for the chart"
    assert read(cast.gus, theirs) == 404


@pytest.mark.feature("PV-02")
@pytest.mark.parametrize("target", ["practitioner", "discipline", "everything"])
def test_it_withholds_what_a_withheld_person_wrote_down(cast: Cast, target: str) -> None:
    written.join(cast, cast.ben, cast.farah)
    consent = decide(cast, cast.farah, about=ASKED)
    assert read(cast.ben, consent) == ASKED
    names: dict[str, dict[str, Any]] = {
        "practitioner": {"target_practitioner_id": cast.farah.practitioner_role.practitioner_id},
        "discipline": {"target_discipline": "psychotherapy"},
        "everything": {},
    }
    ben = cast.ben.practitioner_role.practitioner_id
    locked = Locked(
        target=target, audience="practitioner", audience_practitioner_id=ben, **names[target]
    )
    said = Decided(given_by="patient", means="spoken")
    with cast.acting():
        set_directive(cast.patient.id, locked, decided=said, actor=cast.sam.actor(), now=NOW)
    assert read(cast.ben, consent) == 404
    agreement = consent["agreement"]
    decide(cast, cast.ben, status=404, decision="withdraw", agreement=agreement)
    assert [read(who, consent) for who in (cast.farah, cast.asha, cast.pia)] == [ASKED] * 3
    decide(cast, cast.farah, decision="withdraw", agreement=agreement)


@pytest.mark.feature("PV-02")
def test_it_answers_for_a_withheld_record_as_for_none(cast: Cast) -> None:
    written.join(cast, cast.ben, cast.farah)
    note = written.note(cast, cast.farah)
    body = {
        "patient": str(cast.patient.id),
        "target": "record",
        "audience": "everyone",
        "given_by": "patient",
        "means": "spoken",
    }

    def lock(who: Person, target: object) -> Any:
        return who.client.post("/api/v1/directives", {**body, "target_id": str(target)})

    hidden, missing = lock(cast.ben, note.id), lock(cast.ben, cast.patient.id)
    assert (hidden.status_code, missing.status_code) == (400, 400)
    assert hidden.json()["errors"] == missing.json()["errors"]
    assert lock(cast.farah, note.id).status_code == 201

    def ask(who: Person, record: object) -> Any:
        about = {"resource": "ClinicalNote", "resource_id": str(record)}
        body = {"patient": str(cast.patient.id), "kind": "correction", "text": "No."}
        return who.client.post("/api/v1/record-requests", {**body, **about})

    hidden, missing = ask(cast.ben, note.id), ask(cast.ben, cast.patient.id)
    assert (hidden.status_code, missing.status_code) == (400, 400)
    assert hidden.json()["errors"] == missing.json()["errors"]
    assert ask(cast.farah, note.id).status_code == 201


@pytest.mark.feature("PV-02")
def test_it_lets_the_desk_name_only_what_the_desk_reads(cast: Cast) -> None:
    written.join(cast, cast.farah)
    with cast.acting():
        course = underway.start(cast)
    note, cover = written.note(cast, cast.farah), written.coverage(cast, cast.sam)

    def lock(target: object, kind: str = "record") -> Any:
        body = {
            "patient": str(cast.patient.id),
            "target": kind,
            "target_id": str(target),
            "audience": "everyone",
            "given_by": "patient",
            "means": "spoken",
        }
        return cast.sam.client.post("/api/v1/directives", body)

    hidden, missing = lock(note.id), lock(cast.patient.id)
    assert (hidden.status_code, missing.status_code) == (400, 400)
    assert hidden.json()["errors"] == missing.json()["errors"]
    assert lock(cover.id).status_code == 201
    assert lock(course.id, "condition").status_code == 201

    def ask(record: object) -> Any:
        about = {"resource": "ClinicalNote", "resource_id": str(record)}
        body = {"patient": str(cast.patient.id), "kind": "correction", "text": "No."}
        return cast.sam.client.post("/api/v1/record-requests", {**body, **about})

    hidden, missing = ask(note.id), ask(cast.patient.id)
    assert hidden.status_code == missing.status_code
    assert hidden.json() | {"request_id": ""} == missing.json() | {"request_id": ""}
