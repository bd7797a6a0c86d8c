"""Imported answers that call for action: recent ones call somebody, old ones are told of."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from care_plans.models import SafetyAlert, Score
from coordination.models import Organization
from coordination.tenancy import acting_in
from notifications.models import Message
from tests.fhir.importing import observation, patient, run, write

LOINC = "http://loinc.org"
TOTAL, ITEM_9 = "44261-6", "44260-8"


def phq9(code: str, value: int, *, days: float, id: str = "o1") -> dict[str, Any]:
    at = (timezone.now() - timedelta(days=days)).isoformat()
    coded = {"coding": [{"system": LOINC, "code": code}]}
    return observation(id, value, code=coded, effectiveDateTime=at)


def alerts(place: Organization) -> list[str]:
    with acting_in(place.id):
        return sorted(SafetyAlert.objects.values_list("rule", flat=True))


@pytest.mark.feature("OM-07")
@pytest.mark.parametrize(
    ("code", "value", "days", "expected"),
    [
        (TOTAL, 20, 1, ["severe_depression"]),
        (TOTAL, 19, 1, []),
        (ITEM_9, 1, 13, ["suicide_risk"]),
        (ITEM_9, 0, 1, []),
        (ITEM_9, 3, 15, []),
        (TOTAL, 27, 400, []),
    ],
)
def test_a_recent_score_raises_an_alert_and_an_old_one_is_told_of(
    creek: Organization,
    tmp_path: Path,
    code: str,
    value: int,
    days: int,
    expected: list[str],
) -> None:
    file = write(tmp_path / "a.ndjson", [patient(), phq9(code, value, days=days)])
    said = run(creek, file)
    assert alerts(creek) == expected
    reasons = "; ".join(said.reasons("imported"))
    assert ("a safety alert was raised" in reasons) == bool(expected)
    calls = (code == TOTAL and value >= 20) or (code == ITEM_9 and value > 0)
    assert ("no alert, it is too old" in reasons) == (calls and not expected)
    with acting_in(creek.id):
        assert Score.objects.get().item == (9 if code == ITEM_9 else None)
        if not expected:
            assert not Message.objects.filter(kind__startswith="safety").exists()


def test_importing_again_raises_no_second_one(creek: Organization, tmp_path: Path) -> None:
    file = write(tmp_path / "a.ndjson", [patient(), phq9(ITEM_9, 2, days=1)])
    run(creek, file)
    run(creek, file)
    assert alerts(creek) == ["suicide_risk"]


@pytest.mark.feature("OM-07")
def test_a_correction_to_a_recent_day_calls_for_what_was_too_old(
    creek: Organization, tmp_path: Path
) -> None:
    run(creek, write(tmp_path / "a.ndjson", [patient(), phq9(ITEM_9, 2, days=60)]))
    assert alerts(creek) == []
    said = run(creek, write(tmp_path / "b.ndjson", [patient(), phq9(ITEM_9, 2, days=1)]))
    assert alerts(creek) == ["suicide_risk"], said
    with acting_in(creek.id):
        assert SafetyAlert.objects.get().assessment.replaces_id is not None


def test_an_answer_that_is_none_is_skipped(creek: Organization, tmp_path: Path) -> None:
    file = write(tmp_path / "a.ndjson", [patient(), phq9(ITEM_9, 4, days=1)])
    said = run(creek, file)
    assert "4 is no answer to this item" in said.reasons("skipped")
    assert alerts(creek) == []
