"""What follows from a move: access, team, history, and the loop that closes."""

from datetime import timedelta

import pytest

from coordination.access import PatientNotFound, patient_for
from coordination.models import AccessGrant, AuditEvent, CareTeamMember, Event, WorkItem, current
from coordination.problems import Denied, Invalid, NotAllowed
from notifications.models import Message
from referrals.models import Referral, ReferralReport, ReferralTransition
from referrals.permission import Report
from tests.cast import NOW, Cast, Person
from tests.leading import pass_lead_to
from tests.referrals.walk import as_stored, at, do, opened, work_of

LATER = NOW + timedelta(hours=1)


def sees(person: Person, cast: Cast) -> bool:
    try:
        patient_for(person.actor(), cast.patient.id, now=NOW)
    except PatientNotFound:
        return False
    return True


def test_it_lets_the_one_who_is_asked_see_the_patient_before_deciding(cast: Cast) -> None:
    with cast.acting():
        referral = at(cast, "active", "waiting")
        assert not sees(cast.chloe, cast)
        do(referral, "assign", cast.sam)
        assert sees(cast.chloe, cast)
        grant = AccessGrant.objects.get(basis="referral")
        assert grant.source_id == work_of(referral).id
        assert not CareTeamMember.objects.filter(
            practitioner_role=cast.chloe.practitioner_role
        ).exists()


@pytest.mark.parametrize(("who", "action"), [("chloe", "decline"), ("sam", "requeue")])
def test_it_ends_the_access_with_the_work(cast: Cast, who: str, action: str) -> None:
    with cast.acting():
        referral = at(cast, "active", "requested")
        do(referral, action, getattr(cast, who))
        assert not sees(cast.chloe, cast)


def test_it_ends_the_access_when_the_request_is_revoked(cast: Cast) -> None:
    with cast.acting():
        do(at(cast, "active", "requested"), "revoke", cast.asha)
        assert not sees(cast.chloe, cast)
        assert not AccessGrant.objects.filter(current(NOW), basis="referral").exists()


def test_it_takes_the_one_who_accepts_into_the_team_for_longer_than_the_referral(
    cast: Cast,
) -> None:
    with cast.acting():
        referral = at(cast, "active", "completed")
        member = CareTeamMember.objects.get(practitioner_role=cast.chloe.practitioner_role)
        assert (member.role, member.until) == ("member", None)
        do(referral, "acknowledge", cast.asha)
        assert not AccessGrant.objects.filter(current(NOW), basis="referral").exists()
        assert sees(cast.chloe, cast), "as a member of the team"


def test_it_accepts_from_somebody_who_is_in_the_team_already(cast: Cast) -> None:
    with cast.acting():
        at(cast, "active", "accepted")
        referral = opened(cast, key="another course")
        do(referral, "assign", cast.sam)
        assert work_of(referral).owner == cast.chloe.practitioner_role
        do(referral, "accept", cast.chloe)
        hers = CareTeamMember.objects.filter(practitioner_role=cast.chloe.practitioner_role)
        assert [(m.role, m.until) for m in hers] == [("member", None)]


def test_it_closes_the_loop_only_by_report_and_acknowledgement(cast: Cast) -> None:
    with cast.acting():
        referral = at(cast, "active", "in_progress")
        with pytest.raises(NotAllowed):
            do(referral, "acknowledge", cast.asha)
        assert as_stored(referral.id).status == "active"
        do(referral, "complete", cast.chloe)
        reported = as_stored(referral.id)
        assert (reported.status, work_of(referral).status) == ("active", "completed")
        report = ReferralReport.objects.get()
        assert report.author == cast.chloe.practitioner_role
        with pytest.raises(Denied):
            do(referral, "acknowledge", cast.chloe)
        do(referral, "acknowledge", cast.asha)
        closed = as_stored(referral.id)
        assert (closed.status, closed.outcome) == ("completed", "goals_met")
        assert closed.acknowledged_by == cast.asha.practitioner_role
        assert closed.acknowledged_at == NOW


@pytest.mark.parametrize(
    ("report", "pointer"),
    [
        (None, "/text"),
        (Report("  ", "goals_met"), "/text"),
        (Report("Seen twice.", "cured"), "/outcome"),
    ],
)
def test_it_completes_nothing_without_a_whole_report(
    cast: Cast, report: Report | None, pointer: str
) -> None:
    with cast.acting():
        referral = at(cast, "active", "in_progress")
        with pytest.raises(Invalid) as refused:
            do(referral, "complete", cast.chloe, report=report)
        assert refused.value.errors[0].pointer == pointer
        assert work_of(referral).status == "in_progress"


