"""What beat wakes in this app: sweeps that find their work in the database."""

from celery import shared_task
from django.utils import timezone

from care_plans import consuming, lapses, safety_alerts


@shared_task(name="care_plans.tasks.consume_referral_steps")
def consume_referral_steps() -> None:
    """Let lanes follow their referrals."""
    consuming.consume_referral_steps(now=timezone.now())


@shared_task(name="care_plans.tasks.check_standings")
def check_standings() -> None:
    """Look again at courses that only time has changed."""
    consuming.check_standings(now=timezone.now())


@shared_task(name="care_plans.tasks.check_intakes")
def check_intakes() -> None:
    """Make up for what failed to follow an answer during intake."""
    consuming.check_intakes(now=timezone.now())


@shared_task(name="care_plans.tasks.check_lapses")
def check_lapses() -> None:
    """Open hand-offs for leads who may not practise any more, or cannot log in."""
    lapses.check_lapses(now=timezone.now())


@shared_task(name="care_plans.tasks.escalate_safety_alerts")
def escalate_safety_alerts() -> None:
    """Say again what nobody has taken up."""
    safety_alerts.escalate(now=timezone.now())
