"""`/me/access-log`: a patient reads who looked at their record."""

from dataclasses import asdict
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from coordination import own_access
from coordination.api.language import ACCEPT_LANGUAGE, language_for, spoken
from coordination.api.permissions import PATIENTS
from coordination.api.views import Listed
from coordination.models import AuditEvent


class AccessSerializer(serializers.Serializer[Any]):
    """One time that somebody, or the software, had to do with a patient's record."""

    id = serializers.UUIDField()
    at = serializers.DateTimeField()
    who = serializers.CharField(help_text="The person's name.")
    disciplines = serializers.ListField(child=serializers.CharField())
    works_as = serializers.ListField(
        child=serializers.CharField(), help_text="What the person is in this organization."
    )
    done = serializers.CharField(help_text="Read, shown in a list, changed, …")
    what = serializers.CharField(help_text="The kind of record; never what it says.")
    why = serializers.CharField(help_text="By what right.")
    purpose = serializers.CharField(help_text="What for.")
    translation_notice = serializers.CharField(
        allow_blank=True, help_text="To be shown with it, unless empty."
    )


@extend_schema_view(
    list=extend_schema(
        summary="Read who looked at my record",
        description="In the language of your record, or else of `Accept-Language`.",
        parameters=[ACCEPT_LANGUAGE],
    )
)
class AccessLogViewSet(Listed):
    """For the patient alone; reading it stands in it the next time."""

    roles = {"list": PATIENTS}
    serializer_class = AccessSerializer
    queryset = AuditEvent.objects.none()
    ordering: ClassVar[tuple[str, ...]] = ("-recorded_at", "-id")

    def get_queryset(self) -> QuerySet[AuditEvent, AuditEvent]:
        """Return what concerns the patient who asks."""
        return own_access.own_accesses(self.actor)

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return one page, newest first."""
        rows = self.paginate_queryset(self.get_queryset()) or []
        mine = own_access.own_patient(self.actor)
        language = language_for(request, mine.language)
        lines = own_access.told_plainly(rows, language=language, actor=self.actor, now=self.now)
        answer = self.get_paginated_response([AccessSerializer(asdict(one)).data for one in lines])
        return spoken(answer, language)
