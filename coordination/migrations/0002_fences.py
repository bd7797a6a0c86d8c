"""Row-level security from the first table on, and the look-ups that logging in needs."""

from django.conf import settings
from django.db import migrations

from coordination.tenancy import RUNTIME_ROLE, Fence, LookupFunction

# The oldest transaction that may still append to the feed of this database. A snapshot lists what
# runs in every database of the server; only what is surely in another one is passed over.
SETTLED = f"""
    CREATE FUNCTION coordination_settled_before() RETURNS bigint
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $settled$
        SELECT coalesce(
            min(running.id) FILTER (WHERE elsewhere.pid IS NULL),
            pg_snapshot_xmax(pg_current_snapshot())::text::bigint
        )
        FROM (
            SELECT xid::text::bigint AS id FROM pg_snapshot_xip(pg_current_snapshot()) AS xid
        ) AS running
        LEFT JOIN (
            SELECT held.transactionid::text::bigint AS short_id, held.pid
            FROM pg_locks held JOIN pg_stat_activity session ON session.pid = held.pid
            WHERE held.locktype = 'transactionid' AND held.mode = 'ExclusiveLock' AND held.granted
              AND session.datname <> current_database()
        ) AS elsewhere ON elsewhere.short_id = running.id & 4294967295
    $settled$;
    GRANT EXECUTE ON FUNCTION coordination_settled_before() TO {RUNTIME_ROLE};
"""


class Migration(migrations.Migration):
    dependencies = [
        ("coordination", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("sessions", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        Fence("Organization", by="id"),
        Fence("User", by=None),
        Fence("Location"),
        Fence("DirectoryEntry"),
        Fence("Membership"),
        Fence("Practitioner"),
        Fence("PractitionerRole"),
        Fence("ApiToken"),
        Fence("Patient"),
        Fence("PatientIdentifier"),
        Fence("CareTeamMember"),
        Fence("AccessGrant"),
        Fence("AuditEvent", append_only=True),
        Fence("Event", append_only=True),
        migrations.RunSQL(
            f"""
            GRANT SELECT, INSERT, UPDATE, DELETE ON django_session TO {RUNTIME_ROLE};
            GRANT SELECT ON django_content_type, django_migrations TO {RUNTIME_ROLE};
            """,
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(SETTLED, "DROP FUNCTION coordination_settled_before()"),
        LookupFunction(
            "coordination_memberships_of",
            arguments="person uuid, at timestamptz",
            returns="TABLE (membership_id uuid, organization_id uuid)",
            body="""
                SELECT m.id, m.organization_id FROM public.coordination_membership m
                WHERE m.user_id = person AND m.since <= at AND (m.until IS NULL OR m.until > at)
                ORDER BY m.since, m.id
            """,
            reads=("coordination_membership",),
        ),
        LookupFunction(
            "coordination_token",
            arguments="presented bytea, at timestamptz",
            returns="TABLE (token_id uuid, user_id uuid, organization_id uuid)",
            body="""
                SELECT t.id, t.user_id, t.organization_id FROM public.coordination_apitoken t
                WHERE t.digest = presented AND t.expires_at > at AND t.revoked_at IS NULL
            """,
            reads=("coordination_apitoken",),
        ),
        LookupFunction(
            "coordination_organization_named",
            arguments="wanted text",
            returns="uuid",
            body="SELECT o.id FROM public.coordination_organization o WHERE o.slug = wanted",
            reads=("coordination_organization",),
        ),
    ]
