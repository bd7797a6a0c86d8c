"""How dose changes and adherence look to programs."""

from typing import Any

from rest_framework import serializers

from care_plans.adherence import Done
from care_plans.api.citing import cites
from care_plans.api.criterion_serializers import CriterionSerializer
from care_plans.api.evidence_serializers import OPINION
from care_plans.content.pathways import DoseLevel
from care_plans.content.sourced import EXPERT_CONSENSUS
from care_plans.criteria import sources_of
from care_plans.disclosing import WITHHELD
from care_plans.models import AdherenceEntry, DoseChange, PathwayVersion


class ChangeDoseSerializer(serializers.Serializer[Any]):
    """To which level, and why."""

    to_level = serializers.CharField(max_length=60, help_text="A dose level of the pathway.")
    reason = serializers.CharField(
        max_length=2000, default="", allow_blank=True, help_text="Needed to go down or to override."
    )
    override = serializers.BooleanField(
        default=False, help_text="Go up although the gate is not met; for the lead alone."
    )


#: a pathway is named after the condition that it treats, and so are the works that it cites
_CONDITION = "Null where the course is withheld from you."


class DoseChangeSerializer(serializers.ModelSerializer[DoseChange]):
    """One change of a dose level, with the trace of the gate."""

    finding = CriterionSerializer(read_only=True, allow_null=True)
    pathway = serializers.SerializerMethodField(help_text=_CONDITION)
    version = serializers.SerializerMethodField(
        help_text=f"Of the pathway, in force then. {_CONDITION}"
    )
    gate = serializers.SerializerMethodField(
        help_text="What the level asks for, by its name; that it asks for nothing is said."
    )
    cites = serializers.SerializerMethodField(
        help_text=f"What the level and its gate rest on. {_CONDITION}"
    )
    is_expert_consensus = serializers.SerializerMethodField(help_text=OPINION)

    class Meta:
        model = DoseChange
        fields = [
            "id",
            "activity",
            "pathway",
            "version",
            "from_level",
            "to_level",
            "direction",
            "gate",
            "cites",
            "is_expert_consensus",
            "finding",
            "overridden",
            "reason",
            "practitioner_role",
            "recorded_at",
        ]
        read_only_fields = fields

    def get_pathway(self, change: DoseChange) -> str | None:
        """Return the pathway whose levels they are."""
        return str(_version(change).pathway.slug) if _is_course_shown(change) else None

    def get_version(self, change: DoseChange) -> str | None:
        """Return the version that the course followed then."""
        return str(_version(change).version) if _is_course_shown(change) else None

    def get_gate(self, change: DoseChange) -> str:
        """Return the name of the gate of a level that is gone up to, or say that there is none."""
        level = _level(change)
        if change.direction == DoseChange.Direction.DOWN:
            return "Nobody needs a gate to go down."
        if _is_withheld(change):
            return WITHHELD
        if level is None or level.gate is None:
            return "This level has no gate: nothing was asked for."
        return level.gate.id or f"The gate of {level.id}."

    def get_cites(self, change: DoseChange) -> list[str] | None:
        """Return each citation; consensus says that it is one."""
        if not _is_course_shown(change):
            return None
        return cites(_version(change).definition, _sources(change))

    def get_is_expert_consensus(self, change: DoseChange) -> bool:
        """Say whether any part of it is opinion."""
        return EXPERT_CONSENSUS in _sources(change)


def _version(change: Any) -> PathwayVersion:
    followed: PathwayVersion = change.followed  # set by whoever read the row
    return followed


def _is_course_shown(change: Any) -> bool:
    shown: bool = change.is_course_shown  # the same
    return shown


def _is_withheld(change: DoseChange) -> bool:
    return change.finding is not None and change.finding["kind"] == "Withheld"


def _level(change: DoseChange) -> DoseLevel | None:
    levels = _version(change).definition.dose_levels
    return next((one for one in levels if one.id == change.to_level), None)


def _sources(change: DoseChange) -> tuple[str, ...]:
    level = _level(change)
    if level is None:
        return ()
    gate = None if _is_withheld(change) else level.gate
    return tuple(dict.fromkeys((*level.source, *sources_of(gate))))


class AdherenceEntrySerializer(serializers.ModelSerializer[AdherenceEntry]):
    """What was done of an activity on one day; `replaced_by` names what corrects it."""

    replaces = serializers.UUIDField(source="replaces_shown", read_only=True, allow_null=True)
    replaced_by = serializers.UUIDField(source="replaced_by_shown", read_only=True, allow_null=True)

    class Meta:
        model = AdherenceEntry
        fields = [
            "id",
            "patient",
            "course",
            "activity",
            "day",
            "prescribed",
            "completed",
            "pain_during",
            "pain_24h",
            "note",
            "by_patient",
            "practitioner_role",
            "recorded_at",
            "replaces",
            "replaced_by",
        ]
        read_only_fields = fields


class NewAdherenceEntrySerializer(serializers.Serializer[Any]):
    """A day to write down."""

    activity = serializers.UUIDField()
    day = serializers.DateField()
    prescribed = serializers.IntegerField(min_value=1, max_value=50)
    completed = serializers.IntegerField(min_value=0, max_value=50)
    pain_during = serializers.IntegerField(
        min_value=0, max_value=10, default=None, allow_null=True, help_text="From 0 to 10."
    )
    pain_24h = serializers.IntegerField(
        min_value=0, max_value=10, default=None, allow_null=True, help_text="A day after it."
    )
    note = serializers.CharField(max_length=500, default="", allow_blank=True)
    replaces = serializers.UUIDField(
        default=None, allow_null=True, help_text="The entry of this day that this one corrects."
    )

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Return the activity and what was done of it."""
        values = super().to_internal_value(data)
        return {"activity_id": values.pop("activity"), "done": Done(**values)}
