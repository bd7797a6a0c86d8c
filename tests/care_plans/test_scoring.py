"""Scoring: what items make, by the version that they were taken by, and nothing that is guessed."""

from decimal import Decimal
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from care_plans.content.files import MEASURES, read_measures
from care_plans.content.measures import MeasureDefinition
from care_plans.models import AbsentScore, Assessment, Measure, MeasureVersion, SafetyAlert, Score
from care_plans.publication import PublishedContentChanged, publish_measures
from care_plans.scoring import possible, scored
from tests.care_plans.sittings import URL, pointers, rows, send
from tests.cast import Cast

pytestmark = pytest.mark.usefixtures("clock")
ENGINE_READY = ("visa_h", "psfs", "lefs", "nprs", "phq4", "tsk11")


@cache
def shipped(slug: str) -> MeasureDefinition:
    return read_measures()[slug].definition


def sheet(slug: str, *values: Any, **more: Any) -> list[dict[str, Any]]:
    """Return an answered sheet, items from 1; None leaves one out."""
    named = {"label": "Running"} if slug == "psfs" else {}
    return [
        {"measure": slug, "item": number, "value": value, **named, **more}
        for number, value in enumerate(values, 1)
        if value is not None
    ]


def found(answer: Any) -> dict[tuple[str, str], tuple[str, bool]]:
    """Return what an assessment has beside its items: value, and whether it was computed."""
    assert answer.status_code == 201, answer.content
    return {
        (row["measure"], row["subscale"]): (row["value"], row["is_computed"])
        for row in answer.json()["scores"]
        if row["item"] is None
    }


# What ships


@pytest.mark.feature("OM-02")
@pytest.mark.parametrize("slug", ENGINE_READY)
def test_each_instrument_says_range_change_licence_and_how_it_is_scored(slug: str) -> None:
    of = shipped(slug)
    assert of.licence
    assert of.change, "a change that matters, or that nobody knows it"
    assert of.maximum is not None
    totals_only = slug in ("visa_h", "nprs")
    assert (of.scoring is None) == totals_only
    if of.scoring is not None:
        assert of.scoring.version == 1
        assert of.scoring.source
        assert of.scoring.range_of(of.scoring.items) == (of.minimum, of.maximum)


@pytest.mark.feature("OM-02")
def test_no_measure_ships_the_words_of_its_items() -> None:
    """No licence that was read permits any wording that was read."""
    for slug, file in read_measures().items():
        assert set(file.content) <= set(MeasureDefinition.model_fields), slug
        scoring = file.content.get("scoring") or {}
        assert isinstance(scoring.get("items", 0), int), slug
        assert not {"questions", "texts", "wording"} & {*file.content, *scoring}, slug


# Pure


@pytest.mark.feature("OM-02")
@pytest.mark.parametrize(
    ("slug", "answers", "total", "subscales"),
    [
        ("lefs", [4] * 20, 80, {}),
        ("lefs", [0] * 20, 0, {}),
        ("lefs", [1, 3] * 10, 40, {}),
        ("phq4", [3, 2, 1, 0], 6, {"gad2": 5, "phq2": 1}),
        ("tsk11", [1] * 11, 11, {}),
        ("tsk11", [4] * 11, 44, {}),
        ("start_back", [1, 1, 0, 0, 1, 1, 1, 1, 0], 6, {"psychosocial": 4}),
        ("psfs", [3, 4, 6], "4.3333", {}),
        ("psfs", [2, 4, 6, 8, 9], "5.8", {}),
    ],
)
def test_it_scores_as_the_instrument_does(
    slug: str, answers: list[int], total: Any, subscales: dict[str, int]
) -> None:
    scoring = shipped(slug).scoring
    assert scoring is not None
    made = scored(scoring, {n: Decimal(value) for n, value in enumerate(answers, 1)})
    assert made.total == Decimal(total)
    assert made.subscales == subscales


@settings(deadline=None)
@given(
    slug=st.sampled_from(["lefs", "phq4", "tsk11", "psfs"]),
    asked=st.data(),
)
def test_a_score_lies_in_the_range_whatever_the_order_and_is_never_guessed(
    slug: str, asked: st.DataObject
) -> None:
    of = shipped(slug)
    assert of.scoring is not None
    one = st.integers(int(of.scoring.lowest), int(of.scoring.highest)).map(Decimal)
    answers = asked.draw(st.dictionaries(st.integers(1, of.scoring.items), one))
    made = scored(of.scoring, answers)
    assert made == scored(of.scoring, dict(reversed(answers.items())))
    enough = of.scoring.at_least or of.scoring.items
    assert (made.total is not None) == (len(answers) >= enough)
    if made.total is not None:
        assert of.accepts(made.total)
        assert possible(of.scoring, answers, made.total)


