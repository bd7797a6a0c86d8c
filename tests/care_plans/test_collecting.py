"""Collection points, reasons for what is missing, and what practitioners measure."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from care_plans.collecting import asked_at_end
from care_plans.content.files import read_measures
from care_plans.content.sourced import STAGES
from care_plans.models import (
    AbsentScore,
    Assessment,
    Course,
    Measure,
    Pathway,
    PathwayVersion,
)
from fhir.questionnaires import ACC_STAGES
from tests import lockbox
from tests.care_plans import underway
from tests.care_plans.sittings import DAY, nprs, pointers, rows, send
from tests.cast import NOW, Cast, Person

pytestmark = pytest.mark.usefixtures("clock")


def due(who: Person, course: Course) -> dict[tuple[str, str, str, str], dict[str, Any]]:
    answer = who.client.get(f"/api/v1/courses/{course.id}/collection-points")
    assert answer.status_code == 200, answer.content
    return {(one["point"], one["stage"], one["measure"], one["side"]): one for one in answer.json()}


# Points


@pytest.mark.feature("OM-03")
@pytest.mark.parametrize("point", ["baseline", "mid_point", "exit", "ad_hoc"])
def test_a_sitting_says_why_it_was_taken_then(cast: Cast, course: Course, point: str) -> None:
    answer = send(cast, nprs(), course=str(course.id), collection_point=point)
    assert answer.status_code == 201, answer.content
    assert (answer.json()["collection_point"], answer.json()["stage"]) == (point, "")
    found = cast.asha.client.get("/api/v1/assessments", {"collection_point": point})
    assert answer.json()["id"] in {row["id"] for row in found.json()["results"]}


@pytest.mark.feature("OM-03")
def test_the_points_are_those_of_acc_and_the_stages_of_the_pathway() -> None:
    """As read: code system acc-icp-recorded-outcome-stage, version 1.1.0."""
    assert set(ACC_STAGES) == {"baseline", "mid-point", "exit", "adhoc"}
    assert {*ACC_STAGES.values(), "stage"} == set(Assessment.CollectionPoint.values)


@pytest.mark.feature("OM-03")
@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"collection_point": "often"}, "/collection_point"),
        ({"collection_point": "stage"}, "/for_stage"),
        ({"collection_point": "stage", "for_stage": "subacute"}, "/for_stage"),
        ({"collection_point": "baseline", "for_stage": "acute"}, "/for_stage"),
        (
            {
                "collection_point": "stage",
                "for_stage": "acute",
                "effective_at": (NOW - 12 * DAY).isoformat(),
            },
            "/for_stage",
        ),
    ],
)
def test_a_point_fits_the_course(
    cast: Cast, course: Course, more: dict[str, Any], place: str
) -> None:
    assert pointers(send(cast, nprs(), course=str(course.id), **more)) == {place}
    assert rows(cast) == (0, 0)


def test_history_without_a_course_has_no_point(cast: Cast) -> None:
    assert pointers(send(cast, nprs(), collection_point="baseline")) == {"/collection_point"}


@pytest.mark.feature("OM-03")
def test_what_a_stage_begins_with_is_outstanding_until_it_is_there(
    cast: Cast, course: Course
) -> None:
    before = due(cast.asha, course)
    assert {one["status"] for one in before.values()} == {"outstanding"}
    assert ("stage", "acute", "tsk11", "") in before
    send(cast, nprs(), course=str(course.id), collection_point="baseline")
    taken = send(
        cast,
        {"measure": "tsk11", "value": 20},
        course=str(course.id),
        collection_point="stage",
        for_stage="acute",
    )
    after = due(cast.asha, course)
    assert after["baseline", "", "nprs", ""]["status"] == "collected"
    stage = after["stage", "acute", "tsk11", ""]
    assert (stage["status"], stage["assessment"]) == ("collected", taken.json()["id"])
    assert after["baseline", "", "lefs", ""]["status"] == "outstanding"
    assert not any(key[0] == "exit" for key in after), "nobody leaves yet"


@pytest.mark.feature("OM-03")
def test_what_is_missing_says_why(cast: Cast, course: Course) -> None:
    answer = send(
        cast,
        course=str(course.id),
        collection_point="baseline",
        absent=[{"measure": "tsk11", "reason": "asked-declined"}],
    )
    assert answer.status_code == 201, answer.content
    assert answer.json()["scores"] == []
    one = due(cast.asha, course)["baseline", "", "tsk11", ""]
    assert (one["status"], one["reason"]) == ("absent", "asked-declined")
    send(
        cast, {"measure": "tsk11", "value": 30}, course=str(course.id), collection_point="baseline"
    )
    assert due(cast.asha, course)["baseline", "", "tsk11", ""]["status"] == "collected"


@pytest.mark.feature("OM-03")
@pytest.mark.parametrize(
    ("absent", "place"),
    [
        ({"measure": "tsk11", "reason": "lazy"}, "/absent/0/reason"),
        ({"measure": "none", "reason": "unknown"}, "/absent/0/measure"),
        ({"measure": "slhb_reps", "reason": "unknown"}, "/absent/0/side"),
        ({"measure": "phq4", "reason": "unknown", "subscale": "x"}, "/absent/0/subscale"),
        ({"measure": "nprs", "reason": "unknown"}, "/absent/0"),
    ],
)
def test_a_reason_is_of_a_value_that_is_not_there(
    cast: Cast, absent: dict[str, Any], place: str
) -> None:
    assert pointers(send(cast, nprs(), absent=[absent])) == {place}
    assert rows(cast) == (0, 0)


def test_a_sitting_without_anything_is_none(cast: Cast) -> None:
    assert pointers(send(cast)) == {"/scores"}


@pytest.mark.feature("OM-03", "PV-02")
def test_what_was_collected_by_somebody_withheld_says_only_that_it_was(cast: Cast) -> None:
    scene = lockbox.stage(cast, hands_over=False)
    with cast.acting():
        underway.score(scene.course, {"isi": "5"}, now=NOW, who=cast.farah)
    key = ("stage", scene.course.stage or "acute", "isi", "")
    assert due(cast.ben, scene.course)[key]["assessment"] is not None
    farah = cast.farah.practitioner_role.practitioner_id
    scene.lock(target="practitioner", target_practitioner_id=farah)
    one = due(cast.ben, scene.course)[key]
    assert (one["status"], one["assessment"], one["effective_at"]) == ("collected", None, None)


# What a way out asks for


#: what the exit of a stage asks about, and nothing else would have had anybody take
ASKED_AT_THE_END = {
    ("achilles-tendinopathy", "subacute"): {"visa_a"},
    ("achilles-tendinopathy", "maintenance"): {"visa_a"},
    ("gluteal-tendinopathy", "maintenance"): {"nprs", "visa_g"},
    ("hamstring-strain", "subacute"): {"nprs"},
    ("lateral-ankle-sprain", "subacute"): {"faam_adl"},
    ("low-back-pain", "subacute"): {"odi", "psfs"},
    ("lumbar-radiculopathy", "subacute"): {"nprs", "odi", "psfs"},
    ("neck-pain-wad", "subacute"): {"ndi", "psfs"},
    ("rotator-cuff", "subacute"): {"psfs", "quickdash"},
}


@pytest.mark.feature("OM-03")
def test_every_stage_asks_for_what_its_own_exit_reads(cast: Cast) -> None:
    slugs = Pathway.objects.filter(stub__isnull=True).values_list("slug", flat=True)
    versions = [PathwayVersion.objects.newest(slug) for slug in slugs]
    found = {
        (version.pathway.slug, stage): set(more)
        for version in versions
        for stage in STAGES
        if (more := asked_at_end(version.definition, stage))
    }
    assert found == ASKED_AT_THE_END


@pytest.fixture
def back(cast: Cast) -> Course:
    """Ten days into the subacute stage of low back pain, which begins with no measure."""
    with cast.acting():
        course = underway.start(
            cast,
            now=NOW - 40 * DAY,
            pathway_version_id=PathwayVersion.objects.newest("low-back-pain").id,
            side="",
            answers={},
        )
        return underway.move(
            cast, course, "advance", now=NOW - 10 * DAY, override=True, reason="Better already."
        )


@pytest.mark.feature("OM-03")
def test_a_stage_asks_before_its_end_for_what_its_exit_reads_and_says_why(
    cast: Cast, back: Course
) -> None:
    with cast.acting():
        stay = underway.stay(back)
        by = min(one for one in (stay.review_at, stay.expected_until) if one is not None)
    one = due(cast.asha, back)["stage", "subacute", "psfs", ""]
    assert (one["status"], one["due_at"]) == ("outstanding", by.isoformat().replace("+00:00", "Z"))
    assert one["why"] == [
        {"criterion": "own-activities", "text": "PSFS better by 2 since the beginning"}
    ]
    baseline = due(cast.asha, back)["baseline", "", "psfs", ""]
    assert (baseline["due_at"], baseline["why"]) == (None, [])


@pytest.mark.feature("OM-03")
def test_what_was_taken_before_the_stage_does_not_answer_what_its_exit_reads(
    cast: Cast, back: Course
) -> None:
    """An exit counts what was taken in the stay alone."""
    with cast.acting():
        underway.score(back, {"odi": "30"}, now=NOW - 10 * DAY - DAY / 2, who=cast.asha)
    key = ("stage", "subacute", "odi", "")
    assert due(cast.asha, back)[key]["status"] == "outstanding"
    with cast.acting():
        underway.score(back, {"odi": "18"}, now=NOW - DAY, who=cast.asha)
    assert due(cast.asha, back)[key]["status"] == "collected"


@pytest.mark.feature("OM-03")
def test_where_two_sides_are_compared_both_are_asked_for(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast, now=NOW - 20 * DAY, side="right")
        underway.move(cast, course, "advance", now=NOW - DAY, override=True, reason="Better.")
    asked = due(cast.asha, course)
    assert ("stage", "subacute", "slhb_reps", "left") in asked
    assert ("stage", "subacute", "slhb_reps", "right") in asked


@pytest.mark.feature("OM-03", "OM-09")
@pytest.mark.parametrize(("phq4", "asked"), [(5, False), (6, True)])
def test_distress_is_followed_with_the_longer_questionnaires(
    cast: Cast, course: Course, phq4: int, asked: bool
) -> None:
    with cast.acting():
        underway.score(course, {"phq4": str(phq4)}, now=NOW - DAY, who=cast.asha)
    found = due(cast.asha, course)
    for slug in ("phq9", "gad7"):
        one = found.get(("stage", "acute", slug, ""))
        assert (one is not None) is asked
        if one is not None:
            assert one["status"] == "outstanding"
            assert [why["criterion"] for why in one["why"]] == ["distress"]
    if asked:
        with cast.acting():
            underway.score(course, {"phq9": "4"}, now=NOW, who=cast.asha)
        key = ("stage", "acute", "phq9", "")
        assert due(cast.asha, course)[key]["status"] == "collected"


@pytest.mark.feature("OM-03", "PV-02")
def test_what_follows_a_score_is_not_asked_of_whom_the_score_is_withheld_from(cast: Cast) -> None:
    scene = lockbox.stage(cast, hands_over=False)
    with cast.acting():
        underway.score(scene.course, {"phq4": "8"}, now=NOW, who=cast.farah)
    assert any(key[2] == "phq9" for key in due(cast.ben, scene.course))
    farah = cast.farah.practitioner_role.practitioner_id
    scene.lock(target="practitioner", target_practitioner_id=farah)
    assert not any(key[2] == "phq9" for key in due(cast.ben, scene.course))


# What practitioners measure


@pytest.mark.feature("OM-05")
def test_a_measurement_keeps_side_method_and_instrument(cast: Cast) -> None:
    sent = [
        {
            "measure": "hamstring_flexibility_deg",
            "value": 70,
            "side": side,
            "method": "straight leg raise",
            "instrument": "goniometer",
        }
        for side in ("left", "right")
    ]
    sent.append({"measure": "slhb_reps", "value": 22, "side": "left", "method": "to_failure"})
    sent.append({"measure": "sl_bridge_hold_s", "value": 30, "side": "left"})
    answer = send(cast, *sent)
    assert answer.status_code == 201, answer.content
    told = [
        (row["measure"], row["side"], row["method"], row["instrument"])
        for row in answer.json()["scores"]
    ]
    assert told[0] == (
        "hamstring_flexibility_deg",
        "left",
        "straight leg raise",
        "goniometer",
    )
    assert told[2] == ("slhb_reps", "left", "to_failure", "")


@pytest.mark.feature("OM-05")
@pytest.mark.parametrize(
    ("score", "places"),
    [
        ({"measure": "slhb_reps", "value": 20}, {"/scores/0/side"}),
        ({"measure": "sl_bridge_hold_s", "value": 20}, {"/scores/0/side"}),
        ({"measure": "grip_kg", "value": 20}, {"/scores/0/side"}),
        (
            {"measure": "hip_extension_strength_kg", "value": 20, "side": "left"},
            {"/scores/0/method", "/scores/0/instrument"},
        ),
        (
            {"measure": "hamstring_flexibility_deg", "value": 20, "method": "x", "instrument": "y"},
            {"/scores/0/side"},
        ),
        (
            {"measure": "slhb_reps", "value": 20, "side": "left", "method": "by eye"},
            {"/scores/0/method"},
        ),
        ({"measure": "nprs", "value": 2, "method": "x" * 61}, {"/scores/0/method"}),
    ],
)
def test_side_and_method_are_asked_for_where_they_matter(
    cast: Cast, score: dict[str, Any], places: set[str]
) -> None:
    assert pointers(send(cast, score)) == places
    assert rows(cast) == (0, 0)


@pytest.mark.feature("OM-05")
def test_every_measure_of_one_limb_needs_its_side() -> None:
    sided = {slug for slug, file in read_measures().items() if file.definition.side_required}
    assert sided == {
        "grip_kg",
        "hamstring_flexibility_deg",
        "hip_extension_strength_kg",
        "sl_bridge_hold_s",
        "slhb_reps",
    }


# The database itself


def test_the_database_refuses_a_point_that_does_not_fit(cast: Cast, course: Course) -> None:
    base = {
        "organization": cast.riverside,
        "patient": cast.patient,
        "actor": "test",
        "effective_at": NOW,
        "recorded_at": NOW,
        "digest": "0" * 64,
    }
    wrong: list[dict[str, Any]] = [
        {"course": course, "collection_point": "stage"},
        {"course": course, "collection_point": "exit", "stage": "acute"},
        {"collection_point": "baseline"},
    ]
    for more in wrong:
        with cast.acting(), pytest.raises(IntegrityError), transaction.atomic():
            Assessment.objects.create(**base, **more)


def test_the_database_refuses_a_reason_that_is_none(cast: Cast) -> None:
    sitting = send(cast, nprs()).json()["id"]
    with cast.acting(), pytest.raises(IntegrityError), transaction.atomic():
        AbsentScore.objects.create(
            organization=cast.riverside,
            assessment_id=sitting,
            measure=Measure.objects.get(slug="tsk11"),
            measure_version=3,
            reason="lazy",
        )
