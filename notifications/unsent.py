"""What would become of a message if it were due: decided as when sending, and sent to nobody."""

from datetime import datetime

from notifications import recheck
from notifications.models import Message
from notifications.recheck import Decision


def settle(message: Message, *, now: datetime) -> Decision:
    """Decide about a waiting message as the sweep would at `now`, and mark it as that would.

    No channel is called. Only for a transaction that is going to be taken back: what is marked as
    sent here has reached nobody.
    """
    mine = Message.objects.filter(pk=message.pk)
    decision = recheck.decide(message, now=now)
    match decision:
        case recheck.PutBack(until):
            mine.update(due_at=until, next_at=until)
        case recheck.Suppress(reason):
            mine.update(status=Message.Status.SENDING, claimed_at=now)
            mine.update(status=Message.Status.SUPPRESSED, claimed_at=None, reason=reason)
        case recheck.Send():
            mine.update(status=Message.Status.SENDING, claimed_at=now)
            mine.update(status=Message.Status.SENT, claimed_at=None, sent_at=now)
    return decision
