"""A lead who cannot log in has lapsed like one whose registration is not valid."""

from django.db import migrations

from care_plans.migrations._gone import GONE, HOLDERS
from coordination.tenancy import LookupFunction

_GONE = GONE.format(r="r", l="l", at="at")
_NOT_REGISTERED = """(NOT r.is_active
                   OR (at AT TIME ZONE l.time_zone)::date
                      NOT BETWEEN r.registered_from AND coalesce(r.registered_until, 'infinity'))"""
_LAPSED = """
                SELECT m.patient_id, m.organization_id
                FROM public.coordination_careteammember m
                JOIN public.coordination_practitionerrole r ON r.id = m.practitioner_role_id
                JOIN public.coordination_location l ON l.id = r.location_id
                WHERE m.role = 'lead' AND m.until IS NULL
                  AND {gone}
                  AND NOT EXISTS (
                      SELECT FROM public.coordination_handoff h
                      WHERE h.patient_id = m.patient_id AND h.closed_at IS NULL
                        AND h.is_urgent)
                ORDER BY m.since, m.id LIMIT most
"""
_OVER = """
                SELECT h.id, h.organization_id
                FROM public.coordination_handoff h
                JOIN public.coordination_practitionerrole r ON r.id = h.sender_id
                JOIN public.coordination_location l ON l.id = r.location_id
                WHERE h.cause {opened} AND h.closed_at IS NULL
                  AND NOT {gone}
                ORDER BY h.opened_at, h.id LIMIT most
"""


class Migration(migrations.Migration):
    dependencies = [
        # it opened to the look-ups which logins there are, and who is a member
        ("care_plans", "0007_holders_gone"),
        ("coordination", "0003_hand_off_causes"),
    ]

    operations = [
        LookupFunction(
            "coordination_lapsed_leads",
            arguments="at timestamptz, most integer",
            returns="TABLE (patient_id uuid, organization_id uuid)",
            body=_LAPSED.format(gone=_GONE),
            reads=("coordination_careteammember", "coordination_handoff", *HOLDERS),
            replaces=True,
            was=_LAPSED.format(gone=_NOT_REGISTERED),
        ),
        LookupFunction(
            "coordination_lapses_over",
            arguments="at timestamptz, most integer",
            returns="TABLE (hand_off_id uuid, organization_id uuid)",
            body=_OVER.format(opened="<> 'offered'", gone=_GONE),
            reads=("coordination_handoff", *HOLDERS),
            replaces=True,
            was=_OVER.format(opened="= 'registration_lapsed'", gone=_NOT_REGISTERED),
        ),
    ]
