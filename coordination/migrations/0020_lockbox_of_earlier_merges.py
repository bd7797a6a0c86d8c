"""Repeat what was locked away on one record of a person before merges repeated it themselves."""

from typing import ClassVar

from django.db import migrations

#: The owner of the tables steps over their fences for this one statement.
REPEAT = """
    ALTER TABLE coordination_directive NO FORCE ROW LEVEL SECURITY;
    ALTER TABLE coordination_patient NO FORCE ROW LEVEL SECURITY;
    INSERT INTO coordination_directive (
        id, organization_id, patient_id, consent_id, target, target_discipline,
        target_practitioner_id, target_id, audience, audience_discipline,
        audience_practitioner_id, since, original_id
    )
    SELECT uuidv7(), d.organization_id, other.id, d.consent_id, d.target, d.target_discipline,
        d.target_practitioner_id, d.target_id, d.audience, d.audience_discipline,
        d.audience_practitioner_id, statement_timestamp(), d.id
    FROM coordination_directive d
    JOIN coordination_patient mine ON mine.id = d.patient_id
    JOIN coordination_patient other ON other.id <> mine.id
        AND coalesce(other.merged_into_id, other.id) = coalesce(mine.merged_into_id, mine.id)
    WHERE d.until IS NULL AND d.original_id IS NULL AND NOT EXISTS (
        SELECT 1 FROM coordination_directive copy
        WHERE copy.original_id = d.id AND copy.patient_id = other.id AND copy.until IS NULL
    );
    ALTER TABLE coordination_patient FORCE ROW LEVEL SECURITY;
    ALTER TABLE coordination_directive FORCE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("coordination", "0019_plausible_audit_times")]

    operations: ClassVar = [migrations.RunSQL(REPEAT, migrations.RunSQL.noop)]
