"""A draft is its author's alone, on every path; of logistics, it is no matter for the desk."""

from typing import Any

import pytest

from tests.care_plans import written
from tests.cast import Cast, Person

pytestmark = pytest.mark.django_db


def answers(who: Person, record: str, address: str, patient: str) -> dict[str, Any]:
    """Return what somebody meets of a record at each address that could tell of it."""
    kind = {"clinical-notes": "ClinicalNote", "referrals": "Referral"}[address]
    api = who.client
    asked = {"patient": patient, "kind": "correction", "text": "Wrong.", "resource": kind}
    events = api.get(f"/api/v1/events?subject={kind}").data["results"]
    listed = api.get(f"/api/v1/{address}?patient={patient}").data["results"]
    return {
        "itself": api.get(f"/api/v1/{address}/{record}").status_code,
        "listed": record in [str(row["id"]) for row in listed],
        "events": record in [str(row["subject_id"]) for row in events],
        "provenance": api.get(f"/api/v1/provenance?target={record}").status_code,
        "asked about": api.post(
            "/api/v1/record-requests", {**asked, "resource_id": record}
        ).status_code,
    }


@pytest.mark.feature("PV-02")
def test_it_shows_a_draft_note_to_its_author_alone(cast: Cast) -> None:
    written.join(cast, cast.ben)
    patient = str(cast.patient.id)
    said = {"patient": patient, "text": "Not finished."}
    notes = [cast.asha.client.post("/api/v1/clinical-notes", said).data["id"] for _ in range(2)]
    thrown_away = f"/api/v1/clinical-notes/{notes[1]}/mark-in-error"
    assert cast.asha.client.post(thrown_away, {"because": "Another patient."}).status_code == 200
    met = {"itself": 200, "listed": True, "events": True, "provenance": 200, "asked about": 201}
    unmet = {"itself": 404, "listed": False, "events": False, "provenance": 404, "asked about": 400}
    for note in notes:
        assert answers(cast.ben, note, "clinical-notes", patient) == unmet
        assert answers(cast.asha, note, "clinical-notes", patient) == met
    assert cast.asha.client.post(f"/api/v1/clinical-notes/{notes[0]}/sign").status_code == 200
    assert answers(cast.ben, notes[0], "clinical-notes", patient) == met


@pytest.mark.feature("PV-02")
def test_it_shows_no_draft_referral_to_the_desk(cast: Cast) -> None:
    patient = str(cast.patient.id)
    asked = {"patient": patient, "discipline": "psychotherapy", "reason_code": "panic"}
    sent = cast.asha.client.post("/api/v1/referrals", {**asked, "draft": True})
    assert sent.data["status"] == "draft", sent.data
    draft = str(sent.data["id"])

    def seen(who: Person) -> list[bool]:
        paths = ("referrals", "events?subject=Referral")
        rows = [who.client.get(f"/api/v1/{path}").data["results"] for path in paths]
        found = [{str(row.get("subject_id", row["id"])) for row in some} for some in rows]
        return [draft in some for some in found]

    assert (seen(cast.sam), seen(cast.asha)) == ([False, False], [True, True])
    assert cast.asha.client.post(f"/api/v1/referrals/{draft}/submit").status_code == 200
    assert seen(cast.sam) == [True, True]
