"""The table, whole: every state with every action, and everybody with every action."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import transaction

from coordination import care_team
from coordination.actors import Actor, Role
from coordination.models import WORK_TRANSITIONS
from coordination.problems import Denied, NotAllowed, NotFound, Problem
from referrals.models import REQUEST_TRANSITIONS
from referrals.moves import HAPPENED, MOVES, PART_OF, WORDS, Party, allowed_to
from tests.cast import NOW, Cast, Person, make_person
from tests.leading import pass_lead_to
from tests.referrals.walk import WAYS, as_stored, at, do, everything
from tests.refusing import check_reads_well

ACTIONS = sorted(PART_OF)
STATES = [("draft", ""), *WAYS]

#: what each state allows, to somebody who may: written out here, apart from the code's table
LEGAL: dict[tuple[str, str], dict[str, tuple[str, str]]] = {
    ("draft", ""): {"submit": ("active", "requested"), "revoke": ("revoked", "")},
    ("active", "waiting"): {
        "claim": ("active", "requested"),
        "assign": ("active", "requested"),
        "reroute": ("active", "requested"),
        "hold": ("on_hold", "requested"),
        "revoke": ("revoked", "cancelled"),
    },
    ("active", "claimed"): {
        "release": ("active", "requested"),
        "assign": ("active", "requested"),
        "reroute": ("active", "requested"),
        "hold": ("on_hold", "requested"),
        "revoke": ("revoked", "cancelled"),
    },
    ("active", "requested"): {
        "accept": ("active", "accepted"),
        "decline": ("active", "requested"),
        "requeue": ("active", "requested"),
        "hold": ("on_hold", "requested"),
        "revoke": ("revoked", "cancelled"),
    },
    ("active", "accepted"): {
        "start": ("active", "in_progress"),
        "requeue": ("active", "requested"),
        "hold": ("on_hold", "accepted"),
        "revoke": ("revoked", "cancelled"),
    },
    ("active", "in_progress"): {
        "complete": ("active", "completed"),
        "requeue": ("active", "requested"),
        "hold": ("on_hold", "in_progress"),
        "revoke": ("revoked", "cancelled"),
    },
    ("active", "completed"): {"acknowledge": ("completed", "completed")},
    ("on_hold", "waiting"): {
        "resume": ("active", "requested"),
        "revoke": ("revoked", "cancelled"),
    },
    ("on_hold", "requested"): {
        "resume": ("active", "requested"),
        "revoke": ("revoked", "cancelled"),
    },
    ("on_hold", "accepted"): {
        "resume": ("active", "accepted"),
        "revoke": ("revoked", "cancelled"),
    },
    ("on_hold", "in_progress"): {
        "resume": ("active", "in_progress"),
        "revoke": ("revoked", "cancelled"),
    },
    ("completed", "completed"): {},
    ("revoked", "cancelled"): {},
}
_ACTS = {
    Party.REFERRER: "asha",
    Party.SCHEDULER: "sam",
    Party.ASSIGNEE: "chloe",
}


def somebody_who_may(action: str) -> str:
    return next(_ACTS[party] for party in sorted(allowed_to(action)) if party in _ACTS)


def possible_for(state: tuple[str, str], *, is_claimer: bool) -> list[str]:
    """Return what a refusal in this state names: all of it, but for what a claim keeps to Sam."""
    kept = {"release", "assign", "reroute"}
    legal = LEGAL[state].keys() - (kept if "release" in LEGAL[state] and not is_claimer else set())
    return [action for action in WORDS["request"].actions if action in legal]


@pytest.mark.feature("RF-01")
@pytest.mark.parametrize("state", STATES)
def test_it_moves_only_as_the_table_says(cast: Cast, state: tuple[str, str]) -> None:
    with cast.acting():
        referral = at(cast, *state)
        before = everything(referral)
        for action in ACTIONS:
            with undone():
                who = getattr(cast, somebody_who_may(action))
                expected = LEGAL[state].get(action)
                if expected is None:
                    with pytest.raises(Problem) as refused:
                        do(referral, action, who)
                    assert isinstance(refused.value, NotAllowed | Denied | NotFound), action
                    if isinstance(refused.value, NotAllowed):
                        words = WORDS[PART_OF[action]]
                        possible = possible_for(state, is_claimer=who is cast.sam)
                        check_reads_well(refused.value.detail, words, possible)
                    assert everything(referral) == before, action
                else:
                    do(referral, action, who)
                    after = as_stored(referral.id)
                    work = after.work_item.status if after.work_item else ""
                    assert (after.status, work) == expected, action


def test_it_is_the_same_table_that_the_database_guards() -> None:
    def moves(part: str) -> set[tuple[str, str]]:
        return {
            (before, move.to)
            for (of, before, _), move in MOVES.items()
            if of == part and before != move.to
        }

    assert moves("request") == set(REQUEST_TRANSITIONS)
    # a revoked request takes the open work item with it, whatever its status
    with_revoke = {(status, "cancelled") for status in ("requested", "accepted", "in_progress")}
    assert moves("work") | with_revoke == set(WORK_TRANSITIONS)


def test_it_has_a_word_in_the_feed_for_every_action() -> None:
    assert set(HAPPENED) == {*ACTIONS, "open"}


#: who may take each action in a state that allows it
MAY = {
    "submit": {"asha"},
    "claim": {"sam"},
    "release": {"sam"},
    "assign": {"sam"},
    "reroute": {"sam"},
    "accept": {"chloe"},
    "decline": {"chloe"},
    "requeue": {"chloe", "sam"},
    "start": {"chloe"},
    "complete": {"chloe"},
    "acknowledge": {"asha", "lead"},
    "hold": {"asha", "lead", "plan"},
    "resume": {"asha", "lead", "plan"},
    "revoke": {"asha", "lead", "plan"},
}
STATE_FOR = {
    "submit": ("draft", ""),
    "claim": ("active", "waiting"),
    "release": ("active", "claimed"),
    "assign": ("active", "waiting"),
    "reroute": ("active", "waiting"),
    "accept": ("active", "requested"),
    "decline": ("active", "requested"),
    "requeue": ("active", "accepted"),
    "start": ("active", "accepted"),
    "complete": ("active", "in_progress"),
    "acknowledge": ("active", "completed"),
    "hold": ("active", "requested"),
    "resume": ("on_hold", "requested"),
    "revoke": ("active", "requested"),
}
WHO = ["asha", "lead", "chloe", "ben", "gus", "sam", "sue", "ada", "pia", "plan"]


@pytest.mark.parametrize("action", ACTIONS)
def test_it_lets_only_the_right_people_act(cast: Cast, action: str) -> None:
    with cast.acting():
        referral = at(cast, *STATE_FOR[action])
        # another scheduler may do what Sam may, but for giving up Sam's claim
        may = MAY[action] | ({"sue"} if "sam" in MAY[action] and action != "release" else set())
        for name in WHO:
            with undone():
                who = _somebody(cast, name)
                before = everything(referral)
                if name in may:
                    do(referral, action, who)
                    continue
                with pytest.raises(Problem) as refused:
                    do(referral, action, who)
                match refused.value:
                    case Denied():
                        assert refused.value.rule == f"referral.{action}"
                    case NotAllowed():
                        assert name == "sue"
                    case _:
                        assert isinstance(refused.value, NotFound)
                assert everything(referral) == before, name


def _somebody(cast: Cast, name: str) -> Person | Actor:
    match name:
        case "plan":
            return Actor.system("care_plans.progress", cast.riverside.id)
        case "lead":
            _another_lead(cast)
            return cast.gus
        case "ben":
            _join(cast, "ben")  # a colleague of the team, no party to the referral
            return cast.ben
        case "sue":
            return make_person(cast.riverside, "Sue", hat=Role.SCHEDULER)
    person: Person = getattr(cast, name)
    return person


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def _join(cast: Cast, name: str) -> None:
    care_team.join(
        cast.patient.id,
        practitioner_role_id=getattr(cast, name).practitioner_role.id,
        actor=cast.sam.actor(),
        now=NOW,
    )


def _another_lead(cast: Cast) -> None:
    pass_lead_to(cast, cast.gus, now=NOW)
