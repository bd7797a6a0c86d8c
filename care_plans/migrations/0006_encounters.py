from typing import ClassVar

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

import coordination.models.owned
from coordination.migration_operations import AddTriggers
from coordination.tenancy import Fence


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("care_plans", "0005_lane_needed_again"),
        ("coordination", "0014_retention"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Encounter",
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
                    "encounter_class",
                    models.CharField(
                        choices=[("in_person", "In Person"), ("virtual", "Virtual")], max_length=9
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("in_progress", "In Progress"),
                            ("finished", "Finished"),
                            ("cancelled", "Cancelled: broken off before any care"),
                            ("entered_in_error", "Entered In Error"),
                        ],
                        editable=False,
                        max_length=16,
                    ),
                ),
                ("started_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "because",
                    models.TextField(
                        blank=True, help_text="Why it was cancelled or was entered in error."
                    ),
                ),
                (
                    "actor",
                    models.TextField(help_text="Login, or the part of the software that acted."),
                ),
                ("user_id", models.UUIDField(blank=True, null=True)),
                ("recorded_at", models.DateTimeField()),
                (
                    "course",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="encounters",
                        to="care_plans.course",
                    ),
                ),
                (
                    "lane",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="encounters",
                        to="care_plans.lane",
                    ),
                ),
                (
                    "location",
                    models.ForeignKey(
                        blank=True,
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
                        related_name="+",
                        to="coordination.patient",
                    ),
                ),
                (
                    "practitioner_role",
                    models.ForeignKey(
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
                            ("encounter_class__in", ["in_person", "virtual"]),
                            models.Q(
                                models.Q(
                                    ("because", ""), ("ended_at", None), ("status", "in_progress")
                                ),
                                models.Q(
                                    ("because", ""),
                                    ("ended_at__isnull", False),
                                    ("status", "finished"),
                                ),
                                models.Q(
                                    models.Q(("because", ""), _negated=True),
                                    ("status__in", ["cancelled", "entered_in_error"]),
                                ),
                                _connector="OR",
                            ),
                        ),
                        name="care_plans_encounter_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("started_at__lte", models.F("recorded_at")),
                            models.Q(
                                ("ended_at", None),
                                ("ended_at__gte", models.F("started_at")),
                                _connector="OR",
                            ),
                        ),
                        name="care_plans_encounter_times",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("lane", None), ("course__isnull", False), _connector="OR"
                        ),
                        name="care_plans_encounter_lane",
                    ),
                ],
                "indexes": [
                    models.Index(
                        fields=["organization", "patient", "-started_at"],
                        name="care_plans_encounter_patient",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ClinicalNote",
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
                        editable=False,
                        max_length=20,
                    ),
                ),
                (
                    "sensitivity",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("psychotherapy", "Psychotherapy"),
                            ("restricted", "Restricted by its author"),
                        ],
                        help_text="Empty: open to the circle.",
                        max_length=16,
                    ),
                ),
                ("text", models.TextField()),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "Draft: only its author sees it"),
                            ("signed", "Signed"),
                            (
                                "superseded",
                                "Superseded: `amended_by` says what was written instead",
                            ),
                            ("entered_in_error", "Entered In Error"),
                        ],
                        default="draft",
                        editable=False,
                        max_length=16,
                    ),
                ),
                ("because", models.TextField(blank=True, help_text="Why it amends another.")),
                (
                    "error_reason",
                    models.TextField(blank=True, help_text="Why it was entered in error."),
                ),
                (
                    "actor",
                    models.TextField(help_text="Login, or the part of the software that acted."),
                ),
                ("user_id", models.UUIDField(blank=True, null=True)),
                ("written_at", models.DateTimeField(help_text="The time that it is about.")),
                ("recorded_at", models.DateTimeField()),
                ("signed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "amends",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="amended_by",
                        to="care_plans.clinicalnote",
                    ),
                ),
                (
                    "author",
                    models.ForeignKey(
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
                        related_name="notes",
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
                    "encounter",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notes",
                        to="care_plans.encounter",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("discipline", "psychotherapy"), ("sensitivity", "psychotherapy")
                            ),
                            models.Q(
                                models.Q(("discipline", "psychotherapy"), _negated=True),
                                ("sensitivity__in", ["", "restricted"]),
                            ),
                            _connector="OR",
                        ),
                        name="care_plans_note_closed",
                    ),
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
                            ),
                            models.Q(("text", ""), _negated=True),
                        ),
                        name="care_plans_note_words",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("status__in", ["draft", "entered_in_error"]),
                            models.Q(
                                ("signed_at__isnull", False),
                                ("status__in", ["signed", "superseded"]),
                            ),
                            _connector="OR",
                        ),
                        name="care_plans_note_signed",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("signed_at", None), ("status", "draft")),
                            models.Q(("status", "draft"), _negated=True),
                            _connector="OR",
                        ),
                        name="care_plans_note_draft",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("amends", None),
                            models.Q(
                                models.Q(("because", ""), _negated=True),
                                models.Q(("amends", models.F("id")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="care_plans_note_amends",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("status", "entered_in_error"),
                                models.Q(("error_reason", ""), _negated=True),
                            ),
                            models.Q(
                                models.Q(("status", "entered_in_error"), _negated=True),
                                ("error_reason", ""),
                            ),
                            _connector="OR",
                        ),
                        name="care_plans_note_in_error",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("written_at__lte", models.F("recorded_at"))),
                        name="care_plans_note_not_ahead",
                    ),
                ],
                "indexes": [
                    models.Index(
                        fields=["organization", "patient", "-written_at"],
                        name="care_plans_note_patient",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="CareSummary",
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
                        editable=False,
                        max_length=20,
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("summary", "Summary"), ("goal", "A goal that the team may know")],
                        max_length=7,
                    ),
                ),
                ("text", models.TextField()),
                (
                    "agreed_at",
                    models.DateTimeField(help_text="When the patient agreed to these words."),
                ),
                (
                    "agreed_how",
                    models.CharField(
                        choices=[("spoken", "Spoken"), ("written", "Written")], max_length=7
                    ),
                ),
                (
                    "sensitivity",
                    models.CharField(
                        blank=True,
                        choices=[("withdrawn", "The patient took the agreement back")],
                        editable=False,
                        max_length=16,
                    ),
                ),
                ("withdrawn_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "actor",
                    models.TextField(help_text="Login, or the part of the software that acted."),
                ),
                ("user_id", models.UUIDField(blank=True, null=True)),
                ("written_at", models.DateTimeField(help_text="The time that it is about.")),
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
                    "course",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="summaries",
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
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["organization", "patient", "-written_at"],
                        name="care_plans_summary_patient",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("agreed_how__in", ["spoken", "written"]),
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
                            ),
                            ("kind__in", ["summary", "goal"]),
                            models.Q(("text", ""), _negated=True),
                        ),
                        name="care_plans_summary_words",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("sensitivity", ""), ("withdrawn_at", None)),
                            models.Q(("sensitivity", "withdrawn"), ("withdrawn_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="care_plans_summary_withdrawn",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("agreed_at__lte", models.F("recorded_at")),
                            ("written_at__lte", models.F("recorded_at")),
                        ),
                        name="care_plans_summary_not_ahead",
                    ),
                ],
            },
        ),
        AddTriggers(
            model_name="caresummary",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="summary_identity",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."course_id" IS DISTINCT FROM (NEW."course_id") OR OLD."author_id" IS DISTINCT FROM (NEW."author_id") OR OLD."discipline" IS DISTINCT FROM (NEW."discipline") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."text" IS DISTINCT FROM (NEW."text") OR OLD."agreed_at" IS DISTINCT FROM (NEW."agreed_at") OR OLD."agreed_how" IS DISTINCT FROM (NEW."agreed_how") OR OLD."actor" IS DISTINCT FROM (NEW."actor") OR OLD."user_id" IS DISTINCT FROM (NEW."user_id") OR OLD."written_at" IS DISTINCT FROM (NEW."written_at") OR OLD."recorded_at" IS DISTINCT FROM (NEW."recorded_at"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="7cf6da05f71a858b65b31da7e91bed1a573c03a8",
                        operation="UPDATE",
                        pgid="pgtrigger_summary_identity_9f0e2",
                        table="care_plans_caresummary",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="withdrawn_for_good",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."withdrawn_at" IS NOT NULL)',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="f40cf0c12274b9067a04a207e6d3a16351f5017a",
                        operation="UPDATE",
                        pgid="pgtrigger_withdrawn_for_good_df76b",
                        table="care_plans_caresummary",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="of_authors_discipline",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="\n        IF NOT EXISTS (\n            SELECT 1 FROM public.coordination_practitionerrole r\n            WHERE r.id = NEW.author_id AND r.discipline = NEW.discipline\n        ) THEN\n            RAISE check_violation USING MESSAGE = 'the discipline is not that of the author';\n        END IF;\n        RETURN NEW;\n    ",
                        hash="1975fdd971bd680022c4cf179971f1e89d434d8f",
                        operation="INSERT",
                        pgid="pgtrigger_of_authors_discipline_78108",
                        table="care_plans_caresummary",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="course_of_same_patient",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="\n    IF NEW.course_id IS NOT NULL AND NOT EXISTS (\n        SELECT 1 FROM public.care_plans_course o\n        WHERE o.id = NEW.course_id AND o.patient_id = NEW.patient_id\n    ) THEN\n        RAISE check_violation USING MESSAGE = 'course_id is of another patient';\n    END IF;\n    RETURN NEW;\n",
                        hash="3c30032600fd08ccf46e8b004638622f0d140859",
                        operation="INSERT",
                        pgid="pgtrigger_course_of_same_patient_2df3d",
                        table="care_plans_caresummary",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="disposed_lawfully",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="\n            IF current_setting('app.disposal', true) IS DISTINCT FROM 'on' OR NOT (\n                SELECT pg_has_role(current_user, c.relowner, 'USAGE')\n                FROM pg_catalog.pg_class c WHERE c.oid = TG_RELID\n            ) THEN\n                RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;\n            END IF;\n            IF EXISTS (\n                SELECT 1 FROM public.coordination_legalhold h\n                WHERE h.patient_id = OLD.patient_id AND h.until IS NULL\n            ) THEN\n                RAISE EXCEPTION 'pgtrigger: a legal hold keeps this row of %', TG_TABLE_NAME;\n            END IF;\n            RETURN OLD;\n        ",
                        hash="fecd4f8721f0be8802f3f974be0fe3ed017833c8",
                        operation="DELETE",
                        pgid="pgtrigger_disposed_lawfully_f0463",
                        table="care_plans_caresummary",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="b409dd272ff1e02528b4504b0c059c7b6249f601",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_60a3e",
                        table="care_plans_caresummary",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        AddTriggers(
            model_name="encounter",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="encounter_status",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        declare="DECLARE _is_valid_transition BOOLEAN;",
                        func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{in_progress:finished,in_progress:cancelled,in_progress:entered_in_error,finished:entered_in_error,cancelled:entered_in_error}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                        hash="33d54787154f9a70cc9236dbbeb108a1b77756f7",
                        operation="UPDATE",
                        pgid="pgtrigger_encounter_status_2706b",
                        table="care_plans_encounter",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="encounter_identity",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."practitioner_role_id" IS DISTINCT FROM (NEW."practitioner_role_id") OR OLD."location_id" IS DISTINCT FROM (NEW."location_id") OR OLD."course_id" IS DISTINCT FROM (NEW."course_id") OR OLD."lane_id" IS DISTINCT FROM (NEW."lane_id") OR OLD."encounter_class" IS DISTINCT FROM (NEW."encounter_class") OR OLD."started_at" IS DISTINCT FROM (NEW."started_at") OR OLD."actor" IS DISTINCT FROM (NEW."actor") OR OLD."user_id" IS DISTINCT FROM (NEW."user_id") OR OLD."recorded_at" IS DISTINCT FROM (NEW."recorded_at"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="44f508cf58785bed3095b2842fb694651a005271",
                        operation="UPDATE",
                        pgid="pgtrigger_encounter_identity_ee737",
                        table="care_plans_encounter",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="course_of_same_patient",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="\n    IF NEW.course_id IS NOT NULL AND NOT EXISTS (\n        SELECT 1 FROM public.care_plans_course o\n        WHERE o.id = NEW.course_id AND o.patient_id = NEW.patient_id\n    ) THEN\n        RAISE check_violation USING MESSAGE = 'course_id is of another patient';\n    END IF;\n    RETURN NEW;\n",
                        hash="203c95c30ec9af43410e57bb75f9c84d21dba7a6",
                        operation="INSERT",
                        pgid="pgtrigger_course_of_same_patient_227db",
                        table="care_plans_encounter",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="disposed_lawfully",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="\n            IF current_setting('app.disposal', true) IS DISTINCT FROM 'on' OR NOT (\n                SELECT pg_has_role(current_user, c.relowner, 'USAGE')\n                FROM pg_catalog.pg_class c WHERE c.oid = TG_RELID\n            ) THEN\n                RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;\n            END IF;\n            IF EXISTS (\n                SELECT 1 FROM public.coordination_legalhold h\n                WHERE h.patient_id = OLD.patient_id AND h.until IS NULL\n            ) THEN\n                RAISE EXCEPTION 'pgtrigger: a legal hold keeps this row of %', TG_TABLE_NAME;\n            END IF;\n            RETURN OLD;\n        ",
                        hash="74b019edced57e0662c647efa2f13e98a239aee5",
                        operation="DELETE",
                        pgid="pgtrigger_disposed_lawfully_ae7bd",
                        table="care_plans_encounter",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="2f82ee2153db402b660fa62fb546bfb9357f7197",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_74d5f",
                        table="care_plans_encounter",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        AddTriggers(
            model_name="clinicalnote",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="note_status",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        declare="DECLARE _is_valid_transition BOOLEAN;",
                        func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{draft:signed,draft:entered_in_error,signed:superseded,signed:entered_in_error}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                        hash="5d5e6b6c6da8671db7f17fb13dbb56f6d13b016e",
                        operation="UPDATE",
                        pgid="pgtrigger_note_status_b557f",
                        table="care_plans_clinicalnote",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="note_identity",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."encounter_id" IS DISTINCT FROM (NEW."encounter_id") OR OLD."course_id" IS DISTINCT FROM (NEW."course_id") OR OLD."author_id" IS DISTINCT FROM (NEW."author_id") OR OLD."discipline" IS DISTINCT FROM (NEW."discipline") OR OLD."sensitivity" IS DISTINCT FROM (NEW."sensitivity") OR OLD."amends_id" IS DISTINCT FROM (NEW."amends_id") OR OLD."because" IS DISTINCT FROM (NEW."because") OR OLD."actor" IS DISTINCT FROM (NEW."actor") OR OLD."user_id" IS DISTINCT FROM (NEW."user_id") OR OLD."recorded_at" IS DISTINCT FROM (NEW."recorded_at"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="1d8bb68dffa22e8819f4a2e6f07c651adb9c83ca",
                        operation="UPDATE",
                        pgid="pgtrigger_note_identity_4b9d9",
                        table="care_plans_clinicalnote",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="signed_for_good",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition="WHEN (OLD.status <> 'draft' AND (OLD.text <> NEW.text OR OLD.written_at <> NEW.written_at OR OLD.signed_at IS DISTINCT FROM NEW.signed_at))",
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="4dd5e85fff30458ac96f91ece7202ffc32f1b691",
                        operation="UPDATE",
                        pgid="pgtrigger_signed_for_good_08540",
                        table="care_plans_clinicalnote",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="superseded_by_a_signed_one",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition="WHEN (NEW.\"status\" = 'superseded' AND OLD.\"status\" IS DISTINCT FROM 'superseded')",
                        func="\n                    IF NOT EXISTS (\n                        SELECT 1 FROM public.care_plans_clinicalnote n\n                        WHERE n.amends_id = NEW.id AND n.status = 'signed'\n                    ) THEN\n                        RAISE check_violation USING MESSAGE = 'no signed note amends this one';\n                    END IF;\n                    RETURN NEW;\n                ",
                        hash="60b655d0db4f51fe5b44fb9c295ab3804748ffb0",
                        operation="UPDATE",
                        pgid="pgtrigger_superseded_by_a_signed_one_8a4a5",
                        table="care_plans_clinicalnote",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="of_authors_discipline",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="\n        IF NOT EXISTS (\n            SELECT 1 FROM public.coordination_practitionerrole r\n            WHERE r.id = NEW.author_id AND r.discipline = NEW.discipline\n        ) THEN\n            RAISE check_violation USING MESSAGE = 'the discipline is not that of the author';\n        END IF;\n        RETURN NEW;\n    ",
                        hash="446d0defec6049085902051521b7bfbf8047cfe8",
                        operation="INSERT",
                        pgid="pgtrigger_of_authors_discipline_8e28f",
                        table="care_plans_clinicalnote",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="course_of_same_patient",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="\n    IF NEW.course_id IS NOT NULL AND NOT EXISTS (\n        SELECT 1 FROM public.care_plans_course o\n        WHERE o.id = NEW.course_id AND o.patient_id = NEW.patient_id\n    ) THEN\n        RAISE check_violation USING MESSAGE = 'course_id is of another patient';\n    END IF;\n    RETURN NEW;\n",
                        hash="40d1ed8cf0547fdb1fd6b42a7133177dea0a5d10",
                        operation="INSERT",
                        pgid="pgtrigger_course_of_same_patient_ebecd",
                        table="care_plans_clinicalnote",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="encounter_of_same_patient",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="\n    IF NEW.encounter_id IS NOT NULL AND NOT EXISTS (\n        SELECT 1 FROM public.care_plans_encounter o\n        WHERE o.id = NEW.encounter_id AND o.patient_id = NEW.patient_id\n    ) THEN\n        RAISE check_violation USING MESSAGE = 'encounter_id is of another patient';\n    END IF;\n    RETURN NEW;\n",
                        hash="c47b9d0163a0b97af6be4011a5211258f4c59b18",
                        operation="INSERT",
                        pgid="pgtrigger_encounter_of_same_patient_5ae6d",
                        table="care_plans_clinicalnote",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="amends_of_same_patient",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="\n    IF NEW.amends_id IS NOT NULL AND NOT EXISTS (\n        SELECT 1 FROM public.care_plans_clinicalnote o\n        WHERE o.id = NEW.amends_id AND o.patient_id = NEW.patient_id\n    ) THEN\n        RAISE check_violation USING MESSAGE = 'amends_id is of another patient';\n    END IF;\n    RETURN NEW;\n",
                        hash="62e4d9e5777bb881fd2bd3d353370c41f153e97d",
                        operation="INSERT",
                        pgid="pgtrigger_amends_of_same_patient_8c7ed",
                        table="care_plans_clinicalnote",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="disposed_lawfully",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="\n            IF current_setting('app.disposal', true) IS DISTINCT FROM 'on' OR NOT (\n                SELECT pg_has_role(current_user, c.relowner, 'USAGE')\n                FROM pg_catalog.pg_class c WHERE c.oid = TG_RELID\n            ) THEN\n                RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;\n            END IF;\n            IF EXISTS (\n                SELECT 1 FROM public.coordination_legalhold h\n                WHERE h.patient_id = OLD.patient_id AND h.until IS NULL\n            ) THEN\n                RAISE EXCEPTION 'pgtrigger: a legal hold keeps this row of %', TG_TABLE_NAME;\n            END IF;\n            RETURN OLD;\n        ",
                        hash="e09098a3a4bab6006d962520d869fd3e4c829342",
                        operation="DELETE",
                        pgid="pgtrigger_disposed_lawfully_d505c",
                        table="care_plans_clinicalnote",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="56271d56102564a071b0d7140b3dbfaa02c04a6c",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_c46a8",
                        table="care_plans_clinicalnote",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("Encounter"),
        Fence("ClinicalNote"),
        Fence("CareSummary"),
    ]
