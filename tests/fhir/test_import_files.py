"""The forms in which FHIR arrives, and how its parts refer to one another."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from care_plans.models import Condition, Score
from coordination.models import DirectoryEntry, Organization, Patient, PatientIdentifier
from coordination.tenancy import acting_in
from tests.fhir.importing import bundle, condition, observation, patient, rows, run, write

UUIDS = ("0f3d2c1b-aaaa-4bbb-8ccc-0123456789ab", "1f3d2c1b-aaaa-4bbb-8ccc-0123456789ab")


def names(organization: Organization) -> list[str]:
    with acting_in(organization.id):
        return sorted(Patient.objects.values_list("given_name", flat=True))


def conditions(organization: Organization) -> list[tuple[str, str]]:
    """Return whose condition each is."""
    with acting_in(organization.id):
        return sorted(Condition.objects.values_list("patient__given_name", "display"))


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize(
    "type", ["transaction", "batch", "collection", "searchset", "document", "history"]
)
def test_it_reads_bundles_of_every_type(
    creek: Organization, tmp_path: Path, type: str, zipped: bool
) -> None:
    content = bundle(patient(), condition(), type=type)
    assert run(creek, write(tmp_path / "file", content, zipped=zipped)).refusal == ""
    assert conditions(creek) == [("Ellen", "Sprain of ankle")]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("one.ndjson", [patient(), condition()]),
        ("named-as-json.json", [patient(), condition()]),
        ("without-a-name", [patient(), condition()]),
        ("pretty.ndjson", json.dumps(bundle(patient(), condition()), indent=2).encode()),
        ("bom.json", b"\xef\xbb\xbf" + json.dumps(bundle(patient(), condition())).encode()),
        ("bundles.ndjson", [bundle(patient()), bundle(condition())]),
        ("blank-lines.ndjson", f"{json.dumps(patient())}\n\n{json.dumps(condition())}".encode()),
        (
            "type-last.json",
            {"entry": bundle(patient(), condition())["entry"], "resourceType": "Bundle"},
        ),
        (
            "two-members.gz",
            gzip.compress(json.dumps(patient()).encode() + b"\n")
            + gzip.compress(json.dumps(condition()).encode() + b"\n"),
        ),
    ],
)
def test_it_goes_by_the_content_and_not_only_by_the_name(
    creek: Organization, tmp_path: Path, name: str, content: Any
) -> None:
    imported = run(creek, write(tmp_path / name, content))
    assert imported.refusal == "", imported.printed
    assert conditions(creek) == [("Ellen", "Sprain of ankle")]


def test_it_reads_a_single_resource(creek: Organization, tmp_path: Path) -> None:
    run(creek, write(tmp_path / "patient.json", patient()))
    assert names(creek) == ["Ellen"]


def test_it_joins_the_files_of_a_bulk_export_in_any_order(
    creek: Organization, tmp_path: Path
) -> None:
    folder = tmp_path / "export" / "deep"
    folder.mkdir(parents=True)
    write(folder / "Condition.ndjson", [condition("c1"), condition("c2", "Patient/p2")])
    write(folder / "Observation.ndjson.gz", [observation()], zipped=True)
    second = patient("p2", name=[{"family": "Other", "given": ["Oona"]}])
    write(folder / "Patient.ndjson", [patient(), second])
    (folder / "notes.txt").write_text("Nothing for the import.")
    imported = run(creek, tmp_path / "export")
    assert imported.refusal == "", imported.printed
    assert conditions(creek) == [("Ellen", "Sprain of ankle"), ("Oona", "Sprain of ankle")]
    with acting_in(creek.id):
        assert Score.objects.count() == 1
    assert "not JSON" in imported.reasons("skipped")


def test_it_adds_to_patients_of_an_earlier_import(creek: Organization, tmp_path: Path) -> None:
    run(creek, write(tmp_path / "Patient.ndjson", [patient()]))
    imported = run(creek, write(tmp_path / "Condition.ndjson", [condition()]))
    assert imported.refusal == "", imported.printed
    assert conditions(creek) == [("Ellen", "Sprain of ankle")]


@pytest.mark.parametrize(
    ("own_id", "full_url", "reference"),
    [
        (UUIDS[0], f"urn:uuid:{UUIDS[0]}", f"urn:uuid:{UUIDS[0]}"),
        (UUIDS[0], f"urn:uuid:{UUIDS[1]}", f"urn:uuid:{UUIDS[1]}"),
        (UUIDS[0], None, f"urn:uuid:{UUIDS[0]}"),
        (None, f"urn:uuid:{UUIDS[0]}", f"urn:uuid:{UUIDS[0]}"),
        ("p1", None, "Patient/p1"),
        ("p1", None, "Patient/p1/_history/3"),
        ("p1", "https://a.example/fhir/Patient/p1", "https://a.example/fhir/Patient/p1"),
        ("p1", "https://a.example/fhir/Patient/p1", "Patient/p1"),
        ("p1", None, "https://a.example/fhir/Patient/p1"),
        ("p1", None, "Patient?identifier=http://clinic.example/mrn|MRN-p1"),
    ],
)
def test_it_follows_every_kind_of_reference(
    creek: Organization,
    tmp_path: Path,
    own_id: str | None,
    full_url: str | None,
    reference: str,
) -> None:
    someone = patient("p1")
    someone.pop("id")
    if own_id:
        someone["id"] = own_id
    entry = {"resource": someone} | ({"fullUrl": full_url} if full_url else {})
    content = bundle(condition("c1", reference))
    content["entry"].append(entry)
    imported = run(creek, write(tmp_path / "b.json", content))
    assert imported.refusal == "", imported.printed
    assert conditions(creek) == [("Ellen", "Sprain of ankle")]


def test_it_follows_a_logical_reference(creek: Organization, tmp_path: Path) -> None:
    subject = {
        "type": "Patient",
        "identifier": {"system": "http://clinic.example/mrn", "value": "MRN-p1"},
    }
    run(creek, write(tmp_path / "b.json", bundle(condition(subject=""), patient())))
    run(creek, write(tmp_path / "b.json", bundle(patient(), condition() | {"subject": subject})))
    assert conditions(creek) == [("Ellen", "Sprain of ankle")]


def test_it_keeps_the_same_id_in_two_bundles_apart(creek: Organization, tmp_path: Path) -> None:
    for name, base in (("Ann", "https://a.example"), ("Bea", "https://b.example")):
        someone = patient(identifier=[], name=[{"family": "X", "given": [name]}])
        content = bundle(someone, condition(code={"text": f"of {name}"}))
        for entry in content["entry"]:
            resource = entry["resource"]
            entry["fullUrl"] = f"{base}/{resource['resourceType']}/{resource['id']}"
        write(tmp_path / f"{name}.json", content)
    imported = run(creek, tmp_path / "Ann.json", tmp_path / "Bea.json")
    assert imported.refusal == "", imported.printed
    assert conditions(creek) == [("Ann", "of Ann"), ("Bea", "of Bea")]


def test_it_keeps_bare_ids_of_two_systems_apart_when_they_are_named(
    creek: Organization, tmp_path: Path
) -> None:
    for name in ("Ann", "Bea"):
        someone = patient(identifier=[], name=[{"family": "X", "given": [name]}])
        path = write(tmp_path / f"{name}.json", bundle(someone, condition(code={"text": name})))
        run(creek, path, source=f"https://{name.lower()}.example")
    assert conditions(creek) == [("Ann", "Ann"), ("Bea", "Bea")]


def test_it_refuses_to_guess_between_two_files(creek: Organization, tmp_path: Path) -> None:
    for name, base in (("Ann", "https://a.example"), ("Bea", "https://b.example")):
        content = bundle(patient(identifier=[], name=[{"family": name}]))
        content["entry"][0]["fullUrl"] = f"{base}/Patient/p1"
        write(tmp_path / f"{name}.json", content)
    write(tmp_path / "Condition.ndjson", [condition()])
    imported = run(creek, *sorted(tmp_path.glob("*.*json")))
    assert "different resources in several of the files" in imported.reasons("rejected")[0]
    assert conditions(creek) == []


def test_it_reads_contained_resources(creek: Organization, tmp_path: Path) -> None:
    someone = patient(
        contained=[
            {"resourceType": "Practitioner", "id": "gp", "name": [{"family": "Inner"}]},
            {"resourceType": "Organization", "id": "org", "name": "Nobody refers to it"},
        ],
        generalPractitioner=[{"reference": "#gp"}],
    )
    inner = condition(subject="#p")
    inner["contained"] = [patient("p", identifier=[{"system": "urn:in", "value": "7"}])]
    imported = run(creek, write(tmp_path / "b.json", bundle(someone, inner)))
    assert imported.refusal == "", imported.printed
    with acting_in(creek.id):
        outer = Patient.objects.get(identifiers__value="MRN-p1")
        assert outer.family_physician is not None
        assert outer.family_physician.name == "Inner"
        owner = PatientIdentifier.objects.get(system="urn:in").patient_id
        assert Condition.objects.get().patient_id == owner
    before = rows(creek.id)
    run(creek, tmp_path / "b.json")
    assert rows(creek.id) == before


def test_it_takes_two_people_with_one_number_for_two_people(
    creek: Organization, tmp_path: Path
) -> None:
    number = [{"system": "http://hl7.org/fhir/sid/us-npi", "value": "100"}]
    first, second = (
        {"resourceType": "Practitioner", "id": name, "identifier": number, "name": [{"text": name}]}
        for name in ("First", "Second")
    )
    someone = patient(generalPractitioner=[{"reference": "Practitioner/Second"}])
    imported = run(creek, write(tmp_path / "b.json", bundle(first, second, someone)))
    assert "in the directory under another name" in imported.reasons("skipped")[0]
    with acting_in(creek.id):
        assert [entry.name for entry in DirectoryEntry.objects.all()] == ["First"]
        assert Patient.objects.get().family_physician is None


def test_it_takes_the_latest_of_several_copies(creek: Organization, tmp_path: Path) -> None:
    def version(name: str, at: str) -> dict[str, Any]:
        return patient(name=[{"family": "X", "given": [name]}], meta={"lastUpdated": at})

    content = bundle(
        version("New", "2024-02-01T00:00:00Z"),
        version("Old", "2024-01-01T00:00:00Z"),
        type="history",
    )
    imported = run(creek, write(tmp_path / "b.json", content))
    assert names(creek) == ["New"]
    assert imported.reasons("skipped") == ["the files hold it more than once"]


def test_it_does_not_follow_what_a_bundle_asks_a_server_to_delete(
    creek: Organization, tmp_path: Path
) -> None:
    content = bundle(patient(), condition())
    content["entry"][1]["request"] = {"method": "DELETE", "url": "Condition/c1"}
    imported = run(creek, write(tmp_path / "b.json", content))
    assert imported.reasons("skipped") == ["it asks a server to DELETE, it brings nothing"]
    assert conditions(creek) == []
