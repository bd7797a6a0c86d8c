from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    dependencies: ClassVar = [("coordination", "0013_oversight")]

    operations: ClassVar = []
