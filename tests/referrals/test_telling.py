"""Whoever has to act next is told, and nobody of what no longer holds."""

from datetime import timedelta

from coordination import care_team
from coordination.models import CareTeamMember
from notifications.kinds import kind_named
from notifications.models import Message
from tests.cast import NOW, Cast, make_person
from tests.leading import pass_lead_to
from tests.referrals.walk import at, do, opened, work_of

LATER = NOW + timedelta(hours=1)


def queued(kind: str = "") -> set[tuple[str, object]]:
    rows = Message.objects.filter(status="queued", channel="email")
    return {
        (m.kind, m.to_user_id or m.to_practitioner_role_id)
        for m in (rows.filter(kind=kind) if kind else rows)
    }


def test_it_tells_whoever_has_to_act_next_and_nobody_else(cast: Cast) -> None:
    with cast.acting():
        chloe = cast.chloe.practitioner_role.id
        referral = opened(cast)
        assert queued() == {("referral.waiting", cast.sam.user.id)}
        do(referral, "claim", cast.sam)
        assert queued() == {("referral.waiting", cast.sam.user.id)}
        do(referral, "assign", cast.sam)
        assert queued() == {("referral.assigned", chloe)}
        do(referral, "decline", cast.chloe)
        assert queued() == {("referral.waiting", cast.sam.user.id)}
        do(
            referral,
            "assign",
            cast.sam,
            to=make_person(
                cast.riverside, "Cleo", discipline="massage_therapy", location=cast.downtown
            ).practitioner_role.id,
        )
        assert {kind for kind, _ in queued()} == {"referral.assigned"}
        do(referral, "requeue", cast.sam)
        assert queued() == {("referral.waiting", cast.sam.user.id)}
        do(referral, "hold", cast.asha)
        assert queued() == set()
        do(referral, "resume", cast.asha, now=LATER)
        assert queued() == {("referral.waiting", cast.sam.user.id)}


def test_it_tells_the_referrer_that_a_report_waits(cast: Cast) -> None:
    with cast.acting():
        referral = at(cast, "active", "completed")
        assert queued() == {("referral.reported", cast.asha.practitioner_role.id)}
        do(referral, "acknowledge", cast.asha)
        assert queued() == set()


def test_it_tells_the_present_lead_when_the_referrer_has_left(cast: Cast) -> None:
    with cast.acting():
        referral = at(cast, "active", "in_progress")
        pass_lead_to(cast, cast.gus, now=NOW)
        asha = CareTeamMember.objects.get(practitioner_role=cast.asha.practitioner_role, until=None)
        care_team.leave(
            cast.patient.id, asha.id, because="moves away", actor=cast.sam.actor(), now=NOW
        )
        do(referral, "complete", cast.chloe)
        assert queued() == {("referral.reported", cast.gus.practitioner_role.id)}


def test_it_asks_before_sending_whether_it_still_holds(cast: Cast) -> None:
    with cast.acting():
        referral = opened(cast)
        waiting, assigned, reported = (
            kind_named(f"referral.{name}").still_holds
            for name in ("waiting", "assigned", "reported")
        )
        item = work_of(referral).id

        def holding() -> list[bool]:
            return [ask(item, NOW).holds for ask in (waiting, assigned, reported)]

        assert holding() == [True, False, False]
        do(referral, "assign", cast.sam)
        assert holding() == [False, True, False]
        do(referral, "hold", cast.asha)
        assert holding() == [False, False, False]
        do(referral, "resume", cast.asha)
        do(referral, "accept", cast.chloe)
        assert holding() == [False, False, False]
        do(referral, "start", cast.chloe)
        do(referral, "complete", cast.chloe)
        assert holding() == [False, False, True]
        do(referral, "acknowledge", cast.asha)
        assert holding() == [False, False, False]
        assert waiting(item, NOW).reason


def test_it_no_longer_holds_for_a_work_item_that_another_has_replaced(cast: Cast) -> None:
    with cast.acting():
        referral = at(cast, "active", "requested")
        former = work_of(referral).id
        do(referral, "decline", cast.chloe)
        assert not kind_named("referral.assigned").still_holds(former, NOW).holds
        assert not kind_named("referral.waiting").still_holds(former, NOW).holds


def test_it_says_nothing_of_health_in_its_messages() -> None:
    for name in ("waiting", "assigned", "reported"):
        kind = kind_named(f"referral.{name}")
        assert not {"psychotherapy", "pain", "patient"} & set(kind.text.lower().split())
