"""Write when a stay was last looked at into the page that it is on, and into no index."""

from django.db import migrations

from coordination.tenancy import LookupFunction

_DUE = """
                SELECT s.course_id, s.organization_id FROM public.care_plans_stagestay s
                WHERE s.left_at IS NULL AND s.checked_at < before
                ORDER BY s.checked_at{} LIMIT size
"""


class Migration(migrations.Migration):
    dependencies = [("care_plans", "0010_alerts_unheard")]

    operations = [
        migrations.RemoveIndex("stagestay", "care_plans_stay_check"),
        # room for a second version of each row beside it, so that no index has to point elsewhere
        migrations.RunSQL(
            "ALTER TABLE care_plans_stagestay SET (fillfactor = 50)",
            "ALTER TABLE care_plans_stagestay RESET (fillfactor)",
        ),
        # what was looked at in one batch is looked at in the order in which it lies in the tables
        LookupFunction(
            "care_plans_stays_to_check",
            arguments="before timestamptz, size integer",
            returns="TABLE (course_id uuid, organization_id uuid)",
            body=_DUE.format(", s.course_id"),
            reads=("care_plans_stagestay",),
            replaces=True,
            was=_DUE.format(""),
        ),
    ]
