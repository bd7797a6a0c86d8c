"""What a referral, a hand-off or a membership gave is found by it, however many grants there are."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("coordination", "0003_hand_off_causes"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="accessgrant",
            index=models.Index(fields=["source_id"], name="coordination_grant_source"),
        ),
    ]
