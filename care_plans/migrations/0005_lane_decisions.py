"""Why each stage needed a lane, or did not, is kept when the next one decides anew."""

import django.contrib.postgres.fields
import django.db.models.deletion
import pgtrigger.compiler
from django.db import migrations, models

import coordination.models.owned
from coordination.migration_operations import AddTriggers
from coordination.tenancy import Fence


class Migration(migrations.Migration):
    dependencies = [
        ("care_plans", "0004_recommendations_retraced"),
        ("coordination", "0002_records"),
    ]

    operations = [
        migrations.CreateModel(
            name="LaneDecision",
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
                (
                    "stage",
                    models.CharField(
                        choices=[
                            ("acute", "Acute: relief and protection"),
                            ("subacute", "Subacute: strength and mobility"),
                            ("maintenance", "Maintenance: prevention and performance"),
                        ],
                        max_length=11,
                    ),
                ),
                (
                    "needed",
                    models.CharField(
                        choices=[
                            ("needed", "Needed"),
                            ("not_needed", "Not Needed"),
                            ("undecided", "Undecided: what would decide it is unknown"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "decided_by",
                    models.CharField(
                        choices=[("pathway", "Pathway"), ("person", "Person")], max_length=7
                    ),
                ),
                ("reason", models.TextField(blank=True)),
                (
                    "rests_on",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(),
                        blank=True,
                        help_text="The rows that the pathway's decision rests on; null for one of a person.",
                        null=True,
                    ),
                ),
                ("effective_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
                (
                    "course",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="care_plans.course",
                    ),
                ),
                (
                    "lane",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="decisions",
                        to="care_plans.lane",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="coordination.organization",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["course", "recorded_at"], name="care_plans_lane_decided")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("effective_at__lte", models.F("recorded_at"))),
                        name="care_plans_lane_not_ahead",
                    )
                ],
            },
        ),
        AddTriggers(
            model_name="lanedecision",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="3fff1a02b1c5c5eeafccab870ebfbe368a3ec3c1",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_2a662",
                        table="care_plans_lanedecision",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="b0e6ebe96f1b1067873a48bacc971669929095ac",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_ac21a",
                        table="care_plans_lanedecision",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("LaneDecision", append_only=True),
        migrations.RunSQL(
            """
            ALTER TABLE care_plans_lanedecision
                ADD CONSTRAINT care_plans_lane_decision_same_lane FOREIGN KEY (lane_id, course_id)
                    REFERENCES care_plans_lane (id, course_id)
            """,
            migrations.RunSQL.noop,
        ),
    ]
