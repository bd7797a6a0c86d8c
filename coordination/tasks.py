"""What beat wakes in this app."""

from celery import shared_task
from django.utils import timezone

from coordination.heartbeat import note_alive


@shared_task(expires=30)
def show_life() -> None:
    """Let `/health/ready` see that beat sends and a worker works."""
    note_alive("worker", now=timezone.now())
