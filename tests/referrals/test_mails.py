"""What a referral says by mail, through a real worker and a real mail server."""

from typing import TYPE_CHECKING

from django.utils import timezone

from notifications.models import Message
from tests.cast import Cast
from tests.referrals.walk import do, opened, work_of

if TYPE_CHECKING:
    from tests.servers.programs import SmtpServer, StartWorker


def test_it_writes_to_whoever_acts_next_and_never_of_health(
    committed_cast: Cast, smtp: "SmtpServer", celery_worker: "StartWorker"
) -> None:
    cast = committed_cast
    celery_worker()
    now = timezone.now()
    with cast.acting():
        referral = opened(
            cast, "psychotherapy", reason_code="stress", sensitivity="mental-health", now=now
        )
    assert smtp.wait_for_mails(1)[0].message["To"] == cast.sam.user.email
    with cast.acting():
        do(referral, "assign", cast.sam, now=timezone.now())
    assert smtp.wait_for_mails(2)[1].message["To"] == cast.farah.user.email
    with cast.acting():
        for action in ("accept", "start", "complete"):
            do(referral, action, cast.farah, now=timezone.now())
    mails = smtp.wait_for_mails(3)
    assert mails[2].message["To"] == cast.asha.user.email
    for mail in mails:
        said = mail.message.as_string().lower()
        assert str(referral.id) in said, "the way to it"
        for secret in ("psycho", "stress", "mental", "tremblay", "noor"):
            assert secret not in said


def test_it_sends_nothing_of_a_referral_that_was_revoked_in_time(
    committed_cast: Cast, smtp: "SmtpServer", celery_worker: "StartWorker"
) -> None:
    cast = committed_cast
    with cast.acting():
        now = timezone.now()
        revoked = opened(cast, now=now)
        item = work_of(revoked)
        do(revoked, "revoke", cast.asha, now=now)
        opened(cast, "nutrition", now=now)
    celery_worker()
    smtp.wait_for_mails(1)
    with cast.acting():
        states = Message.objects.filter(subject_id=item.id)
        assert set(states.values_list("status", flat=True)) == {"cancelled"}
    assert len(smtp.mails) == 1
