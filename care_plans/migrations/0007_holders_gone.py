"""What was taken up goes to somebody else once its holder may not practise or cannot log in."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations

from care_plans.migrations._gone import GONE, HOLDERS
from coordination.tenancy import LOOKUP_ROLE, LookupFunction

_GONE = GONE.format(r="r", l="l", at="moment")
_LEAD_IS_GONE = GONE.format(r="n", l="o", at="moment")


class Migration(migrations.Migration):
    dependencies = [
        ("care_plans", "0006_intakes_to_check"),
        ("coordination", "0002_records"),
    ]

    operations = [
        migrations.RunSQL(
            f"""
            GRANT SELECT (id, is_active) ON public.coordination_user TO {LOOKUP_ROLE};
            CREATE POLICY lookup ON public.coordination_user TO {LOOKUP_ROLE} USING (true);
            """,
            f"""
            DROP POLICY lookup ON public.coordination_user;
            REVOKE SELECT (id, is_active) ON public.coordination_user FROM {LOOKUP_ROLE};
            """,
        ),
        LookupFunction(
            "care_plans_alerts_forsaken",
            arguments="moment timestamptz, size integer",
            returns="TABLE (alert_id uuid, organization_id uuid)",
            body=f"""
                SELECT a.id, a.organization_id FROM public.care_plans_safetyalert a
                JOIN public.coordination_practitionerrole r ON r.id = a.acknowledged_by_id
                JOIN public.coordination_location l ON l.id = r.location_id
                WHERE a.status = 'acknowledged' AND {_GONE}
                ORDER BY a.raised_at LIMIT size
            """,
            reads=("care_plans_safetyalert", *HOLDERS),
            replaces=True,
        ),
        # What waits for a lead who is gone has a hand-off of its own; what they took up is left.
        LookupFunction(
            "care_plans_flags_forsaken",
            arguments="moment timestamptz, size integer",
            returns="TABLE (patient_id uuid, organization_id uuid)",
            body=f"""
                SELECT DISTINCT f.patient_id, f.organization_id FROM public.care_plans_redflag f
                JOIN public.care_plans_course c ON c.id = f.course_id
                LEFT JOIN public.coordination_workitem w ON w.id = f.work_item_id
                LEFT JOIN public.coordination_practitionerrole r ON r.id = w.owner_id
                LEFT JOIN public.coordination_location l ON l.id = r.location_id
                LEFT JOIN public.coordination_careteammember t ON t.patient_id = f.patient_id
                    AND t.role = 'lead' AND t.until IS NULL
                LEFT JOIN public.coordination_practitionerrole n ON n.id = t.practitioner_role_id
                LEFT JOIN public.coordination_location o ON o.id = n.location_id
                WHERE f.status <> 'cleared'
                    AND (c.status <> 'discharged'
                        OR f.urgency NOT IN ('review_before_progress', 'routine'))
                    AND CASE WHEN w.id IS NULL THEN n.id IS NOT NULL AND NOT {_LEAD_IS_GONE}
                        ELSE {_GONE} AND (n.id IS DISTINCT FROM r.id
                            OR f.acknowledged_by_id = r.id)
                        END
                LIMIT size
            """,
            reads=(
                "care_plans_redflag",
                "care_plans_course",
                "coordination_workitem",
                "coordination_careteammember",
                *HOLDERS,
            ),
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="redflag",
            name="red_flag_status",
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="redflag",
            trigger=pgtrigger.compiler.Trigger(
                name="red_flag_status",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{open:acknowledged,acknowledged:open,open:cleared,acknowledged:cleared}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="da599b6446b5916a2fbad662a4417b267947e67d",
                    operation="UPDATE",
                    pgid="pgtrigger_red_flag_status_31467",
                    table="care_plans_redflag",
                    when="BEFORE",
                ),
            ),
        ),
    ]
