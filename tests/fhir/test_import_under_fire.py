"""Files made to break an import: a clear reason for each, and nothing half-written."""

import gzip
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from care_plans.models import Condition
from coordination.demo.cast import PATIENTS
from coordination.environment import PROJECT
from coordination.models import Organization, Patient, PatientIdentifier
from coordination.tenancy import acting_in
from fhir.importing.spool import Spool
from tests.cast import make_organization
from tests.fhir.importing import bundle, condition, document, observation, patient, run, write
from tests.fhir.test_import_anything import ODD, places
from tests.servers.programs import StartProgram
from tests.servers.run import Servers

MIB = 1024 * 1024
# The bar is 300 MB; CI takes a tenth of it, and the bar itself when asked (minutes).
BUNDLE = int(os.environ.get("IMPORT_BUNDLE_MB", "30")) * 1_000_000
REAL = json.loads(gzip.decompress((PATIENTS / "jose-maria-casares.json.gz").read_bytes()))


def count(organization: Organization) -> int:
    with acting_in(organization.id):
        return Patient.objects.count()


BROKEN = {
    "deep": b'{"resourceType": "Bundle", "entry": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "nan": b'{"resourceType": "Patient", "x": NaN}',
    "utf-16": json.dumps(patient()).encode("utf-16"),
    "utf-8": b'{"resourceType": "Patient", "id": "\xff\xfe"}',
    "number": json.dumps(patient()).encode()[:-1] + b', "x": 1' + b"0" * 1000 + b"}",
    "after": json.dumps(patient()).encode() + b"{}",
    "twice": b'{"resourceType": "Patient", "id": "p", "gender": "male", "gender": "female"}',
    "twice in an entry": (
        b'{"resourceType": "Bundle", "entry": [{"resource": '
        b'{"resourceType": "Patient", "name": [{"family": "A", "family": "B"}]}}]}'
    ),
    "parts": b'{"resourceType": "Patient", "contact": [' + b"{}," * 300_000 + b"{}]}",
    "parts beside the entries": (
        b'{"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Claim"}}], "a": ['
        + b"{}," * 120_000
        + b'{}], "b": ['
        + b"{}," * 120_000
        + b"{}]}"
    ),
    "list": json.dumps([patient()]).encode(),
    "nothing": b"   ",
    "zip": b"PK\x03\x04",
    "packed": gzip.compress(json.dumps(patient()).encode())[:-9],
    "garbled": gzip.compress(b"x" * 1000)[:12] + b"\0" * 40,
}


@pytest.mark.django_db
@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_it_says_what_is_wrong_with_a_file_and_uses_nothing_of_it(
    creek: Organization, tmp_path: Path, content: bytes
) -> None:
    imported = run(creek, write(tmp_path / "broken.json", content))
    assert imported.counts["rejected"] == 1
    (reason,) = imported.reasons("rejected")
    assert reason
    assert "broken.json" in imported.printed
    assert "Traceback" not in imported.printed + imported.refusal
    assert count(creek) == 0


@pytest.mark.django_db
def test_it_reads_a_file_that_begins_with_a_mark(creek: Organization, tmp_path: Path) -> None:
    run(creek, write(tmp_path / "b.json", b"\xef\xbb\xbf" + json.dumps(patient()).encode()))
    assert count(creek) == 1


@pytest.mark.django_db
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(share=st.floats(0.001, 0.999))
def test_it_uses_nothing_of_a_file_cut_off_anywhere(
    creek: Organization, tmp_path: Path, share: float
) -> None:
    whole = json.dumps(bundle(patient(), condition(), observation())).encode()
    imported = run(creek, write(tmp_path / "cut.json", whole[: int(len(whole) * share) or 1]))
    assert imported.counts["imported"] == 0
    assert imported.counts["rejected"] >= 1
    assert count(creek) == 0


@pytest.mark.django_db
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_it_takes_a_real_record_whole_or_not_at_all_whatever_is_odd_in_it(
    creek: Organization, tmp_path: Path, data: st.DataObject
) -> None:
    kinds = ("Patient", "Condition", "Practitioner")
    kept = [one for one in REAL["entry"] if one["resource"]["resourceType"] in kinds][:12]
    content = json.loads(json.dumps({**REAL, "entry": kept}))
    for path in data.draw(st.lists(st.sampled_from(places(content)), min_size=1, max_size=3)):
        _put(content, path, data.draw(st.sampled_from(ODD)))
    imported = run(creek, write(tmp_path / "odd.json", json.dumps(content).encode()))
    for item in imported.report["items"]:
        assert item["outcome"] != "rejected" or (item["reason"] and item["file"])
    with acting_in(creek.id):
        assert set(Condition.objects.values_list("patient_id", flat=True)) <= set(
            Patient.objects.values_list("id", flat=True)
        )


def _put(content: Any, path: tuple[Any, ...], value: Any) -> None:
    for step in path[:-1]:
        if not isinstance(content, dict | list):
            return
        try:
            content = content[step]
        except (KeyError, IndexError, TypeError):
            return
    if isinstance(content, dict) or (isinstance(content, list) and path[-1] in range(len(content))):
        content[path[-1]] = value


