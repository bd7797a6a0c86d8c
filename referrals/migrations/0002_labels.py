from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    dependencies: ClassVar = [("referrals", "0001_initial")]

    operations: ClassVar = []
