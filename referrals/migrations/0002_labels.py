import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("referrals", "0001_initial")]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="referral",
            name="stays_what_it_is",
        ),
        migrations.AddField(
            model_name="referral",
            name="condition_id",
            field=models.UUIDField(
                blank=True,
                help_text="The condition that it is about, as consent directives name it: a course.",
                null=True,
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="referral",
            trigger=pgtrigger.compiler.Trigger(
                name="stays_what_it_is",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."discipline" IS DISTINCT FROM (NEW."discipline") OR OLD."reason_code" IS DISTINCT FROM (NEW."reason_code") OR OLD."requested_by_id" IS DISTINCT FROM (NEW."requested_by_id") OR OLD."requested_at" IS DISTINCT FROM (NEW."requested_at") OR OLD."key" IS DISTINCT FROM (NEW."key") OR OLD."lane_id" IS DISTINCT FROM (NEW."lane_id") OR OLD."condition_id" IS DISTINCT FROM (NEW."condition_id") OR OLD."priority" IS DISTINCT FROM (NEW."priority") OR OLD."queue_position" IS DISTINCT FROM (NEW."queue_position"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="9b2cb264e83d349254ed2df2dea1b30499fc11b8",
                    operation="UPDATE",
                    pgid="pgtrigger_stays_what_it_is_f98c3",
                    table="referrals_referral",
                    when="BEFORE",
                ),
            ),
        ),
    ]
