"""One record larger than memory, and files that hold the same or the unknown again and again."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from care_plans.models import Condition, Score, SourceDocument
from coordination.models import DirectoryEntry, Organization, Patient
from coordination.tenancy import acting_in
from fhir.importing import report, spool
from fhir.importing.files import Unreadable, find_files, read_entries
from tests.fhir.importing import (
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

pytestmark = pytest.mark.django_db


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let a part hold next to nothing, and return how many entries each was read with."""
    seen: list[int] = []
    read = spool.Spool.history_of

    def counted(self: spool.Spool, identity: Any) -> Any:
        for part in read(self, identity):
            seen.append(len(part))
            yield part

    monkeypatch.setattr(spool, "_PART", 600)
    monkeypatch.setattr(spool.Spool, "history_of", counted)
    return seen


def everything_of_one() -> list[dict[str, Any]]:
    hanging = [condition(f"c{n}") for n in range(8)] + [observation(f"o{n}") for n in range(8)]
    return [*hanging, *(document(id=f"d{n}") for n in range(8)), patient()]


def written(organization: Organization) -> list[int]:
    with acting_in(organization.id):
        models = (Patient, Condition, Score, SourceDocument)
        return [model._default_manager.count() for model in models]


def test_it_writes_one_person_part_by_part_and_nothing_the_second_time(
    creek: Organization, tmp_path: Path, parts: list[int]
) -> None:
    path = write(tmp_path / "b.json", bundle(*everything_of_one()))
    assert run(creek, path).counts == {"imported": 25, "updated": 0, "skipped": 0, "rejected": 0}
    assert written(creek) == [1, 8, 8, 8]
    assert sum(parts) == 24
    assert max(parts) < 8
    before = rows(creek.id)
    assert run(creek, path).reasons("skipped") == ["unchanged"] * 25
    assert rows(creek.id) == before
    corrected = [observation(f"o{n}", 7) for n in range(8)]
    again = run(creek, write(tmp_path / "c.json", bundle(patient(), *corrected)))
    assert again.counts["updated"] == 8
    with acting_in(creek.id):
        assert Score.objects.filter(value=7, assessment__replaces__isnull=False).count() == 8


def test_it_writes_nothing_of_a_person_whose_last_part_is_wrong(
    creek: Organization, tmp_path: Path, parts: list[int]
) -> None:
    wrong = condition("last", clinicalStatus=7)
    imported = run(creek, write(tmp_path / "b.json", bundle(*everything_of_one(), wrong)))
    assert imported.counts == {"imported": 0, "updated": 0, "skipped": 0, "rejected": 26}
    assert written(creek) == [0, 0, 0, 0]
    assert len(parts) > 1
    to_blame = [why for why in imported.reasons("rejected") if "because of" not in why]
    assert to_blame == ["Condition.clinicalStatus: is a number, not an object"]


def test_it_takes_copies_for_copies_and_refuses_two_that_contradict_each_other(
    creek: Organization, tmp_path: Path
) -> None:
    same = run(creek, write(tmp_path / "same.json", bundle(*[patient()] * 3, condition())))
    assert (same.counts["imported"], same.counts["skipped"]) == (2, 2)
    other = patient("p2", name=[{"family": "Other"}], birthDate="1990-01-01")
    twins = bundle(patient("p2"), other, condition("c2", "Patient/p2"))
    torn = run(creek, write(tmp_path / "torn.json", twins))
    assert torn.counts["rejected"] == 3
    assert "no meta.lastUpdated says which" in torn.reasons("rejected")[0]
    assert written(creek)[:2] == [1, 1]


def test_it_refuses_a_reference_that_two_of_its_own_file_could_mean(
    creek: Organization, tmp_path: Path
) -> None:
    people = [patient(identifier=[{"system": "urn:a", "value": f"{n}"}]) for n in range(2)]
    content = bundle(*people, condition())
    for n in range(2):
        content["entry"][n]["fullUrl"] = f"https://{n}.example/Patient/p1"
    imported = run(creek, write(tmp_path / "b.json", content))
    assert imported.reasons("rejected") == [
        "Patient/p1 stands for different resources in this file"
    ]
    assert written(creek)[:2] == [2, 0]


