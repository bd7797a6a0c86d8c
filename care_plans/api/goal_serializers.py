"""How goals look to programs: what a person decided, and what the scores say."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from care_plans.api.citing import WhySerializer, supported
from care_plans.api.criterion_serializers import CriterionSerializer
from care_plans.api.evidence_serializers import OPINION
from care_plans.models import Goal, GoalAchievement
from care_plans.resting import followed_by, is_goal_opinion

#: what a person decided, in FHIR's words; undecided, the scores are asked
_DECIDED = {Goal.Status.ACHIEVED: "achieved", Goal.Status.NOT_ACHIEVED: "not-achieved"}
STATUSES = [*GoalAchievement.Code.choices, ("not-achieved", "Given up by a person")]


class GoalAchievementSerializer(serializers.ModelSerializer[GoalAchievement]):
    """What the scores say of a goal, from when until when, and the rows it rests on."""

    achievement_status = serializers.ChoiceField(
        source="code",
        choices=GoalAchievement.Code.choices,
        read_only=True,
        help_text="FHIR's goal-achievement.",
    )
    finding = CriterionSerializer(
        read_only=True, allow_null=True, help_text="The trace; null where something is withheld."
    )
    is_withheld = serializers.BooleanField(
        read_only=True, help_text="Something that it rests on is withheld from you."
    )

    class Meta:
        model = GoalAchievement
        fields = ["id", "achievement_status", "since", "until", "finding", "is_withheld"]
        read_only_fields = fields

    def to_representation(self, instance: Any) -> dict[str, Any]:
        """Return it, or its effect alone where something that it rests on is withheld."""
        shown: dict[str, Any] = super().to_representation(instance)
        told = None if shown["is_withheld"] else supported(shown["finding"], followed_by(instance))
        return {**shown, "finding": told}


class GoalSerializer(serializers.ModelSerializer[Goal]):
    """What a stage of a course is for."""

    achievement_status = serializers.SerializerMethodField(
        help_text="FHIR's goal-achievement: what a person decided, or else what the scores say."
    )
    achievement = serializers.SerializerMethodField(
        help_text="What the scores say, with their trace; null while they say nothing."
    )

    is_expert_consensus = serializers.SerializerMethodField(help_text=OPINION)

    class Meta:
        model = Goal
        fields = [
            "id",
            "course",
            "stage",
            "key",
            "text",
            "measures",
            "target",
            "is_expert_consensus",
            "status",
            "achievement_status",
            "achievement",
            "note",
        ]
        read_only_fields = [name for name in fields if name not in Goal.editable]
        extra_kwargs = {"note": {"max_length": 5000}}

    def get_is_expert_consensus(self, goal: Goal) -> bool | None:
        """Say whether the goal or its target is consensus."""
        return is_goal_opinion(goal)

    @extend_schema_field(serializers.ChoiceField(choices=STATUSES))
    def get_achievement_status(self, goal: Any) -> str:
        """Return the decision, or what the scores say."""
        if decided := _DECIDED.get(Goal.Status(goal.status)):
            return decided
        said = goal.standing_achievements
        return said[0].code if said else GoalAchievement.Code.IN_PROGRESS.value

    @extend_schema_field(GoalAchievementSerializer(allow_null=True))
    def get_achievement(self, goal: Any) -> dict[str, Any] | None:
        """Return what the scores say."""
        said = goal.standing_achievements
        return GoalAchievementSerializer(said[0]).data if said else None


class ExplainedGoalSerializer(GoalSerializer):
    """A goal, with the place in the pathway that sets it."""

    why = WhySerializer(
        read_only=True,
        allow_null=True,
        help_text="Null where the version that is followed now does not have it.",
    )

    class Meta(GoalSerializer.Meta):
        fields = [*GoalSerializer.Meta.fields, "why"]
        read_only_fields = [*GoalSerializer.Meta.read_only_fields, "why"]
