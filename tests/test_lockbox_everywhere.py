"""A lockbox where it is easily forgotten: names beside a record, two records of one person."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from care_plans import hand_offs, lapses, merging
from coordination import care_team, own_access
from coordination.access import PatientMerged
from coordination.consent import Decided, Locked, end_directive, set_directive
from coordination.models import (
    AuditEvent,
    Directive,
    DuplicateReview,
    DuplicateStep,
    HandOff,
    Patient,
)
from coordination.problems import Stale
from notifications import delivery
from tests.care_plans import underway, written
from tests.care_plans.pairs import pair
from tests.care_plans.test_hand_offs import lapse, take
from tests.cast import NOW, Cast, Person

pytestmark = pytest.mark.django_db

SAID = Decided(given_by="patient", means="spoken")


def lock(cast: Cast, who: Person, patient: Patient, **what: Any) -> None:
    """Keep something of a patient from one person."""
    role = who.practitioner_role
    from_whom = {"audience": "practitioner", "audience_practitioner_id": role.practitioner_id}
    with cast.acting():
        locked = Locked(**{**from_whom, **what})
        set_directive(patient.id, locked, decided=SAID, actor=cast.pia.actor(), now=NOW)


def merge(cast: Cast, review: DuplicateReview) -> None:
    """Let the patient's record go on."""
    merging.decide(
        review.id,
        "merge",
        because="The cards are the same.",
        survivor_id=cast.patient.id,
        actor=cast.sam.actor(),
        now=NOW,
    )


def body(who: Person, address: str) -> str:
    answer = who.client.get(f"/api/v1/{address}")
    assert answer.status_code == 200, answer.content
    return str(answer.content.decode())


@pytest.mark.feature("PV-02")
def test_it_names_a_withheld_lead_neither_in_a_list_nor_as_a_writer(cast: Cast) -> None:
    written.join(cast, cast.ben)
    with cast.acting():
        course = underway.start(cast)
    places = ("courses", f"provenance?target={course.id}")
    asha = cast.asha.practitioner_role.practitioner_id
    assert all("asha" in body(cast.ben, place).lower() for place in places)
    lock(cast, cast.ben, cast.patient, target="practitioner", target_practitioner_id=asha)
    assert [place for place in places if "asha" in body(cast.ben, place).lower()] == []
    assert str(course.id) in body(cast.ben, "courses")


@pytest.mark.feature("PV-03")
def test_it_holds_for_both_records_of_one_person(cast: Cast) -> None:
    with cast.acting():
        review = pair(cast, by=cast.ben)
        resting = review.patient
        ben = cast.ben.practitioner_role.id
        care_team.join(cast.patient.id, practitioner_role_id=ben, actor=cast.sam.actor(), now=NOW)
    lock(cast, cast.ben, resting, target="everything")
    note = written.note(cast, cast.asha, "Planted")
    address = f"/api/v1/clinical-notes/{note.id}"
    assert cast.ben.client.get(address).status_code == 200, "two people, as far as is known"
    with cast.acting():
        merge(cast, review)
    assert cast.ben.client.get(address).status_code == 404
    listed = cast.ben.client.get(f"/api/v1/clinical-notes?patient={cast.patient.id}")
    assert (listed.data["results"], listed.headers["Continuum-Withheld"]) == ([], "true")
    assert cast.asha.client.get(address).status_code == 200
    with cast.acting():
        merging.decide(review.id, "unmerge", because="x", actor=cast.sam.actor(), now=NOW)
    assert cast.ben.client.get(address).status_code == 200, "two people again"


