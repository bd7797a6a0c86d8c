"""Fence what no organization owns: logins, their second factors and their sessions."""

from typing import ClassVar

from django.db import migrations

from coordination.tenancy import LookupFunction

_NAMED = "nullif(current_setting('app.login', true), '')"
_ORGANIZATION = "nullif(current_setting('app.organization', true), '')::uuid"
_POLICIES = {
    "coordination_user": f"""
        id::text = {_NAMED} OR email = {_NAMED} OR EXISTS (
            SELECT FROM public.coordination_membership m
            WHERE m.user_id = coordination_user.id AND m.organization_id = {_ORGANIZATION}
        )
    """,
    "coordination_loginsession": f"""
        encode(digest, 'hex') = {_NAMED} OR user_id::text = {_NAMED} OR id::text = {_NAMED}
    """,
    "mfa_authenticator": f"user_id::text = {_NAMED}",
}


def _fence(table: str, seen: str) -> migrations.RunSQL:
    # the owner loads many logins at once; a factor or a session is written by its own login
    written = "true" if table == "coordination_user" else seen
    return migrations.RunSQL(
        f"""
        ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
        ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
        CREATE POLICY login ON {table} USING ({seen}) WITH CHECK ({written});
        """,
        f"""
        DROP POLICY login ON {table};
        ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;
        ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
        """,
    )


class Migration(migrations.Migration):
    """After 0017; the tables of allauth are there since 0006."""

    dependencies: ClassVar = [("coordination", "0017_merged_lockbox")]

    operations: ClassVar = [
        *(_fence(table, seen) for table, seen in _POLICIES.items()),
        LookupFunction(
            "coordination_sessions_over",
            arguments="at timestamptz, idle timestamptz",
            returns="TABLE (session_id uuid)",
            body="""
                SELECT s.id FROM public.coordination_loginsession s
                WHERE s.expires_at <= at OR s.last_used_at <= idle
            """,
            reads=("coordination_loginsession",),
        ),
    ]
