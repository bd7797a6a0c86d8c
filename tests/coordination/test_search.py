"""A patient is found by any words of the name, by an identifier and by the birth date."""

import pytest

from coordination.models import Patient, PatientWord
from tests.cast import Cast, make_patient

URL = "/api/v1/patients"


def found(cast: Cast, **asked: str) -> list[str]:
    answer = cast.sam.client.get(URL, asked)
    assert answer.status_code == 200, answer.data
    return sorted(row["family_name"] for row in answer.data["results"])


@pytest.fixture(autouse=True)
def somebody_else(cast: Cast) -> None:
    with cast.acting():
        make_patient(cast.asha, family_name="Tremolo")
        make_patient(cast.asha, family_name="García Márquez")


@pytest.mark.parametrize(
    ("name", "families"),
    [
        ("Noor", ["García Márquez", "Tremblay", "Tremolo"]),
        ("Tremblay No", ["Tremblay"]),
        ("noor tremblay", ["Tremblay"]),
        ("no trem", ["Tremblay", "Tremolo"]),
        ("TREM", ["Tremblay", "Tremolo"]),
        ("marquez", ["García Márquez"]),
        ("Marquez Garc", ["García Márquez"]),
        ("rembla", []),
        ("Tremblay Zoe", []),
        ("%", []),
        ("_", []),
        ("x" * 200, []),
    ],
)
def test_it_finds_a_patient_by_any_words_of_the_name(
    cast: Cast, name: str, families: list[str]
) -> None:
    assert [one for one in found(cast, name=name) if one != "Roy"] == families


def test_it_finds_a_patient_by_the_new_name_and_no_longer_by_the_old(cast: Cast) -> None:
    url = f"{URL}/{cast.patient.id}"
    etag = cast.sam.client.get(url).headers["ETag"]
    answer = cast.sam.client.patch(url, {"family_name": "Lavoie"}, headers={"if-match": etag})
    assert answer.status_code == 200, answer.data
    assert found(cast, name="Tremblay") == []
    assert found(cast, name="noor lav") == ["Lavoie"]


def test_it_keeps_the_words_of_every_patient_whoever_writes_the_row(cast: Cast) -> None:
    with cast.acting():
        for patient in Patient.objects.all():
            words = PatientWord.objects.filter(patient=patient).values_list("word", flat=True)
            assert sorted(words) == sorted(set(patient.search_key.split()))
        long = make_patient(cast.asha, family_name="y" * 200)
        assert PatientWord.objects.get(patient=long, word__startswith="y").word == "y" * 64
    assert found(cast, name="y" * 199) == ["y" * 200]
    assert found(cast, name="y" * 64 + "z") == []


def test_it_finds_nobody_outside_the_circle_or_the_organization(cast: Cast) -> None:
    assert found(cast, name="okafor") == []  # a patient of Harbour
    for asked in ({"name": "noor"}, {"birth_date": str(cast.patient.birth_date)}):
        assert cast.gus.client.get(URL, asked).data["results"] == []
