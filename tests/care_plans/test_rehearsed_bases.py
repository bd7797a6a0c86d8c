"""On what a rehearsal says that its parts rest: the version and the severity of their own time."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from care_plans import adopting, courses
from care_plans.content.pathways import PathwayDefinition
from care_plans.content.stored import reading_as
from care_plans.models import Course, PathwayVersion, StageStay
from care_plans.rehearsing.bases import of_stays
from care_plans.rehearsing.forecasting import forecast
from tests.care_plans import underway
from tests.cast import NOW, Cast

DAY = timedelta(days=1)


def version(number: str) -> PathwayVersion:
    found: PathwayVersion = PathwayVersion.objects.get(
        pathway__slug="hamstring-tendinopathy", version=number
    )
    return found


@contextmanager
def sourced(number: str, severity: str) -> Iterator[None]:
    """Let a version say that its acute weeks of one severity come from a source, the rest not."""
    content: Any = version(number).content
    weeks = content["stages"]["acute"]["expected"]
    weeks[severity] = {**weeks[severity], "source": ["carespace_2025"]}
    with reading_as(version(number).sha256, PathwayDefinition.model_validate(content)):
        yield


def into_subacute(cast: Cast, number: str) -> Course:
    """Return a course that has left its first stage five days ago."""
    course = underway.start(cast, now=NOW - 10 * DAY, pathway_version_id=version(number).id)
    return underway.move(
        cast, course, "advance", now=NOW - 5 * DAY, override=True, reason="They are well."
    )


@pytest.mark.feature("PW-13")
def test_a_past_stay_rests_on_the_version_of_its_time(cast: Cast) -> None:
    with cast.acting(), sourced("1.1.0", "mild"):
        course = into_subacute(cast, "1.0.0")
        adopting.adopt(
            course.pk,
            version("1.1.0").id,
            version=Course.objects.get(pk=course.pk).version,
            actor=cast.asha.actor(NOW - DAY),
            now=NOW - DAY,
        )
        course.refresh_from_db()
        found = forecast(course, actor=cast.asha.actor(NOW), now=NOW)
    assert found.stays[0].basis.source == ("expert_consensus",)


@pytest.mark.feature("PW-13")
def test_a_past_stay_rests_on_the_severity_of_its_time(cast: Cast) -> None:
    with cast.acting(), sourced("1.1.0", "mild"):
        course = into_subacute(cast, "1.1.0")
        courses.change_severity(
            course.pk,
            version=Course.objects.get(pk=course.pk).version,
            severity="moderate",
            reason="It is worse.",
            actor=cast.asha.actor(NOW - DAY),
            now=NOW - DAY,
        )
        course.refresh_from_db()
        stays = list(StageStay.objects.filter(course=course).order_by("sequence"))
        found = of_stays(course, stays)
    assert [found[stay.pk].source[0] for stay in stays] == ["carespace_2025", "expert_consensus"]


@pytest.mark.feature("PW-13")
def test_each_part_of_a_dry_run_says_what_it_rests_on(cast: Cast) -> None:
    with cast.acting():
        draft: Any = version("1.1.0").content
    lanes = draft["stages"]["acute"]["lanes"]
    lanes["physiotherapy"]["activities"][0]["source"] = ["carespace_2025", "expert_consensus"]
    lanes["physiotherapy"]["activities"][1]["source"] = ["expert_consensus"]
    definition = PathwayDefinition.model_validate(draft)
    asked = {"severity": "mild", "side": "left", "begins_on": "2026-01-05", "draft": draft}
    answer = cast.asha.client.post(
        "/api/v1/pathways/hamstring-tendinopathy/dry-run", asked, format="json"
    )
    entries = answer.data["entries"]
    marks = ("source", "evidence_grade", "is_expert_consensus")
    tasks = {
        (lane, one.text): (
            list(definition.supporting(one.source)),
            definition.grade(one.source),
            one.is_consensus,
        )
        for stage in definition.stages.values()
        for lane, content in stage.lanes.items()
        for one in content.activities
    }
    told = [one for one in entries if one["kind"] == "task"]
    assert [tasks[one["who"], one["what"]] for one in told] == [
        tuple(one[mark] for mark in marks) for one in told
    ]
    assert {one["is_expert_consensus"] for one in told} == {True, False}
    for kind, what in [
        ("stage", "advance: subacute"),
        ("lane", "needed"),
        ("stage", "start: acute"),
    ]:
        found = next(one for one in entries if (one["kind"], one["what"]) == (kind, what))
        assert found["evidence_grade"] is not None, found
    for one in entries:
        if one["kind"] == "message" or one["what"] in ("assign", "accept"):
            assert [one[mark] for mark in marks] == [[], None, None]
    assert [stay["evidence_grade"] for stay in answer.data["stays"]] == ["consensus"] * 3
