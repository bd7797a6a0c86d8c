"""Which overrides have not been told to the privacy officers yet, over all organizations."""

from django.db import migrations

from coordination.tenancy import LookupFunction


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0004_message_person"),
        ("coordination", "0009_directives"),
    ]

    operations = [
        LookupFunction(
            "notifications_overrides_untold",
            arguments="most integer",
            returns="TABLE (override_id uuid, organization_id uuid)",
            body="""
                SELECT o.id, o.organization_id FROM public.coordination_override o
                WHERE o.alerted_at IS NULL ORDER BY o.since LIMIT most
            """,
            reads=("coordination_override",),
        ),
    ]
