"""Disposing of what is past its time: by the tables' owner, of exactly what was reviewed."""

from datetime import datetime
from uuid import UUID

from django.db import connections, transaction
from psycopg import sql

from coordination import audit
from coordination.actors import Actor
from coordination.problems import NotAllowed
from coordination.retention import due_ids, review
from coordination.tenancy import SETTING, acting_in

OWNER = "owner"


class ReviewIsOver(NotAllowed):
    """What would be disposed of is no longer what was reviewed."""

    type = "review-is-over"


def dispose(
    organization_id: UUID, *, digest: str, now: datetime, label: str = "disposal"
) -> dict[str, int]:
    """Delete for good what a review with this digest named, and return how many by kind.

    The audit trail says what went (kind, number, digest) and commits last: if it cannot be
    written, nothing goes. The database refuses every row of a patient under a legal hold. Raises
    `ReviewIsOver` when anything has changed since the review.
    """
    actor = Actor.system(label, organization_id)
    with acting_in(organization_id):
        found = review(now=now)
        if found.digest != digest:
            raise ReviewIsOver("Something changed since this review: run review_retention again.")
        gone = {kind.name: len(ids) for kind, ids in due_ids(found)}
        audit.record(
            actor=actor,
            now=now,
            action=audit.Action.ACT,
            event="retention.disposed",
            resource="RetentionPolicy",
            detail={"digest": digest, **gone},
        )
        with transaction.atomic(using=OWNER), connections[OWNER].cursor() as cursor:
            for name, value in ((SETTING, str(organization_id)), ("app.disposal", "on")):
                cursor.execute("SELECT set_config(%s, %s, true)", [name, value])
            for kind, ids in due_ids(found):
                table = sql.Identifier(kind.model._meta.db_table)
                statement = sql.SQL("DELETE FROM {} WHERE id = ANY(%s)").format(table)
                cursor.execute(statement, [ids])
    return gone
