"""Content grows old: a review that is due warns, then stops new courses, and can be renewed."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from io import StringIO
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from pytest_django import Settings

from care_plans import courses, plans
from care_plans.content.files import PATHWAYS
from care_plans.content.pathways import Governance, PathwayDefinition
from care_plans.content_review import (
    NotSignedHere,
    ReviewStatus,
    review,
    review_due,
    review_status,
)
from care_plans.models import Course, PathwayReview, PathwayVersion
from care_plans.signing import sign
from coordination.models import AuditEvent
from coordination.problems import Denied, Invalid
from coordination.tenancy import acting_in
from tests.care_plans import underway
from tests.care_plans.linting import SHIPPED
from tests.cast import NOW, Cast, Person

pytestmark = pytest.mark.feature("PW-07")

TODAY = NOW.date()
DAY = timedelta(days=1)
VERSION = "/api/v1/pathways/hamstring-tendinopathy/versions/1.3.0"
NEXT_YEAR = TODAY + 365 * DAY


def words_of(person: Person) -> dict[str, str]:
    role = person.practitioner_role
    return {
        "name": role.practitioner.name,
        "college": role.college,
        "registration_number": role.registration_number,
    }


def sign_as(person: Person) -> None:
    sign(underway.version(), actor=person.actor(), now=NOW, **words_of(person))


def review_as(
    person: Person, due: date = NEXT_YEAR, *, now: datetime = NOW, **given: str
) -> PathwayReview:
    own = words_of(person) | given
    version = underway.version()
    return review(version, actor=person.actor(), next_review_due=due, now=now, **own)


@contextmanager
def due_on(due: date | None, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the content itself say when its review is due."""
    whole: PathwayDefinition = underway.version().definition
    governance = whole.governance.model_copy(update={"next_review_due": due})
    aged = whole.model_copy(update={"governance": governance})
    with patch.context() as patched:
        patched.setattr(PathwayVersion, "definition", property(lambda self: aged))
        yield


# by the day


@pytest.mark.parametrize(
    ("days", "status"),
    [
        (61, "current"),
        (60, "due_soon"),
        (0, "due_soon"),
        (-1, "overdue"),
        (-30, "overdue"),
        (-31, "expired"),
    ],
)
def test_it_goes_from_current_over_a_warning_to_expired(days: int, status: str) -> None:
    assert review_status(TODAY + days * DAY, today=TODAY) == status


def test_it_knows_nothing_where_nobody_has_said_when() -> None:
    assert review_status(None, today=TODAY) == ReviewStatus.UNKNOWN


def test_it_follows_the_clinics_settings(settings: Settings) -> None:
    settings.CONTENT_REVIEW_WARNING_DAYS = 1
    settings.CONTENT_REVIEW_GRACE_DAYS = 0
    assert review_status(TODAY + 2 * DAY, today=TODAY) == ReviewStatus.CURRENT
    assert review_status(TODAY - DAY, today=TODAY) == ReviewStatus.EXPIRED


@given(st.dates() | st.just(date.min) | st.just(date.max), st.dates())
def test_it_never_grows_younger(due: date, today: date) -> None:
    order = ["current", "due_soon", "overdue", "expired"]
    now = order.index(review_status(due, today=today))
    if today < date.max:
        assert order.index(review_status(due, today=today + DAY)) >= now


# what it means for courses


