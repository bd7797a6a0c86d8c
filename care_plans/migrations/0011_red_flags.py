from typing import ClassVar

import coordination.models.owned
import django.contrib.postgres.fields
import django.db.models.deletion
import pgtrigger.compiler
from django.db import migrations, models

from coordination.migration_operations import AddTriggers
from coordination.tenancy import Fence

#: What was found before flags had a life of their own is open: nobody has cleared anything. It has
#: no work item, since nobody was asked. The owner of the tables steps over their fences for it.
OPEN_EARLIER = """
    ALTER TABLE care_plans_redflaganswer NO FORCE ROW LEVEL SECURITY;
    ALTER TABLE care_plans_redflagscreen NO FORCE ROW LEVEL SECURITY;
    ALTER TABLE care_plans_redflag NO FORCE ROW LEVEL SECURITY;
    INSERT INTO care_plans_redflag (
        id, organization_id, patient_id, course_id, screen_id, found_in, flag, urgency, status,
        found_at, recorded_at, outcome, reason, due_at
    )
    SELECT uuidv7(), s.organization_id, s.patient_id, s.course_id,
        (array_agg(s.id ORDER BY s.effective_at, s.id))[1],
        array_agg(s.id ORDER BY s.effective_at, s.id), a.flag,
        (array_agg(a.urgency ORDER BY s.effective_at, s.id))[1], 'open',
        min(s.effective_at), max(s.recorded_at), '', '', NULL
    FROM care_plans_redflaganswer a
    JOIN care_plans_redflagscreen s ON s.id = a.screen_id
    WHERE a.answer = 'present'
    GROUP BY s.organization_id, s.patient_id, s.course_id, a.flag;
    ALTER TABLE care_plans_redflag FORCE ROW LEVEL SECURITY;
    ALTER TABLE care_plans_redflagscreen FORCE ROW LEVEL SECURITY;
    ALTER TABLE care_plans_redflaganswer FORCE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("care_plans", "0010_requests_follow"),
        ("coordination", "0022_requests_follow"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="RedFlag",
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
                    "found_in",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(),
                        help_text="Every screen that found it until it was cleared.",
                    ),
                ),
                ("flag", models.CharField(max_length=60)),
                (
                    "urgency",
                    models.CharField(
                        choices=[
                            ("emergency", "Emergency"),
                            ("urgent_24h", "Urgent 24H"),
                            ("urgent_2wk", "Urgent 2Wk"),
                            ("review_before_progress", "Review Before Progress"),
                            ("routine", "Routine"),
                        ],
                        max_length=22,
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("open", "Open: nobody has taken it up"),
                            ("acknowledged", "Acknowledged: somebody looks into it"),
                            ("cleared", "Cleared"),
                        ],
                        default="open",
                        editable=False,
                        max_length=12,
                    ),
                ),
                (
                    "found_at",
                    models.DateTimeField(
                        help_text="When it was found, of which a screen may say so late."
                    ),
                ),
                ("recorded_at", models.DateTimeField()),
                (
                    "due_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="By when somebody must have acted; none: no time is named.",
                        null=True,
                    ),
                ),
                ("acknowledged_at", models.DateTimeField(blank=True, null=True)),
                (
                    "cleared_at",
                    models.DateTimeField(
                        blank=True, help_text="Since when it does not hold.", null=True
                    ),
                ),
                ("clearing_recorded_at", models.DateTimeField(blank=True, null=True)),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("ruled_out", "Ruled out: looked into, and not there"),
                            ("resolved", "Resolved: it was there, and has been dealt with"),
                            ("entered_in_error", "Entered in error: it was never found"),
                        ],
                        max_length=16,
                    ),
                ),
                ("reason", models.TextField(blank=True, help_text="Why it was cleared.")),
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
                    "cleared_by",
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
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="red_flags",
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
                        related_name="red_flags",
                        to="coordination.patient",
                    ),
                ),
                (
                    "screen",
                    models.ForeignKey(
                        help_text="The screen that found it first.",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="care_plans.redflagscreen",
                    ),
                ),
                (
                    "work_item",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="red_flag",
                        to="coordination.workitem",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("status", "cleared"), _negated=True),
                        fields=["organization", "patient", "due_at"],
                        name="care_plans_red_flag_open",
                    ),
                    models.Index(
                        condition=models.Q(("status", "cleared")),
                        fields=["course"],
                        name="care_plans_red_flag_of",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("status", "cleared"), _negated=True),
                        fields=("course", "flag"),
                        name="care_plans_red_flag_open_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("status__in", ["open", "acknowledged", "cleared"]),
                            (
                                "urgency__in",
                                [
                                    "emergency",
                                    "urgent_24h",
                                    "urgent_2wk",
                                    "review_before_progress",
                                    "routine",
                                ],
                            ),
                            ("outcome__in", ["", "ruled_out", "resolved", "entered_in_error"]),
                        ),
                        name="care_plans_red_flag_words",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("cleared_at__gte", models.F("found_at")),
                                ("cleared_at__isnull", False),
                                ("cleared_by__isnull", False),
                                ("clearing_recorded_at__gte", models.F("cleared_at")),
                                ("status", "cleared"),
                                models.Q(("outcome", ""), _negated=True),
                                models.Q(("reason", ""), _negated=True),
                            ),
                            models.Q(
                                models.Q(("status", "cleared"), _negated=True),
                                ("cleared_at", None),
                                ("cleared_by", None),
                                ("clearing_recorded_at", None),
                                ("outcome", ""),
                                ("reason", ""),
                            ),
                            _connector="OR",
                        ),
                        name="care_plans_red_flag_cleared",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("acknowledged_at", None),
                                ("acknowledged_by", None),
                                ("status", "open"),
                            ),
                            models.Q(
                                ("acknowledged_at__isnull", False),
                                ("acknowledged_by__isnull", False),
                                ("status", "acknowledged"),
                            ),
                            ("status", "cleared"),
                            _connector="OR",
                        ),
                        name="care_plans_red_flag_acknowledged",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("found_at__lte", models.F("recorded_at"))),
                        name="care_plans_red_flag_not_ahead",
                    ),
                ],
            },
        ),
        AddTriggers(
            model_name="redflag",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="red_flag_status",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        declare="DECLARE _is_valid_transition BOOLEAN;",
                        func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{open:acknowledged,open:cleared,acknowledged:cleared}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                        hash="b69f3d5d782c576a62dfcf7d50918fcc820a09ba",
                        operation="UPDATE",
                        pgid="pgtrigger_red_flag_status_31467",
                        table="care_plans_redflag",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="begins_open",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition="WHEN (NOT (NEW.\"status\" = 'open'))",
                        func="RAISE EXCEPTION 'pgtrigger: Cannot insert rows from % table', TG_TABLE_NAME;",
                        hash="4b03db1f6e4c7d3e69a6eb9ee3bc8a4798dfec0d",
                        operation="INSERT",
                        pgid="pgtrigger_begins_open_b9537",
                        table="care_plans_redflag",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="red_flag_identity",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."course_id" IS DISTINCT FROM (NEW."course_id") OR OLD."screen_id" IS DISTINCT FROM (NEW."screen_id") OR OLD."flag" IS DISTINCT FROM (NEW."flag") OR OLD."urgency" IS DISTINCT FROM (NEW."urgency") OR OLD."found_at" IS DISTINCT FROM (NEW."found_at") OR OLD."recorded_at" IS DISTINCT FROM (NEW."recorded_at"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="bef36995da13c259d31b57699b72a6a80abcf93e",
                        operation="UPDATE",
                        pgid="pgtrigger_red_flag_identity_36263",
                        table="care_plans_redflag",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="cleared_for_good",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition="WHEN (OLD.\"status\" = 'cleared')",
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="d2dab4d7d1530c6a01242587adde11ffbfbf47f2",
                        operation="UPDATE",
                        pgid="pgtrigger_cleared_for_good_ee701",
                        table="care_plans_redflag",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_deleted",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                        hash="f409862249414370fc0fbea59e228477740801e1",
                        operation="DELETE",
                        pgid="pgtrigger_never_deleted_b0f1b",
                        table="care_plans_redflag",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="ed79436fc63275762f430d199e5b045111b81a0f",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_2aad3",
                        table="care_plans_redflag",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("RedFlag"),
        migrations.RunSQL(OPEN_EARLIER, migrations.RunSQL.noop),
    ]
