"""A hand-off says of a lead who cannot log in just that, and nothing of their registration."""

from django.db import migrations, models

# Going back, the cause that there was before stands for both.
_ONE_CAUSE = """
    ALTER TABLE public.coordination_handoff NO FORCE ROW LEVEL SECURITY;
    ALTER TABLE public.coordination_handoff DISABLE TRIGGER USER;
    UPDATE public.coordination_handoff SET cause = 'registration_lapsed'
    WHERE cause = 'cannot_log_in';
    ALTER TABLE public.coordination_handoff ENABLE TRIGGER USER;
    ALTER TABLE public.coordination_handoff FORCE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("coordination", "0002_records"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="handoff",
            name="coordination_hand_off_words",
        ),
        migrations.RunSQL(migrations.RunSQL.noop, _ONE_CAUSE),
        migrations.AlterField(
            model_name="handoff",
            name="cause",
            field=models.CharField(
                choices=[
                    ("offered", "The lead or a scheduler offered it"),
                    ("registration_lapsed", "The lead's registration is not valid"),
                    ("cannot_log_in", "The lead cannot log in"),
                ],
                max_length=20,
            ),
        ),
        migrations.AddConstraint(
            model_name="handoff",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("due_at__gte", models.F("opened_at")),
                    ("cause__in", ["offered", "registration_lapsed", "cannot_log_in"]),
                ),
                name="coordination_hand_off_words",
            ),
        ),
    ]
