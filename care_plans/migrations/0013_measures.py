from typing import ClassVar

import coordination.migration_operations
import coordination.models.owned
import django.contrib.postgres.fields
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

from coordination.tenancy import Fence


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("care_plans", "0012_timing"),
        ("coordination", "0027_versions_locked"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="AbsentScore",
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
                ("measure_version", models.PositiveIntegerField()),
                (
                    "side",
                    models.CharField(
                        blank=True, choices=[("left", "Left"), ("right", "Right")], max_length=5
                    ),
                ),
                ("subscale", models.CharField(blank=True, max_length=60)),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("unknown", "Nobody knows why"),
                            ("asked-unknown", "Asked, and the person did not know"),
                            ("temp-unknown", "Not known yet"),
                            ("not-asked", "Not Asked"),
                            ("asked-declined", "Asked, and the person declined"),
                            ("not-applicable", "Not Applicable"),
                            ("not-performed", "Not Performed"),
                            ("not-permitted", "Not Permitted"),
                            ("unable-to-test", "The person was not able to"),
                            ("items-missing", "More items without an answer than may be"),
                        ],
                        max_length=15,
                    ),
                ),
                (
                    "assessment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="absent",
                        to="care_plans.assessment",
                    ),
                ),
                (
                    "measure",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="care_plans.measure",
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
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("assessment", "measure", "side", "subscale"),
                        name="care_plans_absent_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("side__in", ["", "left", "right"]),
                            (
                                "reason__in",
                                [
                                    "unknown",
                                    "asked-unknown",
                                    "temp-unknown",
                                    "not-asked",
                                    "asked-declined",
                                    "not-applicable",
                                    "not-performed",
                                    "not-permitted",
                                    "unable-to-test",
                                    "items-missing",
                                ],
                            ),
                        ),
                        name="care_plans_absent_words",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ComplexityScreen",
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
                    "actor",
                    models.TextField(help_text="Login, or the part of the software that acted."),
                ),
                ("user_id", models.UUIDField(blank=True, null=True)),
                ("effective_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
                (
                    "level",
                    models.CharField(
                        choices=[("low", "Low"), ("medium", "Medium"), ("high", "High")],
                        max_length=6,
                    ),
                ),
                ("factors", models.JSONField(help_text="By category, each factor with its level.")),
                (
                    "reason",
                    models.TextField(
                        blank=True, help_text="Why the level is not that of the factors."
                    ),
                ),
                (
                    "key",
                    models.CharField(
                        blank=True,
                        help_text="Recording with it again finds this one.",
                        max_length=200,
                    ),
                ),
                (
                    "digest",
                    models.CharField(
                        help_text="SHA-256 of what was sent with the key.", max_length=64
                    ),
                ),
                (
                    "course",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="complexity_screens",
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
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["course", "effective_at"], name="care_plans_complexity_course"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("key", ""), _negated=True),
                        fields=("organization", "course", "key"),
                        name="care_plans_complexity_key",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("effective_at__lte", models.F("recorded_at")),
                            ("level__in", ["low", "medium", "high"]),
                        ),
                        name="care_plans_complexity_words",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="GoalAchievement",
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
                    "code",
                    models.CharField(
                        choices=[
                            ("in-progress", "In progress: nobody knows yet"),
                            ("improving", "Improving: by at least the change that matters"),
                            ("worsening", "Worsening: by at least the change that matters"),
                            ("no-change", "No change that matters"),
                            ("achieved", "Achieved: the target is met"),
                        ],
                        max_length=11,
                    ),
                ),
                (
                    "finding",
                    models.JSONField(help_text="The trace of the target and of the change."),
                ),
                (
                    "rests_on",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(), help_text="The rows that the trace rests on."
                    ),
                ),
                ("since", models.DateTimeField(help_text="When it was concluded.")),
                ("until", models.DateTimeField(blank=True, null=True)),
                (
                    "course",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="care_plans.course",
                    ),
                ),
                (
                    "goal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="achievements",
                        to="care_plans.goal",
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
            ],
            options={
                "indexes": [models.Index(fields=["course"], name="care_plans_achievement_course")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("until", None)),
                        fields=("goal",),
                        name="care_plans_achievement_one_now",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("until", None), ("until__gte", models.F("since")), _connector="OR"
                        ),
                        name="care_plans_achievement_period",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "code__in",
                                ["in-progress", "improving", "worsening", "no-change", "achieved"],
                            )
                        ),
                        name="care_plans_achievement_words",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="MeasureVersion",
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
                ("version", models.PositiveIntegerField()),
                ("content", models.JSONField()),
                ("sha256", models.CharField(max_length=64)),
                (
                    "measure",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="care_plans.measure",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("measure", "version"), name="care_plans_measure_version_once"
                    )
                ],
            },
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="score",
            name="score_in_range",
        ),
        migrations.AddField(
            model_name="assessment",
            name="collection_point",
            field=models.CharField(
                choices=[
                    ("baseline", "Baseline"),
                    ("mid_point", "Mid Point"),
                    ("exit", "Exit"),
                    ("ad_hoc", "Ad Hoc"),
                    ("stage", "For a stage of the pathway"),
                ],
                default="ad_hoc",
                max_length=9,
            ),
        ),
        migrations.AddField(
            model_name="assessment",
            name="received",
            field=models.JSONField(
                blank=True, help_text="The FHIR QuestionnaireResponse that it came as.", null=True
            ),
        ),
        migrations.AddField(
            model_name="assessment",
            name="stage",
            field=models.CharField(
                blank=True,
                choices=[
                    ("acute", "Acute: relief and protection"),
                    ("subacute", "Subacute: strength and mobility"),
                    ("maintenance", "Maintenance: prevention and performance"),
                ],
                help_text="The stage that it was taken for.",
                max_length=11,
            ),
        ),
        migrations.AddField(
            model_name="score",
            name="instrument",
            field=models.CharField(blank=True, help_text="With what it was taken.", max_length=120),
        ),
        migrations.AddField(
            model_name="score",
            name="is_computed",
            field=models.BooleanField(
                default=False, help_text="Scored from its items, not entered."
            ),
        ),
        migrations.AddField(
            model_name="score",
            name="label",
            field=models.CharField(
                blank=True, help_text="An item's activity, in the patient's words.", max_length=200
            ),
        ),
        migrations.AddField(
            model_name="score",
            name="measure_version",
            field=models.PositiveIntegerField(
                blank=True,
                editable=False,
                help_text="The version of the measure that scored it; null: recorded before any was kept.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="score",
            name="method",
            field=models.CharField(blank=True, help_text="How it was taken.", max_length=60),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="score",
            trigger=pgtrigger.compiler.Trigger(
                name="score_in_range",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE taken care_plans_measure%ROWTYPE; said jsonb; within jsonb;",
                    func="\n                    SELECT * INTO taken FROM care_plans_measure WHERE id = NEW.measure_id;\n                    NEW.measure_version := coalesce(NEW.measure_version, taken.version);\n                    SELECT content INTO said FROM care_plans_measureversion\n                    WHERE measure_id = NEW.measure_id AND version = NEW.measure_version;\n                    IF said IS NULL THEN\n                        RAISE check_violation USING MESSAGE = 'score by an unknown version';\n                    END IF;\n                    within := said -> 'subscales' -> NEW.subscale;\n                    IF NEW.subscale <> '' AND (\n                        within IS NULL OR NEW.value < (within ->> 0)::numeric\n                        OR NEW.value > (within ->> 1)::numeric\n                    ) THEN\n                        RAISE check_violation USING MESSAGE = 'score outside the subscale';\n                    END IF;\n                    within := said -> 'scoring';\n                    IF NEW.item IS NOT NULL AND jsonb_typeof(within) = 'object' AND (\n                        NEW.item NOT BETWEEN 1 AND (within ->> 'items')::int\n                        OR NEW.value < (within ->> 'lowest')::numeric\n                        OR NEW.value > (within ->> 'highest')::numeric\n                    ) THEN\n                        RAISE check_violation USING MESSAGE = 'score outside the item';\n                    END IF;\n                    IF NEW.item IS NULL AND NEW.subscale = ''\n                       AND (NEW.value < taken.minimum OR NEW.value > taken.maximum) THEN\n                        RAISE check_violation USING MESSAGE = 'score outside the measure';\n                    END IF;\n                    IF taken.side_required <> (NEW.side <> '') THEN\n                        RAISE check_violation USING MESSAGE = 'score of a missing or needless side';\n                    END IF;\n                    RETURN NEW;\n                ",
                    hash="75409bc5f858a19da222a310fdcd2fa6e20e793d",
                    operation="INSERT",
                    pgid="pgtrigger_score_in_range_7f221",
                    table="care_plans_score",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="assessment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("collection_point", "stage"),
                        ("stage__in", ["acute", "subacute", "maintenance"]),
                    ),
                    models.Q(
                        ("collection_point__in", ["baseline", "mid_point", "exit", "ad_hoc"]),
                        ("stage", ""),
                    ),
                    _connector="OR",
                ),
                name="care_plans_assessment_point",
            ),
        ),
        migrations.AddConstraint(
            model_name="assessment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("collection_point", "ad_hoc"), ("course__isnull", False), _connector="OR"
                ),
                name="care_plans_assessment_point_of_course",
            ),
        ),
        coordination.migration_operations.AddTriggers(
            model_name="absentscore",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="c086c288aa2b3ee9afb65238bfcd183b4cadeba6",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_caabf",
                        table="care_plans_absentscore",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="1c0d1c30323bec2b4559391168ee9d20306c020c",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_da473",
                        table="care_plans_absentscore",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        coordination.migration_operations.AddTriggers(
            model_name="complexityscreen",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="bdd1dd725239bf722aa86f396fa2369c41e26731",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_046c2",
                        table="care_plans_complexityscreen",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="9d260dcb71237cf4891011ae31815faf067e7d3e",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_aeed3",
                        table="care_plans_complexityscreen",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        coordination.migration_operations.AddTriggers(
            model_name="goalachievement",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="achievement_identity",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."course_id" IS DISTINCT FROM (NEW."course_id") OR OLD."goal_id" IS DISTINCT FROM (NEW."goal_id") OR OLD."code" IS DISTINCT FROM (NEW."code") OR OLD."finding" IS DISTINCT FROM (NEW."finding") OR OLD."rests_on" IS DISTINCT FROM (NEW."rests_on") OR OLD."since" IS DISTINCT FROM (NEW."since"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="152b45a1f802c1e2a1f93b466887664ca960d6df",
                        operation="UPDATE",
                        pgid="pgtrigger_achievement_identity_0c93e",
                        table="care_plans_goalachievement",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="achievement_is_over",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."until" IS NOT NULL)',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="ae61809b2b8c95e66d737cc7f66d5b0785b9f9a4",
                        operation="UPDATE",
                        pgid="pgtrigger_achievement_is_over_8bab7",
                        table="care_plans_goalachievement",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_deleted",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                        hash="5a9ab027cff90a20ac7fe8799fc13b8dbc129e0c",
                        operation="DELETE",
                        pgid="pgtrigger_never_deleted_95771",
                        table="care_plans_goalachievement",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="9192bb99a0b9228b76ebeb4c6fb9f2326c929f67",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_e954c",
                        table="care_plans_goalachievement",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        coordination.migration_operations.AddTriggers(
            model_name="measureversion",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="d79fa9dac729dbdb40ef622195bcab986c927598",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_bbf06",
                        table="care_plans_measureversion",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="a9c15d2becff4d14b6b23c1b852daa66b57812dd",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_764f7",
                        table="care_plans_measureversion",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        # what was recorded before is scored by the version that was there
        migrations.RunSQL(
            "INSERT INTO care_plans_measureversion (id, measure_id, version, content, sha256) "
            "SELECT uuidv7(), id, version, content, sha256 FROM care_plans_measure",
            migrations.RunSQL.noop,
        ),
        Fence("MeasureVersion", read_only=True, by=None),
        Fence("AbsentScore", append_only=True),
        Fence("ComplexityScreen", append_only=True),
        Fence("GoalAchievement"),
    ]
