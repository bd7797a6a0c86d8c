"""What an organization takes away from the scope table, and whom the rules refused."""

import coordination.models.owned
import django.contrib.postgres.fields
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

from coordination.migration_operations import AddTriggers
from coordination.tenancy import Fence


class Migration(migrations.Migration):
    dependencies = [("coordination", "0011_coverage")]

    operations = [
        migrations.CreateModel(
            name="ScopeNarrowing",
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
                    "entry",
                    models.CharField(help_text="An entry of the scope table.", max_length=60),
                ),
                (
                    "discipline",
                    models.CharField(
                        choices=[
                            ("physiotherapy", "Physiotherapy"),
                            ("chiropractic", "Chiropractic"),
                            ("massage_therapy", "Massage therapy"),
                            ("kinesiology", "Kinesiology"),
                            ("nutrition", "Nutrition"),
                            ("psychotherapy", "Psychotherapy"),
                        ],
                        max_length=20,
                    ),
                ),
                ("reason", models.TextField()),
                ("actor", models.TextField(editable=False)),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField(blank=True, null=True)),
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
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("until", None)),
                        fields=("organization", "entry", "discipline"),
                        name="coordination_narrowing_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("until", None), ("until__gte", models.F("since")), _connector="OR"
                        ),
                        name="coordination_narrowing_period",
                    ),
                ]
            },
        ),
        migrations.CreateModel(
            name="Denial",
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
                ("recorded_at", models.DateTimeField()),
                ("user_id", models.UUIDField()),
                ("actor", models.TextField()),
                (
                    "roles",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=20)
                    ),
                ),
                (
                    "disciplines",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=20)
                    ),
                ),
                ("request_id", models.CharField(max_length=64)),
                ("verb", models.CharField(max_length=8)),
                ("action", models.TextField(help_text="The address as `basename.action`.")),
                (
                    "rule",
                    models.TextField(
                        help_text="The rule that refused; `reach` for what is not found."
                    ),
                ),
                ("status", models.PositiveSmallIntegerField()),
                (
                    "resource",
                    models.TextField(
                        blank=True, help_text="The kind of record that was asked for."
                    ),
                ),
                ("resource_id", models.UUIDField(blank=True, null=True)),
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
                    models.Index(
                        fields=["organization", "user_id", "recorded_at"],
                        name="coordination_denial_of",
                    ),
                    models.Index(
                        fields=["organization", "request_id"], name="coordination_denial_request"
                    ),
                ],
            },
        ),
        AddTriggers(
            model_name="denial",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="7ef0b032727b6c653e85561405f8d494185f8980",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_bfae4",
                        table="coordination_denial",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="0e8c146e0fecab13e19b5564c8646574bd34964f",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_fb200",
                        table="coordination_denial",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        AddTriggers(
            model_name="scopenarrowing",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="never_deleted",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                        hash="f282ffd2e2b20b5f627f27598cd6a987041ea502",
                        operation="DELETE",
                        pgid="pgtrigger_never_deleted_ca5a2",
                        table="coordination_scopenarrowing",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="b9740691b18ae18dfbc683e292f822f21912d3d7",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_9eb13",
                        table="coordination_scopenarrowing",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("ScopeNarrowing"),
        Fence("Denial", append_only=True),
    ]
