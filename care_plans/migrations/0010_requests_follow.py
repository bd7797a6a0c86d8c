from django.db import migrations

#: Requests about a summary that was withdrawn before are closed with it. The owner of the tables
#: steps over their fences for this one statement.
FILL = """
    ALTER TABLE coordination_recordrequest NO FORCE ROW LEVEL SECURITY;
    ALTER TABLE care_plans_caresummary NO FORCE ROW LEVEL SECURITY;
    UPDATE coordination_recordrequest r SET sensitivity = s.sensitivity
        FROM care_plans_caresummary s
        WHERE r.resource = 'CareSummary' AND r.resource_id = s.id
          AND r.sensitivity <> s.sensitivity;
    ALTER TABLE care_plans_caresummary FORCE ROW LEVEL SECURITY;
    ALTER TABLE coordination_recordrequest FORCE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("care_plans", "0009_lane_rests_on"),
        ("coordination", "0022_requests_follow"),
    ]

    operations = [migrations.RunSQL(FILL, migrations.RunSQL.noop)]