def test_a_total_is_possible_exactly_if_some_sheet_makes_it() -> None:
    scoring = shipped("phq4").scoring
    assert scoring is not None
    for first, second, total in product(range(4), range(4), range(13)):
        told = {1: Decimal(first), 3: Decimal(second)}
        by_hand = any(first + second + a + b == total for a, b in product(range(4), range(4)))
        assert possible(scoring, told, Decimal(total)) == by_hand


# Recorded


@pytest.mark.feature("OM-02")
def test_items_make_total_and_subscales_by_the_version_that_is_kept(cast: Cast) -> None:
    answer = send(cast, *sheet("phq4", 3, 2, 1, 0))
    assert found(answer) == {
        ("phq4", ""): ("6", True),
        ("phq4", "gad2"): ("5", True),
        ("phq4", "phq2"): ("1", True),
    }
    version = shipped("phq4").version
    assert {row["measure_version"] for row in answer.json()["scores"]} == {version}
    assert answer.json()["absent"] == []


@pytest.mark.feature("OM-02")
@pytest.mark.parametrize(
    ("slug", "values"),
    [("lefs", [4] * 19 + [None]), ("phq4", [3, 2, 1, None]), ("psfs", [3, 4]), ("tsk11", [2])],
)
def test_items_that_are_missing_make_no_score_and_a_reason(
    cast: Cast, slug: str, values: list[Any]
) -> None:
    answer = send(cast, *sheet(slug, *values))
    assert (slug, "") not in found(answer)
    [absent] = answer.json()["absent"]
    assert (absent["measure"], absent["subscale"], absent["reason"]) == (slug, "", "items-missing")
    assert len(answer.json()["scores"]) >= len([v for v in values if v is not None])


def test_a_subscale_is_scored_where_its_own_items_are_there(cast: Cast) -> None:
    assert found(send(cast, *sheet("phq4", 3, 2, None, 1))) == {("phq4", "gad2"): ("5", True)}


@pytest.mark.feature("OM-02")
@pytest.mark.parametrize(
    ("sent", "place"),
    [
        ([*sheet("phq4", 1, 1, 1, 1), {"measure": "phq4", "value": 5}], "/scores/4/value"),
        ([*sheet("phq4", 3, 3), {"measure": "phq4", "value": 5}], "/scores/2/value"),
        (
            [*sheet("phq4", 1, 1, 1, 1), {"measure": "phq4", "value": 1, "subscale": "gad2"}],
            "/scores/4/value",
        ),
        (sheet("phq4", 4), "/scores/0/value"),
        (sheet("phq4", 1.5), "/scores/0/value"),
        (sheet("tsk11", 0), "/scores/0/value"),
        ([{"measure": "phq4", "item": 5, "value": 1}], "/scores/0/item"),
        ([{"measure": "psfs", "item": 1, "value": 3}], "/scores/0/label"),
        ([{"measure": "lefs", "item": 1, "value": 3, "label": "x"}], "/scores/0/label"),
        ([{"measure": "lefs", "value": 3, "version": 900}], "/scores/0/version"),
        ([{"measure": "visa_h", "value": 101}], "/scores/0/value"),
    ],
)
def test_it_refuses_what_the_items_do_not_make_and_what_is_no_answer(
    cast: Cast, sent: list[Any], place: str
) -> None:
    assert pointers(send(cast, *sent)) == {place}
    assert rows(cast) == (0, 0)


def test_a_total_that_was_added_up_by_hand_may_stand_beside_its_items(cast: Cast) -> None:
    answer = send(cast, *sheet("phq4", 1, 1, 1, 1), {"measure": "phq4", "value": 4})
    assert found(answer)["phq4", ""] == ("4", False)


def test_activities_keep_the_words_of_the_patient(cast: Cast) -> None:
    words = ["Running", "Sitting in the car", "Tying shoes"]
    sent = [
        {"measure": "psfs", "item": n, "value": 2 * n, "label": word}
        for n, word in enumerate(words, 1)
    ]
    answer = send(cast, *sent)
    assert found(answer) == {("psfs", ""): ("4", True)}
    assert [row["label"] for row in answer.json()["scores"]] == [*words, ""]


@pytest.mark.feature("OM-07")
def test_a_total_that_only_the_items_tell_calls_for_help_too(cast: Cast) -> None:
    assert found(send(cast, *sheet("phq9", 3, 3, 3, 3, 2, 2, 2, 2, 0)))["phq9", ""] == ("20", True)
    with cast.acting():
        assert [alert.rule for alert in SafetyAlert.objects.all()] == ["severe_depression"]


