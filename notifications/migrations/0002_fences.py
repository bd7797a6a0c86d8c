"""Row-level security on the outbox, and the two sweeps that look across organizations."""

from django.db import migrations

from coordination.tenancy import Fence, LookupFunction


class Migration(migrations.Migration):
    dependencies = [("coordination", "0002_fences"), ("notifications", "0001_initial")]

    operations = [
        Fence("Message"),
        Fence("Attempt", append_only=True),
        Fence("Preference"),
        LookupFunction(
            "notifications_due",
            arguments="by_channel text, at timestamptz, up_to integer",
            returns="TABLE (message_id uuid, organization_id uuid)",
            body="""
                WITH due AS MATERIALIZED (
                    SELECT m.id FROM public.notifications_message m
                    WHERE m.status = 'queued' AND m.channel = by_channel AND m.next_at <= at
                    ORDER BY m.next_at LIMIT up_to
                    FOR UPDATE SKIP LOCKED
                ), claimed AS (
                    UPDATE public.notifications_message m
                    SET status = 'sending', claimed_at = at
                    FROM due WHERE m.id = due.id
                    RETURNING m.id, m.organization_id, m.next_at
                )
                SELECT c.id, c.organization_id FROM claimed c ORDER BY c.next_at, c.id
            """,
            updates=("notifications_message",),
        ),
        LookupFunction(
            "notifications_stale",
            arguments="before timestamptz, up_to integer",
            returns="TABLE (message_id uuid, organization_id uuid)",
            body="""
                SELECT m.id, m.organization_id FROM public.notifications_message m
                WHERE m.status = 'sending' AND m.claimed_at < before
                ORDER BY m.claimed_at LIMIT up_to
            """,
            updates=("notifications_message",),
        ),
    ]
