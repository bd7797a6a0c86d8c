"""Whoever comes on call while an alert is open hears of it without waiting for its next round."""

from django.db import migrations

from care_plans.migrations._gone import GONE, HOLDERS
from coordination.tenancy import LookupFunction

_REACHES_NOBODY = GONE.format(r="r", l="l", at="moment")


class Migration(migrations.Migration):
    dependencies = [
        ("care_plans", "0009_lanes_to_look_at"),
        ("coordination", "0002_records"),
    ]

    operations = [
        # Whoever was called for an alert was given access for it.
        LookupFunction(
            "care_plans_alerts_unheard",
            arguments="moment timestamptz, size integer",
            returns="TABLE (alert_id uuid, organization_id uuid)",
            body=f"""
                SELECT a.id, a.organization_id FROM public.care_plans_safetyalert a
                WHERE a.status = 'open' AND EXISTS (
                    SELECT FROM public.coordination_oncallduty d
                    JOIN public.coordination_practitionerrole r ON r.id = d.practitioner_role_id
                    JOIN public.coordination_location l ON l.id = r.location_id
                    WHERE d.organization_id = a.organization_id
                        AND d.since <= moment AND (d.until IS NULL OR d.until > moment)
                        AND NOT {_REACHES_NOBODY}
                        AND NOT EXISTS (
                            SELECT FROM public.coordination_accessgrant g
                            WHERE g.organization_id = a.organization_id
                                AND g.practitioner_role_id = r.id
                                AND g.patient_id = a.patient_id
                                AND g.basis = 'safety' AND g.source_id = a.id
                        )
                )
                ORDER BY a.raised_at LIMIT size
            """,
            reads=(
                "care_plans_safetyalert",
                "coordination_oncallduty",
                "coordination_accessgrant",
                *HOLDERS,
            ),
        ),
    ]