@pytest.mark.django_db
def test_it_refuses_a_bomb_by_what_it_would_grow_to(creek: Organization, tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.json.gz"
    with gzip.open(bomb, "wb") as packed:
        packed.write(b'{"resourceType": "Bundle", "entry": [{}')
        for _ in range(100):
            claim = b'{"resourceType": "Claim", "text": "' + b" " * MIB + b'"}'
            packed.write(b',{"resource": ' + claim + b"}")
        packed.write(b"]}")
    imported = run(creek, bomb)
    assert "200 times its size" in imported.reasons("rejected")[0]


@pytest.mark.django_db
def test_it_refuses_a_line_that_says_two_things_at_once(
    creek: Organization, tmp_path: Path
) -> None:
    twice = b'{"resourceType": "Patient", "id": "p9", "birthDate": "1980", "birthDate": "1990"}'
    sound = json.dumps(patient()).encode()
    imported = run(creek, write(tmp_path / "b.ndjson", sound + b"\n" + twice + b"\n"))
    assert "stands twice in one object (birthDate)" in imported.reasons("rejected")[0]
    assert count(creek) == 1


@pytest.mark.django_db
def test_it_reads_a_long_line_entry_by_entry(creek: Organization, tmp_path: Path) -> None:
    parts = [patient(f"p{n}", text={"div": "x" * 300_000}) for n in range(5)]
    lines = [bundle(*parts), patient("last")]
    imported = run(creek, write(tmp_path / "b.ndjson", lines))
    assert count(creek) == 6, imported.printed
    broken = json.dumps(bundle(*parts)).encode()[:-2]
    imported = run(creek, write(tmp_path / "c.ndjson", broken + b"\n" + b"{}\n"))
    assert "nothing of the file was used" in imported.reasons("rejected")[0]


@pytest.mark.django_db
def test_it_refuses_more_than_an_operator_allows(
    creek: Organization, tmp_path: Path, settings: Any
) -> None:
    settings.IMPORT_MAX_UNPACKED = 1000
    imported = run(creek, write(tmp_path / "b.json.gz", patient(text="x" * 5000), zipped=True))
    assert "more than 1000 bytes" in imported.reasons("rejected")[0]


@pytest.mark.django_db
def test_it_refuses_an_entry_larger_than_any_resource(creek: Organization, tmp_path: Path) -> None:
    path = tmp_path / "huge.json"
    path.write_bytes(b'{"resourceType": "Patient", "text": "' + b"x" * (40 * MIB) + b'"}')
    assert "longer than" in run(creek, path).reasons("rejected")[0]


@pytest.mark.django_db
def test_it_says_that_the_disk_is_full(
    creek: Organization, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = Spool.__init__

    def small(spool: Spool) -> None:
        begin(spool)
        spool._db.execute("PRAGMA max_page_count = 40")

    monkeypatch.setattr(Spool, "__init__", small)
    parts = [patient(f"p{n}", text={"div": "x" * 2000}) for n in range(200)]
    path = write(tmp_path / "b.json", bundle(*parts))
    with pytest.raises(CommandError, match="free some space"):
        call_command("import_fhir", str(path), organization=creek.slug)
    assert count(creek) == 0


def test_it_stands_ten_imports_at_once(
    committed_db: None, tmp_path: Path, start_program: StartProgram
) -> None:
    creek = make_organization("Creek")
    people = [patient(f"p{n}") for n in range(30)]
    doctors = [
        {"resourceType": "Practitioner", "id": f"d{n}", "name": [{"family": f"D{n}"}]}
        for n in range(10)
    ]
    programs = []
    for n in range(10):
        turned = people[n * 2 :] + people[: n * 2]  # each begins elsewhere
        parts = [*doctors[n:], *turned, *(condition(f"c{i}", f"Patient/p{i}") for i in range(30))]
        path = write(tmp_path / f"{n}.json", bundle(*(reversed(parts) if n % 2 else parts)))
        programs.append(
            start_program("django", "import_fhir", str(path), "--organization", creek.slug)
        )
    said = [(each.process.wait(240), each.log.read_text()) for each in programs]
    assert [code for code, _ in said] == [0] * 10, said
    assert not any("Traceback" in text for _, text in said)
    with acting_in(creek.id):
        assert Patient.objects.count() == Condition.objects.count() == 30
        names = PatientIdentifier.objects.values_list("system", "value")
        assert len(names) == len(set(names))


def test_it_keeps_its_memory_flat_for_a_bundle_of_any_size(
    committed_db: None, tmp_path: Path, servers: Servers, database: str
) -> None:
    creek = make_organization("Creek")
    large = tmp_path / "large.json"
    with large.open("w") as file:
        file.writelines(_long(BUNDLE))
    assert large.stat().st_size >= BUNDLE
    program = subprocess.Popen(
        [sys.executable, "-m", "django", "import_fhir", str(large), "--organization", creek.slug],
        cwd=PROJECT,
        env={**os.environ, **servers.environment(database)},
        stdout=subprocess.DEVNULL,
    )
    peak = 0  # of the program alone: what the system counts of a child begins with its parent's
    while program.poll() is None:
        peak = max(peak, high_water(program.pid))
        time.sleep(0.02)
    assert program.returncode == 0
    assert 0 < peak < 300 * 1024, f"{peak // 1024} MiB"
    assert count(creek) >= 20


def high_water(pid: int) -> int:
    """Return the most memory that a process has had so far, in KiB; 0 once it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) if found else 0


def _long(size: int) -> Iterator[str]:
    """Yield one Bundle of at least so many bytes; each patient comes after what hangs on them.

    Half of it hangs on one of them.
    """
    yield '{"resourceType": "Bundle", "type": "collection", "entry": ['
    written = number = 0
    text = {"text": {"status": "generated", "div": "x" * 1500}}
    while written < size:
        number += 1
        whose = f"Patient/p{number % 20}"
        part = json.dumps({"resource": observation(f"o{number}", 4, whose) | text})
        if number % 2:
            part = json.dumps({"resource": document(id=f"d{number}") | text})
        elif number % 10:
            part = json.dumps({"resource": {"resourceType": "Claim", "id": f"x{number}"} | text})
        written += len(part)
        yield part + ","
    people = [json.dumps({"resource": patient(f"p{n}")}) for n in range(20)]
    yield ",".join(people) + "]}"
