"""What concerns somebody's safety leaves the outbox first."""

from django.db import migrations, models

from coordination.tenancy import LookupFunction


class Migration(migrations.Migration):
    dependencies = [("notifications", "0001_outbox")]

    operations = [
        migrations.AddField(
            model_name="message",
            name="is_safety",
            field=models.BooleanField(
                default=False,
                editable=False,
                help_text="Somebody may be in danger: it goes out first.",
            ),
        ),
        migrations.RemoveIndex(model_name="message", name="notifications_message_due"),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("status", "queued")),
                fields=["channel", "is_safety", "next_at"],
                name="notifications_message_due",
            ),
        ),
        LookupFunction(
            "notifications_due",
            arguments="by_channel text, at timestamptz, up_to integer",
            returns="TABLE (message_id uuid, organization_id uuid)",
            body="""
                WITH urgent AS MATERIALIZED (
                    SELECT m.id FROM public.notifications_message m
                    WHERE m.status = 'queued' AND m.channel = by_channel AND m.is_safety
                        AND m.next_at <= at
                    ORDER BY m.next_at LIMIT up_to
                    FOR UPDATE SKIP LOCKED
                ), ordinary AS MATERIALIZED (
                    SELECT m.id FROM public.notifications_message m
                    WHERE m.status = 'queued' AND m.channel = by_channel AND NOT m.is_safety
                        AND m.next_at <= at
                    ORDER BY m.next_at LIMIT up_to - (SELECT count(*) FROM urgent)
                    FOR UPDATE SKIP LOCKED
                ), claimed AS (
                    UPDATE public.notifications_message m
                    SET status = 'sending', claimed_at = at
                    WHERE m.id IN (SELECT id FROM urgent UNION ALL SELECT id FROM ordinary)
                    RETURNING m.id, m.organization_id, m.is_safety, m.next_at
                )
                SELECT c.id, c.organization_id FROM claimed c
                ORDER BY c.is_safety DESC, c.next_at, c.id
            """,
            updates=("notifications_message",),
            replaces=True,
        ),
    ]
