"""Lists of places, people and events take as many queries for many rows as for few."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.cast import Cast, Person, make_location, make_patient, make_person


def measured(who: Person, url: str) -> tuple[int, int]:
    """Return how many queries a list takes, and how many rows it shows."""
    client = who.client
    client.get(url)
    with CaptureQueriesContext(connection) as taken:
        answer = client.get(url, {"limit": 100})
    assert answer.status_code == 200
    return len(taken), len(answer.data["results"])


@pytest.mark.parametrize(
    "url",
    [
        "/api/v1/locations",
        "/api/v1/practitioners",
        "/api/v1/events",
        "/api/v1/patients",
        "/api/v1/logins",
    ],
)
def test_it_takes_as_many_queries_for_many_rows(committed_cast: Cast, url: str) -> None:
    cast = committed_cast
    reader = cast.ada if url.endswith("logins") else cast.sam
    few = measured(reader, url)
    for number in range(12):
        place = make_location(cast.riverside, f"Site {number}", "America/Toronto")
        make_person(cast.riverside, f"P{number}", discipline="nutrition", location=place)
        make_patient(cast.asha, family_name=f"Patient {number}")
    many = measured(reader, url)
    assert many[0] == few[0]
    assert many[1] >= few[1] + 12
