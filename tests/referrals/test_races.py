"""Twenty at once: exactly one wins, the others are told so, and nothing is half done."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, connections
from django.db.backends.postgresql.base import DatabaseWrapper

from coordination.actors import Role
from coordination.models import AccessGrant, CareTeamMember, WorkItem, current
from coordination.problems import Problem
from coordination.tenancy import acting_in
from notifications.models import Message
from referrals.models import Referral, ReferralTransition, RoutingDecision
from tests.cast import NOW, Cast, Person, make_person
from tests.referrals.walk import as_stored, at, do, opened, work_of

AT_ONCE = 20


@pytest.fixture(autouse=True)
def wide_pool(settings: Any, committed_db: None) -> Iterator[None]:
    """Give every thread a connection of its own, so that they really meet in the database."""
    options = settings.DATABASES["default"]["OPTIONS"]
    before = options["pool"]
    _close_pool()
    options["pool"] = {"min_size": 1, "max_size": AT_ONCE + 2, "timeout": 20}
    yield
    _close_pool()
    options["pool"] = before


def _close_pool() -> None:
    ours = connections["default"]
    assert isinstance(ours, DatabaseWrapper)
    ours.close()
    ours.close_pool()


def at_once(cast: Cast, acts: Sequence[Callable[[], object]]) -> list[object]:
    """Run the acts in as many transactions of Riverside; return results and problems."""
    barrier = Barrier(len(acts))

    def one(act: Callable[[], object]) -> object:
        try:
            with acting_in(cast.riverside.id):
                barrier.wait(timeout=30)
                return act()
        except Problem as problem:
            return problem
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(one, acts))


def did(referral: Referral, action: str, who: Person, *, tell: object = None) -> object:
    """Take an action and return who took it, or what `tell` says."""
    do(referral, action, who)
    return tell or who


def winners(results: list[object]) -> list[object]:
    lost = [result for result in results if isinstance(result, Problem)]
    assert {problem.status for problem in lost} <= {409}, lost
    return [result for result in results if not isinstance(result, Problem)]


def schedulers(cast: Cast) -> list[Person]:
    return [make_person(cast.riverside, f"S{n}", hat=Role.SCHEDULER) for n in range(AT_ONCE)]


@pytest.mark.feature("RF-15")
def test_it_lets_one_of_twenty_claimers_win(committed_cast: Cast) -> None:
    cast = committed_cast
    people = schedulers(cast)
    with cast.acting():
        referral = at(cast, "active", "waiting")
    results = at_once(cast, [partial(did, referral, "claim", p) for p in people])
    (winner,) = winners(results)
    assert isinstance(winner, Person)
    with cast.acting():
        item = work_of(referral)
        assert item.claimed_by == winner.user
        assert ReferralTransition.objects.filter(action="claim").count() == 1
        others = [person for person in people if person is not winner]
        for action in ("claim", "assign", "release"):
            with pytest.raises(Problem):
                do(referral, action, others[0])
        do(referral, "assign", winner)


def test_it_lets_a_claim_run_out(committed_cast: Cast) -> None:
    cast = committed_cast
    people = schedulers(cast)
    with cast.acting():
        referral = at(cast, "active", "claimed")
    soon = NOW + timedelta(minutes=14, seconds=59)
    then = NOW + timedelta(minutes=15)
    early = at_once(cast, [partial(do, referral, "claim", p, now=soon) for p in people])
    assert winners(early) == []
    late = at_once(cast, [partial(do, referral, "claim", p, now=then) for p in people])
    assert len(winners(late)) == 1
    with cast.acting(), pytest.raises(Problem):
        do(referral, "assign", cast.sam, now=then)


def test_it_assigns_once(committed_cast: Cast) -> None:
    cast = committed_cast
    people = schedulers(cast)
    with cast.acting():
        referral = at(cast, "active", "waiting")
    results = at_once(cast, [partial(do, referral, "reroute", p) for p in people])
    assert len(winners(results)) == 1
    with cast.acting():
        assert RoutingDecision.objects.count() == 1
        assert AccessGrant.objects.filter(basis="referral").count() == 1


def test_it_accepts_once(committed_cast: Cast) -> None:
    cast = committed_cast
    with cast.acting():
        referral = at(cast, "active", "requested")
    accepting = [lambda: do(referral, "accept", cast.chloe) for _ in range(AT_ONCE)]
    assert len(winners(at_once(cast, accepting))) == 1
    with cast.acting():
        assert ReferralTransition.objects.filter(action="accept").count() == 1
        mine = CareTeamMember.objects.filter(practitioner_role=cast.chloe.practitioner_role)
        assert mine.count() == 1


def test_it_opens_one_referral_for_one_key(committed_cast: Cast) -> None:
    cast = committed_cast
    ids = {r.id for r in winners(at_once(cast, [lambda: opened(cast)] * AT_ONCE))}  # type: ignore[attr-defined] # winners are referrals
    assert len(ids) == 1
    with cast.acting():
        assert Referral.objects.count() == WorkItem.objects.count() == 1
        assert Message.objects.filter(channel="email").count() == 1


def test_it_stays_whole_when_everybody_pulls_at_it(committed_cast: Cast) -> None:
    cast = committed_cast
    for round_number in range(6):
        with cast.acting():
            referral = opened(cast, key=f"round-{round_number}")
            do(referral, "assign", cast.sam)
        pulls = [
            (cast.chloe, "accept"),
            (cast.chloe, "decline"),
            (cast.sam, "requeue"),
            (cast.asha, "revoke"),
            (cast.asha, "hold"),
        ] * 4
        results = at_once(cast, [partial(did, referral, a, who, tell=a) for who, a in pulls])
        # whoever lost the patient with the work meanwhile is told that there is no such referral
        lost = [r for r in results if isinstance(r, Problem)]
        assert {problem.status for problem in lost} <= {404, 403, 409}, lost
        won = Counter(r for r in results if not isinstance(r, Problem))
        assert all(times == 1 for times in won.values()), won
        with cast.acting():
            after = as_stored(referral.id)
            items = WorkItem.objects.filter(subject_id=referral.id)
            open_items = items.filter(status__in=["requested", "accepted", "in_progress"])
            assert open_items.count() == (0 if after.status == "revoked" else 1)
            if after.status == "revoked":
                ids = [item.id for item in items]
                waiting = Message.objects.filter(subject_id__in=ids, status="queued")
                assert not waiting.exists()
                grants = AccessGrant.objects.filter(current(NOW), source_id__in=ids)
                assert not grants.exists()
