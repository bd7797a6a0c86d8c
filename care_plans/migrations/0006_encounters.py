from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    dependencies: ClassVar = [("care_plans", "0005_lane_needed_again")]

    operations: ClassVar = []
