"""What has changed between writing and sending: nothing arrives, and the reason is kept."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail

from coordination import care_team
from coordination.models import (
    AccessGrant,
    Membership,
    Patient,
    Practitioner,
    PractitionerRole,
    User,
    new_id,
)
from coordination.tenancy import acting_in
from notifications import delivery, outbox
from notifications.kinds import MessageKind, Verdict
from notifications.models import Attempt, Preference
from notifications.outbox import Recipient
from tests.cast import NOW, Cast, Person, make_patient
from tests.leading import pass_lead_to
from tests.notifications.said import Truth, enqueue, messages, ordinary_kind

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


def _sweep(now: datetime = LATER) -> None:
    for channel in ("email", "in_app"):
        delivery.deliver_due(channel, clock=lambda: now)


def _end_membership(person: Person) -> None:
    Membership.objects.filter(user=person.user).update(until=NOW)


def _end_grant(cast: Cast) -> None:
    AccessGrant.objects.filter(patient=cast.patient).update(until=NOW)


def _hand_over(cast: Cast) -> None:
    pass_lead_to(cast, cast.ben, now=NOW)
    member = cast.patient.care_team.get(until=None, practitioner_role=cast.asha.role)
    care_team.leave(cast.patient.id, member.id, because="holiday", actor=cast.sam.actor(), now=NOW)


def _opt_out(cast: Cast, person: Person) -> None:
    for channel in ("email", "in_app"):
        Preference.objects.create(
            organization=cast.riverside,
            user=person.user,
            purpose="work",
            channel=channel,
            wanted=False,
            changed_at=NOW,
        )


CHANGES: dict[str, tuple[Callable[[Cast], Any], str]] = {
    "access ended": (_end_grant, "outside-circle"),
    "left the team": (_hand_over, "outside-circle"),
    "registration lapsed": (
        lambda cast: PractitionerRole.objects.filter(pk=cast.asha.practitioner_role.pk).update(
            registered_until=datetime(2026, 11, 1, tzinfo=UTC).date()
        ),
        "not-registered",
    ),
    "role closed": (
        lambda cast: PractitionerRole.objects.filter(pk=cast.asha.practitioner_role.pk).update(
            is_active=False
        ),
        "not-registered",
    ),
    "membership ended": (lambda cast: _end_membership(cast.asha), "not-a-member"),
    "login closed": (
        lambda cast: User.objects.filter(pk=cast.asha.user.pk).update(is_active=False),
        "not-a-member",
    ),
    "no login any more": (
        lambda cast: Practitioner.objects.filter(user=cast.asha.user).update(user=None),
        "no-login",
    ),
    "patient died": (
        lambda cast: Patient.objects.filter(pk=cast.patient.pk).update(deceased_at=NOW),
        "deceased",
    ),
    "opted out": (lambda cast: _opt_out(cast, cast.asha), "opted-out"),
}


@pytest.mark.feature("RM-04")
@pytest.mark.parametrize("change", CHANGES)
def test_it_tells_a_practitioner_nothing_any_more(
    cast: Cast, kind: MessageKind, change: str
) -> None:
    make, reason = CHANGES[change]
    enqueue(cast.asha, patient_id=cast.patient.id)
    with cast.acting():
        make(cast)
    _sweep()
    assert mail.outbox == []
    assert {(one.status, one.reason) for one in messages(cast.asha).values()} == {
        ("suppressed", reason)
    }
    with cast.acting():
        assert not Attempt.objects.exists()


@pytest.mark.feature("RM-04")
@pytest.mark.parametrize(
    ("verdict", "told"),
    [
        (Verdict(holds=False, reason="appointment moved"), ("suppressed", "appointment moved")),
        (Verdict(holds=False), ("suppressed", "no-longer-holds")),
    ],
)
def test_it_says_nothing_that_no_longer_holds(
    cast: Cast, kind: MessageKind, truth: Truth, verdict: Verdict, told: tuple[str, str]
) -> None:
    enqueue(cast.asha, patient_id=cast.patient.id)
    truth.verdict = verdict
    _sweep()
    assert mail.outbox == []
    assert {(one.status, one.reason) for one in messages(cast.asha).values()} == {told}


@pytest.mark.feature("RM-04")
def test_it_says_nothing_that_was_cancelled(cast: Cast, kind: MessageKind) -> None:
    subject = new_id()
    enqueue(cast.asha, subject_id=subject)
    with cast.acting():
        outbox.cancel(subject_ids=[subject], reason="cancelled", actor=cast.asha.actor(), now=NOW)
    _sweep()
    assert mail.outbox == []
    assert {one.status for one in messages(cast.asha).values()} == {"cancelled"}


@pytest.mark.feature("RM-04")
def test_it_waits_when_the_kind_says_not_yet(cast: Cast, kind: MessageKind, truth: Truth) -> None:
    moved = LATER + timedelta(days=2)
    truth.verdict = Verdict(holds=True, not_before=moved)
    enqueue(cast.asha)
    _sweep()
    assert {(one.status, one.due_at, one.tries) for one in messages(cast.asha).values()} == {
        ("queued", moved, 0)
    }
    _sweep(moved)
    assert {one.status for one in messages(cast.asha).values()} == {"sent"}
    assert len(mail.outbox) == 1


@pytest.mark.feature("RM-04")
def test_it_tells_a_former_scheduler_nothing(cast: Cast, kind: MessageKind) -> None:
    with cast.acting():
        to_schedulers = outbox.schedulers(now=NOW)
        enqueue(cast.sam, *to_schedulers, patient_id=cast.patient.id)
        Membership.objects.filter(user=cast.sam.user).update(role="administrator")
    _sweep()
    assert mail.outbox == []
    assert {one.reason for one in messages(cast.sam).values()} == {"no-longer-scheduler"}


@pytest.mark.feature("RM-04")
def test_it_tells_an_administrator_nothing_about_a_patient(cast: Cast, kind: MessageKind) -> None:
    enqueue(cast.ada, patient_id=cast.patient.id)
    _sweep()
    assert {one.reason for one in messages(cast.ada).values()} == {"outside-circle"}


@pytest.mark.feature("RM-04")
def test_it_tells_a_login_of_another_organization_nothing(cast: Cast, kind: MessageKind) -> None:
    enqueue(cast.asha, Recipient(user_id=cast.olu.user.id))
    _sweep()
    assert mail.outbox == []
    assert {one.reason for one in messages(cast.asha).values()} == {"not-a-member"}


def test_it_tells_nobody_by_grace_of_another_role(cast: Cast, kind: MessageKind) -> None:
    with cast.acting():
        second = PractitionerRole.objects.create(
            organization=cast.riverside,
            practitioner=cast.asha.practitioner_role.practitioner,
            location=cast.uptown,
            discipline="kinesiology",
            college="Test college (fictional)",
            registration_number="TEST-second",
            registered_from=datetime(2020, 1, 1, tzinfo=UTC).date(),
        )
    enqueue(cast.asha, Recipient(practitioner_role_id=second.id), patient_id=cast.patient.id)
    _sweep()
    assert {one.reason for one in messages(cast.asha).values()} == {"outside-circle"}


def test_it_heeds_no_preference_where_safety_is_at_stake(
    cast: Cast, register: Callable[[MessageKind], MessageKind], truth: Truth
) -> None:
    register(ordinary_kind(truth, name="test.danger", safety=True))
    with cast.acting():
        _opt_out(cast, cast.asha)
    enqueue(cast.asha, kind="test.danger")
    _sweep()
    assert {one.status for one in messages(cast.asha).values()} == {"sent"}
    assert "preferences" not in mail.outbox[0].body


def test_it_heeds_a_preference_of_one_organization_there_only(
    cast: Cast, kind: MessageKind
) -> None:
    with acting_in(cast.harbour.id):
        Membership.objects.create(
            organization=cast.harbour, user=cast.sam.user, role="scheduler", since=NOW
        )
        Preference.objects.create(
            organization=cast.harbour,
            user=cast.sam.user,
            purpose="work",
            channel="email",
            wanted=False,
            changed_at=NOW,
        )
    enqueue(cast.sam)
    _sweep()
    assert messages(cast.sam)["email"].status == "sent"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"email": ""}, "no-address"), ({"deceased_at": NOW}, "deceased"), ({}, "")],
)
def test_it_writes_to_a_patient_who_can_be_reached(
    cast: Cast, kind: MessageKind, changes: dict[str, Any], reason: str
) -> None:
    enqueue(cast.asha, Recipient(patient_id=cast.patient.id), patient_id=cast.patient.id)
    with cast.acting():
        Patient.objects.filter(pk=cast.patient.pk).update(**changes)
    _sweep()
    assert messages(cast.asha)["email"].reason == reason
    assert len(mail.outbox) == (not reason)


def test_it_heeds_what_a_patient_wants(cast: Cast, kind: MessageKind) -> None:
    with cast.acting():
        Preference.objects.create(
            organization=cast.riverside,
            patient=cast.patient,
            purpose="work",
            channel="email",
            wanted=False,
            changed_at=NOW,
        )
    enqueue(cast.asha, Recipient(patient_id=cast.patient.id), patient_id=cast.patient.id)
    _sweep()
    assert messages(cast.asha)["email"].reason == "opted-out"


@pytest.mark.feature("PV-11")
@pytest.mark.parametrize("again", [False, True])
def test_it_heeds_what_the_person_wants_on_any_record(
    cast: Cast, kind: MessageKind, again: bool
) -> None:
    with cast.acting():
        survivor = make_patient(cast.asha, family_name="Twice")
        Patient.objects.filter(pk=survivor.pk).update(email="twice@continuum.example")
        Patient.objects.filter(pk=cast.patient.pk).update(merged_into=survivor)
        said = [(cast.patient, False, NOW)]
        if again:
            said.append((survivor, True, NOW + timedelta(minutes=1)))
        for patient, wanted, at in said:
            Preference.objects.create(
                organization=cast.riverside,
                patient=patient,
                purpose=kind.purpose,
                channel="email",
                wanted=wanted,
                changed_at=at,
            )
    enqueue(cast.asha, Recipient(patient_id=survivor.id), patient_id=survivor.id)
    _sweep()
    sent = messages(cast.asha)["email"]
    assert (sent.status, sent.reason) == (("sent", "") if again else ("suppressed", "opted-out"))
