"""How far behind the outbox is, as numbers over all organizations, for the metrics."""

from django.db import migrations

from coordination.tenancy import LookupFunction


class Migration(migrations.Migration):
    dependencies = [("notifications", "0002_fences")]

    operations = [
        LookupFunction(
            "notifications_backlog",
            arguments="at timestamptz",
            returns="TABLE (channel text, due bigint, sending bigint, oldest timestamptz)",
            body="""
                SELECT m.channel::text,
                       count(*) FILTER (WHERE m.status = 'queued'),
                       count(*) FILTER (WHERE m.status = 'sending'),
                       min(m.next_at) FILTER (WHERE m.status = 'queued')
                FROM public.notifications_message m
                WHERE m.status = 'queued' AND m.next_at <= at OR m.status = 'sending'
                GROUP BY m.channel
            """,
            reads=("notifications_message",),
        ),
    ]
