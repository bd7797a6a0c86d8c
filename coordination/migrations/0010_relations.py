"""Hand-offs of the lead, duplicates to compare, and who may act beside a patient."""

import coordination.models.owned
import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
import django.db.models.functions.comparison
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

from coordination.migration_operations import AddTriggers
from coordination.tenancy import Fence, LookupFunction


class Migration(migrations.Migration):
    dependencies = [("coordination", "0009_directives")]

    operations = [
        migrations.CreateModel(
            name="DuplicateReview",
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
                    "matches",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("same_identifier", "Same Identifier"),
                                ("other_demographics", "Same identifier, other name or birth date"),
                                ("same_demographics", "Same name and birth date"),
                            ],
                            max_length=20,
                        )
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("distinct", "Two persons"),
                            ("merged", "One person; the records are linked"),
                        ],
                        default="open",
                        editable=False,
                        max_length=8,
                    ),
                ),
                ("opened_at", models.DateTimeField()),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="DuplicateStep",
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
                ("action", models.CharField(max_length=12)),
                ("from_status", models.CharField(max_length=8)),
                ("to_status", models.CharField(max_length=8)),
                ("survivor_id", models.UUIDField(blank=True, null=True)),
                (
                    "identifiers",
                    models.JSONField(
                        default=list,
                        help_text="Parked identifiers that it took away, to give them back.",
                    ),
                ),
                ("because", models.TextField(blank=True)),
                ("actor", models.TextField()),
                ("user_id", models.UUIDField(blank=True, null=True)),
                ("recorded_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="HandOff",
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
                    "cause",
                    models.CharField(
                        choices=[
                            ("offered", "The lead or a scheduler offered it"),
                            ("registration_lapsed", "The lead's registration is not valid"),
                        ],
                        max_length=20,
                    ),
                ),
                ("because", models.TextField(blank=True, help_text="Why, in a few words.")),
                ("note", models.TextField(blank=True, help_text="For whoever takes over.")),
                (
                    "evidence",
                    models.JSONField(
                        default=list, help_text="Kind and id of each record to review."
                    ),
                ),
                ("is_urgent", models.BooleanField(default=False)),
                ("opened_at", models.DateTimeField()),
                ("due_at", models.DateTimeField(help_text="Overdue after it.")),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("accepted", "Accepted"),
                            ("declined", "Declined"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        max_length=9,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="HandOffStep",
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
                ("action", models.CharField(max_length=12)),
                ("from_status", models.CharField(blank=True, max_length=12)),
                ("to_status", models.CharField(max_length=12)),
                ("reason_code", models.CharField(blank=True, max_length=24)),
                ("actor", models.TextField()),
                ("user_id", models.UUIDField(blank=True, null=True)),
                ("recorded_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="RelatedPerson",
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
                ("name", models.TextField()),
                (
                    "relationship",
                    models.CharField(
                        choices=[
                            ("parent", "Parent"),
                            ("guardian", "Guardian"),
                            ("spouse", "Spouse"),
                            ("partner", "Partner"),
                            ("child", "Child"),
                            ("sibling", "Sibling"),
                            ("relative", "Relative"),
                            ("friend", "Friend"),
                            ("caregiver", "Caregiver"),
                            ("professional", "Somebody who does it as their profession"),
                        ],
                        max_length=12,
                    ),
                ),
                ("email", models.EmailField(blank=True, max_length=254)),
                ("phone", models.CharField(blank=True, max_length=40)),
                ("recorded_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="RelatedPersonRight",
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
                    "right",
                    models.CharField(
                        choices=[
                            ("view", "See who the patient is and what care is planned"),
                            ("book", "Book and change appointments"),
                            ("consent", "Decide about use and sharing of information"),
                            ("message", "Write and be written to"),
                        ],
                        max_length=7,
                    ),
                ),
                (
                    "granted_by",
                    models.CharField(
                        choices=[
                            ("patient", "The patient"),
                            ("authority", "A documented authority"),
                        ],
                        max_length=9,
                    ),
                ),
                (
                    "legal_basis",
                    models.CharField(
                        choices=[
                            ("patient_authorization", "Patient Authorization"),
                            ("parental_responsibility", "Parental Responsibility"),
                            ("power_of_attorney", "Power Of Attorney"),
                            ("court_appointment", "Court Appointment"),
                            ("statutory_substitute", "Statutory Substitute"),
                        ],
                        max_length=24,
                    ),
                ),
                (
                    "evidence",
                    models.TextField(
                        help_text="Where the document lies: a form's or file's number."
                    ),
                ),
                ("since", models.DateTimeField()),
                (
                    "until",
                    models.DateTimeField(help_text="The first moment at which it no longer holds."),
                ),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                ("revoked_because", models.TextField(blank=True)),
                ("recorded_at", models.DateTimeField()),
                ("recorded_by", models.TextField()),
                (
                    "user_id",
                    models.UUIDField(
                        blank=True, help_text="Login of who wrote it down.", null=True
                    ),
                ),
            ],
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="workitem",
            name="life_cycle",
        ),
        migrations.RemoveConstraint(
            model_name="patientidentifier",
            name="coordination_identifier_once",
        ),
        migrations.AddField(
            model_name="patient",
            name="merged_into",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                editable=False,
                help_text="The record of the same person that goes on; this one is read with it.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="merged",
                to="coordination.patient",
            ),
        ),
        migrations.AddField(
            model_name="patientidentifier",
            name="is_parked",
            field=models.BooleanField(
                default=False,
                editable=False,
                help_text="Another record bears it too; which one is right waits for a review.",
            ),
        ),
        migrations.AlterField(
            model_name="accessgrant",
            name="basis",
            field=models.CharField(
                choices=[
                    ("membership", "Membership"),
                    ("referral", "Referral"),
                    ("hand_off", "Hand Off"),
                    ("appointment", "Appointment"),
                    ("override", "Override"),
                ],
                max_length=12,
            ),
        ),
        migrations.AddIndex(
            model_name="patient",
            index=models.Index(
                condition=models.Q(("merged_into__isnull", False)),
                fields=["organization", "merged_into"],
                name="coordination_patient_merged",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="patient",
            trigger=pgtrigger.compiler.Trigger(
                name="merged_at_one_remove",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (NEW."merged_into_id" IS NOT NULL AND OLD."merged_into_id" IS DISTINCT FROM (NEW."merged_into_id"))',
                    func="\n                    IF EXISTS (SELECT FROM public.coordination_patient\n                               WHERE id = NEW.merged_into_id AND merged_into_id IS NOT NULL)\n                       OR EXISTS (SELECT FROM public.coordination_patient\n                                  WHERE merged_into_id = NEW.id) THEN\n                        RAISE EXCEPTION 'A merged record is merged into no other and has none.';\n                    END IF;\n                    RETURN NEW;\n                ",
                    hash="3006247fd34bd15f5c63971d60fcaa98fafb8fe7",
                    operation="UPDATE",
                    pgid="pgtrigger_merged_at_one_remove_25a80",
                    table="coordination_patient",
                    when="BEFORE",
                ),
            ),
        ),
        AddTriggers(
            model_name="workitem",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="life_cycle",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition="WHEN (NEW.\"kind\" = 'referral')",
                        declare="DECLARE _is_valid_transition BOOLEAN;",
                        func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{requested:accepted,requested:rejected,requested:cancelled,accepted:in_progress,accepted:cancelled,in_progress:completed,in_progress:cancelled}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                        hash="264f70cb5e6b2660d0c72305a84a88d721bbc0ed",
                        operation="UPDATE",
                        pgid="pgtrigger_life_cycle_1dd50",
                        table="coordination_workitem",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="other_life_cycle",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition="WHEN (NOT (NEW.\"kind\" = 'referral'))",
                        declare="DECLARE _is_valid_transition BOOLEAN;",
                        func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{requested:accepted,requested:rejected,requested:cancelled,accepted:in_progress,accepted:cancelled,in_progress:completed,in_progress:cancelled,requested:completed,accepted:completed}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                        hash="ec9affde5a7d9dad26b67513eb64b51efa66a888",
                        operation="UPDATE",
                        pgid="pgtrigger_other_life_cycle_5d853",
                        table="coordination_workitem",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="patient",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("merged_into", None),
                    models.Q(("merged_into", models.F("id")), _negated=True),
                    _connector="OR",
                ),
                name="coordination_patient_not_own",
            ),
        ),
        migrations.AddConstraint(
            model_name="patientidentifier",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_parked", False)),
                fields=("organization", "system", "value"),
                name="coordination_identifier_once",
            ),
        ),
        migrations.AddField(
            model_name="duplicatereview",
            name="candidate",
            field=models.ForeignKey(
                help_text="The record that was there.",
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="coordination.patient",
            ),
        ),
        migrations.AddField(
            model_name="duplicatereview",
            name="organization",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="coordination.organization",
            ),
        ),
        migrations.AddField(
            model_name="duplicatereview",
            name="patient",
            field=models.ForeignKey(
                help_text="The record that came second.",
                on_delete=django.db.models.deletion.PROTECT,
                related_name="duplicate_reviews",
                to="coordination.patient",
            ),
        ),
        migrations.AddField(
            model_name="duplicatereview",
            name="survivor",
            field=models.ForeignKey(
                blank=True,
                help_text="The record that goes on, while the two are merged.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="coordination.patient",
            ),
        ),
        migrations.AddField(
            model_name="duplicatestep",
            name="organization",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="coordination.organization",
            ),
        ),
        migrations.AddField(
            model_name="duplicatestep",
            name="review",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="steps",
                to="coordination.duplicatereview",
            ),
        ),
        migrations.AddField(
            model_name="handoff",
            name="organization",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="coordination.organization",
            ),
        ),
        migrations.AddField(
            model_name="handoff",
            name="patient",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="hand_offs",
                to="coordination.patient",
            ),
        ),
        migrations.AddField(
            model_name="handoff",
            name="sender",
            field=models.ForeignKey(
                help_text="The lead who stays accountable until somebody accepts.",
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="coordination.practitionerrole",
            ),
        ),
        migrations.AddField(
            model_name="handoff",
            name="work_item",
            field=models.ForeignKey(
                help_text="Whose answer it waits for now.",
                on_delete=django.db.models.deletion.PROTECT,
                related_name="hand_off",
                to="coordination.workitem",
            ),
        ),
        migrations.AddField(
            model_name="handoffstep",
            name="hand_off",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="steps",
                to="coordination.handoff",
            ),
        ),
        migrations.AddField(
            model_name="handoffstep",
            name="organization",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="coordination.organization",
            ),
        ),
        migrations.AddField(
            model_name="handoffstep",
            name="work_item",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="coordination.workitem",
            ),
        ),
        migrations.AddField(
            model_name="relatedperson",
            name="organization",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="coordination.organization",
            ),
        ),
        migrations.AddField(
            model_name="relatedperson",
            name="patient",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="related_persons",
                to="coordination.patient",
            ),
        ),
        migrations.AddField(
            model_name="relatedperson",
            name="user",
            field=models.ForeignKey(
                blank=True,
                help_text="The login of this person; none: their rights are exercised in person.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="relatedpersonright",
            name="organization",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="coordination.organization",
            ),
        ),
        migrations.AddField(
            model_name="relatedpersonright",
            name="patient",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="coordination.patient",
            ),
        ),
        migrations.AddField(
            model_name="relatedpersonright",
            name="related_person",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="rights",
                to="coordination.relatedperson",
            ),
        ),
        migrations.AddConstraint(
            model_name="duplicatereview",
            constraint=models.UniqueConstraint(
                models.F("organization"),
                django.db.models.functions.comparison.Least("patient", "candidate"),
                django.db.models.functions.comparison.Greatest("patient", "candidate"),
                name="coordination_duplicate_pair",
            ),
        ),
        migrations.AddConstraint(
            model_name="duplicatereview",
            constraint=models.CheckConstraint(
                condition=models.Q(("patient", models.F("candidate")), _negated=True),
                name="coordination_duplicate_two",
            ),
        ),
        migrations.AddConstraint(
            model_name="duplicatereview",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "open"), ("survivor", None)),
                    models.Q(
                        ("decided_at__isnull", False), ("status", "distinct"), ("survivor", None)
                    ),
                    models.Q(
                        ("decided_at__isnull", False),
                        ("status", "merged"),
                        models.Q(
                            ("survivor", models.F("patient")),
                            ("survivor", models.F("candidate")),
                            _connector="OR",
                        ),
                    ),
                    _connector="OR",
                ),
                name="coordination_duplicate_decided",
            ),
        ),
        AddTriggers(
            model_name="duplicatereview",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="duplicate_status",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        declare="DECLARE _is_valid_transition BOOLEAN;",
                        func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{open:distinct,open:merged,distinct:open,merged:open}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                        hash="12db420be0acca537496b1a05e933b7288198fab",
                        operation="UPDATE",
                        pgid="pgtrigger_duplicate_status_70a24",
                        table="coordination_duplicatereview",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="same_pair",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."candidate_id" IS DISTINCT FROM (NEW."candidate_id") OR OLD."opened_at" IS DISTINCT FROM (NEW."opened_at"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="8d6f823cb06eed00c0bf4f44aeafd460a310e165",
                        operation="UPDATE",
                        pgid="pgtrigger_same_pair_4bcb1",
                        table="coordination_duplicatereview",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_deleted",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                        hash="635a69b90a039856130accf6a5f19826e7fd5933",
                        operation="DELETE",
                        pgid="pgtrigger_never_deleted_4317b",
                        table="coordination_duplicatereview",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="2ef70922285666607742a60cb65108cd42e16cbb",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_0fe7d",
                        table="coordination_duplicatereview",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="duplicatestep",
            index=models.Index(
                fields=["review", "recorded_at"], name="coordination_duplicate_steps"
            ),
        ),
        AddTriggers(
            model_name="duplicatestep",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="c71be17ae5e754a633fff03f212dba8708ef6d9e",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_e8159",
                        table="coordination_duplicatestep",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="424e9bb9d98774ac5184d74722e0df762a1d6031",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_b5e1b",
                        table="coordination_duplicatestep",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="handoff",
            constraint=models.UniqueConstraint(
                condition=models.Q(("closed_at", None)),
                fields=("organization", "patient"),
                name="coordination_hand_off_one_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="handoff",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closed_at", None), ("outcome", "")),
                    models.Q(
                        ("closed_at__gte", models.F("opened_at")),
                        ("outcome__in", ["accepted", "declined", "withdrawn"]),
                    ),
                    _connector="OR",
                ),
                name="coordination_hand_off_closed",
            ),
        ),
        migrations.AddConstraint(
            model_name="handoff",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("due_at__gte", models.F("opened_at")),
                    ("cause__in", ["offered", "registration_lapsed"]),
                ),
                name="coordination_hand_off_words",
            ),
        ),
        AddTriggers(
            model_name="handoff",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="offers_the_same",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."sender_id" IS DISTINCT FROM (NEW."sender_id") OR OLD."because" IS DISTINCT FROM (NEW."because") OR OLD."note" IS DISTINCT FROM (NEW."note") OR OLD."evidence" IS DISTINCT FROM (NEW."evidence"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="3cdbe9ae35732ea5a269337df9a88905485ddd78",
                        operation="UPDATE",
                        pgid="pgtrigger_offers_the_same_25bd7",
                        table="coordination_handoff",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="closed_for_good",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."closed_at" IS NOT NULL)',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="b5493222a091f284cae0b329037c95a312ff9f58",
                        operation="UPDATE",
                        pgid="pgtrigger_closed_for_good_5381c",
                        table="coordination_handoff",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_deleted",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                        hash="778424ca9b6e50aff1606151a8540f7d221b701e",
                        operation="DELETE",
                        pgid="pgtrigger_never_deleted_786df",
                        table="coordination_handoff",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="a71f03f91c4016fe9ba9b7bf472e5be1124c7caf",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_f4138",
                        table="coordination_handoff",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="handoffstep",
            index=models.Index(
                fields=["hand_off", "recorded_at"], name="coordination_hand_off_steps"
            ),
        ),
        AddTriggers(
            model_name="handoffstep",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="a371aa209ee71dc7d4e64bc61c3f3ba956e41159",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_ec38e",
                        table="coordination_handoffstep",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="01b90dd83609e1cfba25a2dbacc21256c0d03a78",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_2517d",
                        table="coordination_handoffstep",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="relatedperson",
            constraint=models.UniqueConstraint(
                fields=("organization", "patient", "user"), name="coordination_related_login"
            ),
        ),
        AddTriggers(
            model_name="relatedperson",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="related_to",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="e4be0b4fc433c7e9ff98519a292337a7998c6900",
                        operation="UPDATE",
                        pgid="pgtrigger_related_to_3d2ce",
                        table="coordination_relatedperson",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_deleted",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                        hash="1b41be940476a8f3317f95298d4f9f64ef8072f8",
                        operation="DELETE",
                        pgid="pgtrigger_never_deleted_c89cc",
                        table="coordination_relatedperson",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="b7fc5bdcd608e213cc3660b16d16b7de977e124f",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_f0834",
                        table="coordination_relatedperson",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="relatedpersonright",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("until__gt", models.F("since")), models.Q(("evidence", ""), _negated=True)
                ),
                name="coordination_right_documented",
            ),
        ),
        migrations.AddConstraint(
            model_name="relatedpersonright",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("right__in", ["view", "book", "consent", "message"]),
                    models.Q(
                        models.Q(
                            ("granted_by", "patient"), ("legal_basis", "patient_authorization")
                        ),
                        models.Q(
                            ("granted_by", "authority"),
                            models.Q(("legal_basis", "patient_authorization"), _negated=True),
                        ),
                        _connector="OR",
                    ),
                ),
                name="coordination_right_words",
            ),
        ),
        migrations.AddConstraint(
            model_name="relatedpersonright",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("revoked_at", None), ("revoked_because", "")),
                    models.Q(
                        ("revoked_at__isnull", False),
                        models.Q(("revoked_because", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="coordination_right_revoked",
            ),
        ),
        migrations.AddConstraint(
            model_name="relatedpersonright",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("revoked_at", None)),
                expressions=[
                    ("related_person", "="),
                    ("right", "="),
                    (
                        models.Func(
                            "since",
                            "until",
                            function="tstzrange",
                            output_field=django.contrib.postgres.fields.ranges.DateTimeRangeField(),
                        ),
                        "&&",
                    ),
                ],
                name="coordination_right_once",
            ),
        ),
        AddTriggers(
            model_name="relatedpersonright",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="grants_the_same",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."related_person_id" IS DISTINCT FROM (NEW."related_person_id") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."right" IS DISTINCT FROM (NEW."right") OR OLD."granted_by" IS DISTINCT FROM (NEW."granted_by") OR OLD."legal_basis" IS DISTINCT FROM (NEW."legal_basis") OR OLD."evidence" IS DISTINCT FROM (NEW."evidence") OR OLD."since" IS DISTINCT FROM (NEW."since") OR OLD."until" IS DISTINCT FROM (NEW."until") OR OLD."recorded_at" IS DISTINCT FROM (NEW."recorded_at") OR OLD."recorded_by" IS DISTINCT FROM (NEW."recorded_by") OR OLD."user_id" IS DISTINCT FROM (NEW."user_id"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="1b3f48d6bc72a560ed6f35dc1ea19e30138a7305",
                        operation="UPDATE",
                        pgid="pgtrigger_grants_the_same_e1700",
                        table="coordination_relatedpersonright",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="revoked_once",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."revoked_at" IS NOT NULL)',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="dc5afc83734de45ff5220b1ca3ee31cf5a7ebb63",
                        operation="UPDATE",
                        pgid="pgtrigger_revoked_once_ed66c",
                        table="coordination_relatedpersonright",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_deleted",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                        hash="81abe835fa7d0eb9a29701018b9b0781887a2e3d",
                        operation="DELETE",
                        pgid="pgtrigger_never_deleted_0e687",
                        table="coordination_relatedpersonright",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="97dab3c21b9d61ebed719cb846dfab3c2241ec4d",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_32392",
                        table="coordination_relatedpersonright",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        # The tables that 0002 fenced: their new key carries the organization as well.
        migrations.RunSQL(
            """
            ALTER TABLE coordination_patient
                ADD CONSTRAINT coordination_patient_merged_into_id_tenant
                FOREIGN KEY (organization_id, merged_into_id)
                REFERENCES coordination_patient (organization_id, id)
            """,
            "ALTER TABLE coordination_patient"
            " DROP CONSTRAINT coordination_patient_merged_into_id_tenant",
        ),
        Fence("HandOff"),
        Fence("HandOffStep", append_only=True),
        Fence("DuplicateReview"),
        Fence("DuplicateStep", append_only=True),
        Fence("RelatedPerson"),
        Fence("RelatedPersonRight"),
        LookupFunction(
            "coordination_lapsed_leads",
            arguments="at timestamptz, most integer",
            returns="TABLE (patient_id uuid, organization_id uuid)",
            body="""
                SELECT m.patient_id, m.organization_id
                FROM public.coordination_careteammember m
                JOIN public.coordination_practitionerrole r ON r.id = m.practitioner_role_id
                JOIN public.coordination_location l ON l.id = r.location_id
                WHERE m.role = 'lead' AND m.until IS NULL
                  AND (NOT r.is_active
                       OR (at AT TIME ZONE l.time_zone)::date
                          NOT BETWEEN r.registered_from AND coalesce(r.registered_until, 'infinity'))
                  AND NOT EXISTS (
                      SELECT FROM public.coordination_handoff h
                      WHERE h.patient_id = m.patient_id AND h.closed_at IS NULL
                        AND h.is_urgent)
                ORDER BY m.since, m.id LIMIT most
            """,
            reads=(
                "coordination_careteammember",
                "coordination_practitionerrole",
                "coordination_location",
                "coordination_handoff",
            ),
        ),
        LookupFunction(
            "coordination_lapses_over",
            arguments="at timestamptz, most integer",
            returns="TABLE (hand_off_id uuid, organization_id uuid)",
            body="""
                SELECT h.id, h.organization_id
                FROM public.coordination_handoff h
                JOIN public.coordination_practitionerrole r ON r.id = h.sender_id
                JOIN public.coordination_location l ON l.id = r.location_id
                WHERE h.cause = 'registration_lapsed' AND h.closed_at IS NULL AND r.is_active
                  AND (at AT TIME ZONE l.time_zone)::date
                      BETWEEN r.registered_from AND coalesce(r.registered_until, 'infinity')
                ORDER BY h.opened_at, h.id LIMIT most
            """,
            reads=(
                "coordination_handoff",
                "coordination_practitionerrole",
                "coordination_location",
            ),
        ),
    ]
