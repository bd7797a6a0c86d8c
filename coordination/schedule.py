"""What beat does and how often: it only wakes sweeps, and what is due stands in the database."""

from typing import Any

_HOUR = 3600


def _every(seconds: int, task: str, **arguments: str) -> dict[str, Any]:
    # a sweep that no worker took before the next one is due is not worth catching up with
    return {
        "task": task,
        "schedule": float(seconds),
        "kwargs": arguments,
        "options": {"expires": seconds},
    }


SCHEDULE = {
    "show-life": _every(10, "coordination.tasks.show_life"),
    "forget-ended-sessions": _every(_HOUR, "coordination.tasks.forget_ended_sessions"),
    "sweep-answers": _every(_HOUR, "coordination.tasks.sweep_answers"),
    "seal-audit": _every(60, "coordination.tasks.seal_audit"),
    "draw-access-reviews": _every(_HOUR, "coordination.tasks.draw_access_reviews"),
    "prepare-audit-months": _every(_HOUR, "coordination.tasks.prepare_audit_months"),
    "deliver-mail": _every(5, "notifications.tasks.deliver_due", channel="email"),
    "deliver-in-app": _every(5, "notifications.tasks.deliver_due", channel="in_app"),
    "tell-of-overrides": _every(5, "notifications.tasks.tell_of_overrides"),
    "requeue-stale-messages": _every(60, "notifications.tasks.requeue_stale"),
    "consume-referral-steps": _every(5, "care_plans.tasks.consume_referral_steps"),
    "escalate-safety-alerts": _every(30, "care_plans.tasks.escalate_safety_alerts"),
    "check-lapses": _every(60, "care_plans.tasks.check_lapses"),
    "check-standings": _every(60, "care_plans.tasks.check_standings"),
    "check-intakes": _every(_HOUR, "care_plans.tasks.check_intakes"),
}
