"""How far behind the outbox is, over all organizations, and nothing about whom."""

from datetime import timedelta

from notifications.backlog import gauges
from notifications.kinds import MessageKind
from tests.cast import NOW, Cast
from tests.notifications.said import addressed, enqueue


def measured(cast: Cast, *, later: timedelta) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *sample.labels.values()): sample.value
        for gauge in gauges(NOW + later)
        for sample in gauge.samples
    }


def test_it_counts_what_is_due_and_how_long_the_oldest_has_waited(
    cast: Cast, kind: MessageKind
) -> None:
    enqueue(cast.asha, addressed(cast.asha), addressed(cast.sam), due_at=NOW)
    found = measured(cast, later=timedelta(minutes=2))
    assert found["continuum_outbox_messages", "email", "due"] == 2
    assert found["continuum_outbox_messages", "email", "sending"] == 0
    assert found["continuum_outbox_oldest_seconds", "email"] == 120


def test_it_does_not_count_what_is_not_due_yet(cast: Cast, kind: MessageKind) -> None:
    enqueue(cast.asha, addressed(cast.asha), due_at=NOW + timedelta(days=1))
    found = measured(cast, later=timedelta(0))
    assert set(found.values()) == {0}
