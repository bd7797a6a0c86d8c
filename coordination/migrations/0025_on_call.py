from typing import ClassVar

import coordination.migration_operations
import coordination.models.owned
import django.db.models.deletion
import pgtrigger.compiler
from django.db import migrations, models

from coordination.tenancy import Fence


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("coordination", "0024_must_change_password"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="OnCallDuty",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=coordination.models.owned.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField(blank=True, null=True)),
                ("recorded_by", models.TextField(help_text="The login that arranged it.")),
                ("recorded_at", models.DateTimeField()),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="coordination.organization",
                    ),
                ),
                (
                    "practitioner_role",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="on_call_duties",
                        to="coordination.practitionerrole",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["organization", "since"], name="coordination_on_call")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("until", None), ("until__gte", models.F("since")), _connector="OR"
                        ),
                        name="coordination_duty_period",
                    )
                ],
            },
        ),
        migrations.AlterField(
            model_name="accessgrant",
            name="basis",
            field=models.CharField(
                choices=[
                    ("membership", "Membership"),
                    ("referral", "Referral"),
                    ("hand_off", "Hand Off"),
                    ("appointment", "Appointment"),
                    ("override", "Override"),
                    ("safety", "Safety"),
                ],
                max_length=12,
            ),
        ),
        coordination.migration_operations.AddTriggers(
            model_name="oncallduty",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="duty_identity",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."practitioner_role_id" IS DISTINCT FROM (NEW."practitioner_role_id") OR OLD."since" IS DISTINCT FROM (NEW."since") OR OLD."recorded_by" IS DISTINCT FROM (NEW."recorded_by") OR OLD."recorded_at" IS DISTINCT FROM (NEW."recorded_at"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="2608504989b344b14c4c03456ce2c6a9635a2b36",
                        operation="UPDATE",
                        pgid="pgtrigger_duty_identity_84bd3",
                        table="coordination_oncallduty",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_deleted",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                        hash="ac4cebbc67c1aed527400044ce31bd7271d9d4f0",
                        operation="DELETE",
                        pgid="pgtrigger_never_deleted_9d7d0",
                        table="coordination_oncallduty",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="90284afac258d98a03c377df451bf030f4e47a94",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_89e57",
                        table="coordination_oncallduty",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("OnCallDuty"),
    ]