@pytest.mark.feature("PV-03")
def test_it_opens_both_records_when_the_patient_opens_one(cast: Cast) -> None:
    with cast.acting():
        review = pair(cast, by=cast.ben)
        resting = review.patient
        merge(cast, review)
    lock(cast, cast.ben, cast.patient, target="everything")
    with pytest.raises(PatientMerged):
        lock(cast, cast.ben, resting, target="everything")
    listed = cast.pia.client.get("/api/v1/directives?in_force=true").data["results"]
    assert {row["patient"] for row in listed} == {cast.patient.id, resting.id}
    (repeated,) = (row for row in listed if row["original"])
    word = {"given_by": "patient", "means": "spoken"}
    ended = cast.pia.client.post(f"/api/v1/directives/{repeated['id']}/end", word)
    assert (ended.status_code, ended.data["id"]) == (200, str(repeated["original"]))
    assert cast.pia.client.get("/api/v1/directives?in_force=true").data["results"] == []
    again = cast.pia.client.post(f"/api/v1/directives/{repeated['id']}/end", word)
    assert again.status_code == 409


@pytest.mark.feature("PV-03")
def test_it_opens_nothing_by_a_repeated_directive_that_is_over(cast: Cast) -> None:
    with cast.acting():
        review = pair(cast, by=cast.ben)
    lock(cast, cast.ben, cast.patient, target="everything")
    with cast.acting():
        merge(cast, review)
        repeated = Directive.objects.get(original__isnull=False)
        merging.decide(review.id, "unmerge", because="x", actor=cast.sam.actor(), now=NOW)
        with pytest.raises(Stale):
            end_directive(repeated.id, decided=SAID, actor=cast.pia.actor(), now=NOW)
        assert Directive.objects.get(until=None).patient_id == cast.patient.id


@pytest.mark.feature("PV-03")
def test_it_repeats_whatever_was_set_by_a_faster_clock(cast: Cast) -> None:
    ahead = NOW + timedelta(seconds=3)
    with cast.acting():
        review = pair(cast, by=cast.ben)
        set_directive(
            review.patient.id,
            Locked(target="everything", audience="everyone"),
            decided=SAID,
            actor=cast.sam.actor(),
            now=ahead,
        )
        merge(cast, review)
        original = Directive.objects.get(original=None)
        assert Directive.objects.get(original=original).patient_id == cast.patient.id
        end_directive(original.id, decided=SAID, actor=cast.pia.actor(), now=NOW)
        assert not Directive.objects.filter(until=None).exists()


@pytest.mark.feature("PV-03")
def test_it_locks_a_record_of_before_the_merge(cast: Cast) -> None:
    with cast.acting():
        review = pair(cast, by=cast.ben)
        resting = review.patient
    note = written.note(cast, cast.ben, patient_id=resting.id)
    with cast.acting():
        merge(cast, review)
    lock(cast, cast.ben, cast.patient, target="record", target_id=note.id)
    with cast.acting():
        assert Directive.objects.filter(target_id=note.id, patient_id=resting.id).exists()


@pytest.mark.feature("PV-02")
def test_it_names_nobody_withheld_in_the_steps_of_a_hand_off(cast: Cast) -> None:
    written.join(cast, cast.ben, cast.chloe, cast.dmitri)
    with cast.acting():
        lapse(cast.asha)
    lapses.check_lapses(now=timezone.now())
    with cast.acting():
        offer = str(HandOff.objects.get().id)
    address = f"hand-offs/{offer}"
    chloe, dmitri = cast.chloe.practitioner_role, cast.dmitri.practitioner_role
    take(cast.sam, offer, "assign", practitioner_role=str(chloe.id))
    take(cast.chloe, offer, "decline", reason_code="absent")
    take(cast.sam, offer, "assign", practitioner_role=str(dmitri.id))
    assert "chloe" in body(cast.ben, address).lower()
    whom = chloe.practitioner_id
    lock(cast, cast.ben, cast.patient, target="practitioner", target_practitioner_id=whom)
    assert "chloe" not in body(cast.ben, address).lower()
    assert "chloe" in body(cast.sam, address).lower()


