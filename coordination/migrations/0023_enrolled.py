"""Tell an organization which of its logins have a second factor, and nothing of the factor."""

from typing import ClassVar

from django.db import migrations

from coordination.tenancy import SETTING, LookupFunction


class Migration(migrations.Migration):
    """After 0018, which fenced the factors."""

    dependencies: ClassVar = [("coordination", "0022_requests_follow")]

    operations: ClassVar = [
        LookupFunction(
            "coordination_enrolled",
            arguments="",
            returns="TABLE (user_id uuid)",
            body=f"""
                SELECT DISTINCT f.user_id FROM public.mfa_authenticator f
                JOIN public.coordination_membership m ON m.user_id = f.user_id
                WHERE f.type IN ('totp', 'webauthn')
                AND m.organization_id = nullif(current_setting('{SETTING}', true), '')::uuid
            """,
            reads=("mfa_authenticator", "coordination_membership"),
        ),
    ]
