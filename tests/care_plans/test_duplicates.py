"""Two records of one person: parked for people, never merged silently, never told to strangers."""

import threading
from typing import Any

import pytest
from django.db import connection

from care_plans import merging, plans
from coordination import duplicates
from coordination.access import PatientMerged, patients_visible_to
from coordination.models import (
    AuditEvent,
    CareTeamMember,
    DuplicateReview,
    Event,
    Patient,
    PatientIdentifier,
)
from coordination.problems import Problem
from coordination.registration import Identifier, register_patient
from coordination.tenancy import acting_in
from tests.care_plans import underway
from tests.care_plans.pairs import pair
from tests.cast import NOW, Cast, Person

URL = "/api/v1/duplicate-reviews"
WHY = {"because": "Compared the cards"}


def card(cast: Cast) -> dict[str, str]:
    with cast.acting():
        row = cast.patient.identifiers.get()
    return {"kind": row.kind, "system": row.system, "value": row.value}


def register(cast: Cast, by: Person, code: int = 201, **changes: Any) -> Any:
    body = {
        "family_name": "Trembley",
        "given_name": "Noor",
        "birth_date": "1991-05-17",
        "lead": str(cast.ben.practitioner_role.id),
        "identifiers": [card(cast)],
        **changes,
    }
    answer = by.client.post("/api/v1/patients", body)
    assert answer.status_code == code, answer.data
    return answer.data


def decide(cast: Cast, review: DuplicateReview, step: str, code: int = 200, **body: Any) -> Any:
    answer = cast.sam.client.post(f"{URL}/{review.id}/{step}", {**WHY, **body})
    assert answer.status_code == code, answer.data
    return answer.data


@pytest.mark.feature("PT-01")
def test_it_tells_a_practitioner_nothing_of_a_patient_out_of_reach(cast: Cast) -> None:
    free = register(cast, cast.ben, identifiers=[{**card(cast), "value": "never given"}])
    for born in ("1991-05-17", "1990-05-17"):  # contradicting, and the very same person
        taken = register(cast, cast.ben, birth_date=born, family_name="Tremblay")
        assert set(taken) == set(free)
        assert taken["identifiers"] == [{**card(cast), "version_code": ""}]
    assert cast.ben.client.get(URL).status_code == 403
    with cast.acting():
        assert DuplicateReview.objects.filter(candidate=cast.patient).count() == 2
        assert not Event.objects.filter(type__startswith="duplicate").exists()
    for event in cast.ben.client.get("/api/v1/events?limit=1000").data["results"]:
        assert str(cast.patient.id) not in str(event)


@pytest.mark.feature("PT-01")
def test_it_parks_an_ambiguous_match_in_a_queue_for_schedulers_alone(cast: Cast) -> None:
    fresh = register(cast, cast.sam)
    (review,) = cast.sam.client.get(URL, {"status": "open"}).data["results"]
    assert review["patient"]["id"] == fresh["id"]
    assert review["candidate"]["id"] == str(cast.patient.id)
    assert review["matches"] == ["same_identifier", "other_demographics"]
    for who in (cast.asha, cast.ada, cast.pia):
        assert who.client.get(URL).status_code == 403
        assert who.client.get(f"{URL}/{review['id']}").status_code == 403
    with cast.acting():
        read = AuditEvent.objects.filter(event="DuplicateReview.search").get()
        assert {str(one) for one in read.patient_ids} == {fresh["id"], str(cast.patient.id)}
        active = PatientIdentifier.objects.filter(value=card(cast)["value"], is_parked=False)
        assert active.get().patient_id == cast.patient.id


@pytest.mark.feature("PT-01")
def test_it_parks_the_same_name_and_birth_date_without_a_number(cast: Cast) -> None:
    register(cast, cast.ben, family_name="TREMBLAY", birth_date="1990-05-17", identifiers=[])
    with cast.acting():
        review = DuplicateReview.objects.get()
        assert (review.candidate_id, review.matches) == (cast.patient.id, ["same_demographics"])
    other = {**card(cast), "value": "of somebody else"}
    register(cast, cast.ben, family_name="Tremblay", birth_date="1990-05-17", identifiers=[other])
    with cast.acting():
        assert not DuplicateReview.objects.filter(
            candidate=cast.patient, patient__identifiers__value="of somebody else"
        ).exists()


@pytest.mark.feature("PT-01")
def test_it_parks_whom_a_correction_makes_the_same(cast: Cast) -> None:
    born: dict[str, Any] = {"birth_date": "1990-05-17", "identifiers": []}
    fresh = register(cast, cast.ben, family_name="Nguyen", **born)
    with cast.acting():
        assert not DuplicateReview.objects.exists()
    at = f"/api/v1/patients/{fresh['id']}"
    for change, reviews in (({"phone": "1"}, 0), ({"family_name": "Tremblay"}, 1)):
        tag = cast.sam.client.get(at).headers["ETag"]
        answer = cast.sam.client.patch(at, change, headers={"If-Match": tag})
        assert answer.status_code == 200, answer.data
        with cast.acting():
            assert DuplicateReview.objects.count() == reviews
    with cast.acting():
        assert DuplicateReview.objects.get().candidate_id == cast.patient.id


