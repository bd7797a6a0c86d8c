"""How far behind the outbox is, for `/metrics`: numbers over all organizations, nothing else."""

from collections.abc import Iterator
from datetime import datetime

from django.db import connection
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from notifications.models import Channel


def gauges(now: datetime) -> Iterator[Metric]:
    """Return what is due, what is being sent, and how long the oldest has waited, by channel."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT channel, due, sending, oldest FROM notifications_backlog(%s)", [now])
        found = {row[0]: row[1:] for row in cursor.fetchall()}
    waiting = GaugeMetricFamily(
        "continuum_outbox_messages",
        "Messages that are due or being sent.",
        labels=["channel", "state"],
    )
    age = GaugeMetricFamily(
        "continuum_outbox_oldest_seconds",
        "How long the message that has been due longest has waited.",
        labels=["channel"],
    )
    for channel in Channel.values:
        due, sending, oldest = found.get(channel, (0, 0, None))
        waiting.add_metric([channel, "due"], due)
        waiting.add_metric([channel, "sending"], sending)
        age.add_metric([channel], (now - oldest).total_seconds() if oldest else 0.0)
    yield waiting
    yield age
