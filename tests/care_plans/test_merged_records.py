"""What is said of a person holds on each of their records, and of nobody else."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError

from care_plans import merging
from care_plans.models import ClinicalNote
from coordination import retention
from coordination.disposal import dispose
from coordination.models import AuditEvent, DuplicateReview, LegalHold, Patient
from tests.care_plans import written
from tests.care_plans.pairs import pair
from tests.cast import NOW, Cast, Person

LATER = NOW + timedelta(days=366 * 11)
BORN = date(1990, 5, 17)
WITHHELD = "Continuum-Withheld"
OPENED = {"reason_code": "risk_of_harm", "reason": "Collapsed.", "opens_withheld": True}


def merge(cast: Cast, **changes: object) -> DuplicateReview:
    """Let Asha's record of the patient rest in the one whom Gus leads, and return what was done."""
    with cast.acting():
        review = pair(cast, by=cast.gus, **changes)
        merging.decide(
            review.id,
            "merge",
            because="One person.",
            survivor_id=review.patient_id,
            actor=cast.sam.actor(),
            now=NOW,
        )
    return review


def lock(cast: Cast, patient: UUID, **what: object) -> None:
    said = {"patient": str(patient), "given_by": "patient", "means": "spoken", **what}
    answer = cast.pia.client.post("/api/v1/directives", said)
    assert answer.status_code == 201, answer.data


def read(who: Person, note: ClinicalNote) -> Any:
    return who.client.get(f"/api/v1/clinical-notes/{note.id}")


@pytest.mark.django_db
@pytest.mark.feature("PV-02")
@pytest.mark.feature("PV-05")
def test_it_shows_what_rests_to_whom_no_directive_is_directed(cast: Cast) -> None:
    note = written.note(cast, cast.asha)
    survivor = merge(cast).patient_id
    before = read(cast.gus, note)
    elsewhere = {"target": "discipline", "target_discipline": "nutrition"}
    away = {"audience": "discipline", "audience_discipline": "massage_therapy"}
    lock(cast, survivor, **elsewhere, **away)
    after = read(cast.gus, note)
    assert (before.status_code, after.status_code) == (200, 200)
    assert before.data == after.data
    assert WITHHELD not in after.headers


@pytest.mark.django_db
@pytest.mark.feature("PV-03")
@pytest.mark.feature("PV-04")
@pytest.mark.feature("PV-13")
def test_it_opens_what_rests_with_the_glass_of_the_record_that_goes_on(cast: Cast) -> None:
    note = written.note(cast, cast.asha)
    survivor = merge(cast).patient_id
    whom = {"audience": "discipline", "audience_discipline": "physiotherapy"}
    lock(cast, survivor, target="everything", **whom)
    assert read(cast.gus, note).status_code == 404
    broken = cast.gus.client.post("/api/v1/overrides", {"patient": str(survivor), **OPENED})
    assert broken.status_code == 201
    shown = read(cast.gus, note)
    assert shown.status_code == 200
    assert WITHHELD not in shown.headers
    with cast.acting():
        (seen,) = AuditEvent.objects.filter(event="ClinicalNote.read", resource_id=note.id)
    assert (seen.basis, seen.purpose) == ("override", "emergency")


@pytest.mark.django_db
@pytest.mark.feature("PV-03")
@pytest.mark.feature("PT-01")
def test_it_keeps_a_record_locked_when_what_it_lies_in_is_taken_apart(cast: Cast) -> None:
    written.join(cast, cast.ben)
    note = written.note(cast, cast.asha)
    review = merge(cast)
    ben = str(cast.ben.practitioner_role.practitioner_id)
    whom = {"audience": "practitioner", "audience_practitioner": ben}
    lock(cast, review.patient_id, target="record", target_id=str(note.id), **whom)
    assert read(cast.ben, note).status_code == 404
    at = f"/api/v1/duplicate-reviews/{review.id}/unmerge"
    assert cast.sam.client.post(at, {"because": "Two persons."}).status_code == 200
    assert read(cast.ben, note).status_code == 404
    listed = cast.ben.client.get("/api/v1/clinical-notes", {"patient": str(cast.patient.id)})
    assert WITHHELD in listed.headers
    assert read(cast.asha, note).status_code == 200