@pytest.mark.feature("PT-01")
def test_it_remembers_that_two_are_not_the_same(cast: Cast) -> None:
    with cast.acting():
        review = pair(cast)
    done = decide(cast, review, "not-the-same")
    assert (done["status"], done["patient"]["identifiers"]) == ("distinct", [])
    with cast.acting():
        assert duplicates.park(review.patient, [(review.candidate, ["x"])], now=NOW) == []
    decide(cast, review, "not-the-same", code=409)
    again = decide(cast, review, "reopen")
    assert [row["value"] for row in again["patient"]["identifiers"]] == [card(cast)["value"]]


def everything(cast: Cast) -> dict[str, Any]:
    but = {"version", "updated_at"}
    with cast.acting():
        return {
            model.__name__: [
                {name: value for name, value in row.items() if name not in but}
                for row in model._default_manager.order_by("pk").values()
            ]
            for model in (Patient, PatientIdentifier, CareTeamMember)
        }


@pytest.mark.feature("PT-01")
def test_it_merges_by_a_link_that_unmerge_takes_away(cast: Cast) -> None:
    with cast.acting():
        review = pair(cast, by=cast.ben)
        other = review.patient
        course = underway.start(cast)
        assert not patients_visible_to(cast.asha.actor(), NOW).filter(pk=other.pk).exists()
    before = everything(cast)
    merged = decide(cast, review, "merge", survivor=str(cast.patient.id))
    assert (merged["status"], merged["patient"]["merged_into"]) == ("merged", cast.patient.id)
    with cast.acting():
        assert patients_visible_to(cast.asha.actor(), NOW).filter(pk=other.pk).exists()
        assert not patients_visible_to(cast.gus.actor(), NOW).filter(pk=other.pk).exists()
        with pytest.raises(PatientMerged):
            plans.open_plan(other.id, actor=cast.ben.actor(), now=NOW)
    shown = cast.asha.client.get("/api/v1/courses", {"patient": str(cast.patient.id)}).data
    assert [row["id"] for row in shown["results"]] == [str(course.id)]
    undone = decide(cast, review, "unmerge")
    assert (undone["status"], undone["survivor"]) == ("open", None)
    assert everything(cast) == before
    assert [step["action"] for step in undone["steps"]] == ["merge", "unmerge"]


def test_it_lets_people_end_what_is_under_way_first(cast: Cast) -> None:
    with cast.acting():
        review = pair(cast, by=cast.ben)
        underway.start(cast)
    answer = decide(cast, review, "merge", code=409, survivor=str(review.patient_id))
    assert answer["type"].endswith("still-under-way")
    assert answer["open"][0] == "an open care plan"
    decide(cast, review, "merge", code=400, survivor=str(cast.stranger.id))
    with cast.acting():
        assert not Patient.objects.filter(merged_into__isnull=False).exists()


@pytest.mark.feature("PT-01")
def test_it_asks_about_two_who_come_in_at_once(committed_cast: Cast) -> None:
    cast = committed_cast

    def come(number: int) -> None:
        try:
            register_alike(cast)
        finally:
            connection.close()

    threads = [threading.Thread(target=come, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with cast.acting():
        fresh = Patient.objects.filter(family_name="Twice")
        assert fresh.count() == 4
        assert DuplicateReview.objects.filter(patient__in=fresh).count() == 6  # every pair
        borne = PatientIdentifier.objects.filter(system="urn:once", is_parked=False)
        assert borne.count() == 1


def register_alike(cast: Cast) -> None:
    with acting_in(cast.riverside.id):
        register_patient(
            fields={"family_name": "Twice", "given_name": "One", "birth_date": NOW.date()},
            identifiers=[Identifier("other", "urn:once", "1")],
            lead_id=cast.ben.practitioner_role.id,
            actor=cast.gus.actor(),
            now=NOW,
        )


def test_it_decides_once_whoever_comes_first(committed_cast: Cast) -> None:
    cast = committed_cast
    with cast.acting():
        review = pair(cast, by=cast.ben)
    outcomes: list[str] = []

    def take(step: str) -> None:
        try:
            with acting_in(cast.riverside.id):
                merging.decide(
                    review.id,
                    step,
                    because="race",
                    survivor_id=cast.patient.id,
                    actor=cast.sam.actor(),
                    now=NOW,
                )
            outcomes.append("won")
        except Problem as problem:
            outcomes.append(problem.type)
        finally:
            connection.close()

    threads = [threading.Thread(target=take, args=(s,)) for s in ["merge", "not-the-same"] * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("won") == 1, outcomes
