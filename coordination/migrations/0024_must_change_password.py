"""Keep of a login whether somebody else chose its password."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """Who has a login already keeps the password: whose choice it was is not known."""

    dependencies: ClassVar = [("coordination", "0023_enrolled")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="user",
            name="must_change_password",
            field=models.BooleanField(
                default=False,
                help_text="Somebody else chose the password: it opens nothing until it is changed.",
            ),
        ),
    ]
