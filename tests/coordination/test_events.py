"""The feed: in order, gap-free, within reach."""

import threading
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from coordination import access_reviews, audit, events
from coordination.actors import Actor, Role
from coordination.models import AccessReview, Event, Membership
from coordination.tenancy import acting_in
from tests.care_plans import underway
from tests.cast import LONG_AGO, NOW, Cast, Person

URL = "/api/v1/events"


def test_it_shows_events_within_reach_only(committed_cast: Cast) -> None:
    cast = committed_cast
    mine = cast.asha.client.get(URL).data["results"]
    assert {row["type"] for row in mine} == {"patient.registered", "care-team.joined"}
    assert {str(row["patient"]) for row in mine} == {str(cast.patient.id)}
    assert cast.ben.client.get(URL).data["results"] == []
    assert cast.sam.client.get(URL, {"type": "patient.registered"}).data["results"]
    assert cast.ada.client.get(URL).status_code == 403


def test_it_goes_on_from_the_cursor(committed_cast: Cast) -> None:
    cast = committed_cast
    first = cast.asha.client.get(URL).data
    assert cast.asha.client.get(first["next"]).data["results"] == []
    cast.asha.client.post(
        f"/api/v1/patients/{cast.patient.id}/care-team",
        {"practitioner_role": str(cast.ben.practitioner_role.id)},
    )
    later = cast.asha.client.get(first["next"]).data["results"]
    assert [row["type"] for row in later] == ["care-team.joined"]


@pytest.mark.parametrize("after", ["x", "1", "1-", "-1-1", "1-" + "9" * 40])
def test_it_refuses_a_cursor_that_it_did_not_give_out(cast: Cast, after: str) -> None:
    assert cast.asha.client.get(URL, {"after": after}).status_code == 400


def test_it_skips_nothing_that_commits_late(committed_cast: Cast) -> None:
    cast = committed_cast
    actor = Actor.system("test", cast.riverside.id)
    written, may_commit = threading.Event(), threading.Event()

    def publish(type: str) -> None:
        events.publish(
            actor=actor,
            now=datetime.now(UTC),
            type=type,
            subject="Test",
            subject_id=cast.patient.id,
            patient_id=cast.patient.id,
        )

    def slow_writer() -> None:
        try:
            with acting_in(cast.riverside.id):
                publish("slow")
                written.set()
                may_commit.wait(10)
        finally:
            connection.close()

    cursor = cast.asha.client.get(URL).data["next"]
    thread = threading.Thread(target=slow_writer)
    thread.start()
    assert written.wait(10)
    with acting_in(cast.riverside.id):
        publish("quick")
    # the quick one waits for its place in the order to be final
    page = cast.asha.client.get(cursor).data
    assert page["results"] == []
    may_commit.set()
    thread.join()
    page = cast.asha.client.get(page["next"]).data
    assert [row["type"] for row in page["results"]] == ["slow", "quick"]


def test_it_undoes_the_event_with_the_act(cast: Cast) -> None:
    with cast.acting():
        before = Event.objects.count()
        with pytest.raises(RuntimeError), transaction.atomic():
            events.publish(
                actor=Actor.system("test", cast.riverside.id),
                now=datetime.now(UTC),
                type="x",
                subject="Test",
                subject_id=cast.patient.id,
            )
            raise RuntimeError
        assert Event.objects.count() == before


def types_seen(person: Person) -> set[str]:
    rows = person.client.get(URL, {"limit": 1000}).data["results"]
    return {row["subject"] for row in rows}


def test_it_tells_schedulers_of_logistics_and_the_circle_of_care(committed_cast: Cast) -> None:
    cast = committed_cast
    logistics = {"Patient", "CareTeamMember", "Referral"}
    with cast.acting():
        underway.start(cast)
    clinical = types_seen(cast.asha) - logistics
    assert {"Course", "CarePlan"} <= clinical
    assert types_seen(cast.sam) == logistics
    assert types_seen(cast.gus) == set()
    with cast.acting():
        for who in (cast.asha, cast.gus):
            Membership.objects.create(
                organization=cast.riverside, user=who.user, role=Role.SCHEDULER, since=LONG_AGO
            )
    assert types_seen(cast.asha) == logistics | clinical
    assert types_seen(cast.gus) == logistics


@pytest.mark.parametrize("limit", ["abc", "0", "-1", "1.5", "9" * 12])
def test_it_refuses_a_limit_that_is_none(cast: Cast, limit: str) -> None:
    assert cast.asha.client.get(URL, {"limit": limit}).status_code == 400


@pytest.mark.feature("PV-09")
@pytest.mark.feature("AP-11")
def test_it_tells_nobody_of_the_circle_what_came_of_a_review(
    committed_cast: Cast, settings: Any
) -> None:
    cast = committed_cast
    settings.ACCESS_REVIEW_RANDOM = 5
    with cast.acting():
        audit.record(
            actor=cast.asha.actor(),
            now=NOW - timedelta(days=5),
            action=audit.Action.READ,
            event="Patient.read",
            resource="Patient",
            patient_ids=[cast.patient.id],
        )
        access_reviews.draw(cast.riverside.id, date(2026, 11, 16), seed=1, now=NOW)
        review = AccessReview.objects.get()
    body = {"verdict": "inappropriate", "reason": "No reason was found."}
    decided = cast.pia.client.post(f"/api/v1/access-reviews/{review.id}/decide", body)
    assert decided.status_code == 200, decided.data
    for who in (cast.asha, cast.sam):
        rows = who.client.get(URL, {"limit": "200"}).data["results"]
        assert "patient.registered" in {row["type"] for row in rows}
        assert "AccessReview" not in {row["subject"] for row in rows}
