"""Access, correction and disagreement: the original stays readable, and says what became of it."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import DatabaseError, IntegrityError, transaction
from django.utils.dateparse import parse_datetime

from care_plans.models import ClinicalNote, Encounter
from coordination.models import RecordRequest, StatementOfDisagreement, new_id
from tests.care_plans import written
from tests.cast import NOW, Cast, Person

pytestmark = pytest.mark.django_db
REQUESTS, NOTES = "/api/v1/record-requests", "/api/v1/clinical-notes"
SAID = "CANARY-STATEMENT I never said that."


@pytest.fixture
def circle(cast: Cast) -> Cast:
    """Let Ben and Farah join the team."""
    written.join(cast, cast.ben, cast.farah)
    return cast


def ask(cast: Cast, note: ClinicalNote | Encounter, who: Person, **given: Any) -> Any:
    body = {
        "patient": str(cast.patient.id),
        "kind": "correction",
        "resource": "ClinicalNote",
        "resource_id": str(note.id),
        "text": "It was the left knee.",
        **given,
    }
    return who.client.post(REQUESTS, body)


def act(who: Person, request: Any, action: str, **given: Any) -> Any:
    return who.client.post(f"{REQUESTS}/{request['id']}/{action}", given)


@pytest.mark.feature("PV-12")
def test_it_corrects_beside_the_original_which_stays_readable(circle: Cast) -> None:
    note = written.note(circle, circle.asha, "Right knee swollen.")
    asked = ask(circle, note, circle.pia)
    assert (asked.status_code, asked.data["status"]) == (201, "received")
    received, due = parse_datetime(asked.data["received_at"]), parse_datetime(asked.data["due_at"])
    assert received is not None
    assert due == received + timedelta(days=settings.RECORD_REQUEST_DAYS)
    assert act(circle.ben, asked.data, "grant").status_code == 403
    assert act(circle.asha, asked.data, "fulfil").status_code == 409
    assert act(circle.pia, asked.data, "grant").data["status"] == "granted"
    amended = circle.asha.client.post(
        f"{NOTES}/{note.id}/amend", {"text": "Left knee swollen.", "because": "Asked for."}
    ).data
    for wrong in (None, str(new_id()), str(note.id)):
        refused = act(circle.asha, asked.data, "fulfil", corrected_by=wrong)
        assert refused.data["errors"][0]["pointer"] == "/corrected_by"
    done = act(circle.asha, asked.data, "fulfil", corrected_by=amended["id"])
    assert (done.status_code, done.data["status"]) == (200, "fulfilled")
    shown = circle.ben.client.get(f"{NOTES}/{note.id}").data
    assert (shown["text"], shown["status"]) == ("Right knee swollen.", "superseded")
    assert shown["corrections"] == [
        {"corrected_by": amended["id"], "corrected_at": done.json()["closed_at"]}
    ]


@pytest.mark.feature("PV-12")
def test_it_takes_no_record_for_a_correction_that_was_there_before(circle: Cast) -> None:
    visit, before = written.visit(circle, circle.asha), written.visit(circle, circle.asha)
    asked = ask(circle, visit, circle.pia, resource="Encounter").data
    assert act(circle.pia, asked, "grant").status_code == 200
    refused = act(circle.asha, asked, "fulfil", corrected_by=str(before.id))
    assert refused.data["errors"][0]["pointer"] == "/corrected_by"
    given = {
        "patient": str(circle.patient.id),
        "encounter_class": "in_person",
        "started_at": visit.started_at.isoformat(),
        "ended_at": NOW.isoformat(),
    }
    after = circle.asha.client.post("/api/v1/encounters", given)
    assert after.status_code == 201, after.data
    done = act(circle.asha, asked, "fulfil", corrected_by=str(after.data["id"]))
    assert (done.status_code, done.data["status"]) == (200, "fulfilled")


@pytest.mark.feature("PV-12")
def test_it_shows_the_patients_disagreement_with_the_record_wherever_that_is_read(
    circle: Cast,
) -> None:
    note = written.note(circle, circle.asha)
    asked = ask(circle, note, circle.asha).data
    assert act(circle.asha, asked, "disagree", text=SAID).status_code == 409
    for missing in ({"answer": "x"}, {"refusal": "professional_opinion"}, {"refusal": "no"}):
        assert act(circle.pia, asked, "refuse", **missing).status_code == 400
    told = {"refusal": "professional_opinion", "answer": "It is what was found that day."}
    assert act(circle.pia, asked, "refuse", **told).data["status"] == "refused"
    said = act(circle.asha, asked, "disagree", text=SAID)
    assert said.data["statement"]["text"] == SAID
    assert act(circle.asha, asked, "disagree", text="Again.").status_code == 409
    alone = circle.ben.client.get(f"{NOTES}/{note.id}").data
    listed = circle.ben.client.get(NOTES).data["results"][0]
    assert alone["statements"][0]["text"] == listed["statements"][0]["text"] == SAID
    assert alone["statements"][0]["said_at"].endswith("Z")
    assert alone["text"] == "As expected."
    with circle.acting():
        statements = StatementOfDisagreement.objects.filter(resource_id=note.id)
        for change in (lambda: statements.update(text="y"), statements.delete):
            with pytest.raises(DatabaseError), transaction.atomic():
                change()


def test_it_shows_disagreement_with_every_kind_that_may_be_asked_about(circle: Cast) -> None:
    kinds = {
        "Encounter": ("encounters", written.visit(circle, circle.asha)),
        "CareSummary": ("care-summaries", written.summary(circle, circle.asha)),
    }
    made = circle.asha.client.post(
        "/api/v1/assessments",
        {"patient": str(circle.patient.id), "scores": [{"measure": "nprs", "value": "3"}]},
    )
    addresses = {name: f"/api/v1/{path}/{row.pk}" for name, (path, row) in kinds.items()}
    addresses["Assessment"] = f"/api/v1/assessments/{made.data['id']}"
    for name, at in addresses.items():
        body = {"resource": name, "resource_id": at.rpartition("/")[2]}
        asked = ask(circle, ClinicalNote(), circle.asha, **body).data
        told = {"refusal": "not_inaccurate", "answer": "We checked."}
        assert act(circle.pia, asked, "refuse", **told).status_code == 200, name
        assert act(circle.pia, asked, "disagree", text=SAID).status_code == 200, name
        assert circle.ben.client.get(at).data["statements"][0]["text"] == SAID, name


@pytest.mark.feature("PV-12")
def test_it_takes_requests_for_access_of_the_whole_record(circle: Cast) -> None:
    asked = ask(
        circle, ClinicalNote(), circle.sam, kind="access", resource="", resource_id=None
    ).data
    assert circle.sam.client.get(f"{REQUESTS}/{asked['id']}").status_code == 403
    assert act(circle.asha, asked, "grant").status_code == 403
    assert act(circle.pia, asked, "grant", answer="Come by.").status_code == 200
    assert act(circle.pia, asked, "fulfil").data["status"] == "fulfilled"
    for action in ("grant", "withdraw", "fulfil"):
        assert act(circle.pia, asked, action).status_code == 409
    again = ask(circle, ClinicalNote(), circle.pia, kind="access", resource="", resource_id=None)
    assert act(circle.pia, again.data, "withdraw").data["status"] == "withdrawn"


@pytest.mark.feature("PV-10")
def test_it_keeps_what_is_asked_about_a_closed_note_closed(circle: Cast) -> None:
    note = written.note(circle, circle.farah)
    asked = ask(circle, note, circle.pia).data
    at = f"{REQUESTS}/{asked['id']}"
    for who, code in (
        (circle.asha, 404),
        (circle.ben, 404),
        (circle.farah, 200),
        (circle.pia, 200),
    ):
        assert who.client.get(at).status_code == code
    assert circle.asha.client.get(REQUESTS).data["results"] == []
    told = {"refusal": "professional_opinion", "answer": "x"}
    assert act(circle.asha, asked, "refuse", **told).status_code == 404
    assert act(circle.farah, asked, "refuse", **told).status_code == 200


@pytest.mark.feature("PV-10")
def test_it_closes_what_was_asked_about_a_summary_that_is_withdrawn(circle: Cast) -> None:
    summary = written.summary(circle, circle.farah)
    about = {"resource": "CareSummary", "resource_id": str(summary.id)}
    asked = {
        "patient": str(circle.patient.id),
        "kind": "correction",
        "text": "It says panic attacks, and that is wrong.",
    }
    made = circle.asha.client.post(REQUESTS, {**asked, **about}).data
    told = {"refusal": "professional_opinion", "answer": "x"}
    assert act(circle.farah, made, "refuse", **told).status_code == 200
    assert act(circle.asha, made, "disagree", text="Never panic.").status_code == 200
    events = "/api/v1/events?subject=RecordRequest"
    assert circle.ben.client.get(REQUESTS).data["results"]
    assert circle.ben.client.get(events).data["results"]
    closed = circle.farah.client.post(f"/api/v1/care-summaries/{summary.id}/withdraw")
    assert closed.status_code == 200
    for who in (circle.asha, circle.ben):
        assert who.client.get(REQUESTS).data["results"] == []
        assert who.client.get(f"{REQUESTS}/{made['id']}").status_code == 404
        assert who.client.get(events).data["results"] == []
    for who in (circle.farah, circle.pia):
        assert who.client.get(f"{REQUESTS}/{made['id']}").data["statement"]


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"resource_id": str(new_id())}, "/resource_id"),
        ({"resource_id": None}, "/resource_id"),
        ({"resource": "Patient"}, "/resource"),
        ({"received_at": "2999-01-01T00:00:00Z"}, "/received_at"),
        ({"kind": "wish"}, "/kind"),
        ({"text": " "}, "/text"),
    ],
)
def test_it_refuses_a_request_that_makes_no_sense(
    circle: Cast, given: dict[str, Any], pointer: str
) -> None:
    answer = ask(circle, written.note(circle, circle.asha), circle.asha, **given)
    assert (answer.status_code, answer.data["errors"][0]["pointer"]) == (400, pointer)
    with circle.acting():
        assert not RecordRequest.objects.exists()


def test_the_database_refuses_a_statement_without_a_refused_correction(circle: Cast) -> None:
    note = written.note(circle, circle.asha)
    asked = ask(circle, note, circle.asha).data
    with circle.acting(), pytest.raises(IntegrityError), transaction.atomic():
        StatementOfDisagreement.objects.create(
            organization=circle.riverside,
            patient=circle.patient,
            request_id=asked["id"],
            resource="ClinicalNote",
            resource_id=note.id,
            text="x",
            said_at=NOW,
            recorded_at=NOW,
        )
