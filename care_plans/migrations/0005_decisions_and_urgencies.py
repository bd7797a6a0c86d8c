"""Why each stage needed a lane is kept, and a version may call an open red flag more urgent."""

import django.contrib.postgres.fields
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

import coordination.models.owned
from coordination.migration_operations import AddTriggers
from coordination.tenancy import Fence

#: what holds of the lanes of courses under way, as of the last time that they were written
KEEP = """
    ALTER TABLE public.care_plans_lane NO FORCE ROW LEVEL SECURITY;
    ALTER TABLE public.care_plans_course NO FORCE ROW LEVEL SECURITY;
    INSERT INTO public.care_plans_lanedecision
        (id, organization_id, course_id, lane_id, stage, needed, decided_by, reason, rests_on,
         effective_at, recorded_at)
    SELECT gen_random_uuid(), l.organization_id, l.course_id, l.id,
        coalesce(nullif(c.stage, ''), 'acute'), l.needed, l.decided_by, l.reason, l.rests_on,
        coalesce(l.updated_at, c.applied_at), coalesce(l.updated_at, c.applied_at)
    FROM public.care_plans_lane l JOIN public.care_plans_course c ON c.id = l.course_id
    WHERE c.status <> 'discharged';
    SET CONSTRAINTS ALL IMMEDIATE;
    SET CONSTRAINTS ALL DEFERRED;
    ALTER TABLE public.care_plans_lane FORCE ROW LEVEL SECURITY;
    ALTER TABLE public.care_plans_course FORCE ROW LEVEL SECURITY;
"""


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
                (
                    "practitioner_role",
                    models.ForeignKey(
                        blank=True,
                        help_text="Of the person who decided.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="coordination.practitionerrole",
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
        migrations.RunSQL(KEEP, migrations.RunSQL.noop),
        Fence("LaneDecision", append_only=True),
        migrations.RunSQL(
            """
            ALTER TABLE care_plans_lanedecision
                ADD CONSTRAINT care_plans_lane_decision_same_lane FOREIGN KEY (lane_id, course_id)
                    REFERENCES care_plans_lane (id, course_id)
            """,
            migrations.RunSQL.noop,
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="redflag",
            name="red_flag_identity",
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="redflag",
            trigger=pgtrigger.compiler.Trigger(
                name="red_flag_identity",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."course_id" IS DISTINCT FROM (NEW."course_id") OR OLD."screen_id" IS DISTINCT FROM (NEW."screen_id") OR OLD."flag" IS DISTINCT FROM (NEW."flag") OR OLD."found_at" IS DISTINCT FROM (NEW."found_at") OR OLD."recorded_at" IS DISTINCT FROM (NEW."recorded_at"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="3b061abf834d2637d047981917845ea8e99c20ce",
                    operation="UPDATE",
                    pgid="pgtrigger_red_flag_identity_36263",
                    table="care_plans_redflag",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="redflag",
            trigger=pgtrigger.compiler.Trigger(
                name="never_less_urgent",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."urgency" IS DISTINCT FROM (NEW."urgency"))',
                    func="\n                    IF array_position(ARRAY['emergency', 'urgent_24h', 'urgent_2wk', 'review_before_progress', 'routine'], NEW.urgency::text)\n                        > array_position(ARRAY['emergency', 'urgent_24h', 'urgent_2wk', 'review_before_progress', 'routine'], OLD.urgency::text)\n                    THEN\n                        RAISE check_violation USING MESSAGE = 'a flag never becomes less urgent';\n                    END IF;\n                    RETURN NEW;\n                ",
                    hash="fad61b14f38242d662699687e5f77ffabade1fb9",
                    operation="UPDATE",
                    pgid="pgtrigger_never_less_urgent_3eefd",
                    table="care_plans_redflag",
                    when="BEFORE",
                ),
            ),
        ),
    ]
