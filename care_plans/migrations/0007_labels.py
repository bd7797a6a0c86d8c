from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    dependencies: ClassVar = [("care_plans", "0006_encounters")]

    operations: ClassVar = []
