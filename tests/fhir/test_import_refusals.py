"""What is broken or wrong is named by file and entry, and nothing of it is written."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from coordination.models import Organization, Patient
from coordination.tenancy import acting_in
from tests.fhir.importing import bundle, condition, document, observation, patient, rows, run, write

#: reasons that are all there is to say of a file
_WHOLE = ("it is empty", "it is not JSON")


def assert_nothing_written(organization: Organization) -> None:
    assert not any(rows(organization.id).values())


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is empty"),
        (b"  \n ", "it is empty"),
        (b"hello", "it is not JSON"),
        (b"\x89PNG\r\n", "it is not JSON"),
        (b"<Bundle/>", "XML"),
        (b"PK\x03\x04zip", "zip archive"),
        ("{}".encode("utf-16"), "not UTF-8"),
        (b"[1, 2]", "a list or a single value"),
        (b'{"a": 1}', "not FHIR: it has no resourceType"),
        (b'{"resourceType": 7}', "not FHIR: it has no resourceType"),
        (b'{"resourceType": "Bundle", "entry": [{"resource": ', "broken"),
        (json.dumps(bundle(patient())).encode()[:-9], "broken"),
        (json.dumps(bundle(patient())).encode() + b"}", "broken"),
        (json.dumps(bundle(patient())).encode().replace(b"1980", b"\xff\xfe"), "broken"),
        (json.dumps(bundle(patient())).encode().replace(b'"1980-02-29"', b"NaN"), "broken"),
        (gzip.compress(json.dumps(bundle(patient())).encode())[:-12], "cut off"),
        (b"\x1f\x8b not gzip at all", "compressed data is broken"),
        (b'{"entry": [' + b"[" * 100_000, "nested"),
        (b'{"resourceType": "Patient"} {"resourceType": "Patient"}', "broken"),
    ],
)
def test_it_names_a_file_that_it_cannot_read(
    creek: Organization, tmp_path: Path, content: bytes, why: str
) -> None:
    imported = run(creek, write(tmp_path / "file.json", content))
    assert imported.counts == {"imported": 0, "updated": 0, "skipped": 0, "rejected": 1}
    assert imported.refusal == "1 rejected."
    assert why in imported.reasons("rejected")[0]
    assert imported.report["items"][0]["file"].endswith("file.json")
    assert f"file.json: {why}" in imported.printed or why not in _WHOLE
    assert_nothing_written(creek)


@pytest.mark.parametrize(
    ("resource", "why"),
    [
        (patient(birthDate="29/02/1980"), "Patient.birthDate: '29/02/1980' is no FHIR date"),
        (patient(birthDate="1980-02-30"), "Patient.birthDate"),
        (patient(birthDate="0000-01-01"), "Patient.birthDate"),
        (patient(birthDate=19800229), "Patient.birthDate: is a number, not a text"),
        (patient(birthDate="2999-01-01"), "lies in the future"),
        (patient(gender="F"), "Patient.gender: 'F' is none of female"),
        (patient(name="Ellen"), "Patient.name: is a text, not a list"),
        (patient(name=[]), "Patient.name: there is no current name"),
        (patient(name=[{"family": ["a"]}]), "Patient.name[0].family: is a list, not a text"),
        (patient(name=[{"family": "a\0b"}]), "Patient.name[0].family: contains a NUL character"),
        (patient(name=[{"family": "\ud800"}]), "half a character"),
        (patient(name=[{"family": "x" * 501}]), "longer than 500"),
        (patient(identifier={"system": "a"}), "Patient.identifier: is an object, not a list"),
        (patient(deceasedBoolean="yes"), "Patient.deceasedBoolean: is a text"),
        (patient(deceasedDateTime="2020-01-01T25:00:00Z"), "Patient.deceasedDateTime"),
        (patient(multipleBirthInteger=10**400), "the number is too large"),
        (patient(contained=[{"resourceType": "Patient", "id": "x"}]), "is nobody"),
    ],
)
def test_it_refuses_a_patient_that_is_wrong_with_all_that_hangs_on_them(
    creek: Organization, tmp_path: Path, resource: dict[str, Any], why: str
) -> None:
    imported = run(creek, write(tmp_path / "b.ndjson", [resource, condition(), observation()]))
    reasons = imported.reasons("rejected")
    assert why in reasons[0], reasons
    assert len(reasons) == 3
    assert all("its patient was not written, because of Patient/p1" in each for each in reasons[1:])
    assert [item["line"] for item in imported.report["items"]] == [1, 2, 3]
    assert_nothing_written(creek)


@pytest.mark.parametrize(
    ("resource", "why"),
    [
        (condition(code="ankle"), "Condition.code: is a text, not an object"),
        (
            condition(onsetDateTime="yesterday"),
            "onsetDateTime: what stands there is no FHIR",
        ),
        (
            condition(clinicalStatus={"coding": [{"code": "fine"}]}),
            "Condition.clinicalStatus: what stands there is no clinical status",
        ),
        (observation(value="four"), "Observation.valueQuantity.value: is a text, not a number"),
        (observation(status="done"), "Observation.status"),
        (observation(code={"coding": "x"}), "Observation.code.coding: is a text, not a list"),
        (document(status=3), "CarePlan.status: is a number"),
        (document(period={"start": "then"}), "CarePlan.period.start"),
        (document("CareTeam", note="\0"), "CareTeam.note: contains a NUL character"),
    ],
)
def test_it_refuses_a_patient_of_whom_one_resource_is_wrong(
    creek: Organization, tmp_path: Path, resource: dict[str, Any], why: str
) -> None:
    other = patient("p2", name=[{"family": "Sound"}])
    imported = run(creek, write(tmp_path / "b.json", bundle(patient(), resource, other)))
    items = imported.report["items"]
    assert [item["outcome"] for item in items] == ["rejected", "rejected", "imported"]
    assert why in items[1]["reason"], items
    assert items[1]["entry"] == 1
    with acting_in(creek.id):
        assert [row.family_name for row in Patient.objects.all()] == ["Sound"]


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ("text", "the entry is not an object"),
        ({"resource": "text"}, "its resource is not an object"),
        ({"resource": {"id": "1"}}, "it has no resourceType"),
        ({"resource": {"resourceType": ["Patient"]}}, "it has no resourceType"),
        ({"resource": patient(), "fullUrl": 7}, "fullUrl: is a number"),
        ({"resource": patient(id=7)}, "Patient.id: is a number"),
        ({"resource": condition(subject="Patient/nobody")}, "neither in these files nor known"),
        ({"resource": condition() | {"subject": None}}, "Condition.subject: is missing"),
        ({"resource": condition() | {"subject": {}}}, "Condition.subject: is missing"),
        ({"resource": condition() | {"subject": "Patient/p2"}}, "Condition.subject: is a text"),
        ({"resource": {"resourceType": "Organization", "id": "o"}}, "there is no name"),
    ],
)
def test_it_refuses_one_entry_and_imports_the_others(
    creek: Organization, tmp_path: Path, entry: Any, why: str
) -> None:
    content = bundle(patient("p2"))
    content["entry"].append(entry)
    imported = run(creek, write(tmp_path / "b.json", content))
    assert imported.counts["rejected"] == 1
    assert imported.report["items"][1]["entry"] == 1
    assert why in imported.reasons("rejected")[0]
    with acting_in(creek.id):
        assert Patient.objects.count() == 1


def test_it_refuses_a_broken_line_and_reads_the_others(creek: Organization, tmp_path: Path) -> None:
    lines = [json.dumps(patient()), '{"resourceType": "Condi', "[]", json.dumps(condition())]
    imported = run(creek, write(tmp_path / "b.ndjson", "\n".join(lines).encode()))
    assert [item["outcome"] for item in imported.report["items"]] == [
        "imported",
        "rejected",
        "rejected",
        "imported",
    ]
    assert "line 2" in imported.printed


def test_it_uses_nothing_of_a_file_that_breaks_but_all_of_the_others(
    creek: Organization, tmp_path: Path
) -> None:
    broken = json.dumps(bundle(patient(), condition())).encode()[:-5]
    write(tmp_path / "a.json", broken)
    write(tmp_path / "b.json", bundle(patient("p2", name=[{"family": "Sound"}])))
    imported = run(creek, tmp_path / "a.json", tmp_path / "b.json")
    assert imported.counts["rejected"] == 1
    with acting_in(creek.id):
        assert [row.family_name for row in Patient.objects.all()] == ["Sound"]


def test_it_starts_nothing_when_a_path_leads_nowhere(creek: Organization, tmp_path: Path) -> None:
    path = write(tmp_path / "b.json", bundle(patient()))
    with pytest.raises(CommandError, match="there is no such file"):
        call_command("import_fhir", str(path), "/nowhere/x.json", organization=creek.slug)
    assert_nothing_written(creek)


def test_it_passes_by_what_is_no_file(creek: Organization, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "leads-nowhere.json").symlink_to(tmp_path / "gone.json")
    os.mkfifo(folder / "pipe.json")
    (folder / ".hidden.json").write_text("not ours")
    write(folder / "b.json", bundle(patient()))
    imported = run(creek, folder)
    assert imported.refusal == ""
    assert imported.counts["imported"] == sum(imported.counts.values()) == 1


def test_it_refuses_an_unknown_organization(creek: Organization, tmp_path: Path) -> None:
    path = write(tmp_path / "b.json", bundle(patient()))
    with pytest.raises(CommandError, match="no organization with the slug 'elsewhere'"):
        call_command("import_fhir", str(path), organization="elsewhere")
    assert_nothing_written(creek)
