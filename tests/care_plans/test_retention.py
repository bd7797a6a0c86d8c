"""Records are kept for so long and a legal hold keeps them longer; nothing goes silently."""

from datetime import date, timedelta
from io import StringIO
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import DatabaseError, transaction

from care_plans.models import ClinicalNote, Encounter
from coordination import audit_rows, disposal, retention
from coordination.disposal import RecordsInUse, ReviewIsOver, dispose
from coordination.models import AuditEvent, LegalHold, RetentionPolicy
from coordination.retention import Keeping, kept_until
from tests.care_plans import written
from tests.cast import NOW, Cast, make_patient

HOLDS, POLICIES = "/api/v1/legal-holds", "/api/v1/retention-policies"
LATER = NOW + timedelta(days=366 * 11)


def hold(cast: Cast) -> Any:
    body = {"patient": str(cast.patient.id), "reason": "A claim.", "ordered_by": "The court."}
    return cast.pia.client.post(HOLDS, body)


@pytest.mark.django_db
@pytest.mark.feature("PV-12")
def test_it_lets_privacy_officers_alone_hold_and_release(cast: Cast) -> None:
    for who in (cast.asha, cast.sam, cast.ada):
        answer = who.client.post(HOLDS, {"patient": str(cast.patient.id)})
        assert answer.status_code == 403
    made = hold(cast)
    assert made.status_code == 201
    with cast.acting():
        assert retention.is_held(cast.patient.id)
    at = f"{HOLDS}/{made.data['id']}/release"
    assert cast.pia.client.post(at, {}).status_code == 400
    released = cast.pia.client.post(at, {"reason": "Settled."})
    assert released.data["released_by"] == cast.pia.user.email
    assert cast.pia.client.post(at, {"reason": "Again."}).status_code == 409
    with cast.acting():
        assert not retention.is_held(cast.patient.id)
        rows = LegalHold.objects.filter(pk=made.data["id"])
        for change in (lambda: rows.update(until=None), rows.delete):
            with pytest.raises(DatabaseError), transaction.atomic():
                change()


@pytest.mark.parametrize(
    ("born", "until"),
    [
        (date(1990, 5, 17), date(2036, 11, 23)),
        # ten years after the eighteenth birthday
        (date(2015, 5, 17), date(2043, 5, 17)),
        (date(2008, 11, 24), date(2036, 11, 24)),
        (date(2008, 2, 29), date(2036, 11, 23)),
    ],
)
def test_it_keeps_a_minors_record_until_long_after_they_are_of_age(born: date, until: date) -> None:
    assert kept_until(date(2026, 11, 23), born, Keeping()) == until


@pytest.mark.django_db
@pytest.mark.feature("PV-12")
def test_it_reports_what_is_past_its_time_and_changes_nothing(cast: Cast) -> None:
    for write in (written.visit, written.note, written.summary):
        write(cast, cast.asha)
    unknown = make_patient(cast.asha, family_name="Roy", birth_date=None)
    written.note(cast, cast.asha, patient_id=unknown.id)
    with cast.acting():
        assert not any(line.record_ids for line in retention.review(now=NOW).lines)
        found = {line.kind.name: line for line in retention.review(now=LATER).lines}
        assert {name: len(line.record_ids) for name, line in found.items()} == {
            "ClinicalNote": 1,
            "CareSummary": 1,
            "Encounter": 1,
        }
        assert found["ClinicalNote"].unknown == 1
        before = retention.review(now=LATER)
    policy = {
        "record_kind": "ClinicalNote",
        "years_after_last_contact": 20,
        "minor_until_age": 18,
        "years_after_minority": 10,
    }
    assert cast.asha.client.post(POLICIES, policy).status_code == 403
    refused = cast.pia.client.post(POLICIES, {**policy, "record_kind": "X"})
    assert refused.status_code == 400
    assert "there are: " in refused.data["errors"][0]["detail"]
    assert "ClinicalNote" in refused.data["errors"][0]["detail"]
    assert cast.pia.client.post(POLICIES, policy).status_code == 201
    assert hold(cast).status_code == 201
    with cast.acting():
        after = retention.review(now=LATER)
        kept = {line.kind.name: (len(line.record_ids), line.held) for line in after.lines}
        assert kept == {"ClinicalNote": (0, 0), "CareSummary": (0, 1), "Encounter": (0, 1)}
        assert after.digest != before.digest
        assert ClinicalNote.objects.count() == 2
        with pytest.raises(DatabaseError), transaction.atomic():
            RetentionPolicy.objects.update(years_after_last_contact=1)
    out = StringIO()
    call_command("review_retention", cast.riverside.slug, stdout=out)
    assert (
        "Encounter: 0 of 0 patients are past 10 years (default of this software)" in out.getvalue()
    )
    assert "ClinicalNote: 0 of 0 patients are past 20 years (your policy)" in out.getvalue()
    assert "digest: " in out.getvalue()