@pytest.mark.feature("PV-02")
def test_it_tells_a_party_of_its_hand_off_although_something_else_is_withheld(cast: Cast) -> None:
    written.join(cast, cast.ben)
    note = written.note(cast, cast.asha)
    lock(cast, cast.ben, cast.patient, target="record", target_id=note.id)
    with cast.acting():
        hand_offs.offer(
            cast.patient.id,
            to_id=cast.ben.practitioner_role.id,
            because="Away.",
            actor=cast.asha.actor(),
            now=NOW,
        )
    delivery.deliver_due("in_app", clock=lambda: NOW)
    told = cast.ben.client.get("/api/v1/messages").data["results"]
    assert [row["kind"] for row in told if row["kind"].startswith("hand-off")] == [
        "hand-off.opened"
    ]


@pytest.mark.feature("PV-13")
def test_it_records_the_override_that_opened_what_was_withheld(cast: Cast) -> None:
    written.join(cast, cast.ben, cast.farah)
    note = written.note(cast, cast.farah)
    address = f"/api/v1/clinical-notes/{note.id}"
    assert cast.ben.client.get(address).status_code == 404
    need = {"patient": str(cast.patient.id), "reason_code": "risk_of_harm", "reason": "x"}
    for opens in (False, True):
        made = cast.ben.client.post("/api/v1/overrides", {**need, "opens_withheld": opens})
        if made.status_code == 201 and not opens:
            cast.ben.client.get(f"/api/v1/patients/{cast.patient.id}")
            cast.ben.client.post(f"/api/v1/overrides/{made.data['id']}/end")
    assert cast.ben.client.get(address).status_code == 200
    with cast.acting():
        read = AuditEvent.objects.get(event="ClinicalNote.read")
        assert (read.bases, read.purpose) == (["override"], "emergency")
        assert [str(one) for one in read.source_ids] == [made.data["id"]]
        others = AuditEvent.objects.filter(event="Patient.read").values_list("basis", "purpose")
        assert set(others) <= {("membership", "care")}


@pytest.mark.feature("PV-13")
@pytest.mark.feature("PV-07")
def test_it_knows_why_and_by_whom_a_resting_record_was_read(cast: Cast) -> None:
    with cast.acting():
        review = pair(cast, by=cast.ben)
        resting = review.patient
    note = written.note(cast, cast.ben, patient_id=resting.id)
    user, _ = own_access.bind_login(
        resting.id,
        organization_id=cast.riverside.id,
        email="noor-rests@continuum.example",
        password=None,
        now=NOW,
    )
    with cast.acting():
        merge(cast, review)
        with pytest.raises(PatientMerged):
            written.note(cast, cast.ben, patient_id=resting.id)
    assert cast.asha.client.get(f"/api/v1/clinical-notes/{note.id}").status_code == 200
    assert cast.asha.client.get(f"/api/v1/patients/{cast.patient.id}").status_code == 200
    with cast.acting():
        read = AuditEvent.objects.get(event="ClinicalNote.read")
        assert (read.patient_ids, read.bases) == ([resting.id], ["membership"])
    log = json.loads(body(Person(user, cast.riverside), "me/access-log"))["results"]
    whats = {row["what"] for row in log if row["who"] == "Asha"}
    assert {"what was written about your visits", "your name, contacts and identifiers"} <= whats


@pytest.mark.feature("PT-01")
def test_it_writes_the_status_that_the_lock_shows(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    with cast.acting():
        review = pair(cast, by=cast.ben)
    locking = Patient.objects.filter

    def decided_meanwhile(**asked: Any) -> Any:
        DuplicateReview.objects.filter(pk=review.pk).update(status="distinct", decided_at=NOW)
        return locking(**asked)

    monkeypatch.setattr(Patient.objects, "filter", decided_meanwhile)
    with cast.acting():
        merging.decide(review.id, "reopen", because="x", actor=cast.sam.actor(), now=NOW)
        step = DuplicateStep.objects.get(review=review)
        assert (step.from_status, step.to_status) == ("distinct", "open")