@pytest.mark.feature("PV-12")
@pytest.mark.parametrize("held", ["goes-on", "rests"])
def test_it_disposes_of_nothing_of_a_person_under_hold(committed_cast: Cast, held: str) -> None:
    cast = committed_cast
    note = written.note(cast, cast.asha)
    with cast.acting():
        if held == "rests":
            hold(cast, cast.patient.id)
    survivor = merge(cast, birth_date=BORN).patient_id
    with cast.acting():
        if held == "goes-on":
            hold(cast, survivor)
        found = retention.review(now=LATER)
        assert retention.is_held(cast.patient.id)
        assert retention.is_held(survivor)
    dispose(cast.riverside.id, digest=found.digest, now=LATER)
    with cast.acting():
        assert ClinicalNote.objects.filter(pk=note.pk).exists()


@pytest.mark.feature("PV-12")
def test_it_is_the_database_that_keeps_what_is_held(
    committed_cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    cast = committed_cast
    note = written.note(cast, cast.asha)
    survivor = merge(cast, birth_date=BORN).patient_id
    with cast.acting():
        hold(cast, survivor)
    monkeypatch.setattr(retention, "records_of_persons", set)
    with cast.acting():
        found = retention.review(now=LATER)
    with pytest.raises(DatabaseError, match="a legal hold keeps"):
        dispose(cast.riverside.id, digest=found.digest, now=LATER)
    with cast.acting():
        assert ClinicalNote.objects.filter(pk=note.pk).exists()


def hold(cast: Cast, patient: UUID) -> LegalHold:
    return retention.place_hold(
        patient, reason="A claim.", ordered_by="The court.", actor=cast.pia.actor(), now=NOW
    )


@pytest.mark.django_db
@pytest.mark.feature("PV-12")
def test_it_counts_from_the_last_contact_of_the_person(cast: Cast) -> None:
    written.note(cast, cast.asha)
    survivor = merge(cast, birth_date=BORN).patient_id

    def over() -> int:
        return sum(len(line.record_ids) for line in retention.review(now=LATER).lines)

    with cast.acting():
        assert over() > 0
        seen = Patient.objects.filter(pk=survivor)
        seen.update(registered_at=LATER - timedelta(days=30))
        assert over() == 0


@pytest.mark.django_db
@pytest.mark.feature("PV-04")
def test_it_finds_in_need_whoever_bears_a_number_on_two_records(cast: Cast) -> None:
    with cast.acting():
        number = cast.patient.identifiers.get().value
    body = {**OPENED, "identifier": number, "birth_date": BORN.isoformat()}

    def broken() -> Any:
        answer = cast.esi.client.post("/api/v1/overrides", body)
        assert answer.status_code == 201, answer.data
        return UUID(str(answer.data["patient"]))

    assert broken() == cast.patient.id
    with cast.acting():
        review = pair(cast, by=cast.gus, birth_date=BORN)
    assert broken() == cast.patient.id, "a parked number is nobody's yet"
    with cast.acting():
        merging.decide(
            review.id,
            "merge",
            because="One person.",
            survivor_id=review.patient_id,
            actor=cast.sam.actor(),
            now=NOW,
        )
    assert broken() == review.patient_id


@pytest.mark.django_db
@pytest.mark.feature("PV-11")
def test_it_takes_an_opt_out_for_the_persons(cast: Cast) -> None:
    at, care = "/api/v1/message-preferences", {"purpose": "care", "channel": "email"}

    def choose(patient: UUID, *, wanted: bool) -> None:
        said = {"patient": str(patient), **care, "wanted": wanted}
        assert cast.sam.client.post(at, said).status_code in (200, 201)

    def wanted(patient: UUID) -> bool:
        rows = cast.sam.client.get(at, {"patient": str(patient)}).data
        (row,) = [one for one in rows if (one["purpose"], one["channel"]) == ("care", "email")]
        return bool(row["wanted"])

    choose(cast.patient.id, wanted=False)
    survivor = merge(cast).patient_id
    assert not wanted(survivor)
    choose(survivor, wanted=True)
    assert wanted(survivor)
