"""What waited to be said about somebody's safety before there was `is_safety` goes out first too."""

from django.db import migrations

from coordination.tenancy import LOOKUP_ROLE

MARK = f"""
    SET LOCAL ROLE {LOOKUP_ROLE};
    UPDATE public.notifications_message SET is_safety = true
    WHERE status IN ('queued', 'sending') AND NOT is_safety
        AND kind IN ('safety.alert', 'red-flag.stop', 'red-flag.overdue', 'override.made');
    RESET ROLE;
"""


class Migration(migrations.Migration):
    dependencies = [("notifications", "0002_safety_first")]

    operations = [migrations.RunSQL(MARK, migrations.RunSQL.noop)]
