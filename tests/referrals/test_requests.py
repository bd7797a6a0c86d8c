"""Asking for a discipline's work: by a person, or by a plan for all that a stage needs."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from coordination.access import PatientNotFound
from coordination.actors import Actor
from coordination.models import AuditEvent, Event, WorkItem
from coordination.problems import Denied, Invalid
from notifications.models import Message
from referrals.models import Referral, ReferralTransition
from referrals.requests import (
    KeyInUse,
    Request,
    open_referral,
    open_referrals,
    request_referral,
)
from tests.cast import NOW, Cast, make_patient


def plan(cast: Cast) -> Actor:
    return Actor.system("care_plans.progress", cast.riverside.id)


def needed(cast: Cast, **changes: Any) -> dict[str, Any]:
    return {
        "patient_id": cast.patient.id,
        "discipline": "massage_therapy",
        "key": "course-1/acute/massage_therapy",
        "reason_code": "stage-need",
        "stage": "acute",
        "requested_by_id": cast.asha.practitioner_role.id,
        "actor": plan(cast),
        "now": NOW,
    } | changes


def test_it_sends_a_referral_into_the_queue(cast: Cast) -> None:
    with cast.acting():
        referral, is_new = open_referral(**needed(cast))
        assert is_new
        assert referral.status == "active"
        item = WorkItem.objects.get(subject_id=referral.id)
        assert (item.status, item.owner_id, item.kind) == ("requested", None, "referral")
        assert Referral.objects.get().work_item_id == item.id
        steps = ReferralTransition.objects.order_by("id").values_list(
            "part", "action", "from_status", "to_status"
        )
        assert list(steps) == [
            ("request", "open", "", "active"),
            ("work", "open", "", "requested"),
        ]
        assert AuditEvent.objects.filter(event="referral.opened").count() == 1
        assert Event.objects.filter(type="referral.opened", subject_id=referral.id).exists()
        messages = Message.objects.filter(kind="referral.waiting", subject_id=item.id)
        assert {m.to_user_id for m in messages} == {cast.sam.user.id}


def test_it_returns_the_first_referral_for_the_same_key(cast: Cast) -> None:
    with cast.acting():
        first, _ = open_referral(**needed(cast))
        again, is_new = open_referral(**needed(cast, priority="stat"))
        assert (again.id, is_new) == (first.id, False)
        assert again.priority == "routine"
        assert Referral.objects.count() == WorkItem.objects.count() == 1
        assert ReferralTransition.objects.count() == 2


def test_it_refuses_a_key_of_another_discipline(cast: Cast) -> None:
    with cast.acting():
        open_referral(**needed(cast))
        with pytest.raises(KeyInUse):
            open_referral(**needed(cast, discipline="nutrition"))
        assert Referral.objects.count() == 1


def test_it_takes_a_key_for_each_patient_apart(cast: Cast) -> None:
    with cast.acting():
        open_referral(**needed(cast))
        other, is_new = open_referral(**needed(cast, patient_id=make_patient(cast.asha).id))
        assert is_new
        assert other.patient_id != cast.patient.id


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("discipline", "osteopathy"),
        ("priority", "soon"),
        ("stage", "chronic"),
        ("reason_code", "Pain when sitting"),
        ("reason_code", ""),
        ("sensitivity", "Very Private"),
        ("key", "  "),
    ],
)
def test_it_refuses_bad_input_and_says_where(cast: Cast, field: str, value: str) -> None:
    with cast.acting():
        with pytest.raises(Invalid) as refused:
            open_referral(**needed(cast, **{field: value}))
        assert [error.pointer for error in refused.value.errors] == [f"/{field}"]
        assert Referral.objects.count() == WorkItem.objects.count() == 0


def test_it_refuses_a_referrer_of_another_organization(cast: Cast) -> None:
    with cast.acting():
        with pytest.raises(Invalid) as refused:
            open_referral(**needed(cast, requested_by_id=cast.olu.practitioner_role.id))
        assert refused.value.errors[0].pointer == "/requested_by"
        assert Referral.objects.count() == 0


def test_it_finds_no_patient_of_another_organization(cast: Cast) -> None:
    with cast.acting():
        with pytest.raises(PatientNotFound):
            open_referral(**needed(cast, patient_id=cast.stranger.id))
        assert Referral.objects.count() == 0


#: in Toronto the evening of the 23rd, and in UTC the 24th
EVENING = datetime(2026, 11, 24, 3, tzinfo=UTC)


@pytest.mark.parametrize("draft", [False, True])
def test_it_refuses_what_is_needed_by_a_day_that_has_gone_by_at_the_clinic(
    cast: Cast, draft: bool
) -> None:
    about: dict[str, Any] = {
        "patient_id": cast.patient.id,
        "requested_by_id": None,
        "draft": draft,
        "now": EVENING,
    }
    with cast.acting():
        about["actor"] = cast.asha.actor(EVENING)
        yesterday = asked(needed_by=datetime(2026, 11, 23, 4, tzinfo=UTC), key="of the 22nd there")
        with pytest.raises(Invalid) as refused:
            request_referral(yesterday, **about)
        assert [one.pointer for one in refused.value.errors] == ["/needed_by"]
        assert "gone by" in refused.value.detail
        assert "2026-11-23" in refused.value.detail
        assert Referral.objects.count() == WorkItem.objects.count() == 0
        today = asked(needed_by=datetime(2026, 11, 23, 6, tzinfo=UTC), key="of the 23rd there")
        first, is_new = request_referral(today, **about)
        assert is_new
        again = request_referral(today, **(about | {"now": EVENING + timedelta(days=3)}))
        assert again == (first, False)


def asked(**changes: Any) -> Request:
    return Request(discipline="nutrition", reason_code="energy", **changes)


def test_it_opens_all_that_a_stage_needs_in_order(cast: Cast) -> None:
    requests = [
        Request(discipline=discipline, reason_code="stage-need", key=discipline, order=order)
        for order, discipline in enumerate(["physiotherapy", "massage_therapy", "chiropractic"])
    ]
    about: dict[str, Any] = {
        "patient_id": cast.patient.id,
        "requested_by_id": cast.asha.practitioner_role.id,
        "actor": plan(cast),
        "now": NOW,
    }
    with cast.acting():
        opened = open_referrals(requests, **about)
        assert [is_new for _, is_new in opened] == [True, True, True]
        found = Referral.objects.order_by("order").values_list("discipline", flat=True)
        assert list(found) == ["physiotherapy", "massage_therapy", "chiropractic"]
        assert [is_new for _, is_new in open_referrals(requests, **about)] == [False] * 3


def test_it_opens_none_when_one_is_wrong(cast: Cast) -> None:
    requests = [
        Request(discipline="physiotherapy", reason_code="stage-need"),
        Request(discipline="astrology", reason_code="stage-need"),
    ]
    with cast.acting():
        with pytest.raises(Invalid):
            open_referrals(
                requests,
                patient_id=cast.patient.id,
                requested_by_id=cast.asha.practitioner_role.id,
                actor=plan(cast),
                now=NOW,
            )
        assert Referral.objects.count() == WorkItem.objects.count() == 0


def test_it_lets_a_practitioner_refer_only_as_themselves(cast: Cast) -> None:
    request = Request(discipline="nutrition", reason_code="energy")
    about: dict[str, Any] = {"patient_id": cast.patient.id, "draft": True, "now": NOW}
    with cast.acting():
        with pytest.raises(Denied) as denied:
            request_referral(
                request,
                requested_by_id=cast.ben.practitioner_role.id,
                actor=cast.asha.actor(),
                **about,
            )
        assert denied.value.rule == "referral.create.own-name"
        with pytest.raises(PatientNotFound):
            request_referral(request, requested_by_id=None, actor=cast.gus.actor(), **about)
        assert Referral.objects.count() == 0
        draft, _ = request_referral(request, requested_by_id=None, actor=cast.asha.actor(), **about)
        assert (draft.status, draft.work_item_id) == ("draft", None)
        assert Message.objects.count() == 0
