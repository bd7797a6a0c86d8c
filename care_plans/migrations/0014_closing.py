from typing import ClassVar

import coordination.migration_operations
import coordination.models.owned
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

from coordination.tenancy import Fence

#: As `Fence` has it for the keys of a new table: a plan before this one is of the same organization.
PREVIOUS_IN_ORGANIZATION = """
    ALTER TABLE care_plans_careplan ADD CONSTRAINT care_plans_careplan_previous_id_tenant
    FOREIGN KEY (organization_id, previous_id)
    REFERENCES care_plans_careplan (organization_id, id)
"""
_UNDO = "ALTER TABLE care_plans_careplan DROP CONSTRAINT care_plans_careplan_previous_id_tenant"


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("care_plans", "0013_measures"),
        ("coordination", "0027_versions_locked"),
    ]

    operations: ClassVar = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="careplan",
            name="plan_identity",
        ),
        migrations.AddField(
            model_name="careplan",
            name="outcome",
            field=models.CharField(
                blank=True,
                choices=[
                    ("goals_achieved", "Goals Achieved"),
                    ("partly_achieved", "Partly Achieved"),
                    ("not_achieved", "Not Achieved"),
                    ("patient_left", "Patient Left"),
                    ("new_diagnosis", "New Diagnosis"),
                    ("never_started", "Never Started"),
                    ("deceased", "Deceased"),
                ],
                editable=False,
                help_text="How it ended; empty while it is open, and where nobody had said so.",
                max_length=16,
            ),
        ),
        migrations.AddField(
            model_name="careplan",
            name="previous",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                help_text="The patient's plan before this one: this is a re-entry.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="next",
                to="care_plans.careplan",
            ),
        ),
        migrations.AddField(
            model_name="careplan",
            name="reason",
            field=models.TextField(blank=True, editable=False, help_text="Why it was closed."),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="careplan",
            trigger=pgtrigger.compiler.Trigger(
                name="plan_identity",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."previous_id" IS DISTINCT FROM (NEW."previous_id"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="69f6c239cb40ef90f3a964c06a27d75540fdc379",
                    operation="UPDATE",
                    pgid="pgtrigger_plan_identity_4a8dc",
                    table="care_plans_careplan",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="careplan",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("outcome", ""), ("reason", ""), ("status", "open")),
                    models.Q(
                        (
                            "outcome__in",
                            [
                                "",
                                "goals_achieved",
                                "partly_achieved",
                                "not_achieved",
                                "patient_left",
                                "new_diagnosis",
                                "never_started",
                                "deceased",
                            ],
                        ),
                        ("status", "closed"),
                    ),
                    _connector="OR",
                ),
                name="care_plans_plan_outcome",
            ),
        ),
        migrations.AddConstraint(
            model_name="careplan",
            constraint=models.CheckConstraint(
                condition=models.Q(("previous", models.F("id")), _negated=True),
                name="care_plans_plan_not_own_previous",
            ),
        ),
        migrations.CreateModel(
            name="LastLook",
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
                ("looked_at", models.DateTimeField()),
                ("seen", models.JSONField(help_text="By kind and id, what each thing was.")),
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
                    "practitioner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="coordination.practitioner",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organization", "patient", "practitioner"),
                        name="care_plans_look_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PatientStatement",
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
                (
                    "text",
                    models.TextField(
                        help_text="Character for character as the patient said or wrote it."
                    ),
                ),
                (
                    "language",
                    models.CharField(help_text="BCP 47: the language of the words.", max_length=35),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("active", "Active"),
                            ("achieved", "The patient got there"),
                            ("withdrawn", "The patient does not want this any more"),
                        ],
                        default="active",
                        max_length=9,
                    ),
                ),
                (
                    "by_patient",
                    models.BooleanField(
                        help_text="The patient wrote it; otherwise somebody wrote down what they said."
                    ),
                ),
                ("actor", models.TextField()),
                ("user_id", models.UUIDField(blank=True, null=True)),
                ("recorded_at", models.DateTimeField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("goal", "What the patient wants to reach"),
                            ("preference", "How the patient wants to be cared for"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "care_plan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="statements",
                        to="care_plans.careplan",
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
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("text", ""), _negated=True),
                            models.Q(("language", ""), _negated=True),
                            ("kind__in", ["goal", "preference"]),
                            ("status__in", ["active", "achieved", "withdrawn"]),
                        ),
                        name="care_plans_statement_words",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("by_patient", True), ("practitioner_role", None)),
                            models.Q(("by_patient", False), ("practitioner_role__isnull", False)),
                            _connector="OR",
                        ),
                        name="care_plans_statement_writer",
                    ),
                ],
                "indexes": [
                    models.Index(
                        fields=["organization", "patient", "id"], name="care_plans_statement_of"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PatientStatementVersion",
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
                    "text",
                    models.TextField(
                        help_text="Character for character as the patient said or wrote it."
                    ),
                ),
                (
                    "language",
                    models.CharField(help_text="BCP 47: the language of the words.", max_length=35),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("active", "Active"),
                            ("achieved", "The patient got there"),
                            ("withdrawn", "The patient does not want this any more"),
                        ],
                        default="active",
                        max_length=9,
                    ),
                ),
                (
                    "by_patient",
                    models.BooleanField(
                        help_text="The patient wrote it; otherwise somebody wrote down what they said."
                    ),
                ),
                ("actor", models.TextField()),
                ("user_id", models.UUIDField(blank=True, null=True)),
                ("recorded_at", models.DateTimeField()),
                ("number", models.PositiveIntegerField(help_text="1 for the first.")),
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
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="coordination.practitionerrole",
                    ),
                ),
                (
                    "statement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="care_plans.patientstatement",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("statement", "number"), name="care_plans_statement_version"
                    )
                ],
            },
        ),
        coordination.migration_operations.AddTriggers(
            model_name="lastlook",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="look_identity",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."practitioner_id" IS DISTINCT FROM (NEW."practitioner_id"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="73bf9a656f461b55e4ca07f71632e9dd34955c24",
                        operation="UPDATE",
                        pgid="pgtrigger_look_identity_2d4a3",
                        table="care_plans_lastlook",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_deleted",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                        hash="e31e950857fcd54ba47a8b2a10fbfcaa8ab9f623",
                        operation="DELETE",
                        pgid="pgtrigger_never_deleted_4ed75",
                        table="care_plans_lastlook",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="68731f3a3af4727d4ef788a96cc6d7cfe166a2f2",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_9c63f",
                        table="care_plans_lastlook",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        coordination.migration_operations.AddTriggers(
            model_name="patientstatement",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="statement_identity",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."care_plan_id" IS DISTINCT FROM (NEW."care_plan_id") OR OLD."kind" IS DISTINCT FROM (NEW."kind"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="c239cc7a1e5ced5732bede6c80318a98534d68b2",
                        operation="UPDATE",
                        pgid="pgtrigger_statement_identity_39d27",
                        table="care_plans_patientstatement",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_deleted",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                        hash="8ced7aad2d5e5fa863180ec29d5cc79ec5330d0a",
                        operation="DELETE",
                        pgid="pgtrigger_never_deleted_8225d",
                        table="care_plans_patientstatement",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="e6a1ca5b65ea5c90572407ec9a36559844fcc4e5",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_c6cdc",
                        table="care_plans_patientstatement",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        coordination.migration_operations.AddTriggers(
            model_name="patientstatementversion",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="9f8504cdf41e5afbede424383afb66cb1d0cb805",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_962c0",
                        table="care_plans_patientstatementversion",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="2fa549965a077487b559d27fc7945b30fe8257b6",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_6aabe",
                        table="care_plans_patientstatementversion",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="LaneOwner",
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
                        related_name="owners",
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
            ],
            options={
                "indexes": [
                    models.Index(fields=["course", "recorded_at"], name="care_plans_owner_of")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("effective_at__lte", models.F("recorded_at"))),
                        name="care_plans_owner_not_ahead",
                    )
                ],
            },
        ),
        coordination.migration_operations.AddTriggers(
            model_name="laneowner",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="5a9b0237852ac1fa0a74fd3c33915d1b2374064f",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_28c24",
                        table="care_plans_laneowner",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="8ed65f3209ef4236ab971cce4872f5e1b0d00167",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_f490c",
                        table="care_plans_laneowner",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("LaneOwner", append_only=True),
        Fence("LastLook"),
        Fence("PatientStatement"),
        Fence("PatientStatementVersion", append_only=True),
        migrations.RunSQL(PREVIOUS_IN_ORGANIZATION, _UNDO),
    ]
