"""Visits and notes: recorded late or at once, signed for good, amended beside the original."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from care_plans.models import ClinicalNote, Encounter
from coordination.models import AuditEvent, Event, new_id
from tests.care_plans import underway, written
from tests.cast import NOW, Cast, make_patient

pytestmark = pytest.mark.django_db
NOTES, ENCOUNTERS = "/api/v1/clinical-notes", "/api/v1/encounters"


@pytest.fixture
def circle(cast: Cast) -> Cast:
    """Let Ben and Farah join the team."""
    written.join(cast, cast.ben, cast.farah)
    return cast


def write(cast: Cast, **given: Any) -> Any:
    body = {"patient": str(cast.patient.id), "text": "Squats hurt less.", **given}
    return cast.asha.client.post(NOTES, body)


def test_it_records_a_visit_and_finishes_it(circle: Cast) -> None:
    client = circle.asha.client
    with circle.acting():
        course = underway.start(circle)
        lane = underway.lane(course, "physiotherapy")
    began = timezone.now() - timedelta(minutes=30)
    body = {
        "patient": str(circle.patient.id),
        "encounter_class": "in_person",
        "started_at": began.isoformat(),
        "course": str(course.id),
        "lane": str(lane.id),
    }
    made = client.post(ENCOUNTERS, body)
    assert (made.status_code, made.data["status"]) == (201, "in_progress")
    assert made.data["location"] == circle.downtown.id
    at = f"{ENCOUNTERS}/{made.data['id']}"
    done = client.post(f"{at}/finish", {})
    assert (done.status_code, done.data["status"]) == (200, "finished")
    assert done.data["ended_at"]
    assert client.post(f"{at}/finish", {}).status_code == 409
    assert circle.ben.client.post(f"{at}/mark-in-error", {"because": "x"}).status_code == 403
    taken = client.post(f"{at}/mark-in-error", {"because": "Another patient."})
    assert taken.data["status"] == "entered_in_error"
    assert circle.ben.client.get(at).data["because"] == "Another patient."


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"started_at": "2999-01-01T00:00:00Z"}, "/started_at"),
        ({"started_at": "1950-01-01T00:00:00Z"}, "/started_at"),
        ({"ended_at": "2999-01-01T00:00:00Z"}, "/ended_at"),
        ({"course": str(new_id())}, "/course"),
        ({"lane": str(new_id())}, "/lane"),
        ({"location": str(new_id())}, "/location"),
        ({"author": str(new_id())}, "/author"),
        ({"encounter_class": "by post"}, "/encounter_class"),
    ],
)
def test_it_refuses_a_visit_that_cannot_be(cast: Cast, given: dict[str, Any], pointer: str) -> None:
    body = {"patient": str(cast.patient.id), "encounter_class": "virtual", **given}
    answer = cast.asha.client.post(ENCOUNTERS, body)
    assert (answer.status_code, answer.data["errors"][0]["pointer"]) == (400, pointer)
    with cast.acting():
        assert not Encounter.objects.exists()


def test_it_writes_nothing_about_a_patient_out_of_reach(cast: Cast) -> None:
    patient = {"patient": str(cast.patient.id)}
    note, encounter = {**patient, "text": "x"}, {**patient, "encounter_class": "virtual"}
    for who in (cast.gus, cast.olu):
        assert who.client.post(NOTES, note).status_code == 404
        assert who.client.post(ENCOUNTERS, encounter).status_code == 404
    for who in (cast.sam, cast.ada):
        assert who.client.post(NOTES, note).status_code == 403
    with cast.acting():
        assert not ClinicalNote.objects.exists()
        assert not Encounter.objects.exists()


def test_it_keeps_a_draft_to_its_author_until_it_is_signed(circle: Cast) -> None:
    made = write(circle)
    at = f"{NOTES}/{made.data['id']}"
    assert (made.data["status"], made["ETag"]) == ("draft", '"1"')
    assert circle.ben.client.get(at).status_code == 404
    assert circle.ben.client.get(NOTES).data["results"] == []
    client = circle.asha.client
    assert client.patch(at, {"text": "x"}).status_code == 428
    stale = client.patch(at, {"text": "x"}, headers={"If-Match": '"7"'})
    assert stale.status_code == 412
    edited = client.patch(at, {"text": "Squats are fine."}, headers={"If-Match": '"1"'})
    assert (edited.status_code, edited.data["text"]) == (200, "Squats are fine.")
    signed = client.post(f"{at}/sign")
    assert (signed.status_code, signed.data["status"]) == (200, "signed")
    assert circle.ben.client.get(at).data["text"] == "Squats are fine."
    late = client.patch(at, {"text": "x"}, headers={"If-Match": signed["ETag"]})
    assert late.status_code == 409
    assert client.post(f"{at}/sign").status_code == 409


def test_it_amends_beside_the_original_which_stays_readable(circle: Cast) -> None:
    original = write(circle, sign=True).data
    at = f"{NOTES}/{original['id']}"
    body = {"text": "Squats hurt as before.", "because": "Mixed up with the left side."}
    assert circle.ben.client.post(f"{at}/amend", body).status_code == 403
    made = circle.asha.client.post(f"{at}/amend", body)
    assert (made.status_code, made.data["status"]) == (201, "signed")
    assert str(made.data["amends"]) == original["id"]
    assert made.data["written_at"] == original["written_at"]
    before = circle.ben.client.get(at).data
    assert (before["text"], before["status"]) == ("Squats hurt less.", "superseded")
    assert str(before["amended_by"]) == made.data["id"]
    assert circle.asha.client.post(f"{at}/amend", body).status_code == 409


def test_it_marks_a_note_as_entered_in_error_and_keeps_it_readable(circle: Cast) -> None:
    at = f"{NOTES}/{write(circle, sign=True).data['id']}"
    assert circle.asha.client.post(f"{at}/mark-in-error", {}).status_code == 400
    done = circle.asha.client.post(f"{at}/mark-in-error", {"because": "Another patient."})
    assert done.data["status"] == "entered_in_error"
    assert circle.ben.client.get(at).data["text"] == "Squats hurt less."


def test_it_takes_a_late_note_with_the_time_that_it_is_about(cast: Cast) -> None:
    then = (timezone.now() - timedelta(days=3)).isoformat()
    made = write(cast, written_at=then).data
    assert made["written_at"] < made["recorded_at"]
    for at in ("2999-01-01T00:00:00Z", "1950-01-01T00:00:00Z"):
        answer = write(cast, written_at=at)
        assert answer.data["errors"][0]["pointer"] == "/written_at"


def test_it_ties_a_note_to_a_visit_of_the_same_patient_only(circle: Cast) -> None:
    visit = written.visit(circle, circle.asha)
    assert write(circle, encounter=str(visit.id)).data["encounter"] == str(visit.id)
    other = make_patient(circle.asha, family_name="Roy")
    body = {"patient": str(other.id), "text": "x", "encounter": str(visit.id)}
    answer = circle.asha.client.post(NOTES, body)
    assert answer.data["errors"][0]["pointer"] == "/encounter"
    with circle.acting(), pytest.raises(IntegrityError), transaction.atomic():
        stored(circle, patient=other, encounter=visit)


def stored(cast: Cast, **changes: Any) -> ClinicalNote:
    fields: dict[str, Any] = {
        "organization": cast.riverside,
        "patient": cast.patient,
        "author": cast.asha.practitioner_role,
        "discipline": "physiotherapy",
        "text": "x",
        "actor": "test",
        "written_at": NOW,
        "recorded_at": NOW,
        **changes,
    }
    return ClinicalNote.objects.create(**fields)


def test_the_database_refuses_to_change_what_is_signed(circle: Cast) -> None:
    note = written.note(circle, circle.asha)
    later = NOW + timedelta(days=1)
    with circle.acting():
        rows = ClinicalNote.objects.filter(pk=note.pk)
        for change in (
            {"text": "y"},
            {"written_at": NOW - timedelta(days=1)},
            {"signed_at": later},
            {"author": circle.ben.practitioner_role},
            {"patient": make_patient(circle.asha, family_name="Roy")},
            {"status": "draft"},
            {"status": "superseded"},
            {"sensitivity": "restricted"},
        ):
            with pytest.raises(DatabaseError), transaction.atomic():
                rows.update(**change)
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.delete()
        with pytest.raises(IntegrityError), transaction.atomic():
            stored(circle, discipline="nutrition")


def test_it_leaves_a_trail_without_words(circle: Cast) -> None:
    made = write(circle, sign=True, text="CANARY-NOTE").data
    with circle.acting():
        rows = AuditEvent.objects.filter(resource_id=made["id"])
        assert {row.event for row in rows} == {"clinical-note.written", "clinical-note.sign"}
        assert {row.patient_ids[0] for row in rows} == {circle.patient.id}
        assert not any("CANARY" in str(row.detail) for row in rows)
        kinds = Event.objects.filter(subject_id=made["id"]).values_list("type", flat=True)
        assert set(kinds) == {"clinical-note.written", "clinical-note.sign"}
