"""The catch-up brief: one screen, made of what is recorded, whoever reads and however much."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from care_plans.brief import BUDGET, CHARACTERS
from care_plans.models import (
    Activity,
    Goal,
    LaneSignOff,
    RedFlagAnswer,
    RedFlagScreen,
    SeverityChange,
    StageTransition,
)
from coordination.models import AuditEvent, new_id
from tests import lockbox
from tests.care_plans import underway
from tests.cast import NOW, Cast

pytestmark = pytest.mark.django_db

MASSAGE = "massage_therapy"


#: when the brief is read
TOLD = NOW + timedelta(hours=1)


@pytest.fixture
def scene(cast: Cast) -> Iterator[lockbox.Scene]:
    with time_machine.travel(TOLD, tick=False):
        yield lockbox.stage(cast)


def address(cast: Cast, discipline: str = "") -> str:
    end = f"?discipline={discipline}" if discipline else ""
    return f"/api/v1/patients/{cast.patient.id}/brief{end}"


def sections(answer: Any) -> dict[str, list[str]]:
    assert answer.status_code == 200, answer.data
    return {one["name"]: [line["text"] for line in one["lines"]] for one in answer.data["sections"]}


def swell(scene: lockbox.Scene, times: int, name: str) -> None:
    """Record very much more of everything."""
    course = scene.course
    with scene.cast.acting():
        flag = course.pathway_version.definition.red_flags[0]
        screen = RedFlagScreen.objects.filter(course=course)[0]
        lane = underway.lane(course, "physiotherapy")
        copies: list[Any] = [
            Goal.objects.filter(course=course, stage="acute")[0],
            Activity.objects.filter(lane=lane, stage="acute")[0],
            LaneSignOff.objects.filter(course=course)[0],
            SeverityChange.objects.filter(course=course).first()
            or SeverityChange(course=course, organization=course.organization, severity="mild"),
            StageTransition.objects.filter(course=course)[0],
        ]
        for row in copies:
            made = []
            for number in range(times):
                values = {f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields}
                values["id"] = new_id()
                if "key" in values:
                    values["key"] = f"{name}-{number}"
                if "text" in values:
                    values["text"] = f"{number} " + "and more " * 50
                if "effective_at" in values:
                    values["effective_at"] = values["recorded_at"] = TOLD
                made.append(type(row)(**values))
            type(row).objects.bulk_create(made)
        for number in range(times):
            fields = {f.attname: getattr(screen, f.attname) for f in screen._meta.concrete_fields}
            fields |= {"id": new_id(), "key": f"{name}-{number}"}
            made_screen = RedFlagScreen.objects.create(**fields)
            RedFlagAnswer.objects.create(
                organization=course.organization,
                screen=made_screen,
                patient_id=course.patient_id,
                flag=flag.id,
                answer="present",
                urgency=flag.urgency.value,
            )


@pytest.mark.feature("PT-09")
def test_it_tells_a_joining_discipline_what_is_recorded(scene: lockbox.Scene) -> None:
    cast, course = scene.cast, scene.course
    answer = cast.chloe.client.get(address(cast))
    told = sections(answer)
    assert answer.data["withheld"] is False
    assert cast.asha.practitioner_role.practitioner.name in told["plan"][0]
    with cast.acting():
        entered = underway.stay(course).entered_at.date()
        lane = underway.lane(course, MASSAGE)
        own = set(Activity.objects.filter(lane=lane).values_list("text", flat=True))
    assert told["courses"][0].startswith(course.condition)
    assert f"acute since {entered}" in told["courses"][0]
    assert any("Too tender." in line for line in told["changes"])
    assert told["blockers"]
    assert told["goals"]
    assert any(line.startswith("massage therapy: ") for line in told["team"])
    assert any(line.startswith("Referral by") for line in told["asked"])
    assert any(text[:40] in line for line in told["asked"] for text in own)
    other = sections(cast.chloe.client.get(address(cast, "nutrition")))
    assert not any("Too tender" in line for line in other["asked"])
    with cast.acting():
        row = AuditEvent.objects.filter(event="Brief.read").latest("recorded_at")
        assert (row.patient_ids, row.basis) == ([cast.patient.id], "membership")


@pytest.mark.feature("PT-09")
def test_it_stays_one_screen_and_as_many_queries_with_a_hundred_times_the_data(
    scene: lockbox.Scene,
) -> None:
    client = scene.cast.asha.client
    swell(scene, 1, "one")
    client.get(address(scene.cast, "physiotherapy"))
    asked = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as captured:
            answer = client.get(address(scene.cast, "physiotherapy"))
        told = sections(answer)
        asked.append(len(captured))
        assert sum(map(len, told.values())) <= sum(BUDGET.values()) == 40
        for name, lines in told.items():
            assert len(lines) <= BUDGET[name]
            assert max(map(len, lines), default=0) <= CHARACTERS
        if len(asked) == 1:
            swell(scene, 100, "more")
    assert asked[0] == asked[1]
    more = {one["name"]: one["more"] for one in answer.data["sections"]}
    assert min(more["goals"], more["changes"], more["safety"], more["asked"]) > 90


@pytest.mark.feature("PT-09")
def test_it_says_that_something_is_withheld_and_never_what(scene: lockbox.Scene) -> None:
    cast = scene.cast
    before = cast.ben.client.get(address(cast, MASSAGE))
    assert "massage" in str(before.data["sections"]).lower()
    scene.lock(target="discipline", target_discipline=MASSAGE)
    after = cast.ben.client.get(address(cast, MASSAGE))
    assert after.data["withheld"] is True
    assert "massage" not in str(after.data["sections"]).lower()
    assert cast.chloe.practitioner_role.practitioner.name not in str(after.data["sections"])
    assert next(one for one in after.data["sections"] if one["name"] == "asked")["lines"] == []
    assert any("withheld" in line for line in sections(after)["blockers"])


@pytest.mark.feature("PT-09")
def test_it_reaches_nobody_outside_the_circle(cast: Cast) -> None:
    for who, status in ((cast.gus, 404), (cast.olu, 404), (cast.sam, 403), (cast.ada, 403)):
        assert who.client.get(address(cast)).status_code == status
    assert cast.asha.client.get(address(cast, "nobody")).status_code == 400
    assert cast.asha.client.get(f"{address(cast)}?other=1").status_code == 400


@pytest.mark.feature("PT-09")
def test_it_tells_no_change_of_long_ago(scene: lockbox.Scene, settings: Any) -> None:
    recent = sections(scene.cast.asha.client.get(address(scene.cast)))["changes"]
    assert any("Too tender." in line for line in recent)
    settings.CATCH_UP_DAYS = 2
    with time_machine.travel(TOLD + timedelta(days=3), tick=False):
        later = sections(scene.cast.asha.client.get(address(scene.cast)))["changes"]
    assert not any("Too tender." in line for line in later)
