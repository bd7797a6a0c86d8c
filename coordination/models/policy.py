"""What an organization decided about its own rules, and whom the rules refused."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from .owned import OrganizationOwned
from .people import Discipline
from .records import APPEND_ONLY
from .work import KEPT


class ScopeNarrowing(OrganizationOwned):
    """Something that the scope table allows and this organization does not; never the reverse."""

    entry = models.CharField(max_length=60, help_text="An entry of the scope table.")
    discipline = models.CharField(max_length=20, choices=Discipline)
    reason = models.TextField()
    actor = models.TextField(editable=False)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            # also serves the question that every clinical write asks
            models.UniqueConstraint(
                fields=["organization", "entry", "discipline"],
                condition=Q(until=None),
                name="coordination_narrowing_once",
            ),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=models.F("since")),
                name="coordination_narrowing_period",
            ),
        ]
        triggers = KEPT


class Denial(OrganizationOwned):
    """One refusal, so that it can be explained later; ids and codes only."""

    recorded_at = models.DateTimeField()
    user_id = models.UUIDField()
    actor = models.TextField()
    roles = ArrayField(models.CharField(max_length=20))
    disciplines = ArrayField(models.CharField(max_length=20))
    request_id = models.CharField(max_length=64)
    verb = models.CharField(max_length=8)
    action = models.TextField(help_text="The address as `basename.action`.")
    rule = models.TextField(help_text="The rule that refused; `reach` for what is not found.")
    status = models.PositiveSmallIntegerField()
    resource = models.TextField(blank=True, help_text="The kind of record that was asked for.")
    resource_id = models.UUIDField(null=True, blank=True)

    class Meta:
        triggers = APPEND_ONLY
        indexes = [
            # the bound per login, and a person's own refusals
            models.Index(
                fields=["organization", "user_id", "recorded_at"],
                name="coordination_denial_of",
            ),
            models.Index(fields=["organization", "request_id"], name="coordination_denial_request"),
        ]
