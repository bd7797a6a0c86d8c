"""Whether an action is possible now and allowed to this actor; nothing is changed here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from coordination.actors import Actor, Role
from coordination.models import CareTeamMember, WorkItem
from coordination.problems import Denied, Invalid, NotAllowed
from referrals.models import Referral
from referrals.moves import LACKING, MOVES, PART_OF, WORDS, Move, Needs, Party, allowed_to
from referrals.reasons import REASONS


class ClaimedByAnother(NotAllowed):
    """Another scheduler has claimed it and is about to assign it."""

    type = "claimed"


@dataclass(frozen=True, slots=True)
class Report:
    """The report back: what was found and done, and a code for how it ended."""

    text: str
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One action about to be taken: on what, by whom, when, and what came with it."""

    action: str
    referral: Referral
    item: WorkItem | None
    actor: Actor
    now: datetime
    effective_at: datetime
    reason_code: str = ""
    to: UUID | None = None
    report: Report | None = None

    @property
    def part(self) -> str:
        """Return which of the two state machines the action belongs to."""
        return PART_OF[self.action]

    @property
    def status(self) -> str:
        """Return where that state machine stands."""
        if self.part == "request":
            return self.referral.status
        return self.item.status if self.item else ""

    @property
    def work(self) -> WorkItem:
        """Return the present work item, which every action on the work has."""
        assert self.item is not None
        return self.item

    @property
    def has_live_claim(self) -> bool:
        """Say whether some scheduler's claim is running at this moment."""
        until = self.item.claimed_until if self.item else None
        return until is not None and until > self.now


def permitted(step: Step) -> Move:
    """Return the row of the table that this step follows.

    Raises `Denied` naming who may, `NotAllowed` when the state has no such move, `Invalid` when
    something that the caller must send is missing, `ClaimedByAnother`.
    """
    parties = _parties(step)
    _refuse_others(step, parties, allowed_to(step.action))
    move = MOVES.get((step.part, step.status, step.action))
    if step.part == "work" and step.referral.status != "active":
        raise NotAllowed(_refusal(step, WORDS["request"].states[step.referral.status]))
    if move is None:
        raise NotAllowed(_refusal(step, WORDS[step.part].states[step.status]))
    _refuse_others(step, parties, move.who)
    for need in move.needs:
        _CHECKS[need](step)
    if step.reason_code and step.action not in REASONS:
        raise Invalid.field("/reason_code", "This action takes no reason.")
    return move


def _refuse_others(step: Step, parties: set[Party], may: frozenset[Party]) -> None:
    if not parties & may:
        names = " or ".join(sorted(may))
        raise Denied(f"Only {names} may do this.", rule=f"referral.{step.action}")


def _parties(step: Step) -> set[Party]:
    mine = step.actor.practitioner_role_ids
    found: set[Party] = set()
    if step.actor.is_software:
        found.add(Party.SOFTWARE)
    if Role.SCHEDULER in step.actor.roles:
        found.add(Party.SCHEDULER)
    if step.referral.requested_by_id in mine:
        found.add(Party.REFERRER)
    if step.item is not None and step.item.owner_id in mine:
        found.add(Party.ASSIGNEE)
    if lead_role_of(step) is not None:
        found.add(Party.LEAD)
    return found


def lead_role_of(step: Step) -> UUID | None:
    """Return the role in which the actor is the patient's lead, or None."""
    mine = step.actor.practitioner_role_ids
    if not mine or Party.LEAD not in allowed_to(step.action):
        return None
    found: UUID | None = (
        CareTeamMember.objects.filter(
            patient_id=step.referral.patient_id,
            role=CareTeamMember.Role.LEAD,
            until=None,
            practitioner_role_id__in=mine,
        )
        .values_list("practitioner_role_id", flat=True)
        .first()
    )
    return found


def check_reason(step: Step) -> None:
    """Raise `Invalid` unless the reason is one of the action's codes."""
    codes = REASONS[step.action].values
    if step.reason_code not in codes:
        raise Invalid.field("/reason_code", f"One of: {', '.join(codes)}.")


def _check_report(step: Step) -> None:
    if step.report is None or not step.report.text.strip():
        raise Invalid.field("/text", "The report says what was found and done.")
    if step.report.outcome not in Referral.Outcome.values:
        raise Invalid.field("/outcome", f"One of: {', '.join(Referral.Outcome.values)}.")


def _check_no_claim(step: Step) -> None:
    if not _holds(Needs.NO_CLAIM, step):
        raise ClaimedByAnother(_refusal(step, LACKING[Needs.NO_CLAIM]))


def _check_no_others_claim(step: Step) -> None:
    if not _holds(Needs.NO_OTHERS_CLAIM, step):
        raise ClaimedByAnother(_refusal(step, LACKING[Needs.NO_OTHERS_CLAIM]))


def _stands(need: Needs) -> Callable[[Step], None]:
    def check(step: Step) -> None:
        if not _holds(need, step):
            raise NotAllowed(_refusal(step, LACKING[need]))

    return check


def _holds(need: Needs, step: Step) -> bool:
    """Say whether the referral stands as `need` wants it; what is sent along is not asked."""
    is_claimed_by_me = step.has_live_claim and step.work.claimed_by_id == step.actor.user_id
    is_reported = step.item is not None and step.item.status == WorkItem.Status.COMPLETED
    match need:
        case Needs.NO_CLAIM:
            return not step.has_live_claim
        case Needs.OWN_CLAIM:
            return is_claimed_by_me
        case Needs.NO_OTHERS_CLAIM:
            return is_claimed_by_me or not step.has_live_claim
        case Needs.NO_OWNER:
            return step.work.owner_id is None
        case Needs.AN_OWNER:
            return step.work.owner_id is not None
        case Needs.REPORTED:
            return is_reported
        case Needs.UNREPORTED:
            return not is_reported
    return True


def _refusal(step: Step, phrase: str) -> str:
    return WORDS[step.part].refuse_as(phrase, step.action, _possible(step))


def _possible(step: Step) -> list[str]:
    """Return what can be done with the referral as it stands, be it by somebody else."""
    at = {"request": step.referral.status}
    there = set(Party)
    if step.item is not None and step.referral.status == "active":
        at["work"] = step.item.status
        if step.item.owner_id is None:
            there.remove(Party.ASSIGNEE)
    return [
        action
        for (part, status, action), move in MOVES.items()
        if at.get(part) == status
        and move.who & there
        and all(_holds(need, step) for need in move.needs)
    ]


_CHECKS: Mapping[Needs, Callable[[Step], None]] = {
    Needs.REASON: check_reason,
    Needs.REPORT: _check_report,
    Needs.NO_CLAIM: _check_no_claim,
    Needs.NO_OTHERS_CLAIM: _check_no_others_claim,
    **{
        need: _stands(need)
        for need in (
            Needs.OWN_CLAIM,
            Needs.NO_OWNER,
            Needs.AN_OWNER,
            Needs.REPORTED,
            Needs.UNREPORTED,
        )
    },
}
