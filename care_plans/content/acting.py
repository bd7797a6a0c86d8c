"""What is done about a red flag, held against how urgent it is: by the words of its action."""

import re
from collections.abc import Iterator
from itertools import combinations

from care_plans.content.findings import Found
from care_plans.content.pathways import PathwayDefinition
from care_plans.content.placing import placed_advice, placed_flags
from care_plans.content.reading import Where
from care_plans.content.safety import MOST_URGENT_FIRST, STOPS_LOADING, Advice, RedFlag, Urgency

_HELP = re.compile(
    r"\b(9-?1-?1|ambulance|emergency|hospital|physician|doctor|provider|medical|medicine|imaging|"
    r"mri|x-?ray|refer\w*|surg\w*)\b",
    re.IGNORECASE,
)
#: what somebody may do who needs nobody; a suspicion alone says too little to contradict anything
_RESTS = re.compile(
    r"\b(rest|wait|monitor|observe|watch|continue|mention|ice|next (visit|time)|at home)\b",
    re.IGNORECASE,
)
_AT_ONCE = re.compile(
    r"\b(9-?1-?1|ambulance|emergency|today|at once|immediate\w*|(the )?same day|urgent\w*|"
    r"without delay)\b",
    re.IGNORECASE,
)
#: what goes on, or is done to somebody who has to be seen first
_TREATS = re.compile(
    r"\b(massage|manipulat\w*|mobili[sz]\w*|stretch\w*|load(s|ing)?|run(ning)?|exercis\w*|train\w*|"
    r"jump\w*|push|continue|carry on|keep (going|on))\b",
    re.IGNORECASE,
)
#: what a sentence says is not to be done, or only later
_NOT_DONE = re.compile(
    r"\b(no|not|never|without|stop|avoid|before|instead of)\b[^.;:]*", re.IGNORECASE
)
_IN = re.compile(
    r"\b(?:in|within|after|for)\s+(?:an?|\d+)(?:\s*(?:to|-|–)\s*(\d+))?\s+(hour|day|week|month)",
    re.IGNORECASE,
)
_rank = MOST_URGENT_FIRST.index
_NUMBER = re.compile(r"\d+")
_DAYS = {"hour": 1 / 24, "day": 1.0, "week": 7.0, "month": 30.0}
#: the longest that an action may put off what is so urgent, in days
_LONGEST = {Urgency.EMERGENCY: 1.0, Urgency.URGENT_24H: 14.0, Urgency.URGENT_2WK: 14.0}


def acting_findings(pathway: PathwayDefinition) -> Iterator[Found]:
    """Find actions that are unlike the urgency of their flag, and one action of two urgencies."""
    flags = placed_flags(pathway)
    told: list[tuple[Where, RedFlag | Advice]] = [*flags, *placed_advice(pathway)]
    for at, said in told:
        for why in _unlike(said):
            detail = f'is {said.urgency.value}, and what is done is "{said.action}": {why}'
            yield Found("action-unlike-urgency", (*at, "action"), detail, (at,))
    for (first, flag), (second, other) in combinations(flags, 2):
        meant = flag.suspects is not None and flag.suspects == other.suspects
        if meant and flag.action == other.action and flag.urgency != other.urgency:
            (at, calm), (_, urgent) = sorted(
                ((first, flag), (second, other)), key=lambda one: -_rank(one[1].urgency)
            )
            detail = (
                f"is {calm.urgency.value}, and {urgent.id}, which is {urgent.urgency.value}, "
                f"suspects the same and asks for the same: {flag.suspects}"
            )
            yield Found("conflicting-urgency", (*at, "urgency"), detail, (first, second))


def _unlike(said: RedFlag | Advice) -> Iterator[str]:
    action = said.action
    if said.urgency in STOPS_LOADING:
        if _RESTS.search(action) and not _HELP.search(action):
            yield "that names nobody who can help"
        if treats := _TREATS.search(_NOT_DONE.sub("", action)):
            yield f'"{treats[0]}" is for somebody who need not be seen first'
    elif hurry := _AT_ONCE.search(action):
        yield f'"{hurry[0]}" is more urgent than that'
    longest = _LONGEST.get(said.urgency)
    for span in _IN.finditer(action):
        days = max(map(int, _NUMBER.findall(span[0])), default=1) * _DAYS[span[2].casefold()]
        if longest is not None and days > longest:
            yield f'"{span[0]}" is too late'
        if longest is None and days <= max(_LONGEST.values()):
            yield f'"{span[0]}" is more urgent than that'
