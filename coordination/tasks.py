"""What beat wakes in this app."""

from celery import shared_task
from django.utils import timezone

from coordination import idempotency
from coordination.heartbeat import note_alive


@shared_task(expires=30)
def show_life() -> None:
    """Let `/health/ready` see that beat sends and a worker works."""
    note_alive("worker", now=timezone.now())


@shared_task(expires=3600)
def sweep_answers() -> None:
    """Forget the answers whose day is over."""
    idempotency.sweep_answers(now=timezone.now())
