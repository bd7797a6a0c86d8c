from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    dependencies: ClassVar = [("coordination", "0004_patient_imported_version")]

    operations: ClassVar = []
