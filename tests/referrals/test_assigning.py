"""Who is asked next: the first candidate, unless for a reason, and every candidate is kept."""

from datetime import timedelta
from uuid import uuid4

import pytest

from coordination.models import PractitionerRole, WorkItem
from coordination.problems import Invalid
from referrals.assignment import NobodyToAsk
from referrals.candidates import candidates_for
from referrals.models import RoutingDecision
from tests.cast import NOW, Cast, make_person
from tests.referrals.walk import as_stored, at, do, opened, work_of


def test_it_asks_the_next_one_in_a_single_action_after_a_decline(cast: Cast) -> None:
    with cast.acting():
        cleo = make_person(
            cast.riverside, "Cleo", discipline="massage_therapy", location=cast.downtown
        )
        referral = at(cast, "active", "waiting")
        do(referral, "reroute", cast.sam)
        first = work_of(referral).owner
        asked, other = (
            (cast.chloe, cleo) if first == cast.chloe.practitioner_role else (cleo, cast.chloe)
        )
        do(referral, "decline", asked)
        waiting = as_stored(referral.id)
        assert (waiting.status, work_of(referral).owner) == ("active", None)
        do(referral, "reroute", cast.sam)
        again = as_stored(referral.id)
        assert work_of(referral).owner == other.practitioner_role
        assert (again.reason_code, again.priority) == ("stage-need", "routine")
        do(referral, "decline", other)
        with pytest.raises(NobodyToAsk):
            do(referral, "reroute", cast.sam)
        assert [d.chosen for d in RoutingDecision.objects.order_by("id")] == [
            asked.practitioner_role,
            other.practitioner_role,
        ]
        items = WorkItem.objects.filter(subject_id=referral.id).order_by("id")
        assert [item.status for item in items] == ["rejected", "rejected", "requested"]


def test_it_assigns_another_than_the_first_only_for_a_reason(cast: Cast) -> None:
    with cast.acting():
        cleo = make_person(
            cast.riverside, "Cleo", discipline="massage_therapy", location=cast.downtown, capacity=0
        )
        referral = at(cast, "active", "waiting")
        to = cleo.practitioner_role.id
        with pytest.raises(Invalid) as refused:
            do(referral, "assign", cast.sam, to=to)
        assert refused.value.errors[0].pointer == "/reason_code"
        assert work_of(referral).owner is None
        do(referral, "assign", cast.sam, to=to, reason_code="patient_preference")
        decision = RoutingDecision.objects.get()
        assert (decision.chosen_id, decision.reason_code) == (to, "patient_preference")
        assert decision.decided_by == cast.sam.user.email


def test_it_keeps_every_candidate_with_reasons_also_the_excluded(cast: Cast) -> None:
    with cast.acting():
        lapsed = make_person(
            cast.riverside,
            "Lev",
            discipline="massage_therapy",
            location=cast.uptown,
            registered_until=NOW.date() - timedelta(days=1),
        )
        do(at(cast, "active", "waiting"), "assign", cast.sam)
        kept = RoutingDecision.objects.get()
        by_id = {entry["practitioner_role"]: entry for entry in kept.candidates}
        assert set(by_id) == {
            str(cast.chloe.practitioner_role.id),
            str(lapsed.practitioner_role.id),
        }
        chosen = by_id[str(kept.chosen_id)]
        assert chosen["rank"] == 1
        assert {r["code"] for r in chosen["reasons"]} >= {"discipline", "registered"}
        excluded = by_id[str(lapsed.practitioner_role.id)]
        assert excluded["rank"] is None
        assert "registration-lapsed" in {r["code"] for r in excluded["reasons"]}


@pytest.mark.feature("RF-02")
def test_it_asks_nobody_for_what_they_asked_for_themselves(cast: Cast) -> None:
    with cast.acting():
        asha = cast.asha.practitioner_role
        other_role = PractitionerRole.objects.create(
            organization_id=cast.riverside.id,
            practitioner=asha.practitioner,
            location=cast.uptown,
            discipline="massage_therapy",
            college="CMTO",
            registration_number="A-2",
            registered_from=asha.registered_from,
        )
        referral = opened(cast)
        found = {
            one.candidate.practitioner_role_id: one for one in candidates_for(referral, now=NOW)
        }
        assert found[cast.chloe.practitioner_role.id].is_routable
        hers = found[other_role.id]
        assert [r.code for r in hers.reasons if r.effect == "excludes"] == ["referrer"]
        with pytest.raises(Invalid) as refused:
            do(referral, "assign", cast.sam, to=other_role.id, reason_code="expertise")
        assert refused.value.errors[0].pointer == "/practitioner_role"
        assert "Asked for it" in refused.value.detail
        assert RoutingDecision.objects.count() == 0
        referral.lane_id = uuid4()  # a plan asked in her name
        [mine] = [
            one
            for one in candidates_for(referral, now=NOW)
            if one.candidate.practitioner_role_id == other_role.id
        ]
        assert mine.is_routable


@pytest.mark.parametrize("name", ["ben", "olu", "nobody"])
def test_it_assigns_nobody_who_is_no_candidate(cast: Cast, name: str) -> None:
    with cast.acting():
        referral = at(cast, "active", "waiting")
        person = cast.everybody.get(name)
        to = person.practitioner_role.id if person else referral.id
        with pytest.raises(Invalid) as refused:
            do(referral, "assign", cast.sam, to=to, reason_code="expertise")
        assert refused.value.errors[0].pointer == "/practitioner_role"
        assert RoutingDecision.objects.count() == 0
