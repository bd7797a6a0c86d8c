"""What beat wakes: each entry is there, is a task that exists, and runs its own sweep."""

from typing import Any

import pytest
from django.conf import settings

from care_plans import consuming, lapses, safety_alerts
from coordination import access_reviews, audit_months, idempotency, logins, sealing
from coordination import tasks as coordination_tasks
from coordination.celery import app
from coordination.schedule import SCHEDULE
from notifications import delivery, overrides

#: by entry: where its sweep stands, what it is called, and what it is told besides the time
SWEEPS: dict[str, tuple[Any, str, tuple[Any, ...]]] = {
    "show-life": (coordination_tasks, "note_alive", ("worker",)),
    "forget-ended-sessions": (logins, "forget_ended_sessions", ()),
    "sweep-answers": (idempotency, "sweep_answers", ()),
    "seal-audit": (sealing, "seal_due", ()),
    "draw-access-reviews": (access_reviews, "draw_due", ()),
    "prepare-audit-months": (audit_months, "prepare_months", ()),
    "deliver-mail": (delivery, "deliver_due", ("email",)),
    "deliver-in-app": (delivery, "deliver_due", ("in_app",)),
    "tell-of-overrides": (overrides, "tell_of_overrides", ()),
    "requeue-stale-messages": (delivery, "requeue_stale", ()),
    "consume-referral-steps": (consuming, "consume_referral_steps", ()),
    "escalate-safety-alerts": (safety_alerts, "escalate", ()),
    "check-lapses": (lapses, "check_lapses", ()),
    "check-standings": (consuming, "check_standings", ()),
    "check-intakes": (consuming, "check_intakes", ()),
}
MARKS = {
    "draw-access-reviews": pytest.mark.feature("PV-09"),
    "tell-of-overrides": pytest.mark.feature("PV-04"),
    "seal-audit": pytest.mark.feature("PV-08"),
}


def test_it_wakes_nothing_that_is_not_named_here() -> None:
    assert SCHEDULE.keys() == SWEEPS.keys()
    assert settings.CELERY_BEAT_SCHEDULE == SCHEDULE


@pytest.mark.parametrize(
    "entry", [pytest.param(name, marks=MARKS.get(name, ())) for name in SWEEPS]
)
def test_it_runs_its_sweep(entry: str, monkeypatch: pytest.MonkeyPatch) -> None:
    where, name, told = SWEEPS[entry]
    runs: list[tuple[Any, ...]] = []

    def sweep(*given: Any, **clock: Any) -> int:
        assert clock.keys() <= {"now", "clock"}
        runs.append(given)
        return 0

    monkeypatch.setattr(where, name, sweep)
    woken = settings.CELERY_BEAT_SCHEDULE[entry]
    assert 0 < woken["schedule"] <= 3600
    app.loader.import_default_modules()
    app.tasks[woken["task"]](**woken["kwargs"])
    assert runs == [told]
