"""Answers that somebody must act on at once, and who is called for them."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from care_plans import assessing
from care_plans.models import Assessment, SafetyAlert
from care_plans.sittings import NewScore
from coordination import on_call
from notifications.models import Message
from tests.cast import NOW, Cast, Person

URL = "/api/v1/safety-alerts"
MINE = "/api/v1/me/assessments"
DAY = timedelta(days=1)
QUARTER = timedelta(minutes=15)


def put_on_call(cast: Cast, who: Person, **period: Any) -> None:
    with cast.acting():
        on_call.arrange_duty(
            who.practitioner_role.id,
            since=period.get("since", NOW - timedelta(hours=1)),
            until=period.get("until"),
            actor=cast.sam.actor(),
            now=NOW,
        )


def answer(
    cast: Cast, *, at: datetime = NOW, who: Person | None = None, **items: Any
) -> Assessment:
    """Record answers to the PHQ-9 by item (`item_9=1`), or its total (`total=20`)."""
    scores = [
        NewScore("phq9", Decimal(value), item=None if name == "total" else int(name[5:]))
        for name, value in items.items()
    ]
    with cast.acting():
        row, _ = assessing.record_assessment(
            cast.patient.id, scores=scores, actor=(who or cast.asha).actor(at), now=at
        )
        return row


def alerts(cast: Cast) -> list[SafetyAlert]:
    with cast.acting():
        return list(SafetyAlert.objects.order_by("id"))


def called(cast: Cast, rung: int) -> set[Any]:
    with cast.acting():
        rows = Message.objects.filter(kind__startswith="safety.alert", channel="email")
        found = rows.filter(occurrence__endswith=f":{rung}")
        return set(found.values_list("to_practitioner_role_id", flat=True))
