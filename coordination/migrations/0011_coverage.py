from typing import ClassVar

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

import coordination.models.owned
from coordination.migration_operations import AddTriggers
from coordination.tenancy import Fence


class Migration(migrations.Migration):
    dependencies: ClassVar = [("coordination", "0010_relations")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Coverage",
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
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                ("updated_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("payer", models.TextField()),
                ("programme", models.TextField(blank=True)),
                ("member_number", models.TextField(blank=True)),
                (
                    "discipline",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("physiotherapy", "Physiotherapy"),
                            ("chiropractic", "Chiropractic"),
                            ("massage_therapy", "Massage therapy"),
                            ("kinesiology", "Kinesiology"),
                            ("nutrition", "Nutrition"),
                            ("psychotherapy", "Psychotherapy"),
                        ],
                        help_text="Empty: of any discipline.",
                        max_length=20,
                    ),
                ),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField(blank=True, help_text="The last day.", null=True)),
                ("sessions_allowed", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("sessions_used", models.PositiveSmallIntegerField(default=0)),
                (
                    "amount_allowed",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        help_text="In Canadian dollars.",
                        max_digits=9,
                        null=True,
                    ),
                ),
                ("amount_used", models.DecimalField(decimal_places=2, default=0, max_digits=9)),
                ("removed_at", models.DateTimeField(blank=True, editable=False, null=True)),
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
                    "patient",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="coverages",
                        to="coordination.patient",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("removed_at", None)),
                        fields=["organization", "patient", "-starts_on"],
                        name="coordination_coverage_of",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("payer", ""), _negated=True),
                        name="coordination_coverage_payer",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "discipline__in",
                                [
                                    "",
                                    "physiotherapy",
                                    "chiropractic",
                                    "massage_therapy",
                                    "kinesiology",
                                    "nutrition",
                                    "psychotherapy",
                                ],
                            )
                        ),
                        name="coordination_coverage_words",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ends_on", None),
                            ("ends_on__gte", models.F("starts_on")),
                            _connector="OR",
                        ),
                        name="coordination_coverage_period",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("amount_used__gte", 0),
                            models.Q(
                                ("amount_allowed", None),
                                ("amount_allowed__gte", 0),
                                _connector="OR",
                            ),
                        ),
                        name="coordination_coverage_amounts",
                    ),
                ],
            },
        ),
        AddTriggers(
            model_name="coverage",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="coverage_identity",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."recorded_at" IS DISTINCT FROM (NEW."recorded_at"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="7ba6dfa526d0958e1d9dd96e616166aebcb3bf61",
                        operation="UPDATE",
                        pgid="pgtrigger_coverage_identity_d0f62",
                        table="coordination_coverage",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_deleted",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                        hash="de93ef790117147b3146bb11ac22a260433044fe",
                        operation="DELETE",
                        pgid="pgtrigger_never_deleted_3e03c",
                        table="coordination_coverage",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="5c26474802dd337c910643a82f24794524f26c93",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_f4ee5",
                        table="coordination_coverage",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("Coverage"),
    ]
