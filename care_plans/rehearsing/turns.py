"""One rehearsal at a time in an organization: each takes seconds of a processor."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import connection, transaction

from coordination.problems import NotAllowed


class RehearsalRunning(NotAllowed):
    """Another rehearsal of the organization is still running."""

    type = "rehearsal-running"


@contextmanager
def take_turn(organization_id: UUID) -> Iterator[None]:
    """Hold the organization's turn until the transaction ends. Raises `RehearsalRunning`."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))",
                [f"rehearsal {organization_id}"],
            )
            (has_it,) = cursor.fetchone() or (False,)
        if not has_it:
            raise RehearsalRunning(
                "Another rehearsal of your organization is running. Ask again in a few seconds."
            )
        yield
