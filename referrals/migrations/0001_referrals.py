"""Referrals, how they were routed, their moves and their reports."""

import django.db.models.deletion
import pgtrigger.compiler
from django.db import migrations, models

import coordination.models.owned
from coordination.migration_operations import AddTriggers, Together
from coordination.tenancy import RUNTIME_ROLE, Fence, LookupFunction


class Migration(migrations.Migration):
    initial = True
    replaces = [
        ("referrals", "0001_initial"),
        ("referrals", "0002_labels"),
        ("referrals", "0003_key_of_patient"),
    ]
    dependencies = [
        ("coordination", "0002_records"),
    ]
    operations = [
        Together(
            [
                migrations.CreateModel(
                    name="Referral",
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
                            "discipline",
                            models.CharField(
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
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("draft", "Draft"),
                                    ("active", "Active"),
                                    ("on_hold", "On Hold"),
                                    ("completed", "Completed"),
                                    ("revoked", "Revoked"),
                                ],
                                editable=False,
                                max_length=9,
                            ),
                        ),
                        (
                            "priority",
                            models.CharField(
                                choices=[
                                    ("routine", "Routine"),
                                    ("urgent", "Urgent"),
                                    ("asap", "Asap"),
                                    ("stat", "Stat"),
                                ],
                                default="routine",
                                max_length=7,
                            ),
                        ),
                        (
                            "reason_code",
                            models.CharField(
                                help_text="Why, as a code; a scheduler never sees it.",
                                max_length=64,
                            ),
                        ),
                        (
                            "stage",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("acute", "Acute"),
                                    ("subacute", "Subacute"),
                                    ("maintenance", "Maintenance"),
                                ],
                                max_length=11,
                            ),
                        ),
                        (
                            "sensitivity",
                            models.CharField(
                                blank=True,
                                help_text="Label that restricts who reads why.",
                                max_length=64,
                            ),
                        ),
                        ("requested_at", models.DateTimeField()),
                        ("needed_by", models.DateTimeField(blank=True, null=True)),
                        (
                            "key",
                            models.TextField(
                                blank=True,
                                help_text="The same key is the same referral; none: made by hand.",
                            ),
                        ),
                        (
                            "lane_id",
                            models.UUIDField(
                                blank=True,
                                help_text="The lane that it was opened for, when a plan opened it.",
                                null=True,
                            ),
                        ),
                        (
                            "order",
                            models.PositiveSmallIntegerField(
                                default=0,
                                help_text="Its place among the referrals opened together.",
                            ),
                        ),
                        (
                            "outcome",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("goals_met", "Goals Met"),
                                    ("goals_partly_met", "Goals Partly Met"),
                                    ("goals_not_met", "Goals Not Met"),
                                    (
                                        "not_indicated",
                                        "Seen, and this discipline's work is not needed",
                                    ),
                                    ("not_seen", "The patient did not come"),
                                ],
                                max_length=16,
                            ),
                        ),
                        ("acknowledged_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "moved_at",
                            models.DateTimeField(help_text="When any part of it last moved."),
                        ),
                        (
                            "queue_position",
                            models.TextField(
                                db_collation="C",
                                editable=False,
                                help_text="The queue's order: the most pressing first, then the oldest.",
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
                            "location",
                            models.ForeignKey(
                                blank=True,
                                help_text="Where the patient would rather go.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.location",
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
                                related_name="referrals",
                                to="coordination.patient",
                            ),
                        ),
                        (
                            "requested_by",
                            models.ForeignKey(
                                help_text="The referrer, who acknowledges the report.",
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.practitionerrole",
                            ),
                        ),
                        (
                            "work_item",
                            models.OneToOneField(
                                blank=True,
                                help_text="The present one; earlier ones name this referral as their subject.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="referral",
                                to="coordination.workitem",
                            ),
                        ),
                        (
                            "condition_id",
                            models.UUIDField(
                                blank=True,
                                help_text="The condition that it is about, as consent directives name it: a course.",
                                null=True,
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    (
                                        "discipline__in",
                                        [
                                            "physiotherapy",
                                            "chiropractic",
                                            "massage_therapy",
                                            "kinesiology",
                                            "nutrition",
                                            "psychotherapy",
                                        ],
                                    )
                                ),
                                name="referrals_discipline",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    (
                                        "status__in",
                                        ["draft", "active", "on_hold", "completed", "revoked"],
                                    )
                                ),
                                name="referrals_status",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("priority__in", ["routine", "urgent", "asap", "stat"])
                                ),
                                name="referrals_priority",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("stage__in", ["", "acute", "subacute", "maintenance"])
                                ),
                                name="referrals_stage",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("reason_code__regex", "^[a-z0-9][a-z0-9_.-]{0,63}$")
                                ),
                                name="referrals_reason_is_a_code",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("sensitivity", ""),
                                    ("sensitivity__regex", "^[a-z0-9][a-z0-9_.-]{0,63}$"),
                                    _connector="OR",
                                ),
                                name="referrals_sensitivity_is_a_code",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("status__in", ["draft", "revoked"]),
                                    ("work_item__isnull", False),
                                    _connector="OR",
                                ),
                                name="referrals_sent_has_work",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("acknowledged_at__isnull", False),
                                        ("acknowledged_by__isnull", False),
                                        ("status", "completed"),
                                        models.Q(("outcome", ""), _negated=True),
                                    ),
                                    models.Q(
                                        ("acknowledged_at", None),
                                        ("acknowledged_by", None),
                                        ("status__in", ["draft", "active", "on_hold", "revoked"]),
                                    ),
                                    _connector="OR",
                                ),
                                name="referrals_completed_is_signed",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("key", ""), _negated=True),
                                fields=("organization", "patient", "key"),
                                name="referrals_once_per_key",
                            ),
                        ],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("status", "active")),
                                fields=["organization", "queue_position"],
                                name="referrals_queue",
                            ),
                            models.Index(
                                fields=["organization", "patient", "id"],
                                name="referrals_of_patient",
                            ),
                            models.Index(
                                fields=["organization", "requested_by", "id"],
                                name="referrals_asked_by",
                            ),
                            models.Index(
                                condition=models.Q(("lane_id__isnull", False)),
                                fields=["organization", "lane_id"],
                                name="referrals_of_lane",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ReferralReport",
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
                        ("text", models.TextField()),
                        (
                            "outcome",
                            models.CharField(
                                choices=[
                                    ("goals_met", "Goals Met"),
                                    ("goals_partly_met", "Goals Partly Met"),
                                    ("goals_not_met", "Goals Not Met"),
                                    (
                                        "not_indicated",
                                        "Seen, and this discipline's work is not needed",
                                    ),
                                    ("not_seen", "The patient did not come"),
                                ],
                                max_length=16,
                            ),
                        ),
                        (
                            "written_at",
                            models.DateTimeField(
                                help_text="When the work that it reports on ended."
                            ),
                        ),
                        ("recorded_at", models.DateTimeField()),
                        (
                            "author",
                            models.ForeignKey(
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
                            "referral",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="reports",
                                to="referrals.referral",
                            ),
                        ),
                        (
                            "work_item",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="report",
                                to="coordination.workitem",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("text", ""), _negated=True),
                                name="referrals_report_says_something",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    (
                                        "outcome__in",
                                        [
                                            "goals_met",
                                            "goals_partly_met",
                                            "goals_not_met",
                                            "not_indicated",
                                            "not_seen",
                                        ],
                                    )
                                ),
                                name="referrals_report_outcome",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ReferralTransition",
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
                            "part",
                            models.CharField(
                                choices=[
                                    ("request", "The request (FHIR ServiceRequest)"),
                                    ("work", "The work item (FHIR Task)"),
                                ],
                                max_length=7,
                            ),
                        ),
                        ("action", models.CharField(max_length=16)),
                        (
                            "from_status",
                            models.CharField(
                                blank=True, help_text="Empty: it began here.", max_length=12
                            ),
                        ),
                        ("to_status", models.CharField(max_length=12)),
                        ("reason_code", models.CharField(blank=True, max_length=64)),
                        (
                            "actor",
                            models.TextField(
                                help_text="Login, or the part of the software that acted."
                            ),
                        ),
                        ("user_id", models.UUIDField(blank=True, null=True)),
                        ("effective_at", models.DateTimeField(help_text="When it happened.")),
                        ("recorded_at", models.DateTimeField(help_text="When it was entered.")),
                        ("processed_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "organization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.organization",
                            ),
                        ),
                        (
                            "referral",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="transitions",
                                to="referrals.referral",
                            ),
                        ),
                        (
                            "work_item",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.workitem",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("part__in", ["request", "work"])),
                                name="referrals_step_part",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("effective_at__lte", models.F("recorded_at"))),
                                name="referrals_step_times",
                            ),
                        ],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("processed_at", None)),
                                fields=["id"],
                                name="referrals_unprocessed_steps",
                            ),
                            models.Index(
                                fields=["organization", "referral", "id"], name="referrals_history"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="RoutingDecision",
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
                            "candidates",
                            models.JSONField(
                                help_text="In order, the excluded last; each with its reasons."
                            ),
                        ),
                        (
                            "reason_code",
                            models.CharField(
                                blank=True,
                                help_text="Why not the first; empty: the first was chosen.",
                                max_length=64,
                            ),
                        ),
                        (
                            "decided_by",
                            models.TextField(
                                help_text="Login, or the part of the software that acted."
                            ),
                        ),
                        ("user_id", models.UUIDField(blank=True, null=True)),
                        ("decided_at", models.DateTimeField()),
                        ("rules_version", models.CharField(max_length=16)),
                        (
                            "chosen",
                            models.ForeignKey(
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
                            "referral",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="routing_decisions",
                                to="referrals.referral",
                            ),
                        ),
                        (
                            "work_item",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="routing_decision",
                                to="coordination.workitem",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                fields=["organization", "referral"], name="referrals_routing_of"
                            )
                        ],
                    },
                ),
            ]
        ),
        AddTriggers(
            model_name="referral",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="life_cycle",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        declare="DECLARE _is_valid_transition BOOLEAN;",
                        func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{draft:active,draft:revoked,active:on_hold,on_hold:active,active:completed,active:revoked,on_hold:revoked}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                        hash="a1fa8a23ba06eb83abad5dac2e9a997f67197637",
                        operation="UPDATE",
                        pgid="pgtrigger_life_cycle_9a4ff",
                        table="referrals_referral",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="begins_unanswered",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition="WHEN (NOT (NEW.\"status\" IN ('draft', 'active')))",
                        func="RAISE EXCEPTION 'pgtrigger: Cannot insert rows from % table', TG_TABLE_NAME;",
                        hash="0ea6f719afafdd2804f29ad455ed7e96e6ad02fe",
                        operation="INSERT",
                        pgid="pgtrigger_begins_unanswered_42a9b",
                        table="referrals_referral",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="completed_has_report",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition="WHEN (NEW.\"status\" = 'completed' AND OLD.\"status\" IS DISTINCT FROM 'completed')",
                        func="\n                    IF NOT EXISTS (\n                        SELECT 1 FROM public.referrals_referralreport r\n                        JOIN public.coordination_workitem w ON w.id = r.work_item_id\n                        WHERE r.work_item_id = NEW.work_item_id AND r.referral_id = NEW.id\n                          AND w.status = 'completed'\n                    ) THEN\n                        RAISE EXCEPTION\n                            'pgtrigger: Cannot complete a referral without its report';\n                    END IF;\n                    RETURN NEW;\n                ",
                        hash="c51cf40cf64eed60813d6cffbfc41c745180411e",
                        operation="UPDATE",
                        pgid="pgtrigger_completed_has_report_6d189",
                        table="referrals_referral",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_deleted",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                        hash="04451036987e149675a7032883848b5881030769",
                        operation="DELETE",
                        pgid="pgtrigger_never_deleted_fb44f",
                        table="referrals_referral",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="27b90feafe6de9adff3a6252f2a97dad45f60626",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_ca2bf",
                        table="referrals_referral",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="stays_what_it_is",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."discipline" IS DISTINCT FROM (NEW."discipline") OR OLD."reason_code" IS DISTINCT FROM (NEW."reason_code") OR OLD."requested_by_id" IS DISTINCT FROM (NEW."requested_by_id") OR OLD."requested_at" IS DISTINCT FROM (NEW."requested_at") OR OLD."key" IS DISTINCT FROM (NEW."key") OR OLD."lane_id" IS DISTINCT FROM (NEW."lane_id") OR OLD."condition_id" IS DISTINCT FROM (NEW."condition_id") OR OLD."priority" IS DISTINCT FROM (NEW."priority") OR OLD."queue_position" IS DISTINCT FROM (NEW."queue_position"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="9b2cb264e83d349254ed2df2dea1b30499fc11b8",
                        operation="UPDATE",
                        pgid="pgtrigger_stays_what_it_is_f98c3",
                        table="referrals_referral",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("Referral"),
        AddTriggers(
            model_name="referralreport",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="9a5acb799feb5583c890e20c5716ff1fffd44024",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_433e9",
                        table="referrals_referralreport",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="6c2344f527a789527d1a74914d1c3cbbfd8eb2f3",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_8dc55",
                        table="referrals_referralreport",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("ReferralReport", append_only=True),
        AddTriggers(
            model_name="referraltransition",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."referral_id" IS DISTINCT FROM (NEW."referral_id") OR OLD."work_item_id" IS DISTINCT FROM (NEW."work_item_id") OR OLD."part" IS DISTINCT FROM (NEW."part") OR OLD."action" IS DISTINCT FROM (NEW."action") OR OLD."from_status" IS DISTINCT FROM (NEW."from_status") OR OLD."to_status" IS DISTINCT FROM (NEW."to_status") OR OLD."reason_code" IS DISTINCT FROM (NEW."reason_code") OR OLD."actor" IS DISTINCT FROM (NEW."actor") OR OLD."user_id" IS DISTINCT FROM (NEW."user_id") OR OLD."effective_at" IS DISTINCT FROM (NEW."effective_at") OR OLD."recorded_at" IS DISTINCT FROM (NEW."recorded_at"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="12154e628eb4137aa99b93eab29fce6a0f28433f",
                        operation="UPDATE",
                        pgid="pgtrigger_append_only_0a7c6",
                        table="referrals_referraltransition",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="processed_once",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."processed_at" IS NOT NULL)',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="d599e2122145cb847d0389763cf837fd5867df4a",
                        operation="UPDATE",
                        pgid="pgtrigger_processed_once_babb4",
                        table="referrals_referraltransition",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_deleted",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                        hash="15db6376ede0b50a8762007fd29775ede3a855d4",
                        operation="DELETE",
                        pgid="pgtrigger_never_deleted_3e428",
                        table="referrals_referraltransition",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="85ac4df45a0503096294d7c8b416b061fa6640da",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_dc1fb",
                        table="referrals_referraltransition",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("ReferralTransition"),
        AddTriggers(
            model_name="routingdecision",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="8638f358339e5ee7e039a5886a7c22604db71125",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_89c11",
                        table="referrals_routingdecision",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="7c8ad496539a4e2935a77357deeb0db1e1edb453",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_2bc6b",
                        table="referrals_routingdecision",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("RoutingDecision", append_only=True),
        migrations.RunSQL(
            f"""
            REVOKE UPDATE, DELETE ON referrals_referraltransition FROM {RUNTIME_ROLE};
            GRANT UPDATE (processed_at) ON referrals_referraltransition TO {RUNTIME_ROLE};
            REVOKE DELETE ON referrals_referral FROM {RUNTIME_ROLE};
            """,
            migrations.RunSQL.noop,
        ),
        LookupFunction(
            "referrals_unprocessed",
            arguments="most integer",
            returns="TABLE (transition_id uuid, organization_id uuid)",
            body="""
                SELECT t.id, t.organization_id FROM public.referrals_referraltransition t
                WHERE t.processed_at IS NULL ORDER BY t.id LIMIT most
            """,
            reads=("referrals_referraltransition",),
        ),
    ]