@pytest.mark.feature("PV-12")
def test_the_database_lets_only_the_owner_dispose_and_nobody_under_a_hold(
    committed_cast: Cast, owner_connection: psycopg.Connection
) -> None:
    cast = committed_cast
    visit = written.visit(cast, cast.asha)
    with cast.acting(), pytest.raises(DatabaseError), transaction.atomic():
        Encounter.objects.filter(pk=visit.pk).delete()

    def delete(*, disposal: str) -> int:
        with owner_connection.transaction(force_rollback=True):
            for name, value in (
                ("app.organization", str(cast.riverside.id)),
                ("app.disposal", disposal),
            ):
                owner_connection.execute("SELECT set_config(%s, %s, true)", [name, value])
            return owner_connection.execute(
                "DELETE FROM care_plans_encounter WHERE id = %s", [visit.pk]
            ).rowcount

    assert delete(disposal="on") == 1
    with pytest.raises(psycopg.errors.RaiseException, match="Cannot delete"):
        delete(disposal="off")
    with cast.acting():
        retention.place_hold(
            cast.patient.id, reason="x", ordered_by="x", actor=cast.pia.actor(), now=NOW
        )
    with pytest.raises(psycopg.errors.RaiseException, match="a legal hold keeps"):
        delete(disposal="on")


@pytest.mark.feature("PV-12")
def test_it_holds_nothing_any_more_once_every_hold_is_released(committed_cast: Cast) -> None:
    cast = committed_cast
    visit = written.visit(cast, cast.asha)
    first, second = hold(cast).data["id"], hold(cast).data["id"]
    for released, held in ((first, 1), (second, 0)):
        answer = cast.pia.client.post(f"{HOLDS}/{released}/release", {"reason": "Settled."})
        assert answer.status_code == 200
        with cast.acting():
            assert retention.is_held(cast.patient.id) == bool(held)
            seen = retention.review(now=LATER)
        found = {line.kind.name: (list(line.record_ids), line.held) for line in seen.lines}
        assert found["Encounter"] == ([] if held else [visit.pk], held)
    dispose(cast.riverside.id, digest=seen.digest, now=LATER)
    with cast.acting():
        assert not Encounter.objects.filter(pk=visit.pk).exists()


@pytest.mark.feature("PV-12")
def test_it_disposes_of_exactly_what_was_reviewed(committed_cast: Cast) -> None:
    cast = committed_cast
    visit = written.visit(cast, cast.asha)
    first = written.note(cast, cast.asha, encounter_id=visit.pk)
    with cast.acting():
        seen = retention.review(now=LATER)
    written.note(cast, cast.asha, "Written after the review.")
    with pytest.raises(ReviewIsOver):
        dispose(cast.riverside.id, digest=seen.digest, now=LATER)
    with cast.acting():
        assert ClinicalNote.objects.filter(pk=first.pk).exists()
        seen = retention.review(now=LATER)
    gone = dispose(cast.riverside.id, digest=seen.digest, now=LATER)
    assert gone == {"ClinicalNote": 2, "Encounter": 1}
    with cast.acting():
        assert not ClinicalNote.objects.exists()
        trace = AuditEvent.objects.get(event="retention.disposed")
        assert trace.detail == trace.detail | {"digest": seen.digest, **gone}


@pytest.mark.feature("PV-12")
def test_it_disposes_of_nothing_that_it_cannot_write_down(
    committed_cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    cast = committed_cast
    note = written.note(cast, cast.asha)
    with cast.acting():
        seen = retention.review(now=LATER)
    text = f"{audit_rows.INSERT} WHERE 1 / 0 = 1"
    monkeypatch.setattr(audit_rows, "INSERT", text)
    with pytest.raises(DatabaseError):
        dispose(cast.riverside.id, digest=seen.digest, now=LATER)
    with cast.acting():
        assert ClinicalNote.objects.filter(pk=note.pk).exists()


@pytest.mark.feature("PV-12")
def test_it_waits_for_who_writes_and_lets_nobody_write_meanwhile(
    committed_cast: Cast, owner_connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    cast = committed_cast
    note = written.note(cast, cast.asha)
    with cast.acting():
        seen = retention.review(now=LATER)
    monkeypatch.setattr(disposal, "WAITS", (0.01, 0.01))
    with owner_connection.transaction(force_rollback=True):
        owner_connection.execute("LOCK TABLE care_plans_encounter IN ROW EXCLUSIVE MODE")
        with pytest.raises(RecordsInUse, match="nothing was disposed of"):
            dispose(cast.riverside.id, digest=seen.digest, now=LATER)

    def reviewed(**given: Any) -> retention.Review:
        found = retention.review(**given)
        for table in ("care_plans_clinicalnote", "coordination_legalhold"):
            with owner_connection.transaction(force_rollback=True):
                owner_connection.execute("SET LOCAL lock_timeout = '50ms'")
                with pytest.raises(psycopg.errors.LockNotAvailable):
                    owner_connection.execute(f"LOCK TABLE {table} IN ROW EXCLUSIVE MODE")
        return found

    monkeypatch.setattr(disposal, "review", reviewed)
    assert dispose(cast.riverside.id, digest=seen.digest, now=LATER) == {"ClinicalNote": 1}
    with cast.acting():
        assert not ClinicalNote.objects.filter(pk=note.pk).exists()
