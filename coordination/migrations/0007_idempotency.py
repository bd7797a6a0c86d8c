from typing import ClassVar

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import coordination.models.owned
from coordination.tenancy import Fence, LookupFunction


class Migration(migrations.Migration):
    dependencies: ClassVar = [("coordination", "0006_logins")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="KeptAnswer",
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
                    "login",
                    models.TextField(
                        help_text="Whose key it is: no other login may hear the answer."
                    ),
                ),
                ("key", models.TextField()),
                (
                    "fingerprint",
                    models.BinaryField(help_text="SHA-256 of method, address, If-Match and body."),
                ),
                ("status", models.PositiveSmallIntegerField()),
                ("headers", models.JSONField(default=dict)),
                ("body", models.BinaryField()),
                (
                    "resource",
                    models.TextField(blank=True, help_text="The kind of record that it showed."),
                ),
                ("resource_id", models.UUIDField(blank=True, null=True)),
                (
                    "patient_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(),
                        help_text="Patients it was about whom the caller reached afterwards.",
                    ),
                ),
                ("kept_at", models.DateTimeField()),
                ("kept_until", models.DateTimeField()),
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
                    models.Index(fields=["kept_until"], name="coordination_answer_old"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organization", "login", "key"), name="coordination_answer_key"
                    )
                ],
            },
        ),
        Fence("KeptAnswer"),
        LookupFunction(
            "coordination_answers_to_sweep",
            arguments="at timestamptz",
            returns="SETOF uuid",
            body="""
                SELECT DISTINCT a.organization_id FROM public.coordination_keptanswer a
                WHERE a.kept_until <= at
            """,
            reads=("coordination_keptanswer",),
        ),
    ]