@pytest.mark.parametrize("action", ["decline", "requeue", "hold", "revoke"])
@pytest.mark.parametrize("reason", ["", "because I say so", "goals_met"])
def test_it_wants_a_coded_reason(cast: Cast, action: str, reason: str) -> None:
    with cast.acting():
        referral = at(cast, "active", "requested")
        who = {"decline": cast.chloe, "requeue": cast.sam}.get(action, cast.asha)
        with pytest.raises(Invalid) as refused:
            do(referral, action, who, reason_code=reason)
        assert refused.value.errors[0].pointer == "/reason_code"
        assert work_of(referral).status == "requested"


@pytest.mark.parametrize("state", ["waiting", "claimed", "requested", "accepted", "in_progress"])
def test_it_leaves_no_message_access_or_work_behind_when_revoked(cast: Cast, state: str) -> None:
    with cast.acting():
        referral = at(cast, "active", state)
        do(referral, "revoke", cast.asha)
        items = list(WorkItem.objects.filter(subject_id=referral.id))
        assert {item.status for item in items} == {"cancelled"}
        ids = [item.id for item in items]
        assert not Message.objects.filter(subject_id__in=ids, status="queued").exists()
        assert not AccessGrant.objects.filter(current(NOW), basis="referral").exists()


def test_it_writes_history_audit_and_feed_for_each_step(cast: Cast) -> None:
    with cast.acting():
        referral = at(cast, "completed", "completed")
        steps = ReferralTransition.objects.filter(referral=referral).order_by("id")
        assert [(s.part, s.action, s.from_status, s.to_status) for s in steps] == [
            ("request", "open", "", "active"),
            ("work", "open", "", "requested"),
            ("work", "assign", "requested", "requested"),
            ("work", "accept", "requested", "accepted"),
            ("work", "start", "accepted", "in_progress"),
            ("work", "complete", "in_progress", "completed"),
            ("request", "acknowledge", "active", "completed"),
        ]
        assert {s.processed_at for s in steps} == {None}
        assert steps[3].actor == cast.chloe.user.email
        events = ["opened", "assigned", "accepted", "started", "reported", "acknowledged"]
        feed = Event.objects.filter(subject_id=referral.id).order_by("id")
        assert [e.type for e in feed] == [f"referral.{name}" for name in events]
        audit = AuditEvent.objects.filter(resource_id=referral.id).order_by("id")
        assert [a.event for a in audit] == [f"referral.{name}" for name in events]
        assert {tuple(a.patient_ids) for a in audit} == {(cast.patient.id,)}
        assert not any("Settled" in str(a.detail) for a in audit)


def test_it_writes_the_cancelled_work_into_the_history_too(cast: Cast) -> None:
    with cast.acting():
        referral = at(cast, "revoked", "cancelled")
        last = ReferralTransition.objects.filter(referral=referral, action="revoke")
        assert {(s.part, s.to_status, s.reason_code) for s in last} == {
            ("request", "revoked", "no_longer_needed"),
            ("work", "cancelled", "no_longer_needed"),
        }


def test_it_keeps_when_work_began_apart_from_when_that_was_entered(cast: Cast) -> None:
    with cast.acting():
        referral = at(cast, "active", "accepted")
        entered = NOW + timedelta(days=1)
        do(referral, "start", cast.chloe, now=entered, effective_at=LATER)
        step = ReferralTransition.objects.get(action="start")
        assert (step.effective_at, step.recorded_at) == (LATER, entered)


@pytest.mark.parametrize("wrong", [NOW - timedelta(days=1), NOW + timedelta(minutes=1)])
def test_it_refuses_work_before_the_request_or_in_the_future(cast: Cast, wrong: object) -> None:
    with cast.acting():
        referral = at(cast, "active", "accepted")
        with pytest.raises(Invalid) as refused:
            do(referral, "start", cast.chloe, effective_at=wrong)
        assert refused.value.errors[0].pointer == "/effective_at"
        assert work_of(referral).status == "accepted"


def test_it_lets_the_present_lead_acknowledge_for_a_referrer_who_left(cast: Cast) -> None:
    with cast.acting():
        referral = at(cast, "active", "completed")
        pass_lead_to(cast, cast.gus, now=NOW)
        do(referral, "acknowledge", cast.gus)
        assert Referral.objects.get().acknowledged_by == cast.gus.practitioner_role


def test_it_finds_the_unprocessed_steps_of_all_organizations(cast: Cast) -> None:
    from django.db import connection

    with cast.acting():
        opened(cast)
    with connection.cursor() as cursor:
        cursor.execute("SELECT transition_id, organization_id FROM referrals_unprocessed(10)")
        found = cursor.fetchall()
    assert {organization for _, organization in found} == {cast.riverside.id}
    with cast.acting():
        ids = [row[0] for row in found]
        assert (
            ReferralTransition.objects.filter(pk__in=ids, processed_at=None).update(
                processed_at=NOW
            )
            == len(ids)
            == 2
        )
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM referrals_unprocessed(10)")
        assert cursor.fetchone() == (0,)
