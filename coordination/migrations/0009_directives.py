import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

import coordination.models.owned
from coordination.migration_operations import AddTriggers
from coordination.tenancy import Fence


class Migration(migrations.Migration):
    dependencies = [
        ("coordination", "0008_reading"),
        # Not that it needs it: its many steps take seconds once there are as many models.
        ("oauth2_provider", "0022_refreshtoken_token_family_index"),
    ]

    operations = [
        migrations.CreateModel(
            name="Consent",
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
                    "agreement",
                    models.UUIDField(help_text="The same for every version of one agreement."),
                ),
                ("version", models.PositiveSmallIntegerField(help_text="1 for the first.")),
                (
                    "category",
                    models.CharField(
                        choices=[
                            ("treatment", "To be assessed and treated"),
                            ("collection", "That information is collected and used for care"),
                            ("sharing", "That information is shared outside the care team"),
                            ("lockbox", "That something is withheld within the care team"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "decision",
                    models.CharField(
                        choices=[
                            ("permit", "Permit"),
                            ("refuse", "Refuse"),
                            ("withdraw", "Withdraw what was permitted before"),
                        ],
                        max_length=8,
                    ),
                ),
                (
                    "about",
                    models.TextField(blank=True, help_text="What was asked, in a few words."),
                ),
                (
                    "wording",
                    models.CharField(
                        blank=True,
                        help_text="Which text the patient was shown, and its version.",
                        max_length=64,
                    ),
                ),
                (
                    "given_by",
                    models.CharField(
                        choices=[
                            ("patient", "Patient"),
                            ("substitute", "A substitute decision maker"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "means",
                    models.CharField(
                        choices=[
                            ("written", "Written"),
                            ("spoken", "Spoken"),
                            ("electronic", "Electronic"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "evidence",
                    models.TextField(
                        blank=True,
                        help_text="Where the evidence lies: a form's number, a recording's, …",
                    ),
                ),
                ("effective_at", models.DateTimeField(help_text="When the patient decided.")),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("recorded_at", models.DateTimeField()),
                ("recorded_by", models.TextField(help_text="Login of whoever wrote it down.")),
                ("user_id", models.UUIDField(blank=True, null=True)),
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
                        related_name="consents",
                        to="coordination.patient",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organization", "agreement", "version"),
                        name="coordination_consent_version",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("effective_at__lte", models.F("recorded_at")),
                            models.Q(
                                ("expires_at", None),
                                ("expires_at__gt", models.F("effective_at")),
                                _connector="OR",
                            ),
                        ),
                        name="coordination_consent_times",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("category__in", ["treatment", "collection", "sharing", "lockbox"]),
                            ("decision__in", ["permit", "refuse", "withdraw"]),
                            ("given_by__in", ["patient", "substitute"]),
                            ("means__in", ["written", "spoken", "electronic"]),
                        ),
                        name="coordination_consent_words",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decision", "withdraw"), _negated=True),
                            ("version__gt", 1),
                            _connector="OR",
                        ),
                        name="coordination_consent_withdrawn",
                    ),
                ],
                "indexes": [
                    models.Index(fields=["organization", "patient"], name="coordination_consent_of")
                ],
            },
        ),
        migrations.CreateModel(
            name="Directive",
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
                    "target",
                    models.CharField(
                        choices=[
                            ("everything", "The whole record"),
                            ("discipline", "What one discipline does and writes"),
                            ("practitioner", "What one practitioner does and writes"),
                            ("condition", "One condition and all that belongs to it"),
                            ("record", "One record"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "target_discipline",
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
                (
                    "target_id",
                    models.UUIDField(
                        blank=True,
                        help_text="Of the condition (its course) or of the record.",
                        null=True,
                    ),
                ),
                (
                    "audience",
                    models.CharField(
                        choices=[
                            ("everyone", "Everybody but whoever wrote it"),
                            ("discipline", "Everybody of one discipline"),
                            ("practitioner", "One practitioner"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "audience_discipline",
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
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField(blank=True, null=True)),
                (
                    "audience_practitioner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="coordination.practitioner",
                    ),
                ),
                (
                    "consent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="directives",
                        to="coordination.consent",
                    ),
                ),
                (
                    "ended_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="coordination.consent",
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
                        related_name="directives",
                        to="coordination.patient",
                    ),
                ),
                (
                    "target_practitioner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="coordination.practitioner",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("target", "everything"),
                                ("target_discipline", ""),
                                ("target_id", None),
                                ("target_practitioner", None),
                            ),
                            models.Q(
                                ("target", "discipline"),
                                ("target_id", None),
                                ("target_practitioner", None),
                                (
                                    "target_discipline__in",
                                    [
                                        "physiotherapy",
                                        "chiropractic",
                                        "massage_therapy",
                                        "kinesiology",
                                        "nutrition",
                                        "psychotherapy",
                                    ],
                                ),
                            ),
                            models.Q(
                                ("target", "practitioner"),
                                ("target_discipline", ""),
                                ("target_id", None),
                                ("target_practitioner__isnull", False),
                            ),
                            models.Q(
                                ("target__in", ["condition", "record"]),
                                ("target_discipline", ""),
                                ("target_id__isnull", False),
                                ("target_practitioner", None),
                            ),
                            _connector="OR",
                        ),
                        name="coordination_directive_target",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("audience", "everyone"),
                                ("audience_discipline", ""),
                                ("audience_practitioner", None),
                            ),
                            models.Q(
                                ("audience", "discipline"),
                                ("audience_practitioner", None),
                                (
                                    "audience_discipline__in",
                                    [
                                        "physiotherapy",
                                        "chiropractic",
                                        "massage_therapy",
                                        "kinesiology",
                                        "nutrition",
                                        "psychotherapy",
                                    ],
                                ),
                            ),
                            models.Q(
                                ("audience", "practitioner"),
                                ("audience_discipline", ""),
                                ("audience_practitioner__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="coordination_directive_audience",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_by", None), ("until", None)),
                            models.Q(
                                ("ended_by__isnull", False), ("until__gte", models.F("since"))
                            ),
                            _connector="OR",
                        ),
                        name="coordination_directive_period",
                    ),
                ],
                "indexes": [
                    models.Index(
                        condition=models.Q(("until", None)),
                        fields=["organization", "patient"],
                        name="coordination_directive_of",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Override",
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
                ("user_id", models.UUIDField(help_text="Who broke it; may not review it.")),
                (
                    "reason_code",
                    models.CharField(
                        choices=[
                            ("risk_of_harm", "Somebody may come to serious harm without it"),
                            ("patient_agrees", "The patient agrees, here and now"),
                            ("legal_duty", "A law or an order requires it"),
                        ],
                        max_length=16,
                    ),
                ),
                ("reason", models.TextField(help_text="In the words of whoever broke it.")),
                (
                    "opens_withheld",
                    models.BooleanField(
                        help_text="Whether it also opens what the patient had locked away."
                    ),
                ),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField()),
                (
                    "alerted_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When the privacy officers' messages were written.",
                        null=True,
                    ),
                ),
                ("review_due_at", models.DateTimeField()),
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
                        related_name="overrides",
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
                            ("until__gt", models.F("since")),
                            models.Q(("reason", ""), _negated=True),
                        ),
                        name="coordination_override_bounded",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("reason_code__in", ["risk_of_harm", "patient_agrees", "legal_duty"]),
                            (
                                "verdict__in",
                                ["", "appropriate", "inappropriate", "needs_follow_up"],
                            ),
                        ),
                        name="coordination_override_words",
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
                                models.Q(("verdict", ""), _negated=True),
                                models.Q(("review_note", ""), _negated=True),
                                ("reviewed_at__isnull", False),
                                ("reviewed_by__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="coordination_override_reviewed",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("reviewed_by", None),
                            models.Q(("reviewed_by", models.F("user_id")), _negated=True),
                            _connector="OR",
                        ),
                        name="coordination_override_by_another",
                    ),
                ],
                "indexes": [
                    models.Index(
                        condition=models.Q(("verdict", "")),
                        fields=["organization", "review_due_at"],
                        name="coordination_override_open",
                    ),
                    models.Index(
                        condition=models.Q(("alerted_at", None)),
                        fields=["since"],
                        name="coordination_override_untold",
                    ),
                    models.Index(
                        fields=["organization", "practitioner_role", "patient"],
                        name="coordination_override_of",
                    ),
                ],
            },
        ),
        AddTriggers(
            model_name="consent",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="9ecb4c776f700926112fff7664dee1c1948858a4",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_fe5ad",
                        table="coordination_consent",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="a2c5906ea2112eeb3b1ebba6bc6ac022068846ff",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_d3d1f",
                        table="coordination_consent",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        AddTriggers(
            model_name="directive",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="says_the_same",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."consent_id" IS DISTINCT FROM (NEW."consent_id") OR OLD."target" IS DISTINCT FROM (NEW."target") OR OLD."target_discipline" IS DISTINCT FROM (NEW."target_discipline") OR OLD."target_practitioner_id" IS DISTINCT FROM (NEW."target_practitioner_id") OR OLD."target_id" IS DISTINCT FROM (NEW."target_id") OR OLD."audience" IS DISTINCT FROM (NEW."audience") OR OLD."audience_discipline" IS DISTINCT FROM (NEW."audience_discipline") OR OLD."audience_practitioner_id" IS DISTINCT FROM (NEW."audience_practitioner_id") OR OLD."since" IS DISTINCT FROM (NEW."since"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="f46ff3ef82db969eaa18a349834ab6e860de7dad",
                        operation="UPDATE",
                        pgid="pgtrigger_says_the_same_0275a",
                        table="coordination_directive",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="ends_once",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."until" IS NOT NULL)',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="0fbdfde37732fe48e9f2e9cf7349022448b135dd",
                        operation="UPDATE",
                        pgid="pgtrigger_ends_once_e8024",
                        table="coordination_directive",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_deleted",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                        hash="13232d7dd4199f2b9cddac21496feebe2105cc9c",
                        operation="DELETE",
                        pgid="pgtrigger_never_deleted_297f9",
                        table="coordination_directive",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="49fcaa37665f241b16b8021c381f9603ddc59f50",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_c839d",
                        table="coordination_directive",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        AddTriggers(
            model_name="override",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="stays_as_broken",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."practitioner_role_id" IS DISTINCT FROM (NEW."practitioner_role_id") OR OLD."user_id" IS DISTINCT FROM (NEW."user_id") OR OLD."reason_code" IS DISTINCT FROM (NEW."reason_code") OR OLD."reason" IS DISTINCT FROM (NEW."reason") OR OLD."opens_withheld" IS DISTINCT FROM (NEW."opens_withheld") OR OLD."since" IS DISTINCT FROM (NEW."since") OR OLD."review_due_at" IS DISTINCT FROM (NEW."review_due_at"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="9aa88a4c92b64101d8af97717ae65765e4a29b99",
                        operation="UPDATE",
                        pgid="pgtrigger_stays_as_broken_2e9ab",
                        table="coordination_override",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_longer",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (NEW."until" > (OLD."until"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="999e7370dcc8a761ff502ec67d0df0b4a57fd5f2",
                        operation="UPDATE",
                        pgid="pgtrigger_never_longer_3109f",
                        table="coordination_override",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="reviewed_once",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition="WHEN (NOT (OLD.\"verdict\" = ''))",
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="725db0a8ea776f05bbe19bfb7d6de5d55a6f9059",
                        operation="UPDATE",
                        pgid="pgtrigger_reviewed_once_8110e",
                        table="coordination_override",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_deleted",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                        hash="f80a1394cf28f6b4284e2b441cfe925a2208782b",
                        operation="DELETE",
                        pgid="pgtrigger_never_deleted_5c29f",
                        table="coordination_override",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="cacad28f15941d6884cada56d8aac4ab269dc925",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_2ac37",
                        table="coordination_override",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("Consent", append_only=True),
        Fence("Directive"),
        Fence("Override"),
    ]
