from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("coordination", "0026_holiday_calendar"),
    ]

    operations: ClassVar = [
        migrations.AlterField(
            model_name="directive",
            name="audience",
            field=models.CharField(
                choices=[
                    ("everyone", "Everybody but whoever wrote it or is a party to it"),
                    ("discipline", "Everybody of one discipline"),
                    ("practitioner", "One practitioner"),
                ],
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="directive",
            name="target",
            field=models.CharField(
                choices=[
                    ("everything", "All but who the patient is and who acts for them"),
                    ("discipline", "What one discipline does and writes"),
                    ("practitioner", "What one practitioner does and writes"),
                    ("condition", "One condition and all that belongs to it"),
                    ("record", "One record, in all its versions"),
                ],
                max_length=12,
            ),
        ),
        migrations.AddIndex(
            model_name="recordrequest",
            index=models.Index(
                condition=models.Q(("corrected_by_id__isnull", False)),
                fields=["organization", "corrected_by_id"],
                name="coordination_request_corrects",
            ),
        ),
    ]
