from typing import ClassVar

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

import coordination.models.owned
from coordination.migration_operations import AddTriggers
from coordination.tenancy import Fence


class Migration(migrations.Migration):
    dependencies: ClassVar = [("coordination", "0013_oversight")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="LegalHold",
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
                ("reason", models.TextField()),
                (
                    "ordered_by",
                    models.TextField(help_text="Who ordered it: a court, a college, a lawyer."),
                ),
                ("since", models.DateTimeField()),
                (
                    "until",
                    models.DateTimeField(blank=True, help_text="When it was released.", null=True),
                ),
                ("placed_by", models.TextField(help_text="Login of the privacy officer.")),
                ("released_by", models.TextField(blank=True)),
                ("release_reason", models.TextField(blank=True)),
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
                        related_name="legal_holds",
                        to="coordination.patient",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("release_reason", ""), ("released_by", ""), ("until", None)),
                            models.Q(
                                models.Q(("released_by", ""), _negated=True),
                                models.Q(("release_reason", ""), _negated=True),
                                ("until__gte", models.F("since")),
                            ),
                            _connector="OR",
                        ),
                        name="coordination_hold_released",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("reason", ""), _negated=True),
                            models.Q(("ordered_by", ""), _negated=True),
                        ),
                        name="coordination_hold_why",
                    ),
                ],
                "indexes": [
                    models.Index(
                        condition=models.Q(("until", None)),
                        fields=["organization", "patient"],
                        name="coordination_hold_standing",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="RecordRequest",
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
                    "kind",
                    models.CharField(
                        choices=[("access", "Access"), ("correction", "Correction")], max_length=10
                    ),
                ),
                (
                    "resource",
                    models.CharField(
                        blank=True,
                        help_text="The kind of record; empty: the whole record.",
                        max_length=40,
                    ),
                ),
                ("resource_id", models.UUIDField(blank=True, null=True)),
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
                        max_length=20,
                    ),
                ),
                ("condition_id", models.UUIDField(blank=True, null=True)),
                ("sensitivity", models.CharField(blank=True, max_length=64)),
                ("text", models.TextField(help_text="What the patient asks, in their words.")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("received", "Received"),
                            ("granted", "Granted"),
                            ("fulfilled", "Fulfilled: handed over, or corrected"),
                            ("refused", "Refused"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        default="received",
                        editable=False,
                        max_length=9,
                    ),
                ),
                ("received_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("recorded_by", models.TextField(help_text="The login that took it down.")),
                ("user_id", models.UUIDField(blank=True, null=True)),
                ("recorded_at", models.DateTimeField()),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("decided_by", models.TextField(blank=True)),
                (
                    "refusal",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("not_inaccurate", "The record is held to be accurate and complete"),
                            ("professional_opinion", "It is an opinion held in good faith"),
                            ("record_of_others", "It came from others who answer for it"),
                            ("not_the_patients", "It is not this patient's to see or change"),
                            ("risk_of_harm", "Access could lead to serious harm"),
                        ],
                        max_length=24,
                    ),
                ),
                ("answer", models.TextField(blank=True, help_text="What the patient was told.")),
                (
                    "corrected_by_id",
                    models.UUIDField(
                        blank=True,
                        help_text="The record that corrects the one it is about.",
                        null=True,
                    ),
                ),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "author",
                    models.ForeignKey(
                        blank=True,
                        help_text="Who wrote the record that it is about.",
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
                    "patient",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="record_requests",
                        to="coordination.patient",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("closed_at", None), ("decided_at", None), ("status", "received")
                            ),
                            models.Q(
                                ("closed_at", None),
                                ("decided_at__isnull", False),
                                ("status", "granted"),
                            ),
                            models.Q(
                                ("closed_at__isnull", False),
                                ("status__in", ["fulfilled", "refused", "withdrawn"]),
                            ),
                            _connector="OR",
                        ),
                        name="coordination_request_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                models.Q(("status", "refused"), _negated=True), ("refusal", "")
                            ),
                            models.Q(
                                (
                                    "refusal__in",
                                    [
                                        "not_inaccurate",
                                        "professional_opinion",
                                        "record_of_others",
                                        "not_the_patients",
                                        "risk_of_harm",
                                    ],
                                ),
                                ("status", "refused"),
                                models.Q(("answer", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="coordination_request_refusal",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "correction"), _negated=True),
                            models.Q(
                                models.Q(("resource", ""), _negated=True),
                                ("resource_id__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="coordination_request_of",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("kind", "correction"), ("status", "fulfilled"), _negated=True
                            ),
                            ("corrected_by_id__isnull", False),
                            _connector="OR",
                        ),
                        name="coordination_request_corrected",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("due_at__gte", models.F("received_at")),
                            ("received_at__lte", models.F("recorded_at")),
                            models.Q(("text", ""), _negated=True),
                        ),
                        name="coordination_request_times",
                    ),
                ],
                "indexes": [
                    models.Index(
                        fields=["organization", "resource_id"], name="coordination_request_about"
                    ),
                    models.Index(
                        condition=models.Q(("status__in", ["received", "granted"])),
                        fields=["organization", "due_at"],
                        name="coordination_request_open",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RetentionPolicy",
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
                ("record_kind", models.CharField(max_length=40)),
                ("years_after_last_contact", models.PositiveSmallIntegerField()),
                (
                    "minor_until_age",
                    models.PositiveSmallIntegerField(
                        help_text="A patient younger than this counts as a minor."
                    ),
                ),
                (
                    "years_after_minority",
                    models.PositiveSmallIntegerField(
                        help_text="Kept at least so long after a minor has reached that age."
                    ),
                ),
                ("decided_by", models.TextField(help_text="The login that recorded the decision.")),
                ("user_id", models.UUIDField(blank=True, null=True)),
                ("recorded_at", models.DateTimeField()),
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
                "indexes": [
                    models.Index(
                        fields=["organization", "record_kind", "-recorded_at"],
                        name="coordination_retention_latest",
                    )
                ]
            },
        ),
        migrations.CreateModel(
            name="StatementOfDisagreement",
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
                ("resource", models.CharField(max_length=40)),
                ("resource_id", models.UUIDField()),
                ("text", models.TextField()),
                ("said_at", models.DateTimeField()),
                ("recorded_by", models.TextField(help_text="The login that took it down.")),
                ("user_id", models.UUIDField(blank=True, null=True)),
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
                        related_name="+",
                        to="coordination.patient",
                    ),
                ),
                (
                    "request",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="statement",
                        to="coordination.recordrequest",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("text", ""), _negated=True),
                            ("said_at__lte", models.F("recorded_at")),
                        ),
                        name="coordination_statement_says",
                    )
                ],
                "indexes": [
                    models.Index(
                        fields=["organization", "resource_id"], name="coordination_statement_with"
                    )
                ],
            },
        ),
        AddTriggers(
            model_name="legalhold",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="hold_identity",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."reason" IS DISTINCT FROM (NEW."reason") OR OLD."ordered_by" IS DISTINCT FROM (NEW."ordered_by") OR OLD."since" IS DISTINCT FROM (NEW."since") OR OLD."placed_by" IS DISTINCT FROM (NEW."placed_by"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="0e92edeb9676d122b78fb6995dce58ab4bc573de",
                        operation="UPDATE",
                        pgid="pgtrigger_hold_identity_700df",
                        table="coordination_legalhold",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="released_for_good",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."until" IS NOT NULL)',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="7ebcb307db2e3e6c57dac991fe141363d97b7635",
                        operation="UPDATE",
                        pgid="pgtrigger_released_for_good_7d8fa",
                        table="coordination_legalhold",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_deleted",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                        hash="5fb2f2478e15e9dc4db92ca2f736fb4b4e6b8d48",
                        operation="DELETE",
                        pgid="pgtrigger_never_deleted_eed58",
                        table="coordination_legalhold",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="303c85899a3af8ae33f3e20743d402e114ba3659",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_db907",
                        table="coordination_legalhold",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        AddTriggers(
            model_name="recordrequest",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="request_status",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        declare="DECLARE _is_valid_transition BOOLEAN;",
                        func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{granted:fulfilled,received:granted,received:refused,received:withdrawn}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                        hash="d97046ef8f995a0e566bce558dacc26c0e390046",
                        operation="UPDATE",
                        pgid="pgtrigger_request_status_242fe",
                        table="coordination_recordrequest",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="request_identity",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."resource" IS DISTINCT FROM (NEW."resource") OR OLD."resource_id" IS DISTINCT FROM (NEW."resource_id") OR OLD."discipline" IS DISTINCT FROM (NEW."discipline") OR OLD."author_id" IS DISTINCT FROM (NEW."author_id") OR OLD."condition_id" IS DISTINCT FROM (NEW."condition_id") OR OLD."sensitivity" IS DISTINCT FROM (NEW."sensitivity") OR OLD."text" IS DISTINCT FROM (NEW."text") OR OLD."received_at" IS DISTINCT FROM (NEW."received_at") OR OLD."due_at" IS DISTINCT FROM (NEW."due_at") OR OLD."recorded_by" IS DISTINCT FROM (NEW."recorded_by") OR OLD."user_id" IS DISTINCT FROM (NEW."user_id") OR OLD."recorded_at" IS DISTINCT FROM (NEW."recorded_at"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="5af691f17b0cc686d5f3c56f26f6748fc855e950",
                        operation="UPDATE",
                        pgid="pgtrigger_request_identity_13636",
                        table="coordination_recordrequest",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_deleted",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                        hash="79df7f96e1084cf2b3f6c376bf1d8e31812edae7",
                        operation="DELETE",
                        pgid="pgtrigger_never_deleted_b1def",
                        table="coordination_recordrequest",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="8e7f585b4bfd2a8257ba028d741e3503757573af",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_2062b",
                        table="coordination_recordrequest",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        AddTriggers(
            model_name="retentionpolicy",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="46a49396b6b67a785234edd91f81960549ac0c53",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_ae6ad",
                        table="coordination_retentionpolicy",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="72ac7f3c29ded12e5f5e96950b61020404b7388f",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_44772",
                        table="coordination_retentionpolicy",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        AddTriggers(
            model_name="statementofdisagreement",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="of_a_refused_request",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="\n                    IF NOT EXISTS (\n                        SELECT 1 FROM public.coordination_recordrequest r\n                        WHERE r.id = NEW.request_id AND r.status = 'refused'\n                          AND r.kind = 'correction' AND r.patient_id = NEW.patient_id\n                          AND r.resource = NEW.resource AND r.resource_id = NEW.resource_id\n                    ) THEN\n                        RAISE check_violation\n                            USING MESSAGE = 'a statement stands beside a refused correction';\n                    END IF;\n                    RETURN NEW;\n                ",
                        hash="a236d40c6742d0b5f1cf0faf65c84499d3c772a4",
                        operation="INSERT",
                        pgid="pgtrigger_of_a_refused_request_405d5",
                        table="coordination_statementofdisagreement",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="d9b8e6a0bba709b47d73c3895e056b433e1475fe",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_84b8a",
                        table="coordination_statementofdisagreement",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="1f6ab88f829a8cf0ffd021813d15142cdcb8d7b4",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_92995",
                        table="coordination_statementofdisagreement",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("RecordRequest"),
        Fence("StatementOfDisagreement", append_only=True),
        Fence("RetentionPolicy", append_only=True),
        Fence("LegalHold"),
    ]
