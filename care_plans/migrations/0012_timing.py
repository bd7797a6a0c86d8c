from typing import ClassVar

import coordination.migration_operations
import coordination.models.owned
import django.contrib.postgres.fields
import django.db.models.deletion
import pgtrigger.compiler
from django.db import migrations, models

from coordination.tenancy import Fence


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("care_plans", "0011_clinical_engine"),
        ("coordination", "0026_holiday_calendar"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="ConflictDecision",
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
                    "conflict",
                    models.UUIDField(help_text="The same for the same two activities and kind."),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("duplicate", "Both do the same"),
                            ("caution", "One warns against what the other one asks for"),
                            ("load", "Both load the same part of the body"),
                        ],
                        max_length=9,
                    ),
                ),
                (
                    "about",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(),
                        help_text="What it was about when it was decided.",
                    ),
                ),
                (
                    "sequence",
                    models.PositiveSmallIntegerField(
                        help_text="1 for the first decision about it."
                    ),
                ),
                (
                    "decision",
                    models.CharField(
                        choices=[
                            ("keep_both", "Keep Both"),
                            ("keep_first", "Keep the first, stop the second"),
                            ("keep_second", "Keep the second, stop the first"),
                            ("reopen", "Decide again"),
                        ],
                        max_length=11,
                    ),
                ),
                ("reason", models.TextField()),
                ("actor", models.TextField()),
                ("user_id", models.UUIDField(blank=True, null=True)),
                ("recorded_at", models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name="activity",
            name="began_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="activity",
            name="due_from",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="activity",
            name="due_until",
            field=models.DateTimeField(
                editable=False,
                help_text="When it should have begun; null: at no set time.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="activity",
            name="ended_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="activity",
            name="release_reason",
            field=models.TextField(blank=True, editable=False),
        ),
        migrations.AddField(
            model_name="activity",
            name="released_at",
            field=models.DateTimeField(
                editable=False, help_text="Since when it may begin; null: it waits.", null=True
            ),
        ),
        migrations.AddField(
            model_name="activity",
            name="released_by",
            field=models.TextField(
                blank=True,
                editable=False,
                help_text="Who released it by hand; blank: the pathway did.",
            ),
        ),
        migrations.AddField(
            model_name="activity",
            name="released_on",
            field=models.JSONField(
                default=list,
                editable=False,
                help_text="The traces of what it waited for, as they were.",
            ),
        ),
        migrations.AddField(
            model_name="activity",
            name="stopped_on",
            field=models.JSONField(
                editable=False,
                help_text="The trace of the stop condition that ended it.",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="goal",
            name="status",
            field=models.CharField(
                choices=[
                    ("planned", "Planned: of a stage that has not begun"),
                    ("in_progress", "In Progress"),
                    (
                        "cancelled",
                        "Cancelled: the course has ended, or follows a version that lacks it",
                    ),
                    ("achieved", "Achieved"),
                    ("not_achieved", "Not Achieved"),
                ],
                default="in_progress",
                editable=False,
                max_length=12,
            ),
        ),
        migrations.AddConstraint(
            model_name="activity",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("release_reason", ""), ("released_by", "")),
                    models.Q(
                        ("released_at__isnull", False),
                        models.Q(("released_by", ""), _negated=True),
                        models.Q(("release_reason", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="care_plans_activity_released_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="activity",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ended_at", None),
                    models.Q(
                        ("status__in", ["completed", "stopped"]),
                        models.Q(
                            ("began_at", None),
                            ("ended_at__gte", models.F("began_at")),
                            _connector="OR",
                        ),
                    ),
                    _connector="OR",
                ),
                name="care_plans_activity_ended",
            ),
        ),
        migrations.AddField(
            model_name="conflictdecision",
            name="care_plan",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="care_plans.careplan",
            ),
        ),
        migrations.AddField(
            model_name="conflictdecision",
            name="first",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="care_plans.activity",
            ),
        ),
        migrations.AddField(
            model_name="conflictdecision",
            name="organization",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="coordination.organization",
            ),
        ),
        migrations.AddField(
            model_name="conflictdecision",
            name="patient",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="coordination.patient",
            ),
        ),
        migrations.AddField(
            model_name="conflictdecision",
            name="practitioner_role",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="coordination.practitionerrole",
            ),
        ),
        migrations.AddField(
            model_name="conflictdecision",
            name="second",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="care_plans.activity",
            ),
        ),
        migrations.AddConstraint(
            model_name="conflictdecision",
            constraint=models.UniqueConstraint(
                fields=("organization", "conflict", "sequence"), name="care_plans_conflict_in_turn"
            ),
        ),
        migrations.AddConstraint(
            model_name="conflictdecision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("first", models.F("second")), _negated=True),
                    models.Q(("reason", ""), _negated=True),
                ),
                name="care_plans_conflict_complete",
            ),
        ),
        migrations.AddConstraint(
            model_name="conflictdecision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind__in", ["duplicate", "caution", "load"]),
                    ("decision__in", ["keep_both", "keep_first", "keep_second", "reopen"]),
                ),
                name="care_plans_conflict_words",
            ),
        ),
        coordination.migration_operations.AddTriggers(
            model_name="conflictdecision",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="c190d83ba31013060aa7e7a5ec48db303b5804c8",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_fdbd2",
                        table="care_plans_conflictdecision",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="813f8502fa796c343113d34c9bab8df684b0e813",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_1bce6",
                        table="care_plans_conflictdecision",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("ConflictDecision", append_only=True),
    ]
