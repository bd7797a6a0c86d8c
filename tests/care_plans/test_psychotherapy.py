"""Psychotherapy is segregated: closed by default, and only what was agreed crosses lanes."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from care_plans.models import CareSummary, ClinicalNote
from coordination.models import PractitionerRole, new_id
from tests.care_plans import written
from tests.care_plans.test_notes import stored
from tests.cast import Cast, Person, make_person

pytestmark = pytest.mark.django_db
NOTES, SUMMARIES = "/api/v1/clinical-notes", "/api/v1/care-summaries"
SECRET = "CANARY-PSYCHOTHERAPY"


@pytest.fixture
def circle(cast: Cast) -> Cast:
    """Let Ben and Farah join the team."""
    written.join(cast, cast.ben, cast.farah)
    return cast


@pytest.fixture
def colleague(circle: Cast) -> Person:
    """Let a second psychotherapist join the team."""
    who = make_person(
        circle.riverside, "Hana", discipline="psychotherapy", location=circle.downtown
    )
    written.join(circle, who)
    return who


@pytest.mark.feature("PV-10")
def test_it_shows_a_psychotherapy_note_to_its_author_and_psychotherapists_alone(
    circle: Cast, colleague: Person
) -> None:
    outside = make_person(
        circle.riverside, "Ines", discipline="psychotherapy", location=circle.downtown
    )
    made = circle.farah.client.post(
        NOTES, {"patient": str(circle.patient.id), "text": SECRET, "sign": True}
    )
    assert (made.status_code, made.data["sensitivity"]) == (201, "psychotherapy")
    at = f"{NOTES}/{made.data['id']}"
    for who in (circle.farah, colleague):
        assert who.client.get(at).data["text"] == SECRET
        assert len(who.client.get(NOTES).data["results"]) == 1
    for who in (circle.asha, circle.ben, circle.gus, circle.olu, outside):
        assert who.client.get(at).status_code == 404
        assert who.client.get(NOTES).data["results"] == []
    for who in (circle.sam, circle.ada, circle.pia):
        assert who.client.get(at).status_code == 403


@pytest.mark.feature("PV-10")
@pytest.mark.parametrize("query", ["", "?discipline=psychotherapy", "?status=signed"])
def test_it_answers_others_alike_with_and_without_the_note(circle: Cast, query: str) -> None:
    before = circle.asha.client.get(NOTES + query)
    note = written.note(circle, circle.farah, SECRET)
    after = circle.asha.client.get(NOTES + query)
    assert (after.status_code, after.content) == (before.status_code, before.content)
    nobody = circle.asha.client.get(f"{NOTES}/{new_id()}")
    there = circle.asha.client.get(f"{NOTES}/{note.id}")
    assert there.data["detail"] == nobody.data["detail"]
    asked: dict[str, dict[str, str]] = {
        "sign": {},
        "amend": {"text": "x", "because": "x"},
        "mark-in-error": {"because": "x"},
    }
    for action, body in asked.items():
        answer = circle.asha.client.post(f"{NOTES}/{note.id}/{action}", body)
        assert answer.status_code == 404
    with circle.acting():
        note.refresh_from_db()
    assert note.status == "signed"


@pytest.mark.feature("PV-10")
def test_the_database_closes_every_note_of_a_psychotherapist(circle: Cast) -> None:
    farah = {"author": circle.farah.practitioner_role}
    with circle.acting():
        for given in (
            {**farah, "discipline": "psychotherapy", "sensitivity": ""},
            {**farah, "discipline": "psychotherapy", "sensitivity": "restricted"},
            {**farah, "discipline": "physiotherapy"},
        ):
            with pytest.raises(IntegrityError), transaction.atomic():
                stored(circle, **given)
        closed = stored(circle, **farah, discipline="psychotherapy", sensitivity="psychotherapy")
        with pytest.raises(DatabaseError), transaction.atomic():
            ClinicalNote.objects.filter(pk=closed.pk).update(sensitivity="")


@pytest.mark.feature("PV-10")
def test_it_crosses_lanes_only_as_a_separate_agreed_record(circle: Cast) -> None:
    written.note(circle, circle.farah, SECRET)
    client = circle.farah.client
    body: dict[str, Any] = {
        "patient": str(circle.patient.id),
        "text": "Stress affects sleep; rest days matter.",
        "agreed_at": (timezone.now() - timedelta(hours=1)).isoformat(),
        "agreed_how": "spoken",
    }
    for missing in ("text", "agreed_at", "agreed_how"):
        answer = client.post(SUMMARIES, {k: v for k, v in body.items() if k != missing})
        assert answer.data["errors"][0]["pointer"] == f"/{missing}"
    ahead = client.post(SUMMARIES, {**body, "agreed_at": "2999-01-01T00:00:00Z"})
    assert ahead.data["errors"][0]["pointer"] == "/agreed_at"
    made = client.post(SUMMARIES, body)
    goal = client.post(SUMMARIES, {**body, "kind": "goal", "text": "Sleep six hours."})
    assert (made.status_code, goal.status_code) == (201, 201)
    seen = circle.ben.client.get(f"{SUMMARIES}?patient={circle.patient.id}")
    assert {row["text"] for row in seen.data["results"]} == {body["text"], "Sleep six hours."}
    assert SECRET.encode() not in seen.content
    assert circle.gus.client.get(f"{SUMMARIES}/{made.data['id']}").status_code == 404


@pytest.mark.feature("PV-10")
def test_it_closes_a_summary_when_the_patient_takes_the_agreement_back(circle: Cast) -> None:
    row = written.summary(circle, circle.farah)
    at = f"{SUMMARIES}/{row.id}"
    assert circle.ben.client.get(at).status_code == 200
    assert circle.ben.client.post(f"{at}/withdraw").status_code == 403
    assert circle.farah.client.post(f"{at}/withdraw").status_code == 200
    assert circle.farah.client.post(f"{at}/withdraw").status_code == 409
    assert circle.ben.client.get(at).status_code == 404
    assert circle.ben.client.get(SUMMARIES).data["results"] == []
    assert circle.farah.client.get(at).data["withdrawn_at"]
    with circle.acting():
        for change in ({"withdrawn_at": None, "sensitivity": ""}, {"text": "y"}):
            with pytest.raises(DatabaseError), transaction.atomic():
                CareSummary.objects.filter(pk=row.pk).update(**change)


def test_it_lets_any_discipline_close_a_note(circle: Cast) -> None:
    note = written.note(circle, circle.ben, is_restricted=True)
    assert circle.ben.client.get(f"{NOTES}/{note.id}").data["sensitivity"] == "restricted"
    assert circle.asha.client.get(f"{NOTES}/{note.id}").status_code == 404


def test_it_asks_somebody_of_two_disciplines_in_which_they_write(circle: Cast) -> None:
    with circle.acting():
        mine = circle.asha.practitioner_role
        second = PractitionerRole.objects.create(
            organization=circle.riverside,
            practitioner=mine.practitioner,
            location=mine.location,
            discipline="psychotherapy",
            college="Test college (fictional)",
            registration_number="TEST-9",
            registered_from=mine.registered_from,
        )
    both = Person(circle.asha.user, circle.riverside, second)
    written.join(circle, both)
    body = {"patient": str(circle.patient.id), "text": "x"}
    asked = both.client.post(NOTES, body)
    assert (asked.status_code, asked.data["errors"][0]["pointer"]) == (400, "/author")
    made = both.client.post(NOTES, {**body, "author": str(second.id)})
    assert made.data["sensitivity"] == "psychotherapy"
    as_physio = both.client.post(NOTES, {**body, "author": str(mine.id)})
    assert as_physio.data["sensitivity"] == ""


def test_it_counts_no_closed_note_for_the_reader_of_a_page(circle: Cast) -> None:
    for _ in range(3):
        written.note(circle, circle.farah, SECRET)
    written.note(circle, circle.ben)
    page = circle.asha.client.get(f"{NOTES}?limit=1&patient={circle.patient.id}")
    assert len(page.data["results"]) == 1
    assert page.data["next"] is None
