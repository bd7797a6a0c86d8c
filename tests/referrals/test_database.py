"""What the database itself refuses, to the role that serves requests."""

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from coordination.tenancy import acting_in
from referrals.models import Referral, RoutingDecision
from tests.cast import Cast
from tests.referrals.walk import as_stored, at, work_of


def refused(sql: str, parameters: list[Any] | None = None) -> str:
    """Run one statement as the runtime role; it must fail, and the reason is returned."""
    with pytest.raises(DatabaseError) as error, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, parameters or [])
    return str(error.value)


@pytest.mark.parametrize(
    ("state", "to"),
    [
        (("active", "waiting"), "draft"),
        (("active", "waiting"), "completed"),
        (("active", "in_progress"), "completed"),
        (("completed", "completed"), "active"),
        (("completed", "completed"), "draft"),
        (("revoked", "cancelled"), "active"),
        (("revoked", "cancelled"), "draft"),
        (("on_hold", "waiting"), "completed"),
        (("active", "waiting"), "lost"),
    ],
)
def test_it_refuses_a_request_status_that_no_move_leads_to(
    cast: Cast, state: tuple[str, str], to: str
) -> None:
    with cast.acting():
        referral = at(cast, *state)
        refused(
            "UPDATE referrals_referral SET status = %s, acknowledged_at = now(), "
            "acknowledged_by_id = requested_by_id, outcome = 'goals_met' WHERE id = %s",
            [to, referral.id],
        )
        assert as_stored(referral.id).status == state[0]


def test_it_completes_nothing_whose_report_is_missing(cast: Cast) -> None:
    with cast.acting():
        referral = at(cast, "active", "in_progress")
        message = refused(
            "UPDATE referrals_referral SET status = 'completed', acknowledged_at = now(), "
            "acknowledged_by_id = requested_by_id, outcome = 'goals_met' WHERE id = %s",
            [referral.id],
        )
        assert "without its report" in message


def test_it_completes_nothing_that_nobody_acknowledged(cast: Cast) -> None:
    with cast.acting():
        referral = at(cast, "active", "completed")
        message = refused(
            "UPDATE referrals_referral SET status = 'completed' WHERE id = %s", [referral.id]
        )
        assert "referrals_completed_is_signed" in message


@pytest.mark.parametrize(
    ("state", "to"),
    [
        ("requested", "in_progress"),
        ("requested", "completed"),
        ("accepted", "completed"),
        ("accepted", "requested"),
        ("in_progress", "accepted"),
        ("completed", "in_progress"),
        ("completed", "requested"),
        ("requested", "lost"),
    ],
)
def test_it_refuses_a_work_status_that_no_move_leads_to(cast: Cast, state: str, to: str) -> None:
    with cast.acting():
        item = work_of(at(cast, "active", state))
        closed = "now()" if to in ("completed", "rejected", "cancelled") else "NULL"
        refused(
            f"UPDATE coordination_workitem SET status = %s, closed_at = {closed} WHERE id = %s",
            [to, item.id],
        )
        item.refresh_from_db()
        assert item.status == state


def test_it_gives_a_work_item_one_owner_for_life(cast: Cast) -> None:
    with cast.acting():
        item = work_of(at(cast, "active", "requested"))
        for owner in (cast.ben.practitioner_role.id, None):
            refused(
                "UPDATE coordination_workitem SET owner_id = %s WHERE id = %s", [owner, item.id]
            )
        item.refresh_from_db()
        assert item.owner == cast.chloe.practitioner_role


def test_it_accepts_nothing_that_nobody_owns(cast: Cast) -> None:
    with cast.acting():
        item = work_of(at(cast, "active", "waiting"))
        message = refused(
            "UPDATE coordination_workitem SET status = 'accepted' WHERE id = %s", [item.id]
        )
        assert "coordination_work_owned" in message


def test_it_keeps_one_open_work_item_per_referral(cast: Cast) -> None:
    with cast.acting():
        referral = at(cast, "active", "waiting")
        message = refused(
            "INSERT INTO coordination_workitem (id, organization_id, patient_id, kind, subject_id,"
            " status, opened_at) SELECT uuidv7(), organization_id, patient_id, kind, subject_id,"
            " status, opened_at FROM coordination_workitem WHERE subject_id = %s",
            [referral.id],
        )
        assert "coordination_work_one_open" in message


@pytest.mark.parametrize(
    "change",
    [
        "patient_id = uuidv7()",
        "discipline = 'nutrition'",
        "requested_by_id = uuidv7()",
        "key = 'another'",
        "reason_code = 'another'",
        "priority = 'stat'",
    ],
)
def test_it_never_turns_a_referral_into_another(cast: Cast, change: str) -> None:
    with cast.acting():
        referral = at(cast, "active", "waiting")
        message = refused(f"UPDATE referrals_referral SET {change} WHERE id = %s", [referral.id])
        assert "Cannot update" in message


@pytest.mark.parametrize(
    "table",
    [
        "referrals_referral",
        "referrals_referraltransition",
        "referrals_routingdecision",
        "referrals_referralreport",
        "coordination_workitem",
    ],
)
def test_it_never_deletes_nor_empties(cast: Cast, table: str) -> None:
    with cast.acting():
        at(cast, "active", "completed")
        refused(f"DELETE FROM {table}")
        refused(f"TRUNCATE {table} CASCADE")


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("referrals_referraltransition", "to_status = 'revoked'"),
        ("referrals_referraltransition", "actor = 'somebody else'"),
        ("referrals_routingdecision", "candidates = '[]'"),
        ("referrals_referralreport", "text = 'All is well.'"),
    ],
)
def test_it_never_rewrites_what_was_kept(cast: Cast, table: str, change: str) -> None:
    with cast.acting():
        at(cast, "active", "completed")
        refused(f"UPDATE {table} SET {change}")


def test_it_lets_a_step_be_processed_once(cast: Cast) -> None:
    with cast.acting():
        at(cast, "active", "waiting")
        with connection.cursor() as cursor:
            cursor.execute("UPDATE referrals_referraltransition SET processed_at = now()")
        message = refused("UPDATE referrals_referraltransition SET processed_at = NULL")
        assert "Cannot update" in message


@pytest.mark.parametrize(
    ("column", "whose"),
    [("location_id", "location"), ("acknowledged_by_id", "role"), ("work_item_id", "work")],
)
def test_it_refuses_the_ids_of_another_organization(cast: Cast, column: str, whose: str) -> None:
    with acting_in(cast.harbour.id):
        from coordination.models import WorkItem

        foreign = {
            "location": cast.olu.practitioner_role.location_id,
            "role": cast.olu.practitioner_role.id,
            "work": WorkItem.objects.create(
                organization=cast.harbour,
                patient=cast.stranger,
                kind="referral",
                subject_id=cast.stranger.id,
                opened_at=cast.stranger.registered_at,
            ).id,
        }[whose]
    with cast.acting():
        referral = at(cast, "active", "waiting")
        message = refused(
            f"UPDATE referrals_referral SET {column} = %s WHERE id = %s; "
            "SET CONSTRAINTS ALL IMMEDIATE",
            [foreign, referral.id],
        )
        assert "_tenant" in message or "referrals_completed_is_signed" in message


def test_it_shows_another_organization_nothing(cast: Cast) -> None:
    with cast.acting():
        at(cast, "active", "completed")
    with acting_in(cast.harbour.id):
        assert Referral.objects.count() == RoutingDecision.objects.count() == 0
        with connection.cursor() as cursor:
            cursor.execute("UPDATE referrals_referral SET order = 7".replace("order", '"order"'))
            assert cursor.rowcount == 0
