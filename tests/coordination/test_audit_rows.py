"""Audit rows: one INSERT a request, none lost, none of what was undone; each basis resolved."""

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from coordination import audit
from coordination.actors import Actor, Role
from coordination.models import AccessGrant, AuditEvent
from coordination.tenancy import acting_in
from tests.cast import LONG_AGO, NOW, Cast, make_patient

pytestmark = pytest.mark.django_db


def record(cast: Cast, event: str = "thing.read", **more: Any) -> None:
    audit.record(
        actor=more.pop("actor", None) or cast.asha.actor(),
        now=NOW,
        action=audit.Action.READ,
        event=event,
        resource="Thing",
        **more,
    )


def events() -> list[str]:
    return [row.event for row in AuditEvent.objects.filter(resource="Thing").order_by("id")]


def inserts(captured: CaptureQueriesContext) -> int:
    return sum("INTO coordination_auditevent" in one["sql"] for one in captured)


def test_it_writes_all_rows_of_a_block_in_one_insert(cast: Cast) -> None:
    with CaptureQueriesContext(connection) as captured, cast.acting():
        for number in range(20):
            record(cast, f"thing.{number}")
        with cast.acting():
            record(cast, "thing.inner")
    assert inserts(captured) == 1
    with cast.acting():
        assert len(events()) == 21


def test_it_forgets_what_a_savepoint_took_back_and_keeps_the_rest(cast: Cast) -> None:
    with cast.acting():
        record(cast, "thing.before")
        try:
            with transaction.atomic():
                record(cast, "thing.undone")
                raise ValueError
        except ValueError:
            record(cast, "thing.after")
    with cast.acting():
        assert events() == ["thing.before", "thing.after"]


def test_it_writes_again_what_was_read_within_a_savepoint_that_failed(cast: Cast) -> None:
    with cast.acting():
        record(cast, "thing.before")
        try:
            with transaction.atomic():
                record(cast, "thing.undone")
                assert events() == ["thing.before", "thing.undone"]
                raise ValueError
        except ValueError:
            pass
    with cast.acting():
        assert events() == ["thing.before"]


def test_it_leaves_nothing_of_a_block_that_failed(cast: Cast) -> None:
    with pytest.raises(ValueError, match="no"), cast.acting():
        record(cast)
        raise ValueError("no")
    with cast.acting():
        assert events() == []


def test_it_writes_at_once_where_nothing_gathers(cast: Cast) -> None:
    from coordination.tenancy import choose_organization

    with transaction.atomic():
        choose_organization(cast.riverside.id)
        with CaptureQueriesContext(connection) as captured:
            record(cast)
        assert inserts(captured) == 1


def test_it_keeps_the_rows_of_two_organizations_apart(cast: Cast) -> None:
    with cast.acting():
        record(cast, "thing.here")
        with acting_in(cast.harbour.id):
            record(cast, "thing.there", actor=cast.olu.actor())
            assert events() == ["thing.there"]
        assert events() == ["thing.here"]


def test_it_refuses_a_row_for_another_organization_with_all_that_goes_with_it(cast: Cast) -> None:
    with pytest.raises(DatabaseError), cast.acting():
        record(cast, actor=Actor.system("test", cast.harbour.id))


