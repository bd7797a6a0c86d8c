"""What is done at home: entered once a day, and the scores that days leave."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine

from care_plans import activities, adherence
from care_plans.models import (
    Activity,
    AdherenceEntry,
    Assessment,
    Course,
    Recommendation,
    Score,
)
from tests.care_plans import underway
from tests.care_plans.doses import change
from tests.care_plans.flagging import loading, under_load
from tests.care_plans.test_findings_at_once import together
from tests.cast import NOW, Cast, Person
from tests.matrix_scenes import a_patient

pytestmark = pytest.mark.usefixtures("clock")
DAY = timedelta(days=1)
TODAY = NOW.date()


@pytest.fixture
def course(cast: Cast) -> Course:
    """Ten days into the acute stage, the isometric exercises begun."""
    return under_load(cast)


def enter(cast: Cast, activity: Activity, who: Person | None = None, **body: Any) -> Any:
    asked = {
        "activity": str(activity.pk),
        "day": TODAY.isoformat(),
        "prescribed": 1,
        "completed": 1,
    }
    return (who or cast.asha).client.post("/api/v1/adherence-entries", {**asked, **body})


def latest(cast: Cast, slug: str) -> Decimal | None:
    with cast.acting():
        rows = Score.objects.filter(measure__slug=slug).order_by(
            "assessment__effective_at", "assessment__recorded_at", "id"
        )
        found = rows.last()
        return found.value if found else None


@pytest.mark.feature("OM-06")
def test_days_add_up_to_the_adherence_of_a_fortnight_that_every_lane_sees(
    cast: Cast, course: Course
) -> None:
    with cast.acting():
        underway.take(cast, course, cast.chloe)
        activity = loading(course)
    for ago, done in ((9, 1), (2, 0), (1, 1), (0, 1)):
        day = (TODAY - ago * DAY).isoformat()
        assert enter(cast, activity, day=day, completed=done).status_code == 201
    assert latest(cast, "adherence_pct") == Decimal(75)
    seen = cast.chloe.client.get("/api/v1/adherence-entries", {"course": str(course.pk)}).json()
    assert len(seen["results"]) == 4


@pytest.mark.feature("OM-06")
def test_a_day_is_that_of_the_clinic_and_its_evening_counts_after_a_move(
    cast: Cast, course: Course
) -> None:
    """At half past seven in the evening in Toronto it is another day already in UTC."""
    evening = datetime(2026, 11, 21, 19, 30, tzinfo=ZoneInfo("America/Toronto"))
    with cast.acting():
        activity = loading(course)
        underway.move(cast, course, "advance", now=evening, override=True, reason="Ready.")
    with time_machine.travel(evening + timedelta(hours=12), tick=False):
        sent = enter(cast, activity, day="2026-11-21", pain_during=8)
        assert sent.status_code == 201, sent.content
    with cast.acting():
        taken = Score.objects.get(measure__slug="pain_load_24h").assessment.effective_at
        assert underway.stay(course).entered_at < taken < evening + timedelta(hours=5)


@pytest.mark.feature("OM-06")
def test_what_lies_before_the_fortnight_counts_no_more(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast, now=NOW - 30 * DAY)
        actor = cast.asha.actor(NOW - 30 * DAY)
        activity = loading(course)
        activities.move_activity(activity.id, "begin", actor=actor, now=NOW - 30 * DAY)
    enter(cast, activity, day=(TODAY - 14 * DAY).isoformat(), completed=0)
    enter(cast, activity, day=(TODAY - 13 * DAY).isoformat(), prescribed=3, completed=2)
    enter(cast, activity, prescribed=1, completed=1)
    assert latest(cast, "adherence_pct") == Decimal(75)


@pytest.mark.feature("OM-06", "DP-04")
@pytest.mark.parametrize(
    ("days_ago", "share"), [([0], None), ([6, 0], None), ([7, 0], 100), ([10, 8], None)]
)
def test_a_few_days_do_not_speak_for_a_fortnight(
    cast: Cast, course: Course, days_ago: list[int], share: int | None
) -> None:
    """Each of its two weeks has a day that was entered, or nobody knows how it went."""
    with cast.acting():
        activity = loading(course)
    for ago in days_ago:
        enter(cast, activity, day=(TODAY - ago * DAY).isoformat())
    with cast.acting():
        known = adherence.adherence_of(course.pk, TODAY)
    assert known == share


@pytest.mark.feature("DP-04")
def test_a_day_that_is_entered_late_completes_its_fortnight(cast: Cast, course: Course) -> None:
    with cast.acting():
        activity = loading(course)
    enter(cast, activity, prescribed=2, completed=1)
    assert latest(cast, "adherence_pct") is None
    enter(cast, activity, day=(TODAY - 8 * DAY).isoformat(), prescribed=2, completed=2)
    assert latest(cast, "adherence_pct") == Decimal(75)


def test_more_than_was_prescribed_makes_up_for_no_other_day(cast: Cast, course: Course) -> None:
    with cast.acting():
        activity = loading(course)
    enter(cast, activity, day=(TODAY - 8 * DAY).isoformat(), prescribed=2, completed=0)
    enter(cast, activity, prescribed=2, completed=4)
    assert latest(cast, "adherence_pct") == Decimal(50)


@pytest.mark.feature("OM-04")
def test_the_worse_pain_is_the_load_response_and_twice_too_much_is_a_flare_up(
    cast: Cast, course: Course
) -> None:
    with cast.acting():
        activity = loading(course)
    enter(cast, activity, day=(TODAY - DAY).isoformat(), pain_during="2", pain_24h="5")
    assert latest(cast, "pain_load_24h") == Decimal(5)
    enter(cast, activity, pain_during="4", pain_24h="1")
    assert latest(cast, "pain_load_24h") == Decimal(4)
    with cast.acting():
        assert Recommendation.objects.filter(rule="rule.flare-up", status="open").count() == 1


@pytest.mark.feature("OM-04")
def test_one_day_counts_once_however_often_it_is_entered(cast: Cast, course: Course) -> None:
    """Three entries of one day are no three days, and a bad one is not hidden by a good one."""
    with cast.acting():
        activity = loading(course)
    first = enter(cast, activity, pain_24h=8).json()
    assert enter(cast, activity, pain_24h=1, replaces=first["id"]).status_code == 201
    with cast.acting():
        rows = Score.objects.filter(measure__slug="pain_load_24h", assessment__replaced_by=None)
        assert [row.value for row in rows] == [Decimal(1)]


@pytest.mark.feature("OM-06")
def test_a_day_is_entered_once_and_corrected_by_name(cast: Cast, course: Course) -> None:
    with cast.acting():
        activity = loading(course)
    enter(cast, activity, day=(TODAY - 7 * DAY).isoformat(), completed=0)
    first = enter(cast, activity, completed=1).json()
    again = enter(cast, activity, completed=0)
    assert (again.status_code, again.json()["entry"]) == (409, first["id"])
    mended = enter(cast, activity, completed=0, replaces=first["id"])
    assert mended.status_code == 201, mended.content
    assert latest(cast, "adherence_pct") == 0
    with cast.acting():
        assert AdherenceEntry.objects.count() == 3


def sittings(cast: Cast) -> list[Assessment]:
    """Return what was recorded of adherence, corrected sittings included."""
    with cast.acting():
        found = Assessment.objects.filter(scores__measure__slug="adherence_pct")
        return list(found.order_by("recorded_at", "id"))


def discharge(cast: Cast, course: Course, **asked: Any) -> None:
    with cast.acting():
        underway.move(cast, course, "discharge", reason="moved", outcome="patient_left", **asked)


@pytest.mark.feature("OM-06", "PV-12")
def test_a_day_that_is_corrected_after_discharge_still_counts(cast: Cast, course: Course) -> None:
    """As a corrected assessment does; what was known before stays readable."""
    with cast.acting():
        activity = loading(course)
    enter(cast, activity, day=(TODAY - 9 * DAY).isoformat())
    first = enter(cast, activity, day=(TODAY - 2 * DAY).isoformat(), completed=0).json()
    [before] = sittings(cast)
    discharge(cast, course, now=NOW - DAY)
    mended = enter(cast, activity, day=first["day"], completed=1, replaces=first["id"])
    assert mended.status_code == 201, mended.content
    assert latest(cast, "adherence_pct") == Decimal(100)
    old, new = sittings(cast)
    assert (old.pk, new.replaces_id) == (before.pk, before.pk)
    assert new.effective_at == before.effective_at
    assert (new.actor, new.practitioner_role) == ("software:care_plans.adherence", None)
    assert enter(cast, activity, day=first["day"], replaces=first["id"]).status_code == 409
    assert len(sittings(cast)) == 2


@pytest.mark.feature("OM-06")
def test_what_is_entered_after_an_end_counts_for_the_days_before_it_alone(
    cast: Cast, course: Course
) -> None:
    with cast.acting():
        activity = loading(course)
    enter(cast, activity, day=(TODAY - 9 * DAY).isoformat())
    ended = NOW - 2 * DAY
    discharge(cast, course, now=NOW, effective_at=ended)
    assert enter(cast, activity, day=(TODAY - DAY).isoformat()).status_code == 201
    assert sittings(cast) == []
    assert enter(cast, activity, day=(TODAY - 2 * DAY).isoformat()).status_code == 201
    [one] = sittings(cast)
    assert one.effective_at == ended


@pytest.mark.feature("OM-08")
def test_a_day_after_an_end_that_was_entered_late_is_corrected(cast: Cast, course: Course) -> None:
    with cast.acting():
        activity = loading(course)
    enter(cast, activity, day=(TODAY - 8 * DAY).isoformat())
    first = enter(cast, activity, day=(TODAY - DAY).isoformat(), completed=0).json()
    discharge(cast, course, now=NOW, effective_at=NOW - 3 * DAY)
    mended = enter(cast, activity, day=first["day"], completed=1, replaces=first["id"])
    assert mended.status_code == 201, mended.content
    assert latest(cast, "adherence_pct") == Decimal(100)


def test_a_patient_enters_their_own_days_and_no_others(cast: Cast, course: Course) -> None:
    with cast.acting():
        activity = loading(course)
    patient = a_patient(cast)
    body = {
        "activity": str(activity.pk),
        "day": TODAY.isoformat(),
        "prescribed": 2,
        "completed": 1,
        "pain_24h": "3",
    }
    answered = patient.client.post("/api/v1/me/adherence-entries", body)
    assert (answered.status_code, answered.json()["by_patient"]) == (201, True), answered.content
    assert latest(cast, "pain_load_24h") == Decimal(3)
    unknown = {**body, "activity": str(course.pk)}
    assert patient.client.post("/api/v1/me/adherence-entries", unknown).status_code == 404


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"day": (TODAY + DAY).isoformat()}, "/day"),
        ({"day": "2020-01-01"}, "/day"),
        ({"prescribed": 0}, "/prescribed"),
        ({"completed": -1}, "/completed"),
        ({"completed": 51}, "/completed"),
        ({"pain_24h": 11}, "/pain_24h"),
        ({"pain_during": -1}, "/pain_during"),
    ],
)
def test_it_names_the_wrong_value_and_writes_nothing(
    cast: Cast, course: Course, body: dict[str, Any], pointer: str
) -> None:
    with cast.acting():
        activity = loading(course)
    refused = enter(cast, activity, **body)
    assert refused.status_code == 400, refused.content
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]
    with cast.acting():
        assert not AdherenceEntry.objects.exists()


@pytest.mark.feature("OM-06")
def test_no_day_is_entered_before_it_has_come_at_the_clinic(cast: Cast, course: Course) -> None:
    """At ten in the evening in Toronto it is another day already in UTC."""
    with cast.acting():
        activity = loading(course)
    patient = a_patient(cast)
    evening = datetime(2026, 11, 23, 22, tzinfo=ZoneInfo("America/Toronto"))
    body = {"activity": str(activity.pk), "day": "2026-11-24", "prescribed": 1, "completed": 1}
    with time_machine.travel(evening, tick=False):
        for client, at in ((cast.asha.client, ""), (patient.client, "me/")):
            refused = client.post(f"/api/v1/{at}adherence-entries", body)
            assert refused.status_code == 400, refused.content
            [error] = refused.json()["errors"]
            assert error["pointer"] == "/day"
            assert "2026-11-23" in error["detail"]
        assert enter(cast, activity, day="2026-11-23").status_code == 201
    with cast.acting():
        assert [str(row.day) for row in AdherenceEntry.objects.all()] == ["2026-11-23"]


@pytest.mark.parametrize(
    ("who", "status"), [("gus", 404), ("sam", 403), ("ada", 403), ("pia", 403), ("olu", 404)]
)
def test_nobody_outside_the_circle_enters_or_reads(
    cast: Cast, course: Course, who: str, status: int
) -> None:
    with cast.acting():
        activity = loading(course)
    assert enter(cast, activity).status_code == 201
    person = cast.everybody[who]
    assert enter(cast, activity, who=person, day=(TODAY - DAY).isoformat()).status_code == status
    assert change(cast, activity, who=person, to_level="eccentric").status_code == status
    listed = person.client.get("/api/v1/adherence-entries").json()
    assert listed.get("results", []) == []


def test_many_entries_of_one_day_at_once_leave_one(committed_cast: Cast) -> None:
    cast, then = committed_cast, NOW - 10 * DAY
    with cast.acting():
        course = underway.start(cast, now=then)
        activity = loading(course)
        activities.move_activity(activity.id, "begin", actor=cast.asha.actor(then), now=then)
        actor = cast.asha.actor()

    def act() -> Any:
        done = adherence.Done(day=date.fromisoformat(str(TODAY)), prescribed=1, completed=1)
        return adherence.record_done(activity.pk, done, actor=actor, now=NOW)

    said = together(cast, *[act] * 6)
    assert sum(isinstance(one, AdherenceEntry) for one in said) == 1
