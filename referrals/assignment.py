"""Who is asked next: the first of the ranking, or somebody else for a reason; all of it is kept."""

from collections.abc import Sequence

from coordination.problems import Invalid, NotAllowed
from referrals.candidates import candidates_for
from referrals.models import RoutingDecision
from referrals.permission import Step, check_reason
from referrals.routing import RULES_VERSION, Ranked, best


class NobodyToAsk(NotAllowed):
    """Nobody may be chosen without a person's judgement; `candidates` says why of each."""

    type = "nobody-to-ask"


def choose(step: Step) -> tuple[Ranked, list[Ranked]]:
    """Return the candidate whom a step assigns, and the whole ranking.

    Without `to`, that is the first who has room and has not had this referral before. With it, any
    routable candidate; another than that first one needs a coded reason. Raises `NobodyToAsk`,
    or `Invalid` for somebody who cannot be asked (saying why) or a missing reason.
    """
    ranked = candidates_for(step.referral, now=step.now)
    first = best(ranked)
    if step.to is None:
        if first is None:
            raise NobodyToAsk("Nobody of this discipline can be asked without your choosing.")
        return first, ranked
    chosen = next(
        (entry for entry in ranked if entry.candidate.practitioner_role_id == step.to), None
    )
    if chosen is None:
        raise Invalid.field("/practitioner_role", "Nobody of this discipline has this id.")
    if not chosen.is_routable:
        why = " ".join(r.text for r in chosen.reasons if r.effect == "excludes")
        raise Invalid.field("/practitioner_role", f"Cannot be asked. {why}")
    if chosen is not first or step.reason_code:
        check_reason(step)
    return chosen, ranked


def keep_decision(step: Step, chosen: Ranked, ranked: Sequence[Ranked]) -> RoutingDecision:
    """Keep the ranking as it was, whom it led to, and who decided."""
    return RoutingDecision.objects.create(
        organization_id=step.actor.organization_id,
        referral=step.referral,
        work_item=step.work,
        candidates=[entry.as_json() for entry in ranked],
        chosen_id=chosen.candidate.practitioner_role_id,
        reason_code=step.reason_code,
        decided_by=step.actor.label,
        user_id=step.actor.user_id,
        decided_at=step.now,
        rules_version=RULES_VERSION,
    )
