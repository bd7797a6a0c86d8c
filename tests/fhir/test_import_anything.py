"""Whatever somebody does to a bundle, the import ends with a report and whole patients."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from care_plans.models import Condition
from coordination.models import Organization
from coordination.tenancy import acting_in
from tests.fhir.importing import bundle, condition, document, observation, patient, run, write

ODD: list[Any] = [
    None,
    True,
    0,
    -1,
    1e308,
    10**40,
    "",
    " ",
    "\0",
    "\ud83d",
    "é" * 600,
    "2020",
    "2020-13-01",
    "9999-12-31T23:59:59-14:00",
    "0001-01-01T00:00:00+14:00",
    "#p1",
    "urn:uuid:",
    "Patient?identifier=|",
    "http://",
    [],
    [[]],
    [None],
    {},
    {"a": {}},
    [{}],
    {"reference": "Patient/p1/_history/"},
]


def whole() -> dict[str, Any]:
    """Return a bundle in which everything is said."""
    someone = patient(
        gender="male",
        telecom=[{"system": "phone", "value": "1"}, {"system": "email", "value": "a@b.example"}],
        address=[{"line": ["1 Street"], "city": "Town"}],
        communication=[{"language": {"coding": [{"code": "en"}]}, "preferred": True}],
        contact=[{"name": {"family": "K"}, "relationship": [{"coding": [{"code": "C"}]}]}],
        generalPractitioner=[{"reference": "#gp"}],
        contained=[{"resourceType": "Practitioner", "id": "gp", "name": [{"family": "G"}]}],
        deceasedDateTime="2021-01-01",
        meta={"lastUpdated": "2024-01-01T00:00:00Z"},
    )
    clinic = {"resourceType": "Organization", "id": "o", "name": "Clinic", "telecom": []}
    period = {"start": "2020-01-01", "end": "2020-02-01T00:00:00Z"}
    return bundle(
        someone,
        clinic,
        condition(onsetPeriod=period, clinicalStatus={"coding": [{"code": "active"}]}),
        observation(),
        document(period=period, category=[{"text": "Rehab"}]),
        document("CareTeam", "t1", reasonCode=[{"text": "Ankle"}]),
    )


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path to every part of a document."""
    found = [path] if path else []
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    for key, part in parts:
        below = (*path, key)
        found += places(part, below) if isinstance(part, dict | list) else [below]
    return found


@pytest.mark.django_db
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_it_ends_with_a_report_whatever_stands_where(
    creek: Organization, tmp_path: Path, data: st.DataObject
) -> None:
    content = deepcopy(whole())
    for path in data.draw(st.lists(st.sampled_from(places(content)), min_size=1, max_size=3)):
        put(content, path, deepcopy(data.draw(st.sampled_from(ODD))))
    imported = run(creek, write(tmp_path / "b.json", json.dumps(content).encode()), verbosity=0)
    assert sum(imported.counts.values()) == len(imported.report["items"]) > 0
    assert all(item["outcome"] for item in imported.report["items"])
    assert bool(imported.counts["rejected"]) == bool(imported.refusal)
    with acting_in(creek.id):
        assert not Condition.objects.filter(patient=None).exists()


def put(content: Any, path: tuple[Any, ...], value: Any) -> None:
    """Put a value somewhere, if an earlier one has left that place there."""
    for key in path[:-1]:
        try:
            content = content[key]
        except (KeyError, IndexError, TypeError):
            return
    if isinstance(content, dict | list):
        try:
            content[path[-1]] = value
        except (IndexError, TypeError):
            return
