"""Disposing of what is past its time: by the tables' owner, of exactly what was reviewed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import OperationalError, connections, transaction
from psycopg import sql

from coordination import audit
from coordination.actors import Actor
from coordination.models import LegalHold, Patient, RetentionPolicy
from coordination.problems import NotAllowed
from coordination.record_kinds import record_kinds
from coordination.retention import due_ids, review
from coordination.tenancy import SETTING, acting_in

OWNER = "owner"
#: how long disposal waits for those who are writing; meanwhile those who come later wait for it
PATIENCE = "10s"


class ReviewIsOver(NotAllowed):
    """What would be disposed of is no longer what was reviewed."""

    type = "review-is-over"


class RecordsInUse(NotAllowed):
    """Somebody writes to the records for longer than disposal waits."""

    type = "records-in-use"


def dispose(
    organization_id: UUID, *, digest: str, now: datetime, label: str = "disposal"
) -> dict[str, int]:
    """Delete for good what a review with this digest named, and return how many by kind.

    Nothing is written to the records from the moment they are reviewed again until they are gone,
    and the audit row that says what went (kind, number, digest) is of the same transaction. The
    database refuses every row of a patient under a legal hold. Raises `ReviewIsOver` when anything
    has changed since the review, and `RecordsInUse`.
    """
    with transaction.atomic(using=OWNER), connections[OWNER].cursor() as cursor:
        for name, value in (
            (SETTING, str(organization_id)),
            ("app.disposal", "on"),
            ("lock_timeout", PATIENCE),
        ):
            cursor.execute("SELECT set_config(%s, %s, true)", [name, value])
        _let_nobody_write(cursor)
        with acting_in(organization_id):
            found = review(now=now)
        if found.digest != digest:
            raise ReviewIsOver("Something changed since this review: run review_retention again.")
        gone = {}
        for kind, ids in due_ids(found):
            table = sql.Identifier(kind.model._meta.db_table)
            cursor.execute(sql.SQL("DELETE FROM {} WHERE id = ANY(%s)").format(table), [ids])
            gone[kind.name] = cursor.rowcount
        row = audit.row(
            actor=Actor.system(label, organization_id),
            now=now,
            action=audit.Action.ACT,
            event="retention.disposed",
            resource="RetentionPolicy",
            detail={"digest": digest, **gone},
        )
        cursor.execute(*audit.insert_statement([row]))
    return gone


def _let_nobody_write(cursor: Any) -> None:
    models: list[Any] = [
        Patient,
        LegalHold,
        RetentionPolicy,
        *(kind.model for kind in record_kinds()),
    ]
    tables = sorted({model._meta.db_table for model in models})
    names = sql.SQL(", ").join(map(sql.Identifier, tables))
    try:
        cursor.execute(sql.SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(names))
    except OperationalError as error:
        raise RecordsInUse(
            f"Somebody has been writing to the records for {PATIENCE}; nothing was disposed of."
        ) from error
