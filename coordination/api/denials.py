"""Refusals: kept when a request was refused, and explained to those who may know."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

import structlog
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from coordination import denials
from coordination.actors import Actor
from coordination.api.permissions import ANY_ROLE
from coordination.api.views import ContinuumViewSet
from coordination.rules import REACH

log = structlog.get_logger(__name__)


class KeepsDenials:
    """The middleware that writes refusals down once their request has been undone."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, and keep what the answer refused. That it cannot be kept changes no answer."""
        response = self.get_response(request)
        refusal = _refusal(request, response)
        if refusal is not None:
            try:
                kept = denials.keep(refusal)
            except DatabaseError as error:
                kept = False
                log.warning("denial_not_kept", error=type(error).__name__)
            if not kept:
                log.info("denied", rule=refusal.rule, action=refusal.action)
        return response


def _refusal(request: HttpRequest, response: HttpResponse) -> denials.Refusal | None:
    asked: Any = getattr(response, "renderer_context", None) or {}
    # `auth` would log in anew where the login itself was refused
    view, actor = asked.get("view"), getattr(asked.get("request"), "_auth", None)
    if response.status_code not in {403, 404} or not isinstance(actor, Actor):
        return None
    data: Any = getattr(response, "data", None)
    rule = data.get("rule") if isinstance(data, Mapping) else None
    queryset = getattr(view, "queryset", None)
    return denials.Refusal(
        actor=actor,
        now=timezone.now(),
        verb=str(request.method)[:8],
        action=f"{getattr(view, 'basename', '')}.{getattr(view, 'action', '')}",
        rule=str(rule or (REACH if response.status_code == 404 else "denied")),
        status=response.status_code,
        resource=queryset.model._meta.label if queryset is not None else "",
        resource_id=_uuid(getattr(view, "kwargs", {}).get("pk")),
    )


def _uuid(text: Any) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:
        return None


class WholeStorySerializer(serializers.Serializer[Any]):
    """What the privacy officer is told besides."""

    user = serializers.UUIDField()
    login = serializers.CharField()
    roles = serializers.ListField(child=serializers.CharField())
    disciplines = serializers.ListField(child=serializers.CharField())
    resource = serializers.CharField()
    resource_id = serializers.UUIDField(allow_null=True)
    fence = serializers.CharField(help_text="Which fence it was, and what was lacking.")


class DenialSerializer(serializers.Serializer[Any]):
    """One refusal, explained."""

    id = serializers.UUIDField()
    recorded_at = serializers.DateTimeField()
    request_id = serializers.CharField()
    verb = serializers.CharField()
    action = serializers.CharField()
    status = serializers.IntegerField()
    rule = serializers.CharField()
    says = serializers.CharField()
    why = serializers.CharField()
    who = serializers.CharField(help_text="Who could do it.")
    rests_on = serializers.CharField(help_text="Where the rule comes from.")
    whole_story = WholeStorySerializer(allow_null=True)


class DenialViewSet(ContinuumViewSet):
    """Why was this denied? By the id in `X-Request-ID` of the answer, or the refusal's own."""

    roles = {"retrieve": ANY_ROLE}
    serializer_class = DenialSerializer

    @extend_schema(
        summary="Explain one refusal",
        description="The id is the `X-Request-ID` of the refusal. One's own; privacy officers "
        "are told the whole story of anybody's.",
        responses={200: DenialSerializer},
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        """Explain one refusal."""
        return self.answer(denials.explain(UUID(pk), actor=self.actor, now=self.now))
