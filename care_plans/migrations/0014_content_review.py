import django.db.models.deletion
import pgtrigger.compiler
from django.db import migrations, models

import coordination.models.owned
from coordination.migration_operations import AddTriggers
from coordination.tenancy import Fence


class Migration(migrations.Migration):
    dependencies = [
        ("care_plans", "0013_safety_alerts"),
        ("coordination", "0022_requests_follow"),
    ]

    operations = [
        migrations.CreateModel(
            name="PathwayReview",
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
                ("name", models.TextField()),
                ("college", models.TextField()),
                ("registration_number", models.TextField()),
                ("reviewed_at", models.DateTimeField()),
                ("next_review_due", models.DateField()),
                ("note", models.TextField(blank=True)),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="coordination.organization",
                    ),
                ),
                (
                    "pathway_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reviews",
                        to="care_plans.pathwayversion",
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
            options={
                "indexes": [
                    models.Index(
                        fields=["organization", "pathway_version", "-reviewed_at", "-id"],
                        name="care_plans_review_in_force",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("name", ""), _negated=True),
                            models.Q(("college", ""), _negated=True),
                            models.Q(("registration_number", ""), _negated=True),
                        ),
                        name="care_plans_review_complete",
                    )
                ],
            },
        ),
        AddTriggers(
            model_name="pathwayreview",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="6bb8fdded82539e4aeb927695deec1383e95a331",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_516e6",
                        table="care_plans_pathwayreview",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="148f47736e0c9e4875bdab3723dcc3a5afb0e90a",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_053c2",
                        table="care_plans_pathwayreview",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("PathwayReview", append_only=True),
    ]
