from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    dependencies: ClassVar = [("coordination", "0008_reading")]

    operations: ClassVar = []