def test_it_begins_courses_in_the_time_of_grace_and_says_so_in_the_trail(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    with cast.acting(), due_on(TODAY - 30 * DAY, monkeypatch):
        underway.apply(cast)
        (event,) = AuditEvent.objects.filter(event="course.applied")
        assert event.detail["content_review"] == "overdue"


def test_it_begins_no_course_once_the_grace_is_over_and_leaves_those_under_way(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    with cast.acting():
        with due_on(TODAY - 31 * DAY, monkeypatch):
            with pytest.raises(courses.ExpiredVersion) as refused:
                underway.apply(cast)
            assert refused.value.extra["rule"] == "pathway.review-due"
            assert str(TODAY - 31 * DAY) in str(refused.value)
            assert not Course.objects.exists()
        course = underway.apply(cast)
        with due_on(TODAY - 31 * DAY, monkeypatch):
            assert underway.apply(cast) == course, "it is under way already"


def test_it_begins_courses_again_after_a_review(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    with cast.acting(), due_on(TODAY - 31 * DAY, monkeypatch):
        sign_as(cast.asha)
        review_as(cast.asha)
        assert underway.apply(cast).status == "intake"


def test_it_renews_for_one_organization_alone(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    with due_on(TODAY, monkeypatch):
        with cast.acting():
            sign_as(cast.asha)
            review_as(cast.asha)
            assert review_due(underway.version(), cast.riverside.id) == NEXT_YEAR
        with acting_in(cast.harbour.id):
            assert review_due(underway.version(), cast.harbour.id) == TODAY
            assert review_due(underway.version(), cast.riverside.id) == TODAY, "nor can they look"


def test_it_lets_the_newest_review_count_also_when_its_day_is_earlier(cast: Cast) -> None:
    with cast.acting():
        sign_as(cast.asha)
        review_as(cast.asha)
        review_as(cast.asha, TODAY + 30 * DAY, now=NOW + timedelta(minutes=1))
        assert review_due(underway.version(), cast.riverside.id) == TODAY + 30 * DAY
        assert PathwayReview.objects.count() == 2


# recording one


def test_it_is_recorded_with_name_college_number_and_date(cast: Cast) -> None:
    with cast.acting():
        sign_as(cast.asha)
        given = review_as(cast.asha, note="Two newer trials change nothing.")
        given.refresh_from_db()
        assert given.practitioner_role == cast.asha.practitioner_role
        assert {"name": given.name, "college": given.college} == {
            key: words_of(cast.asha)[key] for key in ("name", "college")
        }
        assert given.registration_number == cast.asha.practitioner_role.registration_number
        assert (given.reviewed_at, given.next_review_due) == (NOW, NEXT_YEAR)
        (event,) = AuditEvent.objects.filter(event="pathway.review")
        version = underway.version()
        assert event.resource_id == version.id
        assert event.detail == {
            "review": str(given.id),
            "next_review_due": NEXT_YEAR.isoformat(),
            "sha256": version.sha256,
        }


def test_it_needs_a_signature_of_the_organization_first(cast: Cast) -> None:
    with cast.acting():
        with pytest.raises(NotSignedHere, match="sign it, before its review is renewed"):
            review_as(cast.asha)
        assert not PathwayReview.objects.exists()


@pytest.mark.parametrize("who", ["ben", "chloe", "dmitri", "esi", "farah", "sam", "ada", "pia"])
def test_it_refuses_whoever_may_not_sign(cast: Cast, who: str) -> None:
    with cast.acting():
        sign_as(cast.asha)
        with pytest.raises(Denied) as denied:
            review(
                underway.version(),
                actor=cast.everybody[who].actor(),
                next_review_due=NEXT_YEAR,
                now=NOW,
                **words_of(cast.asha),
            )
        assert denied.value.rule == "pathway.signing.disciplines"
        assert not PathwayReview.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", " "), ("college", "Another college"), ("registration_number", "999999")],
)
def test_it_refuses_a_review_that_is_not_the_reviewers(cast: Cast, field: str, value: str) -> None:
    with cast.acting():
        sign_as(cast.asha)
        with pytest.raises(Invalid) as refused:
            review_as(cast.asha, NEXT_YEAR, now=NOW, **{field: value})
        assert [error.pointer for error in refused.value.errors] == [f"/{field}"]
        assert not PathwayReview.objects.exists()


@pytest.mark.parametrize(
    ("due", "words"),
    [
        (TODAY, "must be after today, 2026-11-23"),
        (date.min, "must be after today, 2026-11-23"),
        (TODAY + 1096 * DAY, "must be at most 1095 days from today"),
        (date.max, "must be at most 1095 days from today"),
    ],
)
def test_it_refuses_a_day_that_is_past_or_too_far_off(cast: Cast, due: date, words: str) -> None:
    with cast.acting():
        sign_as(cast.asha)
        with pytest.raises(Invalid) as refused:
            review_as(cast.asha, due)
        assert [(e.pointer, e.detail) for e in refused.value.errors] == [
            ("/next_review_due", words)
        ]
        assert not PathwayReview.objects.exists()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE care_plans_pathwayreview SET next_review_due = '2040-01-01'",
        "DELETE FROM care_plans_pathwayreview",
    ],
)
def test_it_never_lets_a_review_be_changed(cast: Cast, statement: str) -> None:
    with cast.acting():
        sign_as(cast.asha)
        review_as(cast.asha)
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
        assert review_due(underway.version(), cast.riverside.id) == NEXT_YEAR


def test_a_signature_does_not_hold_for_ever(cast: Cast) -> None:
    """No shipped version states a day: it expires by its signature."""
    with cast.acting():
        version = underway.version()
        assert version.definition.governance.next_review_due is None
        assert review_due(version, cast.riverside.id) is None
        sign_as(cast.asha)
        due = TODAY + timedelta(days=settings.CONTENT_REVIEW_LONGEST_DAYS)
        assert review_due(version, cast.riverside.id) == due
        grace = timedelta(days=settings.CONTENT_REVIEW_GRACE_DAYS)
        plan, _ = plans.open_plan(cast.patient.id, actor=cast.asha.actor(), now=NOW)
        last = datetime.combine(due + grace, time(12), tzinfo=UTC)
        assert courses.must_be_in_force(plan, version, last) == "overdue"
        with pytest.raises(courses.ExpiredVersion):
            courses.must_be_in_force(plan, version, last + DAY)
    shown = cast.asha.client.get(VERSION).json()
    assert (shown["review_status"], shown["review_due"]) == ("current", due.isoformat())


# over the API


def test_it_shows_how_a_version_stands_and_renews_it(cast: Cast) -> None:
    shown = cast.sam.client.get(VERSION).json()
    assert (shown["review_status"], shown["review_due"], shown["reviews"]) == ("unknown", None, [])
    own = words_of(cast.asha)
    body = {**own, "next_review_due": NEXT_YEAR.isoformat(), "note": "Still holds."}
    refused = cast.asha.client.post(f"{VERSION}/review", body)
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (
        409,
        "pathway-not-signed",
    )
    assert cast.asha.client.post(f"{VERSION}/sign", own).status_code == 201
    answer = cast.asha.client.post(f"{VERSION}/review", body)
    assert answer.status_code == 201, answer.content
    for address in (VERSION, "/api/v1/pathways", VERSION.removesuffix("/1.3.0")):
        seen = cast.sam.client.get(address).json()
        rows = [v for row in seen.get("results", [seen]) for v in row.get("versions", [row])]
        (version,) = [row for row in rows if row["sha256"] == shown["sha256"]]
        assert version["review_status"] == "current"
        assert version["review_due"] == NEXT_YEAR.isoformat()
        assert version["reviews"] == [answer.json()]
        assert all(row["reviews"] == [] for row in rows if row is not version)
    elsewhere = cast.olu.client.get(VERSION).json()
    assert (elsewhere["review_status"], elsewhere["reviews"]) == ("unknown", [])


@pytest.mark.parametrize(
    ("days", "status"), [(300, "current"), (330, "due_soon"), (366, "overdue"), (396, "expired")]
)
def test_it_shows_the_status_of_the_day(cast: Cast, days: int, status: str) -> None:
    with cast.acting():
        sign_as(cast.asha)
        review_as(cast.asha)
    with time_machine.travel(NOW + days * DAY, tick=False):
        shown = cast.sam.client.get(VERSION)
        assert shown.status_code == 200, shown.content
        assert shown.json()["review_status"] == status


@pytest.mark.django_db(transaction=True)
def test_it_reads_from_the_database_the_day_that_the_content_names(tmp_path: Path) -> None:
    folder = copytree(PATHWAYS, tmp_path / "pathways")
    text = SHIPPED.read_text().replace("\nversion: 1.0.0", "\nversion: 9.0.0")
    text = text.replace("next_review_due: null", "next_review_due: 2026-12-01")
    (folder / "hamstring-tendinopathy" / "9.0.0.yaml").write_text(text)
    call_command("load_pathways", str(folder), stdout=StringIO(), stderr=StringIO())
    listed = PathwayVersion.objects.with_stated_due().defer("content")
    stated = {row.version: row.stated_due for row in listed}
    assert (stated["1.0.0"], stated["9.0.0"]) == (None, "2026-12-01")
    version = PathwayVersion.objects.get(version="9.0.0")
    assert version.definition.governance.next_review_due == date(2026, 12, 1)


@pytest.mark.parametrize(
    "body", [{}, {"next_review_due": "soon"}, {"next_review_due": "2027-13-01"}]
)
def test_it_refuses_a_body_that_is_no_review(cast: Cast, body: dict[str, str]) -> None:
    answer = cast.asha.client.post(f"{VERSION}/review", {**words_of(cast.asha), **body})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/next_review_due"


# what a file may say


def governance(**more: Any) -> Governance:
    said = {"text": "x", "source": "page"}
    given = {"authored_by": "A", "page": said, "disclaimer": said, "next_review_due": None}
    return Governance.model_validate(given | more)


def test_it_takes_author_reviewer_and_dates() -> None:
    reviewer = {"name": None, "discipline": "physiotherapy", "scope": "Stages and criteria"}
    said = governance(
        author="B", reviewer=reviewer, last_reviewed="2026-01-05", next_review_due="2027-01-05"
    )
    assert said.reviewer is not None
    assert (said.reviewer.name, said.reviewer.discipline) == (None, "physiotherapy")
    assert said.next_review_due == datetime(2027, 1, 5, tzinfo=UTC).date()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"last_reviewed": "2027-01-05", "next_review_due": "2027-01-05"}, "is not after"),
        ({"reviewer": {"name": "C", "discipline": "surgery", "scope": "all"}}, "physiotherapy"),
        ({"reviewer": {"name": "C", "discipline": "nutrition"}}, "scope"),
        ({"next_review_due": 20270105}, "is not a day such as 2027-01-31"),
        ({"next_review_due": "2027-01-05T10:00:00"}, "is not a day such as 2027-01-31"),
        ({"next_review_due": "2027-02-30"}, "day value is outside"),
    ],
)
def test_it_refuses_governance_that_cannot_be(more: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        governance(**more)
