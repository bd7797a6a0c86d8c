"""What comes again: unchanged, changed at its source, edited here, or somebody else altogether."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from care_plans import plans
from care_plans.models import Assessment, CarePlan, Condition, Score, SourceDocument
from coordination import care_team, registration
from coordination.actors import Actor
from coordination.models import (
    AuditEvent,
    DirectoryEntry,
    Organization,
    Patient,
    PatientIdentifier,
)
from coordination.tenancy import acting_in
from tests.cast import LONG_AGO, NOW, Cast, make_location, make_person
from tests.fhir.importing import (
    MRN,
    Imported,
    bundle,
    condition,
    document,
    observation,
    patient,
    rows,
    run,
    write,
)


@pytest.fixture
def again(creek: Organization, tmp_path: Path) -> Any:
    """Import resources as one bundle, over and over."""

    def run_again(*resources: dict[str, Any]) -> Imported:
        return run(creek, write(tmp_path / "b.json", bundle(*resources)))

    return run_again


def only_patient(organization: Organization) -> Patient:
    with acting_in(organization.id):
        return Patient.objects.get()


def test_it_updates_what_changed_at_the_source_and_leaves_the_rest(
    creek: Organization, again: Any
) -> None:
    again(patient(gender="female", telecom=[{"system": "phone", "value": "1"}]))
    moved = patient(
        address=[{"city": "Elsewhere"}], name=[{"family": "Newname", "given": ["Ellen"]}]
    )
    assert again(moved).counts["updated"] == 1
    found = only_patient(creek)
    assert (found.family_name, found.address, found.search_key) == (
        "Newname",
        "Elsewhere",
        "newname ellen",
    )
    assert (found.gender, found.phone) == ("female", "1")
    assert (found.version, found.imported_version) == (2, 2)
    assert again(moved).reasons("skipped") == ["unchanged"]


def test_it_counts_a_new_version_number_of_the_server_as_no_change(again: Any) -> None:
    again(patient(meta={"versionId": "1", "lastUpdated": "2024-01-01T00:00:00Z"}))
    later = again(patient(meta={"versionId": "2", "lastUpdated": "2025-01-01T00:00:00Z"}))
    assert later.reasons("skipped") == ["unchanged"]


def test_it_never_overwrites_what_people_edited_here(creek: Organization, again: Any) -> None:
    again(patient())
    here = only_patient(creek)
    who = make_person(
        creek,
        "Sky",
        discipline="physiotherapy",
        location=make_location(creek, "Creek One", "America/Toronto"),
    )
    with acting_in(creek.id):
        registration.correct_patient(
            here.id,
            version=here.version,
            fields={"phone": "entered by hand"},
            actor=Actor(creek.id, "sky", roles=frozenset({"scheduler"})),  # type: ignore[arg-type] # a role by its value
            now=NOW,
        )
    assert who.role is not None
    changed = patient(telecom=[{"system": "phone", "value": "from the source"}])
    imported = again(changed, condition())
    assert "edited here since the import" in imported.reasons("skipped")[0]
    assert only_patient(creek).phone == "entered by hand"
    with acting_in(creek.id):
        assert Condition.objects.count() == 1
    assert again(changed, condition()).counts["updated"] == 0


@pytest.mark.feature("CP-10")
def test_it_says_whose_care_goes_on_although_they_have_died(cast: Cast, tmp_path: Path) -> None:
    """People end care, with an outcome: what a file says of a death may be wrong."""

    def again(resource: dict[str, Any]) -> Imported:
        return run(cast.riverside, write(tmp_path / "b.json", bundle(resource)))

    def noted() -> tuple[bool, str]:
        with cast.acting():
            here = Patient.objects.get(family_name="Example")
            return here.deceased_at is not None, CarePlan.objects.get(patient=here).status

    again(patient())
    with cast.acting():
        here = Patient.objects.get(family_name="Example")
        asha, role = cast.asha.actor(), cast.asha.practitioner_role
        care_team.open_intake(here.pk, lead_id=role.id, actor=cast.sam.actor(), now=NOW)
        plans.open_plan(here.pk, actor=asha, now=NOW)
    died = patient(deceasedDateTime="2026-01-02T03:04:05Z")
    [said] = again(died).reasons("updated")
    assert "a care plan is open here" in said
    assert noted() == (True, "open")
    assert again(died).reasons("skipped") == ["unchanged"]
    [said] = again(patient()).reasons("updated")
    assert "died" not in said
    assert noted() == (True, "open")


@pytest.mark.feature("CP-10")
def test_it_says_that_a_death_is_not_noted_where_people_s_words_stay(
    cast: Cast, tmp_path: Path
) -> None:
    with acting_in(cast.riverside.id):
        number = PatientIdentifier.objects.get(patient=cast.patient)
    someone = patient(
        identifier=[{"system": number.system, "value": number.value}],
        birthDate=str(cast.patient.birth_date),
        deceasedBoolean=True,
    )
    imported = run(cast.riverside, write(tmp_path / "b.json", bundle(someone)))
    [said] = imported.reasons("skipped")
    assert "registered here by hand" in said
    assert "has died, which is not noted here" in said
    with acting_in(cast.riverside.id):
        assert Patient.objects.get(pk=cast.patient.id).deceased_at is None


def test_it_attaches_to_a_patient_registered_by_hand_without_touching_what_they_entered(
    cast: Cast, tmp_path: Path
) -> None:
    with acting_in(cast.riverside.id):
        number = PatientIdentifier.objects.get(patient=cast.patient)
    someone = patient(
        identifier=[{"system": number.system, "value": number.value}],
        birthDate=str(cast.patient.birth_date),
    )
    path = write(tmp_path / "b.json", bundle(someone, condition()))
    imported = run(cast.riverside, path)
    assert "registered here by hand" in imported.reasons("skipped")[0]
    with acting_in(cast.riverside.id):
        assert Patient.objects.get(pk=cast.patient.id).family_name == cast.patient.family_name
        assert Condition.objects.get().patient_id == cast.patient.id
    before = rows(cast.riverside.id)
    run(cast.riverside, path)
    assert rows(cast.riverside.id) == before


@pytest.mark.parametrize(
    "second",
    [
        patient("other", identifier=[{"system": MRN, "value": "MRN-p1"}], birthDate="1999-09-09"),
        patient(
            "p1", identifier=[], birthDate="1999-09-09", name=[{"family": "Somebody", "given": []}]
        ),
    ],
)
def test_it_never_writes_one_person_over_another(
    creek: Organization, again: Any, second: dict[str, Any]
) -> None:
    again(patient())
    before = rows(creek.id)
    imported = again(second, condition("c9", f"Patient/{second['id']}"))
    assert "another birth date" in imported.reasons("rejected")[0]
    assert imported.counts["rejected"] == 2
    assert rows(creek.id) == before


def test_it_refuses_a_patient_whose_numbers_belong_to_two(creek: Organization, again: Any) -> None:
    again(patient("a"), patient("b"))
    before = rows(creek.id)
    both = [{"system": MRN, "value": "MRN-a"}, {"system": MRN, "value": "MRN-b"}]
    imported = again(patient("c", identifier=both))
    assert "belong to 2 different patients" in imported.reasons("rejected")[0]
    assert rows(creek.id) == before


def licence(value: str) -> dict[str, Any]:
    """Return a driver's licence."""
    return {"type": {"coding": [{"code": "DL"}]}, "system": "urn:licence", "value": value}


