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
    assert found.stays[0].source == ("expert_consensus",)


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
