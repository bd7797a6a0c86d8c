"""Organizations, logins and portals: what the packages we use hang their own tables on.

All else comes after those packages, whose many small steps would build all of it anew each time.
"""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.comparison
import django.db.models.functions.text
import oauth2_provider.generators
import oauth2_provider.models
from django.conf import settings
from django.db import migrations, models

import coordination.models.owned
from coordination.migration_operations import Together
from coordination.tenancy import Fence, LookupFunction

ACCESS = "coordination_portalaccesstoken"


class Migration(migrations.Migration):
    initial = True
    replaces = [
        ("coordination", "0001_initial"),
    ]
    dependencies = []
    run_before = [("oauth2_provider", "0001_initial")]
    operations = [
        Together(
            [
                migrations.CreateModel(
                    name="Organization",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=coordination.models.owned.new_id,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("name", models.TextField()),
                        ("slug", models.SlugField(unique=True)),
                        (
                            "is_demo",
                            models.BooleanField(
                                default=False,
                                help_text="Every patient in it is synthetic; unsigned protocols may apply.",
                            ),
                        ),
                        ("created_at", models.DateTimeField()),
                    ],
                ),
                migrations.CreateModel(
                    name="User",
                    fields=[
                        ("password", models.CharField(max_length=128, verbose_name="password")),
                        (
                            "last_login",
                            models.DateTimeField(blank=True, null=True, verbose_name="last login"),
                        ),
                        (
                            "id",
                            models.UUIDField(
                                default=coordination.models.owned.new_id,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        (
                            "email",
                            models.EmailField(
                                help_text="In lower case: one person, one spelling.",
                                max_length=254,
                                unique=True,
                            ),
                        ),
                        ("name", models.TextField()),
                        ("is_active", models.BooleanField(default=True)),
                        (
                            "must_change_password",
                            models.BooleanField(
                                default=False,
                                help_text="Somebody else chose the password: it opens nothing until it is changed.",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("email", django.db.models.functions.text.Lower("email"))
                                ),
                                name="coordination_user_email_lower",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="LoginSession",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=coordination.models.owned.new_id,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("digest", models.BinaryField(max_length=32, unique=True)),
                        ("data", models.TextField(help_text="Signed with SECRET_KEY.")),
                        (
                            "agent",
                            models.TextField(
                                blank=True, help_text="What the browser calls itself."
                            ),
                        ),
                        ("started_at", models.DateTimeField()),
                        ("last_used_at", models.DateTimeField(help_text="To the minute.")),
                        (
                            "expires_at",
                            models.DateTimeField(
                                help_text="The absolute end, whatever happens in between."
                            ),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                ),
                migrations.CreateModel(
                    name="Portal",
                    fields=[
                        (
                            "client_id",
                            models.CharField(
                                db_index=True,
                                default=oauth2_provider.generators.generate_client_id,
                                max_length=255,
                                unique=True,
                                verbose_name="client ID",
                            ),
                        ),
                        (
                            "redirect_uris",
                            models.TextField(
                                blank=True,
                                help_text="Allowed URIs list, space separated",
                                verbose_name="redirect URIs",
                            ),
                        ),
                        (
                            "post_logout_redirect_uris",
                            models.TextField(
                                blank=True,
                                default="",
                                help_text="Allowed Post Logout URIs list, space separated",
                                verbose_name="post logout redirect URIs",
                            ),
                        ),
                        (
                            "client_type",
                            models.CharField(
                                choices=[("confidential", "Confidential"), ("public", "Public")],
                                max_length=32,
                                verbose_name="client type",
                            ),
                        ),
                        (
                            "authorization_grant_type",
                            models.CharField(
                                choices=[
                                    ("authorization-code", "Authorization code"),
                                    ("urn:ietf:params:oauth:grant-type:device_code", "Device Code"),
                                    ("implicit", "Implicit"),
                                    ("password", "Resource owner password-based"),
                                    ("client-credentials", "Client credentials"),
                                    ("openid-hybrid", "OpenID connect hybrid"),
                                ],
                                max_length=44,
                                verbose_name="authorization grant type",
                            ),
                        ),
                        (
                            "client_secret",
                            oauth2_provider.models.ClientSecretField(
                                blank=True,
                                db_index=True,
                                default=oauth2_provider.generators.generate_client_secret,
                                help_text="Client secret for authentication",
                                max_length=255,
                                verbose_name="client secret",
                            ),
                        ),
                        (
                            "hash_client_secret",
                            models.BooleanField(default=True, verbose_name="hash client secret"),
                        ),
                        ("name", models.CharField(blank=True, max_length=255, verbose_name="name")),
                        (
                            "skip_authorization",
                            models.BooleanField(default=False, verbose_name="skip authorization"),
                        ),
                        (
                            "created",
                            models.DateTimeField(auto_now_add=True, verbose_name="created"),
                        ),
                        ("updated", models.DateTimeField(auto_now=True, verbose_name="updated")),
                        (
                            "algorithm",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("", "No OIDC support"),
                                    ("RS256", "RSA with SHA-2 256"),
                                    ("HS256", "HMAC with SHA-2 256"),
                                ],
                                default="",
                                max_length=5,
                                verbose_name="algorithm",
                            ),
                        ),
                        (
                            "allowed_origins",
                            models.TextField(
                                blank=True,
                                default="",
                                help_text="Allowed origins list to enable CORS, space separated",
                                verbose_name="allowed origins",
                            ),
                        ),
                        (
                            "registration_source",
                            models.CharField(
                                choices=[
                                    ("manual", "Manual"),
                                    ("dcr", "Dynamic Client Registration"),
                                    ("cimd", "Client ID Metadata Document"),
                                ],
                                default="manual",
                                help_text="How this application was registered (manual, DCR per RFC 7591, or CIMD)",
                                max_length=32,
                                verbose_name="registration source",
                            ),
                        ),
                        (
                            "cimd_expires_at",
                            models.DateTimeField(
                                blank=True,
                                default=None,
                                help_text="When the cached Client ID Metadata Document should be re-fetched",
                                null=True,
                                verbose_name="CIMD expires at",
                            ),
                        ),
                        (
                            "id",
                            models.UUIDField(
                                default=coordination.models.owned.new_id,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        (
                            "scopes",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.TextField(),
                                help_text="What it may be granted at most.",
                            ),
                        ),
                        ("closed_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "organization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.organization",
                            ),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="%(app_label)s_%(class)s",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="user",
                            ),
                        ),
                    ],
                ),
                migrations.CreateModel(
                    name="PortalGrant",
                    fields=[
                        (
                            "code",
                            models.CharField(max_length=255, unique=True, verbose_name="code"),
                        ),
                        ("expires", models.DateTimeField(verbose_name="expires")),
                        ("redirect_uri", models.TextField(verbose_name="redirect URI")),
                        ("scope", models.TextField(blank=True, verbose_name="scope")),
                        (
                            "created",
                            models.DateTimeField(auto_now_add=True, verbose_name="created"),
                        ),
                        ("updated", models.DateTimeField(auto_now=True, verbose_name="updated")),
                        (
                            "code_challenge",
                            models.CharField(
                                blank=True,
                                default="",
                                max_length=128,
                                verbose_name="code challenge",
                            ),
                        ),
                        (
                            "code_challenge_method",
                            models.CharField(
                                blank=True,
                                choices=[("plain", "plain"), ("S256", "S256")],
                                default="",
                                max_length=10,
                                verbose_name="code challenge method",
                            ),
                        ),
                        (
                            "nonce",
                            models.CharField(
                                blank=True, default="", max_length=255, verbose_name="nonce"
                            ),
                        ),
                        ("claims", models.TextField(blank=True, verbose_name="claims")),
                        (
                            "resource",
                            oauth2_provider.models.ResourceJSONField(
                                blank=True, default=list, verbose_name="resource"
                            ),
                        ),
                        (
                            "id",
                            models.UUIDField(
                                default=coordination.models.owned.new_id,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        (
                            "application",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                to=settings.OAUTH2_PROVIDER_APPLICATION_MODEL,
                                verbose_name="application",
                            ),
                        ),
                        (
                            "organization",
                            models.ForeignKey(
                                db_default=django.db.models.functions.comparison.Cast(
                                    django.db.models.functions.comparison.NullIf(
                                        models.Func(
                                            models.Value("app.organization"),
                                            models.Value(True),
                                            function="current_setting",
                                        ),
                                        models.Value(""),
                                        output_field=models.TextField(),
                                    ),
                                    models.UUIDField(),
                                ),
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.organization",
                            ),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="%(app_label)s_%(class)s",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="user",
                            ),
                        ),
                    ],
                ),
                migrations.CreateModel(
                    name="PortalIdToken",
                    fields=[
                        (
                            "jti",
                            models.UUIDField(
                                default=uuid.uuid4,
                                editable=False,
                                unique=True,
                                verbose_name="JWT Token ID",
                            ),
                        ),
                        ("expires", models.DateTimeField(verbose_name="expires")),
                        ("scope", models.TextField(blank=True, verbose_name="scope")),
                        (
                            "created",
                            models.DateTimeField(auto_now_add=True, verbose_name="created"),
                        ),
                        ("updated", models.DateTimeField(auto_now=True, verbose_name="updated")),
                        (
                            "id",
                            models.UUIDField(
                                default=coordination.models.owned.new_id,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        (
                            "application",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                to=settings.OAUTH2_PROVIDER_APPLICATION_MODEL,
                                verbose_name="application",
                            ),
                        ),
                        (
                            "organization",
                            models.ForeignKey(
                                db_default=django.db.models.functions.comparison.Cast(
                                    django.db.models.functions.comparison.NullIf(
                                        models.Func(
                                            models.Value("app.organization"),
                                            models.Value(True),
                                            function="current_setting",
                                        ),
                                        models.Value(""),
                                        output_field=models.TextField(),
                                    ),
                                    models.UUIDField(),
                                ),
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.organization",
                            ),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="%(app_label)s_%(class)s",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="user",
                            ),
                        ),
                    ],
                ),
                migrations.CreateModel(
                    name="PortalAccessToken",
                    fields=[
                        ("token", models.TextField(verbose_name="token")),
                        (
                            "token_checksum",
                            oauth2_provider.models.TokenChecksumField(
                                db_index=True,
                                max_length=64,
                                unique=True,
                                verbose_name="token checksum",
                            ),
                        ),
                        ("expires", models.DateTimeField(verbose_name="expires")),
                        ("scope", models.TextField(blank=True, verbose_name="scope")),
                        (
                            "resource",
                            oauth2_provider.models.ResourceJSONField(
                                blank=True, default=list, verbose_name="resource"
                            ),
                        ),
                        (
                            "created",
                            models.DateTimeField(auto_now_add=True, verbose_name="created"),
                        ),
                        ("updated", models.DateTimeField(auto_now=True, verbose_name="updated")),
                        (
                            "id",
                            models.UUIDField(
                                default=coordination.models.owned.new_id,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        (
                            "application",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                to=settings.OAUTH2_PROVIDER_APPLICATION_MODEL,
                                verbose_name="application",
                            ),
                        ),
                        (
                            "organization",
                            models.ForeignKey(
                                db_default=django.db.models.functions.comparison.Cast(
                                    django.db.models.functions.comparison.NullIf(
                                        models.Func(
                                            models.Value("app.organization"),
                                            models.Value(True),
                                            function="current_setting",
                                        ),
                                        models.Value(""),
                                        output_field=models.TextField(),
                                    ),
                                    models.UUIDField(),
                                ),
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.organization",
                            ),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="%(app_label)s_%(class)s",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="user",
                            ),
                        ),
                        (
                            "id_token",
                            models.OneToOneField(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="access_token",
                                to=settings.OAUTH2_PROVIDER_ID_TOKEN_MODEL,
                                verbose_name="ID token",
                            ),
                        ),
                        (
                            "source_refresh_token",
                            models.OneToOneField(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="refreshed_access_token",
                                to=settings.OAUTH2_PROVIDER_REFRESH_TOKEN_MODEL,
                                verbose_name="source refresh token",
                            ),
                        ),
                    ],
                ),
                migrations.CreateModel(
                    name="PortalRefreshToken",
                    fields=[
                        ("token", models.TextField(verbose_name="token")),
                        (
                            "token_checksum",
                            oauth2_provider.models.TokenChecksumField(
                                max_length=64, verbose_name="token checksum"
                            ),
                        ),
                        (
                            "token_family",
                            models.UUIDField(
                                blank=True, editable=False, null=True, verbose_name="token family"
                            ),
                        ),
                        (
                            "resource",
                            oauth2_provider.models.ResourceJSONField(
                                blank=True, default=list, verbose_name="resource"
                            ),
                        ),
                        (
                            "created",
                            models.DateTimeField(auto_now_add=True, verbose_name="created"),
                        ),
                        ("updated", models.DateTimeField(auto_now=True, verbose_name="updated")),
                        ("revoked", models.DateTimeField(null=True, verbose_name="revoked")),
                        (
                            "id",
                            models.UUIDField(
                                default=coordination.models.owned.new_id,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        (
                            "access_token",
                            models.OneToOneField(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="refresh_token",
                                to=settings.OAUTH2_PROVIDER_ACCESS_TOKEN_MODEL,
                                verbose_name="access token",
                            ),
                        ),
                        (
                            "application",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                to=settings.OAUTH2_PROVIDER_APPLICATION_MODEL,
                                verbose_name="application",
                            ),
                        ),
                        (
                            "organization",
                            models.ForeignKey(
                                db_default=django.db.models.functions.comparison.Cast(
                                    django.db.models.functions.comparison.NullIf(
                                        models.Func(
                                            models.Value("app.organization"),
                                            models.Value(True),
                                            function="current_setting",
                                        ),
                                        models.Value(""),
                                        output_field=models.TextField(),
                                    ),
                                    models.UUIDField(),
                                ),
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.organization",
                            ),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="%(app_label)s_%(class)s",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="user",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                fields=["token_family"], name="coordinatio_token_f_8e097f_idx"
                            )
                        ],
                        "unique_together": {("token_checksum", "revoked")},
                    },
                ),
            ]
        ),
        Fence("Organization", by="id"),
        Fence("User", by=None),
        Fence("LoginSession", by=None),
        Fence("Portal"),
        Fence("PortalGrant"),
        Fence("PortalIdToken"),
        Fence("PortalAccessToken", later=("source_refresh_token",)),
        Fence("PortalRefreshToken"),
        migrations.RunSQL(
            f"""
            ALTER TABLE {ACCESS} ADD CONSTRAINT "{ACCESS}_source_refresh_token_id_tenant"
                FOREIGN KEY (organization_id, source_refresh_token_id)
                REFERENCES coordination_portalrefreshtoken (organization_id, id)
            """,
            f'ALTER TABLE {ACCESS} DROP CONSTRAINT "{ACCESS}_source_refresh_token_id_tenant"',
        ),
        LookupFunction(
            "coordination_organization_named",
            arguments="wanted text",
            returns="uuid",
            body="SELECT o.id FROM public.coordination_organization o WHERE o.slug = wanted",
            reads=("coordination_organization",),
        ),
        LookupFunction(
            "coordination_organizations",
            arguments="",
            returns="SETOF uuid",
            body="SELECT o.id FROM public.coordination_organization o ORDER BY o.id",
            reads=("coordination_organization",),
        ),
        LookupFunction(
            "coordination_portal",
            arguments="presented text",
            returns="uuid",
            body="""
                SELECT p.organization_id FROM public.coordination_portal p
                WHERE p.client_id = presented AND p.closed_at IS NULL
            """,
            reads=("coordination_portal",),
        ),
        LookupFunction(
            "coordination_portal_token",
            arguments="presented text, at timestamptz",
            returns="TABLE (token_id uuid, organization_id uuid)",
            body="""
                SELECT t.id, t.organization_id FROM public.coordination_portalaccesstoken t
                JOIN public.coordination_portal p ON p.id = t.application_id
                WHERE t.token_checksum = presented AND t.expires > at AND p.closed_at IS NULL
            """,
            reads=("coordination_portalaccesstoken", "coordination_portal"),
        ),
    ]
