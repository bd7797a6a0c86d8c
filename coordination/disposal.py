"""Disposing of what is past its time: by the tables' owner, of exactly what was reviewed."""

from datetime import datetime
from time import sleep
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
#: seconds between the tries to find nobody writing
WAITS = (0.1, 0.2, 0.5, *[1.0] * 9)


class ReviewIsOver(NotAllowed):
    """What would be disposed of is no longer what was reviewed."""

    type = "review-is-over"


class RecordsInUse(NotAllowed):
    """Somebody was writing to the records at each of the tries."""

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
        for name, value in ((SETTING, str(organization_id)), ("app.disposal", "on")):
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
    """Take all of the tables at once or none of them, so that nobody waits for half of them."""
    models: list[Any] = [Patient, LegalHold, RetentionPolicy]
    models += [kind.model for kind in record_kinds()]
    names = sql.SQL(", ").join(
        sql.Identifier(table) for table in sorted({model._meta.db_table for model in models})
    )
    statement = sql.SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE NOWAIT").format(names)
    for wait in WAITS:
        try:
            with transaction.atomic(using=OWNER):
                cursor.execute(statement)
                return
        except OperationalError:
            sleep(wait)
    raise RecordsInUse("Somebody is writing to the records all the time; nothing was disposed of.")
