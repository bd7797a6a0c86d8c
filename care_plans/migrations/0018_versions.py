from typing import ClassVar

import coordination.models.owned
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

from coordination.migration_operations import AddTriggers
from coordination.tenancy import Fence


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("care_plans", "0017_dosing"),
        ("coordination", "0024_on_call"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="VersionDecision",
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
                    "decision",
                    models.CharField(
                        choices=[("adopted", "Adopted"), ("declined", "Declined")], max_length=8
                    ),
                ),
                ("reason", models.TextField(blank=True)),
                ("actor", models.TextField()),
                ("user_id", models.UUIDField(blank=True, null=True)),
                ("recorded_at", models.DateTimeField()),
            ],
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="course",
            name="course_identity",
        ),
        migrations.AddField(
            model_name="versiondecision",
            name="course",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="version_decisions",
                to="care_plans.course",
            ),
        ),
        migrations.AddField(
            model_name="versiondecision",
            name="from_version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="care_plans.pathwayversion",
            ),
        ),
        migrations.AddField(
            model_name="versiondecision",
            name="organization",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="coordination.organization",
            ),
        ),
        migrations.AddField(
            model_name="versiondecision",
            name="practitioner_role",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="coordination.practitionerrole",
            ),
        ),
        migrations.AddField(
            model_name="versiondecision",
            name="to_version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="care_plans.pathwayversion",
            ),
        ),
        migrations.AddIndex(
            model_name="versiondecision",
            index=models.Index(fields=["course", "recorded_at"], name="care_plans_version_of"),
        ),
        migrations.AddConstraint(
            model_name="versiondecision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("decision", "adopted"),
                    models.Q(("decision", "declined"), models.Q(("reason", ""), _negated=True)),
                    _connector="OR",
                ),
                name="care_plans_version_declined_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="versiondecision",
            constraint=models.CheckConstraint(
                condition=models.Q(("from_version", models.F("to_version")), _negated=True),
                name="care_plans_version_another",
            ),
        ),
        AddTriggers(
            model_name="course",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="course_identity",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."care_plan_id" IS DISTINCT FROM (NEW."care_plan_id") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."pathway_id" IS DISTINCT FROM (NEW."pathway_id") OR OLD."side" IS DISTINCT FROM (NEW."side") OR OLD."key" IS DISTINCT FROM (NEW."key") OR OLD."previous_id" IS DISTINCT FROM (NEW."previous_id") OR OLD."applied_at" IS DISTINCT FROM (NEW."applied_at"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="7781201e1b3ced9d9586b1969315991fb2e3ab7d",
                        operation="UPDATE",
                        pgid="pgtrigger_course_identity_ee7d2",
                        table="care_plans_course",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="version_decided",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."pathway_version_id" IS DISTINCT FROM (NEW."pathway_version_id"))',
                        func="\n                    IF NOT EXISTS (\n                        SELECT 1 FROM public.care_plans_versiondecision d\n                        WHERE d.course_id = NEW.id AND d.decision = 'adopted'\n                            AND d.from_version_id = OLD.pathway_version_id\n                            AND d.to_version_id = NEW.pathway_version_id\n                    ) THEN\n                        RAISE check_violation USING MESSAGE = 'nobody decided on this version';\n                    END IF;\n                    RETURN NEW;\n                ",
                        hash="8046c8622439e14177fa04f23b52b9418e06d169",
                        operation="UPDATE",
                        pgid="pgtrigger_version_decided_27e56",
                        table="care_plans_course",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        AddTriggers(
            model_name="versiondecision",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="f3ec5b0be9ab2a29725e319019f9b29414619f35",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_38f0f",
                        table="care_plans_versiondecision",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="e9fec6688df95805506ca8c3640ea060c5941a10",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_8f3b0",
                        table="care_plans_versiondecision",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("VersionDecision"),
    ]
