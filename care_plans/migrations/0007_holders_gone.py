"""What was taken up goes to somebody else once its holder may not practise or cannot log in."""

from django.db import migrations

from coordination.tenancy import LOOKUP_ROLE, LookupFunction

#: the role `r` at the location `l` reaches nobody who may practise: see `on_call.can_be_told`
_GONE = """(
    NOT r.is_active
    OR (moment AT TIME ZONE l.time_zone)::date
        NOT BETWEEN r.registered_from AND coalesce(r.registered_until, 'infinity')
    OR NOT EXISTS (
        SELECT FROM public.coordination_practitioner p
        JOIN public.coordination_user u ON u.id = p.user_id
        JOIN public.coordination_membership m
            ON m.user_id = u.id AND m.organization_id = r.organization_id
        WHERE p.id = r.practitioner_id AND u.is_active AND m.role = 'practitioner'
            AND m.since <= moment AND (m.until IS NULL OR m.until > moment)
    )
)"""
_HOLDERS = (
    "coordination_practitionerrole",
    "coordination_location",
    "coordination_practitioner",
    "coordination_membership",
)


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
            reads=("care_plans_safetyalert", *_HOLDERS),
            replaces=True,
        ),
        # nobody but a lead who may practise takes one over; a lapsed lead has a hand-off of their own
        LookupFunction(
            "care_plans_flags_forsaken",
            arguments="moment timestamptz, size integer",
            returns="TABLE (patient_id uuid, organization_id uuid)",
            body=f"""
                SELECT DISTINCT f.patient_id, f.organization_id FROM public.care_plans_redflag f
                JOIN public.care_plans_course c ON c.id = f.course_id
                JOIN public.coordination_workitem w ON w.id = f.work_item_id
                JOIN public.coordination_practitionerrole r ON r.id = w.owner_id
                JOIN public.coordination_location l ON l.id = r.location_id
                JOIN public.coordination_careteammember t ON t.patient_id = f.patient_id
                    AND t.role = 'lead' AND t.until IS NULL AND t.practitioner_role_id <> w.owner_id
                JOIN public.coordination_practitionerrole n ON n.id = t.practitioner_role_id
                JOIN public.coordination_location o ON o.id = n.location_id
                WHERE f.status <> 'cleared' AND {_GONE}
                    AND (c.status <> 'discharged'
                        OR f.urgency NOT IN ('review_before_progress', 'routine'))
                    AND n.is_active AND (moment AT TIME ZONE o.time_zone)::date
                        BETWEEN n.registered_from AND coalesce(n.registered_until, 'infinity')
                LIMIT size
            """,
            reads=(
                "care_plans_redflag",
                "care_plans_course",
                "coordination_workitem",
                "coordination_careteammember",
                *_HOLDERS,
            ),
        ),
    ]
