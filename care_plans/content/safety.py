"""What stops or redirects care: red flags, redirects, advice, and what suggests more help."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from care_plans.content.sourced import (
    EXPERT_CONSENSUS,
    LARGEST,
    Discipline,
    Duration,
    Keys,
    Name,
    Slug,
    Sourced,
    Text,
)
from care_plans.criteria import Criterion


class Urgency(StrEnum):
    """How soon somebody must act on a red flag."""

    EMERGENCY = "emergency"
    URGENT_24H = "urgent_24h"
    URGENT_2WK = "urgent_2wk"
    REVIEW_BEFORE_PROGRESS = "review_before_progress"
    ROUTINE = "routine"


#: The order in which somebody must act on them.
MOST_URGENT_FIRST = tuple(Urgency)
#: An open red flag of these stops loading activities and opens an urgent task.
STOPS_LOADING = frozenset({Urgency.EMERGENCY, Urgency.URGENT_24H})
#: An open red flag of these endangers the person: it blocks every course of theirs, also after the
#: course that it was found on has ended.
OF_PATIENT = STOPS_LOADING | {Urgency.URGENT_2WK}
#: An open red flag of these blocks every move to a later stage.
BLOCKS_PROGRESSION = OF_PATIENT | {Urgency.REVIEW_BEFORE_PROGRESS}


class RedFlag(Sourced):
    """A finding to screen for. `id` is unique in the pathway and names it on a screen.

    `text` is what is looked for, `action` what to do at once. `source` covers both; where they
    differ, `action_source` is the action's own.
    """

    id: Slug
    text: Text
    action: Text
    action_source: Keys | None = None
    urgency: Urgency
    suspects: Text | None = None

    @property
    def is_consensus(self) -> bool:
        """Say whether the finding or what to do about it rests on opinion alone."""
        return EXPERT_CONSENSUS in (*self.source, *(self.action_source or ()))

    @property
    def stops_loading(self) -> bool:
        """Say whether an open flag of this kind is a hard stop."""
        return self.urgency in STOPS_LOADING

    @property
    def is_of_patient(self) -> bool:
        """Say whether an open flag of this kind blocks every course of the patient."""
        return self.urgency in OF_PATIENT

    @property
    def blocks_progression(self) -> bool:
        """Say whether an open flag of this kind blocks a move to a later stage."""
        return self.urgency in BLOCKS_PROGRESSION


class Redirect(RedFlag):
    """A finding that points to another condition: examine, and open that pathway if it fits.

    It is screened for like a red flag, and blocks progression until it has been reviewed, but
    never stops loading.
    """

    urgency: Literal[Urgency.REVIEW_BEFORE_PROGRESS]
    towards: tuple[Slug, ...] = Field(min_length=1)


class Advice(Sourced):
    """When somebody should see a provider. Advice never stops anything by itself.

    `red_flag` names the red flag that the same finding is for somebody who is a patient. `after` is
    how long something must have lasted, where the finding is that it has lasted.
    """

    id: Slug
    text: Text
    action: Text
    urgency: Urgency
    red_flag: Slug | None = None
    after: Duration | None = None


class YellowFlag(Sourced):
    """A psychosocial sign: `when` it is met, it counts towards offering help.

    `follow_with` names the measures that are to be taken once a score has met it.
    """

    id: Slug
    text: Text
    when: Criterion
    follow_with: tuple[Name, ...] = ()


class YellowFlags(Sourced):
    """The triggers, and how many of them offer or recommend the lane `lane`."""

    lane: Discipline
    offer_at: int = Field(ge=1, le=LARGEST)
    recommend_at: int = Field(ge=1, le=LARGEST)
    triggers: tuple[YellowFlag, ...] = Field(min_length=1)


class SafetyTrigger(Sourced):
    """An answer or a score that a person must act on at once, whatever the stage."""

    id: Slug
    text: Text
    when: Criterion
    action: Text
