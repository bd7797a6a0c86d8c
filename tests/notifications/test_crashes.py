"""A worker that dies between any two statements, one test for each place."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from notifications import delivery, recheck
from notifications.kinds import MessageKind
from notifications.models import Attempt, Message
from tests.cast import NOW, Cast
from tests.notifications.said import enqueue

if TYPE_CHECKING:
    from tests.servers.programs import SmtpServer

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


class Died(BaseException):
    """Ends a sweep as a kill would: nothing that follows is run."""


def _before(function: Callable[..., Any]) -> Callable[..., Any]:
    def dying(*args: Any, **kwargs: Any) -> Any:
        raise Died

    return dying


def _after(function: Callable[..., Any]) -> Callable[..., Any]:
    def dying(*args: Any, **kwargs: Any) -> Any:
        function(*args, **kwargs)
        raise Died

    return dying


Place = tuple[Any, str, Callable[[Callable[..., Any]], Callable[..., Any]]]

PLACES: dict[str, Place] = {
    "after the claim": (delivery, "_begin", _before),
    "while deciding": (recheck, "decide", _before),
    "before the decision is committed": (recheck, "decide", _after),
    "before the channel is called": (delivery, "_call", _before),
    "after the channel took it": (delivery, "_call", _after),
    "before the mark": (delivery, "_mark_sent", _before),
    "before the mark is committed": (delivery, "_record", _after),
    "after the mark": (delivery, "_mark_sent", _after),
}
#: Only here may a mail arrive twice: the server has it, and we could not write that down.
ACCEPTED = {"after the channel took it", "before the mark", "before the mark is committed"}


def _sweep(now: datetime) -> None:
    for channel in ("email", "in_app"):
        delivery.deliver_due(channel, clock=lambda: now)


@pytest.mark.feature("RM-03")
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("channel", ["email", "in_app"])
def test_it_recovers_from_a_death(
    cast: Cast,
    kind: MessageKind,
    mail_over_smtp: "SmtpServer",
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    channel: str,
) -> None:
    enqueue(cast.asha)
    module, name, how = PLACES[place]
    with monkeypatch.context() as patch, pytest.raises(Died):
        patch.setattr(module, name, how(getattr(module, name)))
        delivery.deliver_due(channel, clock=lambda: LATER)
    later = LATER + timedelta(minutes=5)
    delivery.requeue_stale(now=later)
    _sweep(later)
    with cast.acting():
        assert {one.status for one in Message.objects.all()} == {"sent"}
        assert Message.objects.inbox().count() == 1
        outcomes = list(
            Attempt.objects.filter(message__channel=channel)
            .order_by("id")
            .values_list("outcome", flat=True)
        )
    begun = place in ACCEPTED or place == "before the channel is called"
    assert outcomes == (["lost", "accepted"] if begun else ["accepted"])
    arrivals = [str(one.message["Message-ID"]) for one in mail_over_smtp.mails]
    assert len(set(arrivals)) == 1
    assert len(arrivals) == (2 if channel == "email" and place in ACCEPTED else 1)
