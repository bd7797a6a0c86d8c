"""Safety alerts of a person, told beside whatever else is answered about them."""

from typing import Any
from uuid import UUID

from rest_framework import serializers

from care_plans.models import SafetyAlert
from care_plans.open_alerts import open_alerts, told_of
from coordination.api.scopes import may_read


class AlertWarningSerializer(serializers.Serializer[Any]):
    """A safety alert of the person that nobody has closed: to be known, and no block."""

    sentence = serializers.SerializerMethodField(
        help_text="Since when, who has taken it up, and what was answered."
    )
    safety_alert = serializers.UUIDField(source="pk", help_text="The alert itself.")
    status = serializers.ChoiceField(
        choices=[one for one in SafetyAlert.Status.choices if one[0] != SafetyAlert.Status.CLOSED]
    )
    raised_at = serializers.DateTimeField(help_text="Since when somebody must act.")
    is_withheld = serializers.SerializerMethodField(help_text="What was answered is withheld.")

    def get_sentence(self, alert: Any) -> str:
        """Return it as the brief tells it."""
        return told_of(alert)

    def get_is_withheld(self, alert: Any) -> bool:
        """Say whether nothing of the answer may be told."""
        return not alert.shows_answer


def alerts_beside(view: Any, patient_id: UUID) -> list[Any]:
    """Return the open alerts of a person, to be told beside what a view answers; each is audited.

    A token that may not read alerts is told of none.
    """
    if not may_read(view.request, "safety-alert"):
        return []
    found = list(open_alerts(patient_id, actor=view.actor, now=view.now))
    for alert in found:
        view.audit_disclosure([alert], searched=False, resource="SafetyAlert")
    return found


BESIDE = (
    "Alerts of the person that nobody has closed. They block no step; know them before one. A "
    "token that was not granted `safety-alert:read` is told of none."
)
