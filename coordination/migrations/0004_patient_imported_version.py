"""Remember which version of a patient the last import left, to tell later edits by hand."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("coordination", "0003_work_items")]

    operations = [
        migrations.AddField(
            model_name="patient",
            name="imported_version",
            field=models.PositiveIntegerField(
                blank=True,
                editable=False,
                help_text="`version` as the last import left it; a newer one was edited by hand.",
                null=True,
            ),
        ),
    ]
