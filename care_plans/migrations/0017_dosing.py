from typing import ClassVar

import coordination.models.owned
import django.db.models.deletion
import pgtrigger.compiler
from django.db import migrations, models

from coordination.migration_operations import AddTriggers
from coordination.tenancy import Fence


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("care_plans", "0016_stub"),
        ("coordination", "0024_on_call"),
    ]

    operations: ClassVar = [
        migrations.AlterField(
            model_name="activity",
            name="dose_level",
            field=models.CharField(blank=True, editable=False, max_length=60),
        ),
        migrations.CreateModel(
            name="DoseChange",
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
                ("from_level", models.CharField(max_length=60)),
                ("to_level", models.CharField(max_length=60)),
                (
                    "direction",
                    models.CharField(choices=[("up", "Up"), ("down", "Down")], max_length=4),
                ),
                (
                    "finding",
                    models.JSONField(
                        help_text="The trace of the level's gate; null: it has none, or one went down.",
                        null=True,
                    ),
                ),
                ("overridden", models.BooleanField(default=False)),
                ("reason", models.TextField(blank=True)),
                ("actor", models.TextField()),
                ("user_id", models.UUIDField(blank=True, null=True)),
                ("recorded_at", models.DateTimeField()),
                (
                    "activity",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="dose_changes",
                        to="care_plans.activity",
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
                (
                    "practitioner_role",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="coordination.practitionerrole",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="AdherenceEntry",
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
                ("day", models.DateField()),
                (
                    "prescribed",
                    models.PositiveSmallIntegerField(help_text="Sessions that were to be done."),
                ),
                (
                    "completed",
                    models.PositiveSmallIntegerField(help_text="Sessions that were done."),
                ),
                (
                    "pain_during",
                    models.DecimalField(blank=True, decimal_places=1, max_digits=3, null=True),
                ),
                (
                    "pain_24h",
                    models.DecimalField(
                        blank=True,
                        decimal_places=1,
                        help_text="A day after it.",
                        max_digits=3,
                        null=True,
                    ),
                ),
                ("note", models.TextField(blank=True)),
                ("by_patient", models.BooleanField(help_text="The patient entered it.")),
                ("actor", models.TextField()),
                ("user_id", models.UUIDField(blank=True, null=True)),
                ("recorded_at", models.DateTimeField()),
                (
                    "activity",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="adherence_entries",
                        to="care_plans.activity",
                    ),
                ),
                (
                    "course",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="adherence_entries",
                        to="care_plans.course",
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
                (
                    "patient",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="coordination.patient",
                    ),
                ),
                (
                    "practitioner_role",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="coordination.practitionerrole",
                    ),
                ),
                (
                    "replaces",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="replaced_by",
                        to="care_plans.adherenceentry",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["course", "day"], name="care_plans_adherence_of"),
                    models.Index(fields=["activity", "day"], name="care_plans_adherence_activity"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("completed__lte", 50),
                            ("prescribed__gte", 1),
                            ("prescribed__lte", 50),
                            models.Q(
                                ("pain_during", None),
                                models.Q(("pain_during__gte", 0), ("pain_during__lte", 10)),
                                _connector="OR",
                            ),
                            models.Q(
                                ("pain_24h", None),
                                models.Q(("pain_24h__gte", 0), ("pain_24h__lte", 10)),
                                _connector="OR",
                            ),
                        ),
                        name="care_plans_adherence_values",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("replaces", None),
                            models.Q(("replaces", models.F("id")), _negated=True),
                            _connector="OR",
                        ),
                        name="care_plans_adherence_replaces",
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="dosechange",
            index=models.Index(fields=["activity", "recorded_at"], name="care_plans_dose_of"),
        ),
        migrations.AddConstraint(
            model_name="dosechange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("direction__in", ["up", "down"]),
                    models.Q(("from_level", models.F("to_level")), _negated=True),
                ),
                name="care_plans_dose_words",
            ),
        ),
        migrations.AddConstraint(
            model_name="dosechange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("reason", ""), _negated=True),
                    models.Q(("direction", "up"), ("overridden", False)),
                    _connector="OR",
                ),
                name="care_plans_dose_reason",
            ),
        ),
        AddTriggers(
            model_name="adherenceentry",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="89e5194d58a4517eb3bae734290c77246e045efd",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_3738a",
                        table="care_plans_adherenceentry",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="92e6d7077f6e8d42c62a3b9fcda0763082256843",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_ae090",
                        table="care_plans_adherenceentry",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        AddTriggers(
            model_name="dosechange",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="d3db73883c9154837722c2b88b0781295a429cba",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_b4eeb",
                        table="care_plans_dosechange",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="0f96bd2de4b609ce18c8931a80c42b499f96ae9d",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_2cea2",
                        table="care_plans_dosechange",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("DoseChange"),
        Fence("AdherenceEntry"),
    ]
