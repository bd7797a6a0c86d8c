"""An alert that was taken up is open again once whoever did may not practise any more."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations

from coordination.tenancy import LookupFunction


class Migration(migrations.Migration):
    dependencies = [
        ("care_plans", "0002_dangers"),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="safetyalert",
            name="safety_alert_status",
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="safetyalert",
            trigger=pgtrigger.compiler.Trigger(
                name="safety_alert_status",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{open:acknowledged,acknowledged:closed,acknowledged:open}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="ed06162e09b81950f66988425c980bf7199f016b",
                    operation="UPDATE",
                    pgid="pgtrigger_safety_alert_status_ff937",
                    table="care_plans_safetyalert",
                    when="BEFORE",
                ),
            ),
        ),
        LookupFunction(
            "care_plans_alerts_forsaken",
            arguments="moment timestamptz, size integer",
            returns="TABLE (alert_id uuid, organization_id uuid)",
            body="""
                SELECT a.id, a.organization_id FROM public.care_plans_safetyalert a
                JOIN public.coordination_practitionerrole r ON r.id = a.acknowledged_by_id
                JOIN public.coordination_location l ON l.id = r.location_id
                WHERE a.status = 'acknowledged'
                    AND (NOT r.is_active
                        OR (moment AT TIME ZONE l.time_zone)::date NOT BETWEEN r.registered_from
                            AND coalesce(r.registered_until, 'infinity'))
                ORDER BY a.raised_at LIMIT size
            """,
            reads=(
                "care_plans_safetyalert",
                "coordination_practitionerrole",
                "coordination_location",
            ),
        ),
    ]
