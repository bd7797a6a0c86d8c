"""A patient's own login, and the weekly review of who looked at whom."""

from typing import ClassVar

import django.contrib.postgres.fields
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

import coordination.models.owned
from coordination.migration_operations import AddTriggers
from coordination.tenancy import Fence


class Migration(migrations.Migration):
    dependencies: ClassVar = [("coordination", "0014_retention")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="patient",
            name="user",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                editable=False,
                help_text="The patient's own login; see `coordination.own_access`.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            model_name="membership",
            name="role",
            field=models.CharField(
                choices=[
                    ("practitioner", "Practitioner"),
                    ("scheduler", "Scheduler"),
                    ("administrator", "Administrator"),
                    ("privacy_officer", "Privacy Officer"),
                    ("patient", "Patient"),
                    ("proxy", "Proxy"),
                ],
                max_length=16,
            ),
        ),
        migrations.AddConstraint(
            model_name="patient",
            constraint=models.UniqueConstraint(
                fields=["organization", "user"], name="coordination_patient_user"
            ),
        ),
        migrations.CreateModel(
            name="AccessSample",
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
                ("week", models.DateField(help_text="The Monday on which the week began (UTC).")),
                ("seed", models.BigIntegerField()),
                ("drawn_at", models.DateTimeField()),
                (
                    "drawn",
                    models.PositiveIntegerField(
                        help_text="How many accesses were put up for review."
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
                        fields=("organization", "week"), name="coordination_sample_once"
                    )
                ]
            },
        ),
        migrations.CreateModel(
            name="AccessReview",
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
                ("audit_event_id", models.UUIDField()),
                ("accessed_at", models.DateTimeField()),
                ("user_id", models.UUIDField(help_text="Who looked; may not review it.")),
                ("actor", models.TextField(help_text="Their login.")),
                ("event", models.TextField()),
                ("resource", models.TextField()),
                ("basis", models.TextField(help_text="By what right, as recorded at the time.")),
                (
                    "rules",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                (
                                    "no_relationship",
                                    "No membership, referral or appointment at the time",
                                ),
                                (
                                    "same_family_name",
                                    "Reader and patient have the same family name",
                                ),
                                ("colleague", "The patient works here"),
                                (
                                    "many_patients",
                                    "The reader opened unusually many patients that day",
                                ),
                                (
                                    "no_current_work",
                                    "The reader owed this patient nothing at the time",
                                ),
                                ("random", "Drawn at random"),
                            ],
                            max_length=16,
                        )
                    ),
                ),
                (
                    "verdict",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("appropriate", "Appropriate"),
                            ("inappropriate", "Inappropriate"),
                            ("needs_follow_up", "Needs Follow Up"),
                        ],
                        max_length=16,
                    ),
                ),
                ("reviewed_by", models.UUIDField(blank=True, null=True)),
                ("reviewed_at", models.DateTimeField(blank=True, null=True)),
                ("review_note", models.TextField(blank=True)),
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
                        related_name="access_reviews",
                        to="coordination.patient",
                    ),
                ),
                (
                    "sample",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reviews",
                        to="coordination.accesssample",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organization", "audit_event_id", "patient"),
                        name="coordination_review_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("review_note", ""),
                                ("reviewed_at", None),
                                ("reviewed_by", None),
                                ("verdict", ""),
                            ),
                            models.Q(
                                (
                                    "verdict__in",
                                    ["appropriate", "inappropriate", "needs_follow_up"],
                                ),
                                models.Q(("review_note", ""), _negated=True),
                                ("reviewed_at__isnull", False),
                                ("reviewed_by__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="coordination_review_decided",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("reviewed_by", None),
                            models.Q(("reviewed_by", models.F("user_id")), _negated=True),
                            _connector="OR",
                        ),
                        name="coordination_review_by_another",
                    ),
                ]
            },
        ),
        AddTriggers(
            model_name="accesssample",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="c8fcabca97b292f39dda82b3fe60b7d216807594",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_0195b",
                        table="coordination_accesssample",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="8fb2b7a99f9cb79d4d7d7935a4fe5eb573e73e0c",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_6c12a",
                        table="coordination_accesssample",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        AddTriggers(
            model_name="accessreview",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="stays_as_drawn",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."sample_id" IS DISTINCT FROM (NEW."sample_id") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."audit_event_id" IS DISTINCT FROM (NEW."audit_event_id") OR OLD."accessed_at" IS DISTINCT FROM (NEW."accessed_at") OR OLD."user_id" IS DISTINCT FROM (NEW."user_id") OR OLD."actor" IS DISTINCT FROM (NEW."actor") OR OLD."event" IS DISTINCT FROM (NEW."event") OR OLD."resource" IS DISTINCT FROM (NEW."resource") OR OLD."basis" IS DISTINCT FROM (NEW."basis") OR OLD."rules" IS DISTINCT FROM (NEW."rules"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="9d3b6b2d86863a451ff6bbbd0d988b0253fa9f48",
                        operation="UPDATE",
                        pgid="pgtrigger_stays_as_drawn_2955e",
                        table="coordination_accessreview",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="decided_once",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition="WHEN (NOT (OLD.\"verdict\" = ''))",
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="34edafd468e8280781797538315898b8d06d7609",
                        operation="UPDATE",
                        pgid="pgtrigger_decided_once_68237",
                        table="coordination_accessreview",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_deleted",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                        hash="821656d454e5a00d957229c2147bd9de0564cab3",
                        operation="DELETE",
                        pgid="pgtrigger_never_deleted_e6c45",
                        table="coordination_accessreview",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="ae09b132a3a44017c229adef20cd4aaf2203caa0",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_b3d2a",
                        table="coordination_accessreview",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("AccessSample", append_only=True),
        Fence("AccessReview"),
    ]
