"""What a login leaves behind: sessions of people, and portals with what they were granted."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Cast, Now, NullIf
from oauth2_provider.models import (
    AbstractAccessToken,
    AbstractApplication,
    AbstractGrant,
    AbstractIDToken,
    AbstractRefreshToken,
)

from .owned import OrganizationOwned, new_id
from .people import User


def acting_organization() -> models.ForeignKey[Any, Any]:
    """Return the column that the database fills with the organization of the transaction."""
    setting = models.Func(
        models.Value("app.organization"), models.Value(True), function="current_setting"
    )
    return models.ForeignKey(
        "coordination.Organization",
        on_delete=models.PROTECT,
        related_name="+",
        db_default=Cast(
            NullIf(setting, models.Value(""), output_field=models.TextField()), models.UUIDField()
        ),
    )


class LoginSession(models.Model):
    """A browser's session. Only the hash of its key is kept, so that reading it opens nothing."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    digest = models.BinaryField(unique=True, max_length=32)
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, blank=True)
    data = models.TextField(help_text="Signed with SECRET_KEY.")
    agent = models.TextField(blank=True, help_text="What the browser calls itself.")
    started_at = models.DateTimeField()
    last_used_at = models.DateTimeField(help_text="To the minute.")
    expires_at = models.DateTimeField(help_text="The absolute end, whatever happens in between.")


class Portal(OrganizationOwned, AbstractApplication):  # type: ignore[misc] # no types
    """A program outside, of one organization. `user` is the service account it acts as, if any.

    Its secret is kept as a password hash. Without a service account it acts for whoever consents.
    """

    scopes = ArrayField(models.TextField(), help_text="What it may be granted at most.")
    closed_at = models.DateTimeField(null=True, blank=True)

    def is_usable(self, request: Any) -> bool:
        """Say whether it may still ask for anything."""
        return self.closed_at is None


class PortalGrant(OrganizationOwned, AbstractGrant):  # type: ignore[misc] # no types
    """An authorization code: one minute, once, and useless without the PKCE verifier."""

    organization = acting_organization()


class PortalIdToken(OrganizationOwned, AbstractIDToken):  # type: ignore[misc] # no types
    """Unused: OpenID Connect is off, yet the access token's table refers to it."""

    organization = acting_organization()


class PortalAccessToken(OrganizationOwned, AbstractAccessToken):  # type: ignore[misc] # no types
    """What a portal carries. `token` stays empty; only its hash is kept."""

    organization = acting_organization()


class PortalRefreshToken(OrganizationOwned, AbstractRefreshToken):  # type: ignore[misc] # no types
    """What a portal renews its access with, once; used twice, its whole family ends."""

    organization = acting_organization()

    class Meta(AbstractRefreshToken.Meta):  # type: ignore[misc] # no types
        """Keeps the library's constraints, which mixing in would lose."""

    def revoke(self) -> None:
        """End it and its access token; the library would write the organization, which none may."""
        held = PortalRefreshToken.objects.filter(pk=self.pk, revoked=None)
        if held.update(access_token=None, revoked=Now()) and self.access_token:
            self.access_token.revoke()
