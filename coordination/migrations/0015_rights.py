"""A patient's own login."""

from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


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
    ]
