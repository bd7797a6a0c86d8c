"""A message knows which person it is for, so that nobody is told twice under two hats."""

from django.db import migrations, models

FENCED = ("notifications_message", "coordination_practitionerrole", "coordination_practitioner")

# The owner is behind the fence as well. What was said twice already keeps the role as its person.
NAME_THE_PERSON = f"""
    {"".join(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;" for table in FENCED)}
    WITH named AS (
        SELECT m.id, coalesce(
            m.to_user_id, m.to_patient_id, p.user_id, r.practitioner_id
        ) AS person, row_number() OVER (
            PARTITION BY m.organization_id, m.subject_id, m.occurrence, m.kind, m.channel,
                coalesce(m.to_user_id, m.to_patient_id, p.user_id, r.practitioner_id)
            ORDER BY m.to_practitioner_role_id NULLS FIRST
        ) AS place
        FROM notifications_message m
        LEFT JOIN coordination_practitionerrole r ON r.id = m.to_practitioner_role_id
        LEFT JOIN coordination_practitioner p ON p.id = r.practitioner_id
    )
    UPDATE notifications_message m
    SET person = CASE WHEN n.place = 1 THEN n.person ELSE m.to_practitioner_role_id END
    FROM named n WHERE n.id = m.id;
    SET CONSTRAINTS ALL IMMEDIATE;
    {"".join(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY;" for table in FENCED)}
"""


class Migration(migrations.Migration):
    dependencies = [("notifications", "0003_backlog"), ("coordination", "0003_work_items")]

    operations = [
        migrations.AddField(
            model_name="message",
            name="person",
            field=models.UUIDField(
                null=True,
                help_text=(
                    "Who that is, however addressed: their login, or else the person's own id."
                ),
            ),
        ),
        migrations.RunSQL(NAME_THE_PERSON, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="message",
            name="person",
            field=models.UUIDField(
                help_text=(
                    "Who that is, however addressed: their login, or else the person's own id."
                ),
            ),
        ),
        migrations.RemoveConstraint(model_name="message", name="notifications_message_once"),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.UniqueConstraint(
                fields=("organization", "subject_id", "occurrence", "kind", "channel", "person"),
                name="notifications_message_once",
            ),
        ),
    ]
