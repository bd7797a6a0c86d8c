"""Why something is suggested follows what is recorded, until somebody decides about it."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("care_plans", "0003_alerts_forsaken"),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="recommendation",
            name="recommendation_identity",
        ),
        migrations.AddField(
            model_name="recommendation",
            name="earlier",
            field=models.JSONField(
                blank=True,
                default=list,
                help_text="Each trace before, with its words and until when.",
            ),
        ),
        migrations.AddField(
            model_name="recommendation",
            name="traced_at",
            field=models.DateTimeField(
                blank=True,
                help_text="When other rows or words were last written; null: never.",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="recommendation",
            name="finding",
            field=models.JSONField(
                help_text="The trace, of when it was last written or decided on."
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="recommendation",
            trigger=pgtrigger.compiler.Trigger(
                name="recommendation_identity",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."course_id" IS DISTINCT FROM (NEW."course_id") OR OLD."pathway_version_id" IS DISTINCT FROM (NEW."pathway_version_id") OR OLD."rule" IS DISTINCT FROM (NEW."rule") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."then" IS DISTINCT FROM (NEW."then") OR OLD."lane" IS DISTINCT FROM (NEW."lane") OR OLD."towards" IS DISTINCT FROM (NEW."towards") OR OLD."made_at" IS DISTINCT FROM (NEW."made_at"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="6d06c24033ae312fdd01b7d4c3adac8918ac6d68",
                    operation="UPDATE",
                    pgid="pgtrigger_recommendation_identity_7d319",
                    table="care_plans_recommendation",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="recommendation",
            trigger=pgtrigger.compiler.Trigger(
                name="recommendation_trace",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (NOT (OLD."status" = \'open\') AND (OLD."text" IS DISTINCT FROM (NEW."text") OR OLD."source" IS DISTINCT FROM (NEW."source") OR OLD."finding" IS DISTINCT FROM (NEW."finding") OR OLD."rests_on" IS DISTINCT FROM (NEW."rests_on") OR OLD."traced_at" IS DISTINCT FROM (NEW."traced_at") OR OLD."earlier" IS DISTINCT FROM (NEW."earlier")))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="58500b268a51feb50d58e55fdf80bf8361920a40",
                    operation="UPDATE",
                    pgid="pgtrigger_recommendation_trace_c56df",
                    table="care_plans_recommendation",
                    when="BEFORE",
                ),
            ),
        ),
    ]
