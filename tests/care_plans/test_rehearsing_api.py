"""Dry runs and forecasts over the API: what they show, to whom, and that nothing of it is left."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connections, transaction

from care_plans import activities
from care_plans.models import Course, PathwayVersion
from care_plans.rehearsing import playing, turns
from care_plans.rehearsing.turns import take_turn
from coordination.models import AuditEvent
from notifications.models import Message
from tests import lockbox
from tests.care_plans import underway
from tests.cast import NOW, Cast
from tests.standing_still import Tables

AT = "/api/v1/pathways/hamstring-tendinopathy"
MILD = {"severity": "mild", "side": "left", "begins_on": "2026-01-05"}


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing here depend on how busy this machine is."""
    monkeypatch.setattr(turns, "LONGEST", 3600)


def content() -> dict[str, Any]:
    found: dict[str, Any] = PathwayVersion.objects.newest("hamstring-tendinopathy").content
    return found


def told(answer: Any, kind: str) -> list[tuple[str, str, str]]:
    assert answer.status_code == 200, answer.content
    return [
        (entry["at"][:10], entry["who"], entry["what"])
        for entry in answer.data["entries"]
        if entry["kind"] == kind
    ]


@pytest.mark.feature("PW-13")
def test_it_rehearses_a_draft_and_keeps_nothing(cast: Cast) -> None:
    draft = content() | {"version": "9.9.9"}
    draft["stages"]["acute"]["expected"] = {
        "any": {"start": 0, "end": 1, "source": ["expert_consensus"]}
    }
    tables = Tables([cast.riverside.id, cast.harbour.id])
    answer = cast.asha.client.post(f"{AT}/dry-run", {**MILD, "draft": draft}, format="json")
    moved = told(answer, "stage")
    assert moved[0] == ("2026-01-05", "", "start: acute")
    assert moved[1] == ("2026-01-12", "", "advance: subacute")
    assert answer.data["version"] == "9.9.9"
    assert "yours may have nobody in some of these roles" in answer.data["notice"]
    assert answer.data["stays"][0]["source"] == ["expert_consensus"]
    assert (answer.data["stopped"], answer.data["ended_at"] is None) == ("", False)
    assert ("2026-01-05", "massage_therapy", "requested") in told(answer, "referral")
    assert {who for _, who, _ in told(answer, "message")} >= {"patient", "scheduler"}
    assert len(told(answer, "task")) > 5
    assert tables.changed_since({}) == []


@pytest.mark.feature("PW-13")
def test_it_names_all_that_is_wrong_with_a_draft(cast: Cast) -> None:
    draft = content()
    draft["stages"]["acute"]["expected"] = {"any": {"start": 3, "end": 1, "source": ["nobody"]}}
    draft["alternatives_of_mine"] = []
    answer = cast.asha.client.post(f"{AT}/dry-run", {**MILD, "draft": draft}, format="json")
    assert answer.status_code == 400
    places = {error["pointer"] for error in answer.data["errors"]}
    assert "/draft/alternatives_of_mine" in places
    assert any(one.startswith("/draft/stages/acute/expected") for one in places)
    other = content() | {"pathway": "ankle-sprain"}
    answer = cast.asha.client.post(f"{AT}/dry-run", {**MILD, "draft": other}, format="json")
    assert [error["pointer"] for error in answer.data["errors"]] == ["/draft/pathway"]


