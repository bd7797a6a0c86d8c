"""What beat wakes in this app."""

from celery import shared_task
from django.utils import timezone

from coordination import access_reviews, audit_months, idempotency, logins, sealing
from coordination.heartbeat import note_alive


@shared_task(expires=30)
def show_life() -> None:
    """Let `/health/ready` see that beat sends and a worker works."""
    note_alive("worker", now=timezone.now())


@shared_task(expires=3600)
def forget_ended_sessions() -> None:
    """Delete the sessions that have ended, in any organization: a session belongs to a person."""
    logins.forget_ended_sessions(now=timezone.now())


@shared_task(expires=3600)
def sweep_answers() -> None:
    """Forget the answers whose day is over."""
    idempotency.sweep_answers(now=timezone.now())


@shared_task(expires=60)
def seal_audit() -> None:
    """Let settled audit rows become links of their chains."""
    sealing.seal_due(now=timezone.now())


@shared_task(expires=3600)
def prepare_audit_months() -> None:
    """Have the partitions of the coming months ready."""
    audit_months.prepare_months()


@shared_task(expires=3600)
def draw_access_reviews() -> None:
    """Put last week's sample of accesses up for review, once."""
    access_reviews.draw_due(now=timezone.now())
