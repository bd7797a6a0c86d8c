"""Importing the bundles that the project ships, and what becomes of each kind of resource."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from care_plans.models import Assessment, CarePlan, Condition, Score, SourceDocument
from coordination.demo.cast import PATIENTS
from coordination.models import (
    AccessGrant,
    AuditEvent,
    CareTeamMember,
    DirectoryEntry,
    DuplicateReview,
    Event,
    Organization,
    Patient,
    PatientIdentifier,
    Practitioner,
    User,
)
from coordination.search import search_key
from coordination.tenancy import acting_in
from tests.fhir.importing import bundle, condition, document, observation, patient, rows, run, write


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    """Return a folder with the bundles that the demo uses."""
    folder = tmp_path / "patients"
    folder.mkdir()
    for path in PATIENTS.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def test_it_imports_the_shipped_bundles_without_rejecting_anything(
    creek: Organization, shipped: Path
) -> None:
    imported = run(creek, shipped)
    assert imported.refusal == ""
    assert imported.counts["rejected"] == 0
    with acting_in(creek.id):
        assert Patient.objects.filter(is_synthetic=True).count() == 6
        jose = Patient.objects.get(family_name="Casares")
        assert (jose.given_name, jose.birth_date, jose.gender, jose.language) == (
            "José María",
            date(1974, 7, 5),
            "male",
            "es",
        )
        assert jose.phone == "555-214-5571"
        assert jose.address == "503 Moen Vista Suite 91, Millis, Massachusetts 02054, US"
        assert jose.search_key == search_key("Casares", "Jose Maria")
        kinds = set(jose.identifiers.values_list("kind", flat=True))
        assert kinds >= {"medical_record", "social_security", "drivers_licence", "passport"}
        assert Score.objects.filter(measure__slug="nprs").count() == 47
        assert SourceDocument.objects.filter(kind="care_team").count() == 8


def test_it_changes_nothing_the_second_time(creek: Organization, shipped: Path) -> None:
    run(creek, shipped)
    before = rows(creek.id)
    again = run(creek, shipped)
    assert rows(creek.id) == before
    assert (again.counts["imported"], again.counts["updated"], again.counts["rejected"]) == (0,) * 3
    assert "unchanged" in again.printed


def test_it_opens_no_plan_and_lets_nobody_in(creek: Organization, shipped: Path) -> None:
    people = User.objects.count()
    run(creek, shipped)
    with acting_in(creek.id):
        for model in (CarePlan, CareTeamMember, AccessGrant, Practitioner):
            assert not model.objects.exists(), model
        assert DirectoryEntry.objects.filter(kind="practitioner").exists()
        assert DirectoryEntry.objects.filter(kind="organization").exists()
        assert Organization.objects.count() == 1
    assert User.objects.count() == people


def test_it_writes_every_directory_entry_once(creek: Organization, shipped: Path) -> None:
    run(creek, shipped)
    with acting_in(creek.id):
        found = list(DirectoryEntry.objects.values_list("kind", "system", "value"))
    assert len(found) == len(set(found)) == 22


def test_it_records_an_audit_row_and_an_event_for_each_patient(
    creek: Organization, shipped: Path
) -> None:
    run(creek, shipped)
    with acting_in(creek.id):
        audits = AuditEvent.objects.filter(action="import", event="patient.imported")
        assert {tuple(row.patient_ids) for row in audits} == {
            (row,) for row in Patient.objects.values_list("id", flat=True)
        }
        assert Event.objects.filter(type="patient.imported").count() == 6


def test_it_marks_patients_of_a_real_organization_as_real(
    hospital: Organization, tmp_path: Path
) -> None:
    run(hospital, write(tmp_path / "b.json", bundle(patient())))
    with acting_in(hospital.id):
        assert not Patient.objects.get().is_synthetic


def test_it_reads_everything_that_a_patient_says(creek: Organization, tmp_path: Path) -> None:
    said = patient(
        identifier=[
            {"type": {"coding": [{"code": "JHN"}]}, "system": "urn:hcn", "value": "123"},
            {"system": "urn:hcn", "value": "123"},
            {"value": "nobody gave it"},
            {"system": "urn:empty"},
        ],
        name=[
            {"use": "maiden", "family": "Before"},
            {"use": "usual", "family": "Now", "given": ["Nell"]},
            {"use": "official", "family": "Now", "given": ["Ellen", "Mary"]},
        ],
        telecom=[
            {"system": "phone", "value": "old one", "use": "old"},
            {"system": "phone", "value": "555-1111", "use": "work"},
            {"system": "phone", "value": "555-2222", "use": "mobile"},
            {"system": "email", "value": "not an address"},
            {"system": "email", "value": "ellen@continuum.example"},
        ],
        gender="female",
        birthDate="1980-02",
        communication=[
            {"language": {"coding": [{"code": "en-CA"}]}},
            {"language": {"coding": [{"code": "fr-CA"}]}, "preferred": True},
        ],
        contact=[
            {"name": {"text": "Her Friend"}, "telecom": [{"system": "phone", "value": "1"}]},
            {
                "name": {"family": "Kin", "given": ["Kay"]},
                "relationship": [{"coding": [{"code": "C"}]}, {"text": "sister"}],
                "telecom": [{"system": "phone", "value": "555-3333"}],
            },
        ],
        generalPractitioner=[{"reference": "Practitioner/gp"}],
        deceasedDateTime="2021-03-04T05:06:07Z",
    )
    physician = {
        "resourceType": "Practitioner",
        "id": "gp",
        "name": [{"family": "Family", "given": ["Doc"]}],
    }
    imported = run(creek, write(tmp_path / "b.json", bundle(said, physician)))
    with acting_in(creek.id):
        found = Patient.objects.select_related("family_physician").get()
        assert (found.family_name, found.given_name, found.preferred_name) == (
            "Now",
            "Ellen Mary",
            "Nell",
        )
        assert (found.phone, found.email) == ("555-2222", "ellen@continuum.example")
        assert (found.gender, found.language, found.birth_date) == ("female", "fr-CA", None)
        assert found.emergency_contact_name == "Kay Kin"
        assert found.emergency_contact_relationship == "sister"
        assert found.emergency_contact_phone == "555-3333"
        assert found.family_physician is not None
        assert found.family_physician.name == "Doc Family"
        assert found.deceased_at == datetime(2021, 3, 4, 5, 6, 7, tzinfo=UTC)
        number = PatientIdentifier.objects.get(system="urn:hcn")
        assert (number.kind, number.value) == ("health_number", "123")
    said_of_patient = imported.reasons("imported")[0]
    for part in (
        "identifier[2] has no system",
        "identifier[3] has no value",
        "1980-02 names no day",
        "a former name is not kept",
        "an e-mail address is not valid",
    ):
        assert part in said_of_patient, said_of_patient


@pytest.mark.parametrize(
    ("said", "kept", "note"),
    [
        ({"birthDate": "1980"}, {"birth_date": None}, "1980 names no day"),
        ({"deceasedBoolean": True}, {}, "deceased without a date"),
        (
            {"deceasedDateTime": "2019"},
            {"deceased_at": datetime(2019, 1, 1, 12, tzinfo=UTC)},
            "deceased 2019, without a day",
        ),
        ({"name": [{"text": "Madonna-like"}]}, {"family_name": "Madonna-like"}, ""),
        ({"name": [{"given": ["Only"]}]}, {"family_name": "Only", "given_name": ""}, ""),
        (
            {"communication": [{"language": {"text": "Elvish, of the woods"}}]},
            {"language": "en-CA"},
            "is no BCP 47 tag",
        ),
        ({"telecom": [{"system": "phone", "value": "5" * 41}]}, {"phone": ""}, "longer than 40"),
    ],
)
def test_it_keeps_what_is_honest_and_reports_the_rest(
    creek: Organization,
    tmp_path: Path,
    said: dict[str, Any],
    kept: dict[str, object],
    note: str,
) -> None:
    imported = run(creek, write(tmp_path / "b.json", bundle(patient(**said))))
    with acting_in(creek.id):
        found = Patient.objects.get()
    assert {name: getattr(found, name) for name in kept} == kept
    assert note in imported.reasons("imported")[0]
    if "deceased" in note:
        assert found.deceased_at is not None


def test_it_keeps_conditions_documents_and_scores_with_their_times(
    creek: Organization, tmp_path: Path
) -> None:
    path = write(
        tmp_path / "b.json",
        bundle(
            condition(
                clinicalStatus={"coding": [{"code": "resolved"}]},
                code={
                    "coding": [{"system": "http://snomed.info/sct", "code": "1", "display": "X"}]
                },
                onsetDateTime="2019-07-01",
                abatementDateTime="2020",
            ),
            observation(value=2.283846217234869),
            document(title="Plan of theirs", period={"start": "2020-01-02T03:04:05Z"}),
            patient(),
        ),
    )
    imported = run(creek, path)
    with acting_in(creek.id):
        found = Condition.objects.get()
        assert (found.origin, found.clinical_status, found.display) == ("imported", "resolved", "X")
        assert found.onset_at == datetime(2019, 7, 1, 12, tzinfo=UTC)
        assert found.abated_at is None
        score = Score.objects.select_related("assessment", "measure").get()
        assert (score.measure.slug, score.value) == ("nprs", Decimal("2.2838"))
        assert score.assessment.effective_at == datetime(2020, 5, 1, 14, tzinfo=UTC)
        assert score.assessment.course_id is None
        kept = SourceDocument.objects.get()
        assert (kept.title, kept.status, kept.content["title"]) == (
            "Plan of theirs",
            "active",
            "Plan of theirs",
        )
    assert "its abatement 2020 names no day" in imported.reasons("imported")[0]


@pytest.mark.parametrize(
    ("resource", "why"),
    [
        (observation(code={"text": "pain"}), "it has no LOINC code"),
        (observation(status="preliminary"), "not final"),
        (observation(status="entered-in-error"), "entered it in error"),
        (observation(value=11), "11 is no value of nprs"),
        (observation(value=10**18), "too large for a score"),
        (observation(effectiveDateTime="2020-05"), "on which day"),
        (observation(effectiveDateTime="2999-05-01"), "lies in the future"),
        (observation(valueQuantity=None, valueString="a lot"), "holds no number"),
        (observation(valueQuantity={"value": 4, "comparator": "<"}), "not the number"),
        (condition(code={}), "does not say which condition"),
        (condition(verificationStatus={"coding": [{"code": "entered-in-error"}]}), "in error"),
        (condition(subject="Group/g"), "no patient but a Group"),
        ({"resourceType": "Claim"}, "Claim is not imported"),
        ({"resourceType": "Sandwich"}, "Sandwich is not imported"),
    ],
)
def test_it_skips_what_cannot_be_used_and_imports_the_patient(
    creek: Organization, tmp_path: Path, resource: dict[str, object], why: str
) -> None:
    imported = run(creek, write(tmp_path / "b.json", bundle(patient(), resource)))
    assert imported.refusal == ""
    assert why in imported.reasons("skipped")[0]
    with acting_in(creek.id):
        assert Patient.objects.count() == 1
        assert not Assessment.objects.exists()
        assert not Condition.objects.exists()


@pytest.mark.feature("PT-01")
def test_it_parks_somebody_whom_another_source_may_have_brought(
    hospital: Organization, tmp_path: Path
) -> None:
    file = write(tmp_path / "b.json", bundle(patient(identifier=[])))
    run(hospital, file, source="urn:one")
    second = run(hospital, file, source="urn:two")
    assert "parked for somebody to compare" in second.printed
    with acting_in(hospital.id):
        review = DuplicateReview.objects.get()
        assert (review.status, review.matches) == ("open", ["same_demographics"])
        assert Patient.objects.filter(merged_into=None).count() == 2
    again = run(hospital, file, source="urn:two")
    assert again.counts["imported"] == 0
    with acting_in(hospital.id):
        assert DuplicateReview.objects.count() == 1