def test_it_rehearses_no_course_without_end(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(playing, "FURTHEST", timedelta(weeks=5))
    answer = cast.asha.client.post(f"{AT}/versions/1.3.0/dry-run", MILD)
    assert (answer.status_code, answer.data["type"]) == (
        400,
        "urn:continuum:problem:rehearsal-too-long",
    )
    assert "5 weeks" in answer.data["detail"]


@pytest.mark.feature("PW-13")
def test_it_forecasts_a_real_course_from_where_it_stands(cast: Cast) -> None:
    now = datetime.now(UTC)
    with cast.acting():
        course = underway.start(cast, now=now - timedelta(days=10))
        underway.take(cast, course, cast.chloe, now=now - timedelta(days=9))
        underway.score(course, {"nprs": "5"}, now=now - timedelta(days=2), who=cast.asha)
    tables = Tables([cast.riverside.id, cast.harbour.id])
    answer = cast.asha.client.get(f"/api/v1/courses/{course.id}/forecast")
    moved = told(answer, "stage")
    assert [what for _, _, what in moved][:2] == ["advance: subacute", "advance: maintenance"]
    assert all(entry["at"] > f"{now:%Y-%m-%d}" for entry in answer.data["entries"])
    stays = answer.data["stays"]
    assert moved[0][0] == stays[0]["expected_until"][:10]  # the clock runs since the real entry
    assert stays[0]["entered_at"] == f"{now - timedelta(days=10):%Y-%m-%dT%H:%M:%S.%fZ}"
    assert (answer.data["stopped"], answer.data["ended_at"] is None) == ("", False)
    assert told(answer, "task")
    assert "has happened" in answer.data["notice"]
    assert "made-up scheduler" in answer.data["notice"]
    with cast.acting():
        course.refresh_from_db()
        assert (course.status, course.stays.count()) == (Course.Status.ACTIVE, 1)
    assert tables.changed_since({}) == []


@pytest.mark.feature("PW-13")
@pytest.mark.feature("DP-02")
def test_a_forecast_stops_where_only_a_person_can_go_on(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast, now=NOW - timedelta(days=10))
        first = underway.version().definition.screened_flags()[0].id
        underway.screen(course, now=NOW, present=[first], who=cast.asha)
    answer = cast.asha.client.get(f"/api/v1/courses/{course.id}/forecast")
    assert told(answer, "stage") == []
    assert "red flag" in answer.data["stopped"].lower()
    assert answer.data["ended_at"] is None


@pytest.mark.parametrize(
    ("figure", "value"), [("end", 500_000), ("end", 1e12), ("end", "1E+999999")]
)
def test_it_says_which_figures_cannot_be_reckoned_with(cast: Cast, figure: str, value: Any) -> None:
    draft = content()
    draft["stages"]["acute"]["expected"] = {
        "any": {"start": 0, "end": 1, "source": ["expert_consensus"], figure: value}
    }
    answer = cast.asha.client.post(f"{AT}/dry-run", {**MILD, "draft": draft}, format="json")
    assert answer.status_code == 400, answer.content


@pytest.mark.parametrize("day", ["2009-06-01", "0001-01-01", "9999-12-31", "2039-01-01", "soon"])
def test_it_begins_within_ten_years_of_today(cast: Cast, day: str) -> None:
    answer = cast.asha.client.post(f"{AT}/versions/1.3.0/dry-run", {**MILD, "begins_on": day})
    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.data["errors"]] == ["/begins_on"]


def test_it_ends_what_takes_too_long(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "LONGEST", 0.2)
    answer = cast.asha.client.post(f"{AT}/versions/1.3.0/dry-run", MILD)
    assert (answer.status_code, answer.data["type"], answer["Retry-After"]) == (
        503,
        "urn:continuum:problem:rehearsal-took-too-long",
        "60",
    )
    assert "manage.py dry_run" in answer.data["detail"]
    assert "errors" not in answer.data  # nothing is wrong with what was asked


def test_a_repeated_dry_run_says_of_nobody_that_they_read_a_record(cast: Cast) -> None:
    headers = {"Idempotency-Key": "twice"}
    with cast.acting():
        before = set(AuditEvent.objects.values_list("pk", flat=True))
    for _ in range(2):
        answer = cast.sam.client.post(f"{AT}/versions/1.3.0/dry-run", MILD, headers=headers)
        assert answer.status_code == 200
    with cast.acting():
        rows = AuditEvent.objects.exclude(pk__in=before)
        assert {row.resource for row in rows} <= {"ApiToken"}


@pytest.mark.feature("PW-13")
def test_a_forecast_is_of_its_own_course_alone(cast: Cast) -> None:
    now = datetime.now(UTC)
    with cast.acting():
        course = underway.start(cast, now=now - timedelta(days=2))
        other = underway.start(cast, now=now - timedelta(days=1), side="right")
        waiting = Message.objects.filter(patient=cast.patient, status="queued")
        assert waiting.filter(subject_id__in=other.stays.values("pk")).exists()
    answer = cast.asha.client.get(f"/api/v1/courses/{course.id}/forecast")
    overdue = [day for day, _, what in told(answer, "message") if "longer" in what]
    assert overdue == []  # its own is left in time, and that of the other is not shown


