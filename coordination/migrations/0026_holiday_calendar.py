from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("coordination", "0025_on_call"),
    ]

    operations: ClassVar = [
        migrations.AddField(
            model_name="location",
            name="holiday_calendar",
            field=models.CharField(
                blank=True,
                help_text="Whose public holidays it keeps, such as CA-ON; blank: nobody has said.",
                max_length=12,
            ),
        ),
    ]
