"""What a pathway says about its own contradictions, and the exercises by their names."""

from pydantic import Field

from care_plans.content.sourced import Slug, Sourced, Text


class Exercise(Sourced):
    """One exercise by its id, so that places which mean the same say the same.

    `uses` and `cautions` anywhere in the pathway name it. `dose`, where the source gives one, is
    how much of it; without one the source does not say.
    """

    text: Text
    dose: Text | None = None


class Resolution(Sourced):
    """How the authors resolve a contradiction that the lint finds, or would find.

    `id` is the authors' name for it, `rule` the rule of the lint, and `about` names every part
    that takes part in it, such as `rules.severe-earliest`. `text` says what holds instead.
    """

    id: Slug
    rule: Slug
    about: tuple[Text, ...] = Field(min_length=1)
    text: Text
