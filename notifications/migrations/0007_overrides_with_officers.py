"""Let an override wait for somebody to be told, and not keep the others from being found."""

from typing import Any, ClassVar

from django.db import migrations

from coordination.tenancy import LookupFunction

_NAMED: dict[str, Any] = {
    "name": "notifications_overrides_untold",
    "arguments": "most integer",
    "returns": "TABLE (override_id uuid, organization_id uuid)",
}


class DropLookupFunction(LookupFunction):
    """Drop a look-up; undone, it is there again as it is written here."""

    def database_forwards(self, *args: Any) -> None:
        """Drop the function."""
        super().database_backwards(*args)

    def database_backwards(self, *args: Any) -> None:
        """Create the function."""
        super().database_forwards(*args)

    def describe(self) -> str:
        """Say what the operation does."""
        return f"Drop the cross-tenant look-up {self.name}"


class Migration(migrations.Migration):
    """After 0006."""

    dependencies: ClassVar = [
        ("notifications", "0006_messaging_consent"),
        ("coordination", "0018_logins_fenced"),
    ]

    operations: ClassVar = [
        DropLookupFunction(
            **_NAMED,
            body="""
                SELECT o.id, o.organization_id FROM public.coordination_override o
                WHERE o.alerted_at IS NULL ORDER BY o.since LIMIT most
            """,
            reads=("coordination_override",),
        ),
        LookupFunction(
            **_NAMED,
            body="""
                SELECT o.id, o.organization_id FROM public.coordination_override o
                WHERE o.alerted_at IS NULL AND EXISTS (
                    SELECT FROM public.coordination_membership m
                    WHERE m.organization_id = o.organization_id AND m.role = 'privacy_officer'
                      AND m.user_id <> o.user_id
                      AND m.since <= now() AND (m.until IS NULL OR m.until > now())
                )
                ORDER BY o.since LIMIT most
            """,
            reads=("coordination_override", "coordination_membership"),
        ),
    ]
