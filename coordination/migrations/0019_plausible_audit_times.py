"""Take no audit row or seal of a time that nobody can read.

Rows that are there already are not asked, so that one that was forged stops no migration;
`verify_audit` names it.
"""

from datetime import UTC, date, datetime
from typing import ClassVar

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):
    """After 0018."""

    dependencies: ClassVar = [("coordination", "0018_logins_fenced")]

    operations: ClassVar = [
        AddConstraintNotValid(
            model_name="auditevent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    recorded_at__gte=datetime(2000, 1, 1, tzinfo=UTC),
                    recorded_at__lt=datetime(2200, 1, 1, tzinfo=UTC),
                ),
                name="coordination_audit_plausible",
            ),
        ),
        AddConstraintNotValid(
            model_name="auditseal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    sealed_at__gte=datetime(2000, 1, 1, tzinfo=UTC),
                    sealed_at__lt=datetime(2200, 1, 1, tzinfo=UTC),
                )
                & models.Q(month__gte=date(2000, 1, 1), month__lt=date(2200, 1, 1)),
                name="coordination_seal_plausible",
            ),
        ),
    ]