@pytest.mark.parametrize(
    ("item", "value"), [(5, 1), (1, 4), (0, 1)], ids=["item", "value", "item-zero"]
)
def test_the_database_itself_refuses_an_item_that_is_none(
    cast: Cast, item: int, value: int
) -> None:
    sitting = send(cast, {"measure": "lefs", "value": 40}).json()["id"]
    with cast.acting(), pytest.raises(IntegrityError), transaction.atomic():
        Score.objects.create(
            organization=cast.riverside,
            assessment_id=sitting,
            measure=Measure.objects.get(slug="phq4"),
            value=Decimal(value),
            item=item,
        )


def test_the_database_itself_refuses_a_version_that_is_not_there(cast: Cast) -> None:
    sitting = send(cast, {"measure": "lefs", "value": 40}).json()["id"]
    with cast.acting(), pytest.raises(IntegrityError), transaction.atomic():
        Score.objects.create(
            organization=cast.riverside,
            assessment_id=sitting,
            measure=Measure.objects.get(slug="nprs"),
            measure_version=77,
            value=Decimal(3),
        )


# Versions


def published(tmp_path: Path, *changes: tuple[str, str], slug: str = "phq4") -> None:
    text = (MEASURES / f"{slug}.yaml").read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    (tmp_path / f"{slug}.yaml").write_text(text)
    publish_measures(list(read_measures(tmp_path).values()))


def swapped(version: int) -> tuple[tuple[str, str], ...]:
    """Let the two subscales change places: the same items make another score."""
    return (
        (f"version: {version}\n", f"version: {version + 1}\n"),
        ("scoring:\n  version: 1\n", "scoring:\n  version: 2\n"),
        ("gad2: [1, 2]\n    phq2: [3, 4]", "gad2: [3, 4]\n    phq2: [1, 2]"),
    )


@pytest.mark.feature("OM-02")
def test_a_changed_scoring_reinterprets_nothing_that_was_recorded(
    committed_cast: Cast, tmp_path: Path
) -> None:
    cast, version = committed_cast, shipped("phq4").version
    sent = send(cast, *sheet("phq4", 3, 2, 1, 0)).json()
    before = cast.asha.client.get(f"{URL}/{sent['id']}").json()
    published(tmp_path, *swapped(version))
    assert cast.asha.client.get(f"{URL}/{before['id']}").json() == before

    after = send(cast, *sheet("phq4", 3, 2, 1, 0))
    assert found(after)["phq4", "gad2"] == ("1", True)
    assert {row["measure_version"] for row in after.json()["scores"]} == {version + 1}

    corrected = cast.asha.client.post(
        f"{URL}/{before['id']}/replace",
        {"scores": sheet("phq4", 3, 3, 1, 0), "reason": "Item 2 was read wrongly."},
    )
    assert found(corrected)["phq4", "gad2"] == ("6", True), "scored as it was taken"
    assert {row["measure_version"] for row in corrected.json()["scores"]} == {version}

    listed = cast.asha.client.get("/api/v1/measures/phq4/versions").json()["results"]
    assert {row["version"] for row in listed} == {version, version + 1}
    old = cast.asha.client.get(f"/api/v1/measures/phq4/versions/{version}").json()
    assert old["content"]["scoring"]["subscales"]["gad2"] == [1, 2]
    assert cast.asha.client.get("/api/v1/measures/phq4/versions/99").status_code == 404


@pytest.mark.feature("OM-02")
def test_scoring_does_not_change_under_the_version_that_it_has(
    committed_cast: Cast, tmp_path: Path
) -> None:
    version = shipped("phq4").version
    [number, _, subscales] = swapped(version)
    with pytest.raises(PublishedContentChanged, match=r"raise scoring\.version"):
        published(tmp_path, number, subscales)
    with committed_cast.acting():
        assert MeasureVersion.objects.filter(measure__slug="phq4").count() == 1


def test_one_sitting_is_of_one_version(cast: Cast) -> None:
    sent = sheet("phq4", 1, 1, version=shipped("phq4").version)
    sent[1]["version"] = 900
    assert "/scores/1/version" in pointers(send(cast, *sent))
    assert rows(cast) == (0, 0)


def test_a_withdrawal_needs_no_version(cast: Cast) -> None:
    taken = send(cast, *sheet("phq4", 1, 1)).json()["id"]
    answer = cast.asha.client.post(
        f"{URL}/{taken}/replace", {"scores": [], "reason": "Another patient's sheet."}
    )
    assert answer.status_code == 201, answer.content
    with cast.acting():
        assert Assessment.objects.count() == 2
        assert AbsentScore.objects.filter(assessment_id=answer.json()["id"]).count() == 0
