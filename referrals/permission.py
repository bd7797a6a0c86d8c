"""Whether an action is possible now and allowed to this actor; nothing is changed here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from coordination.actors import Actor, Role
from coordination.models import CareTeamMember, WorkItem
from coordination.problems import Denied, Invalid, NotAllowed
from referrals.models import Referral
from referrals.moves import MOVES, PART_OF, Move, Needs, Party, allowed_to
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
    if move is None or (step.part == "work" and step.referral.status != "active"):
        state = f"the request is {step.referral.status}"
        if step.item is not None:
            state += f", the work {step.item.status}"
        raise NotAllowed(f"This referral cannot take “{step.action}” now: {state}.")
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
    if step.has_live_claim:
        raise ClaimedByAnother("A claim on this referral is running.")


def _check_no_others_claim(step: Step) -> None:
    if step.has_live_claim and step.work.claimed_by_id != step.actor.user_id:
        raise ClaimedByAnother("Another scheduler has claimed this referral.")


def _check_own_claim(step: Step) -> None:
    if not step.has_live_claim or step.work.claimed_by_id != step.actor.user_id:
        raise NotAllowed(f"This needs {Needs.OWN_CLAIM}.")


def _when(need: Needs, holds: Callable[[Step], bool]) -> Callable[[Step], None]:
    def check(step: Step) -> None:
        if not holds(step):
            raise NotAllowed(f"This needs {need}.")

    return check


def _is_reported(step: Step) -> bool:
    return step.item is not None and step.item.status == WorkItem.Status.COMPLETED


_CHECKS: Mapping[Needs, Callable[[Step], None]] = {
    Needs.REASON: check_reason,
    Needs.REPORT: _check_report,
    Needs.NO_CLAIM: _check_no_claim,
    Needs.OWN_CLAIM: _check_own_claim,
    Needs.NO_OTHERS_CLAIM: _check_no_others_claim,
    Needs.NO_OWNER: _when(Needs.NO_OWNER, lambda step: step.work.owner_id is None),
    Needs.AN_OWNER: _when(Needs.AN_OWNER, lambda step: step.work.owner_id is not None),
    Needs.REPORTED: _when(Needs.REPORTED, _is_reported),
    Needs.UNREPORTED: _when(Needs.UNREPORTED, lambda step: not _is_reported(step)),
}