def test_it_writes_the_latest_of_many_copies_of_a_practitioner(
    creek: Organization, tmp_path: Path
) -> None:
    copies = [
        {
            "resourceType": "Practitioner",
            "id": f"d{n}",
            "identifier": [{"system": "http://hl7.org/fhir/sid/us-npi", "value": "1"}],
            "name": [{"text": "Somebody Else" if n == 3 else "Dana Doctor"}],
            "telecom": [{"system": "phone", "value": f"555-{n}"}],
            "meta": {"lastUpdated": f"2024-01-0{at}T00:00:00Z"},
        }
        for n, at in enumerate((2, 9, 1, 5))
    ]
    imported = run(creek, write(tmp_path / "b.json", bundle(*copies)))
    assert (imported.counts["imported"], imported.counts["skipped"]) == (1, 3)
    with acting_in(creek.id):
        entry = DirectoryEntry.objects.get()
        assert (entry.name, entry.phone) == ("Dana Doctor", "555-1")


def test_it_asks_once_about_all_who_are_not_in_the_files(
    creek: Organization, tmp_path: Path
) -> None:
    def asked(count: int) -> int:
        loose = [condition(f"c{n}", f"Patient/x{n}") for n in range(count)]
        path = write(tmp_path / f"{count}.json", bundle(*loose))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert run(creek, path).counts["rejected"] == count
        return len(queries)

    assert asked(3) == asked(60)


def test_it_counts_a_flood_of_reasons_as_others(
    creek: Organization, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "_MOST", 3)
    kinds = [{"resourceType": f"Kind{chr(65 + n)}"} for n in range(8)]
    imported = run(creek, write(tmp_path / "b.json", bundle(*kinds, {"resourceType": "Öl"})))
    assert imported.report["by_kind"]["(others)"] == {"skipped": 6}
    assert len(imported.report["items"]) == 9
    assert "(others)" in imported.printed
    assert imported.reasons("rejected") == ["it is not FHIR: it has no resourceType"]


def test_it_repeats_no_name_that_stands_where_fhir_has_none(
    creek: Organization, tmp_path: Path
) -> None:
    odd = patient(contact=[{"Ellen Example 1234": {"a": "\0"}}])
    imported: Imported = run(creek, write(tmp_path / "b.json", odd))
    assert imported.reasons("rejected") == ["Patient.contact[0].?.a: contains a NUL character"]


def test_it_uses_nothing_of_a_file_that_changes_while_it_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "b.ndjson", [patient(f"p{n}") for n in range(3)])
    entries = read_entries(path)
    next(entries)
    with path.open("a") as growing:
        growing.write(json.dumps(patient("late")))
    with pytest.raises(Unreadable, match="changed while it was read"):
        list(entries)


def test_it_says_that_a_folder_cannot_be_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert list(find_files([tmp_path])) == []
    with pytest.raises(Unreadable, match="no such file"):
        list(find_files([tmp_path / "loop"]))

    def refuse(path: Any) -> Any:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(Unreadable, match="Permission denied"):
        list(find_files([tmp_path]))


def test_it_keeps_no_transaction_open_while_it_finds_out_whose_an_entry_is(
    creek: Organization, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = spool.Spool.resolve
    outer = len(connection.savepoint_ids)
    open_ones: set[int] = set()

    def resolve(self: spool.Spool, *given: Any, **named: Any) -> Any:
        open_ones.add(len(connection.savepoint_ids) - outer)
        return asked(self, *given, **named)

    monkeypatch.setattr(spool.Spool, "resolve", resolve)
    run(creek, write(tmp_path / "b.json", bundle(patient(), condition())))
    assert open_ones == {0}