def test_a_forecast_gives_way_to_whoever_works_on_the_patient(committed_cast: Cast) -> None:
    cast, now = committed_cast, datetime.now(UTC)
    with cast.acting():
        course = underway.start(cast, now=now - timedelta(days=2))
    client = cast.asha.client
    with cast.acting():
        activities.lock_courses(cast.patient.id)
        answer = elsewhere(lambda: client.get(f"/api/v1/courses/{course.id}/forecast"))
    assert (answer.status_code, answer.data["type"], answer["Retry-After"]) == (
        503,
        "urn:continuum:problem:rehearsal-running",
        "5",
    )
    assert "Ask again" in answer.data["detail"]


@pytest.mark.feature("PV-02")
def test_it_forecasts_nothing_for_whom_something_is_withheld(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast)
        underway.take(cast, course, cast.chloe)
        scene = lockbox.Scene(cast, course)
    scene.lock(target="discipline", target_discipline="physiotherapy", audience="everyone")
    answer = cast.chloe.client.get(f"/api/v1/courses/{course.id}/forecast")
    assert (answer.status_code, answer.data["type"]) == (
        409,
        "urn:continuum:problem:not-open-to-you",
    )


def test_nothing_lies_ahead_of_a_course_that_has_ended(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast, now=NOW - timedelta(days=10))
        underway.move(
            cast, course, "discharge", now=NOW, outcome="patient_left", reason="Moved away."
        )
    answer = cast.asha.client.get(f"/api/v1/courses/{course.id}/forecast")
    assert (answer.status_code, answer.data["type"]) == (
        409,
        "urn:continuum:problem:nothing-ahead",
    )


def test_one_rehearsal_runs_at_a_time(committed_cast: Cast) -> None:
    cast = committed_cast
    with transaction.atomic(), take_turn():
        answer = elsewhere(lambda: cast.asha.client.post(f"{AT}/versions/1.3.0/dry-run", MILD))
    assert (answer.status_code, answer.data["type"], answer["Retry-After"]) == (
        503,
        "urn:continuum:problem:rehearsal-running",
        "5",
    )


def elsewhere(ask: Any) -> Any:
    """Ask on a connection of another thread."""

    def asked() -> Any:
        try:
            return ask()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asked).result(30)


@pytest.mark.feature("PW-13")
def test_it_rehearses_what_nobody_may_begin_before_its_review(cast: Cast) -> None:
    late = content() | {"version": "9.9.9"}
    late["governance"] = {
        **late["governance"],
        "last_reviewed": "2020-01-01",
        "next_review_due": "2021-01-01",
    }
    answer = cast.asha.client.post(f"{AT}/dry-run", {**MILD, "draft": late}, format="json")
    assert told(answer, "stage")[0] == ("2026-01-05", "", "start: acute")
    assert (answer.data["review_status"], answer.data["review_due"]) == ("expired", "2021-01-01")


@pytest.mark.feature("PW-13")
def test_somebody_diagnoses_who_may(cast: Cast) -> None:
    draft = content() | {"version": "9.9.9"}
    draft["diagnosis"]["may_diagnose"] = ["chiropractic", "physiotherapy"]
    answer = cast.asha.client.post(f"{AT}/dry-run", {**MILD, "draft": draft}, format="json")
    assert told(answer, "stage")[0] == ("2026-01-05", "", "start: acute")


def test_it_says_that_nobody_may_diagnose(cast: Cast) -> None:
    draft = content()
    draft["diagnosis"]["may_diagnose"] = ["chiropractic", "nutrition"]
    answer = cast.asha.client.post(f"{AT}/dry-run", {**MILD, "draft": draft}, format="json")
    assert answer.status_code == 400
    [error] = answer.data["errors"]
    assert error["pointer"] == "/draft/diagnosis/may_diagnose"
    assert "course.apply" in error["detail"]
    assert "chiropractic, nutrition" in error["detail"]