def test_it_does_not_take_two_people_for_one_because_of_a_licence(
    creek: Organization, again: Any
) -> None:
    first = patient("a", identifier=[licence("7"), {"system": MRN, "value": "1"}])
    second = patient("b", identifier=[licence("7")], birthDate="1999-09-09")
    imported = again(first, second, condition(subject="Patient/b"))
    assert imported.refusal == ""
    assert "drivers_licence belongs to another patient" in imported.reasons("imported")[1]
    with acting_in(creek.id):
        assert Patient.objects.count() == 2
        assert PatientIdentifier.objects.get(system="urn:licence").patient.birth_date == date(
            1980, 2, 29
        )
    before = rows(creek.id)
    again(first, second, condition(subject="Patient/b"))
    assert rows(creek.id) == before


def test_it_knows_a_patient_by_a_licence_when_name_and_birth_date_agree(
    creek: Organization, again: Any
) -> None:
    again(patient("a", identifier=[licence("7")]))
    again(patient("b", identifier=[licence("7")], gender="female"))
    assert only_patient(creek).gender == "female"


def test_it_knows_a_patient_by_number_when_the_id_is_new(creek: Organization, again: Any) -> None:
    again(patient("a"))
    same = patient("b", identifier=[{"system": MRN, "value": "MRN-a"}], gender="female")
    assert again(same).counts["updated"] == 1
    assert only_patient(creek).gender == "female"
    assert again(same, condition(subject="Patient/b")).counts["imported"] == 1
    assert again(condition("c2", subject="Patient/a")).counts["imported"] == 1


