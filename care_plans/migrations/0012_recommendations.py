from typing import ClassVar

import coordination.models.owned
import django.contrib.postgres.fields
import django.db.models.deletion
import pgtrigger.compiler
from django.db import migrations, models

from coordination.migration_operations import AddTriggers
from coordination.tenancy import Fence


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("care_plans", "0011_red_flags"),
        ("coordination", "0022_requests_follow"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Recommendation",
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
                ("rule", models.CharField(help_text="Which rule of that version.", max_length=90)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("rule", "An if/then rule of the pathway"),
                            ("yellow_flags", "Psychosocial signs that suggest more help"),
                            ("redirect", "A finding that points to another condition"),
                            ("severity", "Scores that point to another severity"),
                            ("stalled", "No change that matters for as long as the pathway names"),
                            ("safety", "An answer or a score that somebody must act on at once"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "text",
                    models.TextField(help_text="What the rule asks for, in the pathway's words."),
                ),
                ("then", models.TextField(help_text="What it suggests, in the pathway's words.")),
                (
                    "lane",
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
                        help_text="The discipline it would involve.",
                        max_length=20,
                    ),
                ),
                (
                    "towards",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=60),
                        default=list,
                        help_text="Pathways to consider instead.",
                    ),
                ),
                (
                    "source",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=60),
                        help_text="The version's own sources.",
                    ),
                ),
                ("finding", models.JSONField(help_text="The trace on which it was made.")),
                (
                    "rests_on",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(), help_text="The rows that the trace rests on."
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("accepted", "Accepted"),
                            ("declined", "Declined"),
                            ("lapsed", "Lapsed: met no more before anybody decided"),
                        ],
                        default="open",
                        editable=False,
                        max_length=8,
                    ),
                ),
                ("made_at", models.DateTimeField()),
                (
                    "until",
                    models.DateTimeField(
                        blank=True, help_text="Since when the rule is not met any more.", null=True
                    ),
                ),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                (
                    "reason",
                    models.TextField(
                        blank=True, help_text="Why it was declined, or what was decided."
                    ),
                ),
                (
                    "course",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="recommendations",
                        to="care_plans.course",
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="coordination.practitionerrole",
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
                    "pathway_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="care_plans.pathwayversion",
                    ),
                ),
                (
                    "patient",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="recommendations",
                        to="coordination.patient",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("status", "open")),
                        fields=["organization", "patient"],
                        name="care_plans_recommended",
                    ),
                    models.Index(
                        fields=["organization", "pathway_version", "rule"],
                        name="care_plans_rule_outcomes",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("until", None)),
                        fields=("course", "rule"),
                        name="care_plans_recommendation_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("status__in", ["open", "accepted", "declined", "lapsed"]),
                            (
                                "kind__in",
                                [
                                    "rule",
                                    "yellow_flags",
                                    "redirect",
                                    "severity",
                                    "stalled",
                                    "safety",
                                ],
                            ),
                            models.Q(
                                ("lane", ""),
                                (
                                    "lane__in",
                                    [
                                        "physiotherapy",
                                        "chiropractic",
                                        "massage_therapy",
                                        "kinesiology",
                                        "nutrition",
                                        "psychotherapy",
                                    ],
                                ),
                                _connector="OR",
                            ),
                        ),
                        name="care_plans_recommendation_words",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("decided_at__gte", models.F("made_at")),
                                ("decided_by__isnull", False),
                                ("status__in", ["accepted", "declined"]),
                            ),
                            models.Q(
                                ("decided_at", None),
                                ("decided_by", None),
                                ("status__in", ["open", "lapsed"]),
                            ),
                            _connector="OR",
                        ),
                        name="care_plans_recommendation_decided",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "declined"), _negated=True),
                            models.Q(("reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="care_plans_recommendation_declined_why",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "lapsed"), _negated=True),
                            ("until__isnull", False),
                            _connector="OR",
                        ),
                        name="care_plans_recommendation_lapsed",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("until", None), ("until__gte", models.F("made_at")), _connector="OR"
                        ),
                        name="care_plans_recommendation_period",
                    ),
                ],
            },
        ),
        AddTriggers(
            model_name="recommendation",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="recommendation_status",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        declare="DECLARE _is_valid_transition BOOLEAN;",
                        func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{open:accepted,open:declined,open:lapsed}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                        hash="fc9c1e446eb880e618dd8804e67ddcb4bf692a34",
                        operation="UPDATE",
                        pgid="pgtrigger_recommendation_status_41453",
                        table="care_plans_recommendation",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="begins_undecided",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition="WHEN (NOT (NEW.\"status\" = 'open'))",
                        func="RAISE EXCEPTION 'pgtrigger: Cannot insert rows from % table', TG_TABLE_NAME;",
                        hash="3072f3e6b93fade66b84f85e0d0cf53aa6c5c22d",
                        operation="INSERT",
                        pgid="pgtrigger_begins_undecided_a2108",
                        table="care_plans_recommendation",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="recommendation_identity",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."course_id" IS DISTINCT FROM (NEW."course_id") OR OLD."pathway_version_id" IS DISTINCT FROM (NEW."pathway_version_id") OR OLD."rule" IS DISTINCT FROM (NEW."rule") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."text" IS DISTINCT FROM (NEW."text") OR OLD."then" IS DISTINCT FROM (NEW."then") OR OLD."lane" IS DISTINCT FROM (NEW."lane") OR OLD."towards" IS DISTINCT FROM (NEW."towards") OR OLD."source" IS DISTINCT FROM (NEW."source") OR OLD."finding" IS DISTINCT FROM (NEW."finding") OR OLD."rests_on" IS DISTINCT FROM (NEW."rests_on") OR OLD."made_at" IS DISTINCT FROM (NEW."made_at"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="90686120bb0d59c1b69d2351d64ed33abe80b56c",
                        operation="UPDATE",
                        pgid="pgtrigger_recommendation_identity_7d319",
                        table="care_plans_recommendation",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_deleted",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                        hash="4b634fb800cc70476770dcd97141c102143afe85",
                        operation="DELETE",
                        pgid="pgtrigger_never_deleted_0cf78",
                        table="care_plans_recommendation",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="619f5d68bbc53f3c0ab020a382c3462056c2be50",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_c941b",
                        table="care_plans_recommendation",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("Recommendation"),
    ]
