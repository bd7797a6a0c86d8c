from typing import ClassVar

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

import coordination.models.owned
from coordination.migration_operations import AddTriggers
from coordination.tenancy import Fence


class Migration(migrations.Migration):
    dependencies: ClassVar = [("notifications", "0005_labels"), ("coordination", "0014_retention")]

    operations: ClassVar = [
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
                            ("commercial", "Offers and news, for which the law wants a consent"),
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
                        choices=[("given", "Given"), ("withdrawn", "Withdrawn")], max_length=9
                    ),
                ),
                (
                    "basis",
                    models.CharField(
                        blank=True,
                        choices=[("express", "Express"), ("implied", "Implied: it ends by itself")],
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
            ],
        ),
        migrations.RemoveConstraint(
            model_name="message",
            name="notifications_message_words",
        ),
        migrations.RemoveConstraint(
            model_name="preference",
            name="notifications_preference_words",
        ),
        migrations.AlterField(
            model_name="message",
            name="purpose",
            field=models.CharField(
                choices=[
                    ("care", "Somebody's care"),
                    ("commercial", "Offers and news, for which the law wants a consent"),
                    ("work", "Work that waits for a person"),
                ],
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="preference",
            name="purpose",
            field=models.CharField(
                choices=[
                    ("care", "Somebody's care"),
                    ("commercial", "Offers and news, for which the law wants a consent"),
                    ("work", "Work that waits for a person"),
                ],
                max_length=12,
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("channel__in", ["email", "in_app"]),
                    ("purpose__in", ["care", "commercial", "work"]),
                ),
                name="notifications_message_words",
            ),
        ),
        migrations.AddConstraint(
            model_name="preference",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("channel__in", ["email", "in_app"]),
                    ("purpose__in", ["care", "commercial", "work"]),
                ),
                name="notifications_preference_words",
            ),
        ),
        migrations.AddField(
            model_name="messagingconsent",
            name="organization",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="coordination.organization",
            ),
        ),
        migrations.AddField(
            model_name="messagingconsent",
            name="patient",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="messaging_consents",
                to="coordination.patient",
            ),
        ),
        migrations.AddIndex(
            model_name="messagingconsent",
            index=models.Index(
                fields=["organization", "patient", "purpose", "channel", "-recorded_at"],
                name="notifications_consent_latest",
            ),
        ),
        migrations.AddConstraint(
            model_name="messagingconsent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("basis", ""), ("decision", "withdrawn"), ("expires_at", None)),
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
        ),
        migrations.AddConstraint(
            model_name="messagingconsent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("channel__in", ["email", "in_app"]),
                    ("purpose__in", ["care", "commercial", "work"]),
                    ("obtained_at__lte", models.F("recorded_at")),
                ),
                name="notifications_consent_words",
            ),
        ),
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
    ]