def test_it_holds_back_no_more_than_some_hundred_rows(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coordination.audit_rows.AT_MOST", 10)
    with CaptureQueriesContext(connection) as captured, cast.acting():
        for number in range(25):
            record(cast, f"thing.{number}")
    assert inserts(captured) == 3
    with cast.acting():
        assert len(events()) == 25


def test_it_says_so_when_a_row_was_never_written(cast: Cast) -> None:
    with cast.acting(), pytest.raises(audit.AuditRowsLost), transaction.atomic():
        try:
            with audit.collecting():
                record(cast)
                raise ValueError  # and nothing rolls back: a defect
        except ValueError:
            pass
        for hook in connection.run_on_commit:
            hook[1]()


def grant(cast: Cast, basis: str, **more: Any) -> AccessGrant:
    fields = {"patient": cast.patient, "since": LONG_AGO, "source_id": cast.patient.id, **more}
    return AccessGrant.objects.create(
        organization=cast.riverside,
        practitioner_role=cast.gus.practitioner_role,
        basis=basis,
        **fields,
    )


@pytest.mark.feature("PV-13")
@pytest.mark.parametrize("basis", ["membership", "referral", "appointment", "override"])
def test_it_names_basis_and_source_of_each_disclosure(cast: Cast, basis: str) -> None:
    with cast.acting():
        given = grant(cast, basis)
        assert cast.gus.client.get(f"/api/v1/patients/{cast.patient.id}").status_code == 200
        row = AuditEvent.objects.get(event="Patient.read")
    assert (row.basis, row.bases, row.source_ids) == (basis, [basis], [given.source_id])


@pytest.mark.feature("PV-13")
def test_it_names_a_basis_for_every_patient_of_a_page_without_another_query(cast: Cast) -> None:
    with cast.acting():
        other = make_patient(cast.gus, family_name="Gagnon")
        referred = grant(cast, "referral", source_id=other.id)
        client = cast.gus.client
        with CaptureQueriesContext(connection) as captured:
            client.get("/api/v1/patients")
        asked = [one["sql"] for one in captured if "accessgrant" in one["sql"]]
        row = AuditEvent.objects.get(event="Patient.search")
    assert len(asked) == 1  # one statement decides what is seen, and writes the audit row
    found = dict(zip(row.patient_ids, zip(row.bases, row.source_ids, strict=True), strict=True))
    assert found[cast.patient.id] == ("referral", referred.source_id)
    assert found[other.id][0] == "membership"
    assert row.basis == "membership, referral"


@pytest.mark.feature("PV-13")
def test_it_counts_the_grant_that_the_act_itself_ended(cast: Cast) -> None:
    with cast.acting():
        grant(cast, "referral", until=NOW)
        record(cast, actor=cast.gus.actor(), patient_ids=[cast.patient.id])
        assert AuditEvent.objects.get(resource="Thing").basis == "referral"


@pytest.mark.feature("PV-13")
def test_it_says_when_there_is_no_basis(cast: Cast) -> None:
    with cast.acting():
        actors = {
            "unresolved": cast.gus.actor(),
            "directory": cast.sam.actor(),
            "oversight": cast.pia.actor(),
            "software:test": Actor.system("test", cast.riverside.id),
        }
        for basis, actor in actors.items():
            record(cast, f"thing.{basis}", actor=actor, patient_ids=[cast.patient.id])
        found = {row.event: row.bases for row in AuditEvent.objects.filter(resource="Thing")}
    assert found == {f"thing.{basis}": [basis] for basis in actors}


def test_it_says_what_for(cast: Cast) -> None:
    with cast.acting():
        for who in (cast.asha, cast.sam, cast.ada, cast.pia):
            record(cast, actor=who.actor())
        rows = AuditEvent.objects.filter(resource="Thing").order_by("id")
        found = [row.purpose for row in rows]
    assert found == ["care", "operations", "operations", "privacy_review"]
    assert Role.PRIVACY_OFFICER in cast.pia.actor_roles()


def test_it_refuses_a_purpose_that_nobody_knows(cast: Cast) -> None:
    with pytest.raises(DatabaseError), cast.acting():
        record(cast, purpose="curiosity")


@pytest.mark.parametrize(
    ("at", "part"),
    [(NOW, "coordination_auditevent_2026_11"), (LONG_AGO, "coordination_auditevent_other")],
)
def test_it_files_a_row_under_its_month_or_loses_none(cast: Cast, at: Any, part: str) -> None:
    with cast.acting(), connection.cursor() as cursor:
        cursor.execute("SELECT coordination_prepare_audit_months()")
        row = audit.row(
            actor=cast.asha.actor(),
            now=at,
            action=audit.Action.READ,
            event="thing.filed",
            resource="Thing",
        )
        cursor.execute(*audit.insert_statement([row]))
        cursor.execute(
            "SELECT tableoid::regclass::text FROM coordination_auditevent WHERE event = %s",
            ["thing.filed"],
        )
        assert cursor.fetchone() == (part,)
