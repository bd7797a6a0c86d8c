from typing import ClassVar

import coordination.models.owned
import django.db.models.deletion
import pgtrigger.compiler
from django.db import migrations, models

from coordination.migration_operations import AddTriggers
from coordination.tenancy import Fence, LookupFunction


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("care_plans", "0012_recommendations"),
        ("coordination", "0024_on_call"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="SafetyAlert",
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
                ("measure", models.CharField(max_length=60)),
                (
                    "rule",
                    models.CharField(help_text="Which safety rule of the measure.", max_length=60),
                ),
                ("measure_version", models.PositiveIntegerField()),
                (
                    "action",
                    models.TextField(help_text="What is to be done, in the words of the rule."),
                ),
                (
                    "source",
                    models.TextField(
                        blank=True, help_text="On whose word; it may be opinion alone."
                    ),
                ),
                ("verified", models.CharField(max_length=10)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("open", "Open: nobody has taken it up"),
                            ("acknowledged", "Acknowledged: somebody acts on it"),
                            ("closed", "Closed"),
                        ],
                        default="open",
                        editable=False,
                        max_length=12,
                    ),
                ),
                ("raised_at", models.DateTimeField()),
                (
                    "rung",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="How often it was said again because nobody took it up.",
                    ),
                ),
                (
                    "escalates_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When it is said again unless somebody takes it up.",
                        null=True,
                    ),
                ),
                ("acknowledged_at", models.DateTimeField(blank=True, null=True)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("assessed", "Assessed by a regulated professional"),
                            (
                                "emergency",
                                "Emergency services or an emergency department took over",
                            ),
                            ("not_reached", "The person could not be reached"),
                            ("entered_in_error", "The answer was never given"),
                        ],
                        max_length=16,
                    ),
                ),
                (
                    "reason",
                    models.TextField(
                        blank=True, help_text="What was done, by the one who closed it."
                    ),
                ),
                (
                    "acknowledged_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="coordination.practitionerrole",
                    ),
                ),
                (
                    "assessment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="safety_alerts",
                        to="care_plans.assessment",
                    ),
                ),
                (
                    "closed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="coordination.practitionerrole",
                    ),
                ),
                (
                    "course",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
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
                        related_name="safety_alerts",
                        to="coordination.patient",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("status", "open")),
                        fields=["escalates_at"],
                        name="care_plans_alert_escalates",
                    ),
                    models.Index(
                        condition=models.Q(("status", "closed"), _negated=True),
                        fields=["organization", "patient"],
                        name="care_plans_alert_open",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("assessment", "measure", "rule"),
                        name="care_plans_safety_alert_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("acknowledged_at", None),
                                ("acknowledged_by", None),
                                ("escalates_at__isnull", False),
                                ("status", "open"),
                            ),
                            models.Q(
                                ("acknowledged_at__isnull", False),
                                ("acknowledged_by__isnull", False),
                                ("escalates_at", None),
                                ("status__in", ["acknowledged", "closed"]),
                            ),
                            _connector="OR",
                        ),
                        name="care_plans_safety_alert_taken_up",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("closed_at__gte", models.F("raised_at")),
                                ("closed_by__isnull", False),
                                (
                                    "outcome__in",
                                    ["assessed", "emergency", "not_reached", "entered_in_error"],
                                ),
                                ("status", "closed"),
                                models.Q(("reason", ""), _negated=True),
                            ),
                            models.Q(
                                ("closed_at", None),
                                ("closed_by", None),
                                ("outcome", ""),
                                ("reason", ""),
                                ("status__in", ["open", "acknowledged"]),
                            ),
                            _connector="OR",
                        ),
                        name="care_plans_safety_alert_closed",
                    ),
                ],
            },
        ),
        AddTriggers(
            model_name="safetyalert",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="safety_alert_status",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        declare="DECLARE _is_valid_transition BOOLEAN;",
                        func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{open:acknowledged,acknowledged:closed}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                        hash="89448e4d3d21c44415c7d0c51ca6ea139450ef5e",
                        operation="UPDATE",
                        pgid="pgtrigger_safety_alert_status_ff937",
                        table="care_plans_safetyalert",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="begins_open",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition="WHEN (NOT (NEW.\"status\" = 'open'))",
                        func="RAISE EXCEPTION 'pgtrigger: Cannot insert rows from % table', TG_TABLE_NAME;",
                        hash="aab205a83e3d57338ed33b4fa07ff89fa174c915",
                        operation="INSERT",
                        pgid="pgtrigger_begins_open_a9d2d",
                        table="care_plans_safetyalert",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="safety_alert_identity",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."course_id" IS DISTINCT FROM (NEW."course_id") OR OLD."assessment_id" IS DISTINCT FROM (NEW."assessment_id") OR OLD."measure" IS DISTINCT FROM (NEW."measure") OR OLD."rule" IS DISTINCT FROM (NEW."rule") OR OLD."measure_version" IS DISTINCT FROM (NEW."measure_version") OR OLD."action" IS DISTINCT FROM (NEW."action") OR OLD."source" IS DISTINCT FROM (NEW."source") OR OLD."verified" IS DISTINCT FROM (NEW."verified") OR OLD."raised_at" IS DISTINCT FROM (NEW."raised_at"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="2bb04568912275a0325713268cdd455dbf54c01d",
                        operation="UPDATE",
                        pgid="pgtrigger_safety_alert_identity_5ec1c",
                        table="care_plans_safetyalert",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="closed_for_good",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition="WHEN (OLD.\"status\" = 'closed')",
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="6bd2f59fb3ae3ee0381ec79f6113a6e916c3bbf9",
                        operation="UPDATE",
                        pgid="pgtrigger_closed_for_good_b97ec",
                        table="care_plans_safetyalert",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_deleted",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                        hash="dcb3adb690e22b01ca6fcfef9a354c1aeaa438ff",
                        operation="DELETE",
                        pgid="pgtrigger_never_deleted_3aa6a",
                        table="care_plans_safetyalert",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="e29eb2857893af608b73a40d7d4ff63142689f7d",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_eb0e8",
                        table="care_plans_safetyalert",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("SafetyAlert"),
        LookupFunction(
            "care_plans_alerts_to_escalate",
            arguments="moment timestamptz, size integer",
            returns="TABLE (alert_id uuid, organization_id uuid)",
            body="""
                SELECT a.id, a.organization_id FROM public.care_plans_safetyalert a
                WHERE a.status = 'open' AND a.escalates_at <= moment
                ORDER BY a.escalates_at LIMIT size
            """,
            reads=("care_plans_safetyalert",),
        ),
    ]
