"""A correction of answers calls nobody twice for the same, and anew for what is worse."""

from decimal import Decimal
from typing import Any

import pytest

from care_plans import assessing, safety_alerts
from care_plans.models import Assessment
from care_plans.sittings import NewScore
from tests.care_plans.calling import alerts, answer, put_on_call
from tests.cast import NOW, Cast

pytestmark = pytest.mark.usefixtures("clock")


def test_a_correction_closes_nothing_and_raises_what_it_now_says(cast: Cast) -> None:
    row = answer(cast, item_9=1)
    with cast.acting():
        assessing.replace_assessment(
            row.id,
            scores=[NewScore("phq9", Decimal(0), item=9)],
            reason="Misread.",
            actor=cast.asha.actor(),
            now=NOW,
        )
    [alert] = alerts(cast)
    assert alert.status == "open"


def correct(cast: Cast, row: Assessment, **items: int) -> Assessment:
    scores = [NewScore("phq9", Decimal(value), item=int(name[5:])) for name, value in items.items()]
    with cast.acting():
        mended, _ = assessing.replace_assessment(
            row.id, scores=scores, reason="Misread.", actor=cast.asha.actor(), now=NOW
        )
        return mended


@pytest.mark.feature("OM-07")
def test_correcting_another_answer_of_the_sheet_calls_nobody_again(cast: Cast) -> None:
    put_on_call(cast, cast.farah)
    row = answer(cast, item_9=1, item_1=2)
    mended = correct(cast, row, item_9=1, item_1=3)
    [alert] = alerts(cast)
    assert alert.assessment_id == row.id
    correct(cast, mended, item_9=1, item_1=0)
    assert len(alerts(cast)) == 1


@pytest.mark.feature("OM-07")
def test_a_correction_calls_again_for_an_answer_that_is_worse(cast: Cast) -> None:
    row = answer(cast, item_9=1)
    mended = correct(cast, row, item_9=2)
    assert [alert.assessment_id for alert in alerts(cast)] == [row.id, mended.id]
    mended = correct(cast, mended, item_9=1)
    correct(cast, mended, item_9=2, item_1=1)
    assert len(alerts(cast)) == 2


@pytest.mark.feature("OM-07")
def test_a_correction_of_a_total_calls_nobody_again(cast: Cast) -> None:
    sheet: dict[str, Any] = {f"item_{n}": 3 for n in range(1, 7)} | {"item_7": 2, "item_9": 0}
    row = answer(cast, **sheet, item_8=1)
    correct(cast, row, **sheet, item_8=2)
    assert [alert.rule for alert in alerts(cast)] == ["severe_depression"]


@pytest.mark.feature("OM-07")
@pytest.mark.parametrize("value", [1, 3])
def test_a_correction_calls_for_what_was_closed_before(cast: Cast, value: int) -> None:
    row = answer(cast, item_9=1)
    [alert] = alerts(cast)
    with cast.acting():
        said: dict[str, Any] = {"actor": cast.asha.actor(), "now": NOW}
        safety_alerts.acknowledge(alert.id, **said)
        wrong: dict[str, Any] = {"outcome": "entered_in_error", "reason": "Another person's sheet."}
        safety_alerts.close(alert.id, **wrong, **said)
    mended = correct(cast, row, item_9=value)
    [_, again] = alerts(cast)
    assert (again.assessment_id, again.status) == (mended.id, "open")


@pytest.mark.feature("OM-07")
def test_a_correction_calls_for_what_the_sheet_before_it_did_not(cast: Cast) -> None:
    row = answer(cast, item_9=0, item_1=2)
    assert alerts(cast) == []
    mended = correct(cast, row, item_9=1, item_1=2)
    [alert] = alerts(cast)
    assert alert.assessment_id == mended.id
    correct(cast, correct(cast, mended, item_9=0, item_1=2), item_9=1, item_1=2)
    assert len(alerts(cast)) == 2
