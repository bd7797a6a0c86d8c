"""Open red flags that hold a course up, told beside whatever else is done in it."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from care_plans import stopping
from care_plans.api.finding_serializers import FoundFlagSerializer
from care_plans.models import Course, RedFlagAnswer
from care_plans.red_flags import found_flag
from care_plans.stopping import Stop

STOPS_BESIDE = (
    "Each open red flag that holds the course up, or stays open once it has ended, the most "
    "pressing first, with what to do. Not all that is done in a course is held by one: know it "
    "before you go on."
)


class RedFlagStopSerializer(serializers.Serializer[Any]):
    """An open red flag that holds a course up; all but the sentence is null where withheld."""

    sentence = serializers.CharField()
    red_flag = serializers.UUIDField(
        source="red_flag.pk", default=None, allow_null=True, help_text="The finding itself."
    )
    flag = serializers.CharField(source="red_flag.flag", default=None, allow_null=True)
    urgency = serializers.ChoiceField(
        source="red_flag.urgency",
        choices=RedFlagAnswer.Urgency.choices,
        default=None,
        allow_null=True,
    )
    course = serializers.UUIDField(
        source="red_flag.course_id",
        default=None,
        allow_null=True,
        help_text="On which it was found.",
    )
    condition = serializers.CharField(
        source="red_flag.course.condition", default=None, allow_null=True
    )
    is_of_other_course = serializers.BooleanField(
        allow_null=True, help_text="It was found on another course of the patient."
    )
    found_at = serializers.DateTimeField(
        source="red_flag.found_at",
        default=None,
        allow_null=True,
        help_text="When it was found present.",
    )
    found = serializers.SerializerMethodField(help_text="What to do, and on whose word.")
    is_withheld = serializers.SerializerMethodField()

    @extend_schema_field(FoundFlagSerializer(allow_null=True))
    def get_found(self, stop: Stop) -> Any:
        """Return the flag in the words of its pathway."""
        return FoundFlagSerializer(found_flag(stop.red_flag)).data if stop.red_flag else None

    def get_is_withheld(self, stop: Stop) -> bool:
        """Say whether nothing of it may be told."""
        return stop.red_flag is None


def stops_beside(view: Any, course: Course, *, of_loading: bool = False) -> list[Stop]:
    """Return what stops a course, or its loading, beside what a view answers; each is audited.

    The traces of a course and of its activities name it as well: a token that reads or changes
    these needs no other scope for it.
    """
    which = stopping.loading_stops if of_loading else stopping.stops
    return _audited(view, which(course, actor=view.actor, now=view.now))


def left_open_beside(view: Any, patient_id: UUID) -> list[Stop]:
    """Return what endangers a person still beside what ended their care; each is audited."""
    return _audited(view, stopping.left_open(patient_id, actor=view.actor, now=view.now))


def _audited(view: Any, stops: list[Stop]) -> list[Stop]:
    for stop in stops:
        if stop.red_flag is not None:
            view.audit_disclosure([stop.red_flag], searched=False, resource="RedFlag")
    return stops
