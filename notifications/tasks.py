"""What beat wakes: sweeps over the outbox. They carry no state and are safe to run twice."""

from functools import partial

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from notifications import delivery, outbox, overrides


@shared_task(name="notifications.tasks.deliver_due")
def deliver_due(*, channel: str) -> None:
    """Send one batch of what is due by a channel; a full batch asks for another sweep."""
    dealt_with = delivery.deliver_due(channel, clock=timezone.now)
    if dealt_with == delivery.BATCH:
        transaction.on_commit(partial(outbox.nudge, channel))


@shared_task(name="notifications.tasks.requeue_stale")
def requeue_stale() -> None:
    """Queue again what dead workers had claimed."""
    delivery.requeue_stale(now=timezone.now())


@shared_task(name="notifications.tasks.tell_of_overrides")
def tell_of_overrides() -> None:
    """Tell the privacy officers who broke the glass."""
    overrides.tell_of_overrides(now=timezone.now())
