"""Retention of the audit trail: a month goes behind a signed checkpoint, unless it is held."""

from datetime import timedelta
from io import StringIO
from typing import Any

import psycopg
import pytest
from django.core.management import call_command

from coordination import audit_months, sealing
from coordination.models import AuditCheckpoint, AuditEvent, LegalHold
from coordination.problems import Problem
from tests.cast import LONG_AGO, NOW, Cast
from tests.coordination.test_audit_seals import (
    KEY,
    LATER,
    admin,
    heads,
    record,
    sealed,
    verify,
)

__all__ = ["admin", "heads", "sealed"]  # fixtures

OLD = LONG_AGO.date().replace(day=1)


def test_it_drops_a_month_behind_a_signed_checkpoint(
    sealed: Cast, admin: psycopg.Connection, settings: Any
) -> None:
    settings.AUDIT_RETENTION_MONTHS = 6
    with sealed.acting():
        old = AuditEvent.objects.filter(recorded_at__lt=NOW - timedelta(days=300)).count()
    assert old
    assert audit_months.months_over(keep=0, now=NOW) == []
    assert audit_months.months_over(keep=6, now=NOW) == [OLD]
    out = StringIO()
    call_command("drop_audit_months", stdout=out)
    assert f"{OLD:%Y-%m} is gone" in out.getvalue()
    with sealed.acting():
        assert not AuditEvent.objects.filter(recorded_at__lt=NOW - timedelta(days=300)).exists()
        assert AuditCheckpoint.objects.get().row_count == old
    holds, said = verify()
    assert holds, said
    assert audit_months.months_over(keep=6, now=NOW) == []
    settings.AUDIT_CHECKPOINT_KEY = KEY[::-1]
    holds, said = verify()
    assert not holds
    assert "is not signed with our key" in said
    settings.AUDIT_CHECKPOINT_KEY = KEY
    admin.execute("UPDATE coordination_auditcheckpoint SET row_count = row_count + 1")
    admin.commit()
    assert not verify()[0]


def test_it_drops_a_partition_of_its_own_month(sealed: Cast) -> None:
    month = NOW.date().replace(day=1)
    dropped = audit_months.drop_month(month, now=LATER)
    assert dropped.rows >= 60
    with sealed.acting():
        assert AuditCheckpoint.objects.get().month == month
    assert verify()[0]
    record(sealed, 3, at=LATER)
    sealing.seal_due(now=LATER)
    assert verify()[0]


@pytest.mark.feature("PV-12")
def test_it_drops_nothing_that_is_held_unsealed_or_wrong(
    sealed: Cast, admin: psycopg.Connection, settings: Any
) -> None:
    def refused() -> str:
        with pytest.raises(Problem) as refusal:
            audit_months.drop_month(OLD, now=NOW)
        with sealed.acting():
            assert AuditEvent.objects.filter(recorded_at__lt=NOW - timedelta(days=300)).exists()
            assert not AuditCheckpoint.objects.exists()
        return refusal.value.detail

    with sealed.acting():
        hold = LegalHold.objects.create(
            organization=sealed.riverside,
            patient=sealed.patient,
            reason="A claim (fictional).",
            ordered_by="A court (fictional)",
            since=NOW,
            placed_by=sealed.pia.user.email,
        )
    assert str(sealed.patient.id) in refused()
    with sealed.acting():
        LegalHold.objects.filter(pk=hold.pk).update(
            until=NOW, released_by=sealed.pia.user.email, release_reason="Settled."
        )
    settings.AUDIT_CHECKPOINT_KEY = ""
    assert "AUDIT_CHECKPOINT_KEY" in refused()
    settings.AUDIT_CHECKPOINT_KEY = KEY
    record(sealed, 1, at=LONG_AGO)
    assert "not sealed yet" in refused()
    sealing.seal_due(now=NOW)
    admin.execute("UPDATE coordination_auditevent SET event = 'x' WHERE event = 'thing.1'")
    admin.commit()
    assert "does not verify" in refused()