def test_it_updates_a_condition_and_keeps_one_that_was_withdrawn(
    creek: Organization, again: Any
) -> None:
    again(patient(), condition())
    resolved = condition(clinicalStatus={"coding": [{"code": "resolved"}]})
    assert again(patient(), resolved).counts["updated"] == 1
    with acting_in(creek.id):
        assert Condition.objects.get().clinical_status == "resolved"
    wrong = condition(verificationStatus={"coding": [{"code": "entered-in-error"}]})
    assert "kept as inactive" in again(patient(), wrong).reasons("updated")[0]
    with acting_in(creek.id):
        assert Condition.objects.get().clinical_status == "inactive"


def test_it_keeps_every_version_of_a_source_document(creek: Organization, again: Any) -> None:
    again(patient(), document(title="First"))
    assert again(patient(), document(title="Second")).counts["updated"] == 1
    assert again(patient(), document(title="Second")).counts["updated"] == 0
    with acting_in(creek.id):
        kept = SourceDocument.objects.order_by("recorded_at")
        assert [each.content["title"] for each in kept] == ["First", "Second"]


def test_it_corrects_a_score_without_losing_the_old_one(creek: Organization, again: Any) -> None:
    again(patient(), observation(value=4))
    assert again(patient(), observation(value=6, status="amended")).counts["updated"] == 1
    again(patient(), observation(value=6, status="amended"))
    with acting_in(creek.id):
        standing = Assessment.objects.standing().get()
        assert [score.value for score in standing.scores.all()] == [Decimal(6)]
        assert standing.replaces is not None
        assert standing.replaces.scores.get().value == Decimal(4)
    assert again(patient(), observation(status="entered-in-error")).counts["updated"] == 1
    with acting_in(creek.id):
        assert not Assessment.objects.standing().get().scores.exists()
        assert Score.objects.count() == 2


def test_it_refuses_a_resource_that_hangs_on_another_patient_here(
    creek: Organization, again: Any
) -> None:
    again(patient(), condition())
    before = rows(creek.id)
    imported = again(patient("p2"), condition(subject="Patient/p2"))
    assert "hangs on another patient here" in imported.reasons("rejected")[0]
    assert rows(creek.id) == before


def test_it_updates_a_directory_entry_and_nothing_else(creek: Organization, again: Any) -> None:
    clinic = {"resourceType": "Organization", "id": "o", "name": "Clinic of theirs"}
    again(clinic)
    moved = clinic | {"telecom": [{"system": "phone", "value": "555"}]}
    assert again(moved).counts["updated"] == 1
    assert again(moved).reasons("skipped") == ["unchanged"]
    with acting_in(creek.id):
        assert DirectoryEntry.objects.get().phone == "555"


def test_it_writes_no_audit_row_when_nothing_changes(creek: Organization, again: Any) -> None:
    again(patient(), condition())
    with acting_in(creek.id):
        before = AuditEvent.objects.count()
    again(patient(), condition())
    with acting_in(creek.id):
        assert AuditEvent.objects.count() == before


def test_it_imports_the_same_file_into_two_organizations_that_do_not_see_each_other(
    creek: Organization, hospital: Organization, tmp_path: Path
) -> None:
    path = write(tmp_path / "b.json", bundle(patient(), condition(), observation()))
    for organization in (creek, hospital):
        assert run(organization, path).counts["imported"] == 3
    assert only_patient(creek).id != only_patient(hospital).id
    assert only_patient(creek).birth_date == date(1980, 2, 29)
    assert only_patient(creek).registered_at > LONG_AGO
