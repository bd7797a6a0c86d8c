"""The outbox, what people wish and agreed to, and the look-ups of its sweeps."""

import django.db.models.deletion
import pgtrigger.compiler
from django.conf import settings
from django.db import migrations, models

import coordination.models.owned
from coordination.migration_operations import AddTriggers, Together
from coordination.tenancy import Fence, LookupFunction


class Migration(migrations.Migration):
    initial = True
    replaces = [
        ("notifications", "0001_initial"),
        ("notifications", "0002_fences"),
        ("notifications", "0003_backlog"),
        ("notifications", "0004_message_person"),
        ("notifications", "0005_labels"),
        ("notifications", "0006_messaging_consent"),
        ("notifications", "0007_overrides_with_officers"),
    ]
    dependencies = [
        ("coordination", "0002_records"),
    ]
    operations = [
        Together(
            [
                migrations.CreateModel(
                    name="Message",
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
                        ("kind", models.CharField(max_length=64)),
                        (
                            "purpose",
                            models.CharField(
                                choices=[
                                    ("care", "Somebody's care"),
                                    (
                                        "commercial",
                                        "Offers and news, for which the law wants a consent",
                                    ),
                                    ("work", "Work that waits for a person"),
                                ],
                                max_length=12,
                            ),
                        ),
                        (
                            "channel",
                            models.CharField(
                                choices=[("email", "Email"), ("in_app", "In App")], max_length=8
                            ),
                        ),
                        (
                            "as_role",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("practitioner", "Practitioner"),
                                    ("scheduler", "Scheduler"),
                                    ("administrator", "Administrator"),
                                    ("privacy_officer", "Privacy Officer"),
                                ],
                                help_text="The hat for which a login is written to; it must still wear it.",
                                max_length=16,
                            ),
                        ),
                        (
                            "subject_id",
                            models.UUIDField(help_text="The course, referral, … that it is about."),
                        ),
                        (
                            "occurrence",
                            models.TextField(
                                help_text="Which happening of the kind at the subject."
                            ),
                        ),
                        ("path", models.TextField(help_text="Where in Continuum it leads.")),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("queued", "Queued"),
                                    ("sending", "Sending"),
                                    ("sent", "Sent"),
                                    ("failed", "Failed"),
                                    ("cancelled", "Cancelled"),
                                    ("suppressed", "Suppressed"),
                                ],
                                default="queued",
                                max_length=10,
                            ),
                        ),
                        (
                            "reason",
                            models.TextField(
                                blank=True, help_text="Why it was not sent; no health data."
                            ),
                        ),
                        ("created_at", models.DateTimeField()),
                        ("due_at", models.DateTimeField()),
                        ("next_at", models.DateTimeField()),
                        ("claimed_at", models.DateTimeField(blank=True, null=True)),
                        ("begun_at", models.DateTimeField(blank=True, null=True)),
                        ("tries", models.PositiveSmallIntegerField(default=0)),
                        ("sent_at", models.DateTimeField(blank=True, null=True)),
                        ("read_at", models.DateTimeField(blank=True, null=True)),
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
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.patient",
                            ),
                        ),
                        (
                            "to_patient",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.patient",
                            ),
                        ),
                        (
                            "to_practitioner_role",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.practitionerrole",
                            ),
                        ),
                        (
                            "to_user",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "person",
                            models.UUIDField(
                                help_text="Who that is, however addressed: their login, or else the person's own id."
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("to_patient", None),
                                        ("to_practitioner_role", None),
                                        ("to_user__isnull", False),
                                    ),
                                    models.Q(
                                        ("to_patient", None),
                                        ("to_practitioner_role__isnull", False),
                                        ("to_user", None),
                                    ),
                                    models.Q(
                                        ("to_patient__isnull", False),
                                        ("to_practitioner_role", None),
                                        ("to_user", None),
                                    ),
                                    _connector="OR",
                                ),
                                name="notifications_message_one_recipient",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("begun_at", None),
                                        ("claimed_at", None),
                                        ("sent_at", None),
                                        ("status", "queued"),
                                    ),
                                    models.Q(
                                        ("claimed_at__isnull", False),
                                        ("sent_at", None),
                                        ("status", "sending"),
                                    ),
                                    models.Q(
                                        ("begun_at", None),
                                        ("claimed_at", None),
                                        ("sent_at__isnull", False),
                                        ("status", "sent"),
                                    ),
                                    models.Q(
                                        models.Q(("reason", ""), _negated=True),
                                        ("begun_at", None),
                                        ("claimed_at", None),
                                        ("sent_at", None),
                                        ("status__in", ["failed", "cancelled", "suppressed"]),
                                    ),
                                    _connector="OR",
                                ),
                                name="notifications_message_state",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("read_at", None),
                                    models.Q(("channel", "in_app"), ("status", "sent")),
                                    _connector="OR",
                                ),
                                name="notifications_message_read",
                            ),
                            models.UniqueConstraint(
                                fields=(
                                    "organization",
                                    "subject_id",
                                    "occurrence",
                                    "kind",
                                    "channel",
                                    "person",
                                ),
                                name="notifications_message_once",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("channel__in", ["email", "in_app"]),
                                    ("purpose__in", ["care", "commercial", "work"]),
                                ),
                                name="notifications_message_words",
                            ),
                        ],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("status", "queued")),
                                fields=["channel", "next_at"],
                                name="notifications_message_due",
                            ),
                            models.Index(
                                condition=models.Q(("status", "sending")),
                                fields=["claimed_at"],
                                name="notifications_message_held",
                            ),
                            models.Index(
                                condition=models.Q(("status", "queued")),
                                fields=["organization", "subject_id"],
                                name="notifications_message_subject",
                            ),
                            models.Index(
                                condition=models.Q(("channel", "in_app"), ("status", "sent")),
                                fields=["organization", "to_user", "-sent_at"],
                                name="notifications_inbox_user",
                            ),
                            models.Index(
                                condition=models.Q(("channel", "in_app"), ("status", "sent")),
                                fields=["organization", "to_practitioner_role", "-sent_at"],
                                name="notifications_inbox_role",
                            ),
                            models.Index(
                                fields=["organization", "patient", "-id"],
                                name="notifications_message_patient",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Attempt",
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
                        ("started_at", models.DateTimeField()),
                        ("finished_at", models.DateTimeField()),
                        (
                            "outcome",
                            models.CharField(
                                choices=[
                                    ("accepted", "The channel took it"),
                                    ("retry", "Not now; to be tried again"),
                                    ("refused", "Never; not to be tried again"),
                                    ("lost", "The worker ended before it could tell"),
                                ],
                                max_length=8,
                            ),
                        ),
                        (
                            "response",
                            models.TextField(
                                blank=True, help_text="Code and text; no address, no health data."
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
                            "message",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="attempts",
                                to="notifications.message",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("finished_at__gte", models.F("started_at"))),
                                name="notifications_attempt_period",
                            )
                        ],
                        "indexes": [
                            models.Index(
                                fields=["organization", "message"], name="notifications_attempt_of"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Preference",
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
                            "purpose",
                            models.CharField(
                                choices=[
                                    ("care", "Somebody's care"),
                                    (
                                        "commercial",
                                        "Offers and news, for which the law wants a consent",
                                    ),
                                    ("work", "Work that waits for a person"),
                                ],
                                max_length=12,
                            ),
                        ),
                        (
                            "channel",
                            models.CharField(
                                choices=[("email", "Email"), ("in_app", "In App")], max_length=8
                            ),
                        ),
                        ("wanted", models.BooleanField()),
                        ("changed_at", models.DateTimeField()),
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
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.patient",
                            ),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("organization", "user", "patient", "purpose", "channel"),
                                name="notifications_preference_once",
                                nulls_distinct=False,
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("patient", None), ("user__isnull", False)),
                                    models.Q(("patient__isnull", False), ("user", None)),
                                    _connector="OR",
                                ),
                                name="notifications_preference_one_person",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("channel__in", ["email", "in_app"]),
                                    ("purpose__in", ["care", "commercial", "work"]),
                                ),
                                name="notifications_preference_words",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="MessagingConsent",
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
                            "purpose",
                            models.CharField(
                                choices=[
                                    ("care", "Somebody's care"),
                                    (
                                        "commercial",
                                        "Offers and news, for which the law wants a consent",
                                    ),
                                    ("work", "Work that waits for a person"),
                                ],
                                max_length=12,
                            ),
                        ),
                        (
                            "channel",
                            models.CharField(
                                choices=[("email", "Email"), ("in_app", "In App")], max_length=8
                            ),
                        ),
                        (
                            "decision",
                            models.CharField(
                                choices=[("given", "Given"), ("withdrawn", "Withdrawn")],
                                max_length=9,
                            ),
                        ),
                        (
                            "basis",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("express", "Express"),
                                    ("implied", "Implied: it ends by itself"),
                                ],
                                max_length=7,
                            ),
                        ),
                        (
                            "means",
                            models.CharField(
                                choices=[
                                    ("spoken", "Spoken"),
                                    ("written", "Written"),
                                    ("online", "Online"),
                                    ("link", "The link in a message"),
                                ],
                                max_length=7,
                            ),
                        ),
                        (
                            "wording",
                            models.CharField(
                                blank=True,
                                help_text="Which version of the words was agreed to.",
                                max_length=64,
                            ),
                        ),
                        (
                            "evidence",
                            models.TextField(
                                blank=True,
                                help_text="Where the proof lies: a form, a recording, a message.",
                            ),
                        ),
                        ("obtained_at", models.DateTimeField()),
                        ("expires_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "recorded_by",
                            models.TextField(help_text="The login, or the link that was followed."),
                        ),
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
                                related_name="messaging_consents",
                                to="coordination.patient",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                fields=[
                                    "organization",
                                    "patient",
                                    "purpose",
                                    "channel",
                                    "-recorded_at",
                                ],
                                name="notifications_consent_latest",
                            )
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("basis", ""),
                                        ("decision", "withdrawn"),
                                        ("expires_at", None),
                                    ),
                                    models.Q(
                                        models.Q(("wording", ""), _negated=True),
                                        models.Q(("evidence", ""), _negated=True),
                                        ("basis", "express"),
                                        ("decision", "given"),
                                    ),
                                    models.Q(
                                        models.Q(("evidence", ""), _negated=True),
                                        ("basis", "implied"),
                                        ("decision", "given"),
                                        ("expires_at__gt", models.F("obtained_at")),
                                    ),
                                    _connector="OR",
                                ),
                                name="notifications_consent_evidence",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("channel__in", ["email", "in_app"]),
                                    ("purpose__in", ["care", "commercial", "work"]),
                                    ("obtained_at__lte", models.F("recorded_at")),
                                ),
                                name="notifications_consent_words",
                            ),
                        ],
                    },
                ),
            ]
        ),
        AddTriggers(
            model_name="message",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="status",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        declare="DECLARE _is_valid_transition BOOLEAN;",
                        func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{queued:sending,queued:cancelled,sending:queued,sending:sent,sending:failed,sending:suppressed}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                        hash="86ef42fd7c63572b28241a99b5829bffb045800b",
                        operation="UPDATE",
                        pgid="pgtrigger_status_87d19",
                        table="notifications_message",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="begins_queued",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition="WHEN (NOT (NEW.\"status\" = 'queued'))",
                        func="RAISE EXCEPTION 'pgtrigger: Cannot insert rows from % table', TG_TABLE_NAME;",
                        hash="38fe6525eb7edcd53876e1579a6d8bdeab35ddaf",
                        operation="INSERT",
                        pgid="pgtrigger_begins_queued_20cee",
                        table="notifications_message",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="stays",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                        hash="9d09631e962c67770b6333f2f3b07bedc596e69f",
                        operation="DELETE",
                        pgid="pgtrigger_stays_8be49",
                        table="notifications_message",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("Message"),
        AddTriggers(
            model_name="attempt",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="88fe128e9b335285b7bae8d747c9338aebaab334",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_ed8cf",
                        table="notifications_attempt",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="1f849e1ad98029e82f9be545d9b58f4b2f64a366",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_c86dc",
                        table="notifications_attempt",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("Attempt", append_only=True),
        Fence("Preference"),
        AddTriggers(
            model_name="messagingconsent",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="3dc143ff21429fbc9be081604f1097651677e7fb",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_c11f6",
                        table="notifications_messagingconsent",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="f2d19c4ead97a5b8bcd0c134d65701b84a52c838",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_13056",
                        table="notifications_messagingconsent",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("MessagingConsent", append_only=True),
        LookupFunction(
            "notifications_due",
            arguments="by_channel text, at timestamptz, up_to integer",
            returns="TABLE (message_id uuid, organization_id uuid)",
            body="""
                WITH due AS MATERIALIZED (
                    SELECT m.id FROM public.notifications_message m
                    WHERE m.status = 'queued' AND m.channel = by_channel AND m.next_at <= at
                    ORDER BY m.next_at LIMIT up_to
                    FOR UPDATE SKIP LOCKED
                ), claimed AS (
                    UPDATE public.notifications_message m
                    SET status = 'sending', claimed_at = at
                    FROM due WHERE m.id = due.id
                    RETURNING m.id, m.organization_id, m.next_at
                )
                SELECT c.id, c.organization_id FROM claimed c ORDER BY c.next_at, c.id
            """,
            updates=("notifications_message",),
        ),
        LookupFunction(
            "notifications_stale",
            arguments="before timestamptz, up_to integer",
            returns="TABLE (message_id uuid, organization_id uuid)",
            body="""
                SELECT m.id, m.organization_id FROM public.notifications_message m
                WHERE m.status = 'sending' AND m.claimed_at < before
                ORDER BY m.claimed_at LIMIT up_to
            """,
            updates=("notifications_message",),
        ),
        LookupFunction(
            "notifications_backlog",
            arguments="at timestamptz",
            returns="TABLE (channel text, due bigint, sending bigint, oldest timestamptz)",
            body="""
                SELECT m.channel::text,
                       count(*) FILTER (WHERE m.status = 'queued'),
                       count(*) FILTER (WHERE m.status = 'sending'),
                       min(m.next_at) FILTER (WHERE m.status = 'queued')
                FROM public.notifications_message m
                WHERE m.status = 'queued' AND m.next_at <= at OR m.status = 'sending'
                GROUP BY m.channel
            """,
            reads=("notifications_message",),
        ),
        LookupFunction(
            "notifications_overrides_untold",
            arguments="most integer",
            returns="TABLE (override_id uuid, organization_id uuid)",
            body="""
                SELECT o.id, o.organization_id FROM public.coordination_override o
                WHERE o.alerted_at IS NULL AND EXISTS (
                    SELECT FROM public.coordination_membership m
                    WHERE m.organization_id = o.organization_id AND m.role = 'privacy_officer'
                      AND m.user_id <> o.user_id
                      AND m.since <= now() AND (m.until IS NULL OR m.until > now())
                )
                ORDER BY o.since LIMIT most
            """,
            reads=("coordination_override", "coordination_membership"),
        ),
    ]
