"""A stay counts how often it was timed, so that each timing has alerts of its own."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("care_plans", "0003_assessments")]

    operations = [
        migrations.AddField(
            model_name="stagestay",
            name="plan",
            field=models.PositiveSmallIntegerField(
                default=1,
                help_text="Raised whenever the stay is timed anew: its alerts are new ones then.",
            ),
        ),
    ]
