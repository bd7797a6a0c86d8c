"""What belongs to an organization: its people, its patients and their rights, the audit trail."""

from datetime import UTC, date, datetime

import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.comparison
import pgtrigger.compiler
from django.conf import settings
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

import coordination.models.owned
import coordination.models.people
from coordination.migration_operations import AddTriggers, Together
from coordination.tenancy import RUNTIME_ROLE, SETTING, Fence, LookupFunction

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

TABLE = "coordination_auditevent"
# By month, which Django cannot say; that is why `recorded_at` is part of the primary key.
AUDIT_TABLE = f"""
    CREATE TABLE {TABLE} (
        id uuid NOT NULL,
        recorded_at timestamptz NOT NULL,
        user_id uuid,
        actor text NOT NULL,
        action varchar(8) NOT NULL,
        event text NOT NULL,
        resource text NOT NULL,
        resource_id uuid,
        patient_ids uuid[] NOT NULL,
        basis text NOT NULL,
        purpose varchar(16) NOT NULL,
        request_id varchar(64) NOT NULL,
        detail jsonb NOT NULL,
        organization_id uuid NOT NULL,
        bases text[] NOT NULL,
        source_ids uuid[] NOT NULL,
        transaction_id bigint DEFAULT pg_current_xact_id()::text::bigint NOT NULL,
        PRIMARY KEY (id, recorded_at),
        CONSTRAINT coordination_auditev_organization_id_b214808c_fk_coordinat
            FOREIGN KEY (organization_id) REFERENCES coordination_organization (id)
            DEFERRABLE INITIALLY DEFERRED,
        CONSTRAINT coordination_audit_purpose CHECK (purpose IN (
            'care', 'emergency', 'operations', 'privacy_review', 'patient_request'
        )),
        CONSTRAINT coordination_audit_basis_each CHECK (
            CASE WHEN bases IS NULL THEN NULL ELSE coalesce(array_length(bases, 1), 0) END =
            CASE WHEN patient_ids IS NULL THEN NULL
                ELSE coalesce(array_length(patient_ids, 1), 0) END
        )
    ) PARTITION BY RANGE (recorded_at);
    CREATE INDEX coordination_audit_patients ON {TABLE} USING gin (patient_ids);
    CREATE INDEX coordination_audit_when ON {TABLE} (organization_id, recorded_at);
    CREATE INDEX coordination_audit_order ON {TABLE} (organization_id, transaction_id, id);
"""
# A partition answers for itself: nobody but the owner reaches it past the table that it is part
# of, and TRUNCATE, whose trigger partitions do not inherit, is refused there as well.
GUARD_PART = f"""
    CREATE FUNCTION coordination_guard_audit_part(part text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $guard$
    DECLARE
        mine text := $mine$organization_id
            = nullif(current_setting('app.organization', true), '')::uuid$mine$;
    BEGIN
        EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', part);
        EXECUTE format('ALTER TABLE public.%I FORCE ROW LEVEL SECURITY', part);
        EXECUTE format('CREATE POLICY tenant ON public.%I USING (%s) WITH CHECK (%s)',
                       part, mine, mine);
        EXECUTE format('REVOKE ALL ON public.%I FROM {RUNTIME_ROLE}', part);
        EXECUTE format('CREATE TRIGGER never_emptied_either BEFORE TRUNCATE ON public.%I '
                       'FOR EACH STATEMENT EXECUTE FUNCTION '
                       'public.pgtrigger_never_emptied_aa9af()', part);
    END $guard$;
    REVOKE ALL ON FUNCTION coordination_guard_audit_part(text) FROM PUBLIC;
"""
# A month of which rows already lie in the default partition keeps them there.
MAKE_MONTH = """
    CREATE FUNCTION coordination_make_audit_month(month date) RETURNS boolean
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $month$
    DECLARE
        part text := 'coordination_auditevent_' || to_char(month, 'YYYY_MM');
    BEGIN
        IF to_regclass('public.' || part) IS NOT NULL THEN
            RETURN false;
        END IF;
        EXECUTE format(
            'CREATE TABLE public.%I PARTITION OF public.coordination_auditevent '
            'FOR VALUES FROM (%L) TO (%L)', part,
            to_char(month, 'YYYY-MM-01 00:00:00+00'),
            to_char(month + interval '1 month', 'YYYY-MM-01 00:00:00+00'));
        PERFORM public.coordination_guard_audit_part(part);
        RETURN true;
    EXCEPTION WHEN check_violation OR duplicate_table THEN
        RETURN false;
    END $month$;
    REVOKE ALL ON FUNCTION coordination_make_audit_month(date) FROM PUBLIC;
"""
# What the worker may have done as the owner: the partitions of this month and the next three,
# and nothing else. It takes no argument, and gives up rather than let requests queue behind it.
PREPARE_MONTHS = f"""
    CREATE FUNCTION coordination_prepare_audit_months() RETURNS integer
    LANGUAGE sql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $prepare$
        SELECT count(*) FILTER (WHERE public.coordination_make_audit_month(month::date))::integer
        FROM generate_series(
            date_trunc('month', now() AT TIME ZONE 'UTC'),
            date_trunc('month', now() AT TIME ZONE 'UTC') + interval '3 months',
            interval '1 month'
        ) AS month
    $prepare$;
    REVOKE ALL ON FUNCTION coordination_prepare_audit_months() FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION coordination_prepare_audit_months() TO {RUNTIME_ROLE};
"""
# Its parts: months, and one for what belongs to none of them.
AUDIT_PARTS = f"""
    ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY;
    ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY;
    CREATE POLICY tenant ON {TABLE}
        USING (organization_id = nullif(current_setting('app.organization', true), '')::uuid)
        WITH CHECK (organization_id = nullif(current_setting('app.organization', true), '')::uuid);
    GRANT SELECT, INSERT ON {TABLE} TO {RUNTIME_ROLE};
    CREATE TABLE {TABLE}_other PARTITION OF {TABLE} DEFAULT;
    SELECT coordination_guard_audit_part('{TABLE}_other');
    SELECT coordination_prepare_audit_months();
"""

# What no organization owns: logins, their second factors and their sessions.
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
    replaces = [
        ("coordination", "0002_fences"),
        ("coordination", "0003_work_items"),
        ("coordination", "0004_patient_imported_version"),
        ("coordination", "0005_audit_chain"),
        ("coordination", "0006_logins"),
        ("coordination", "0007_idempotency"),
        ("coordination", "0008_reading"),
        ("coordination", "0009_directives"),
        ("coordination", "0010_relations"),
        ("coordination", "0011_coverage"),
        ("coordination", "0012_scope"),
        ("coordination", "0013_oversight"),
        ("coordination", "0014_retention"),
        ("coordination", "0015_rights"),
        ("coordination", "0016_audit_forgery"),
        ("coordination", "0017_merged_lockbox"),
        ("coordination", "0018_logins_fenced"),
        ("coordination", "0019_plausible_audit_times"),
        ("coordination", "0020_lockbox_of_earlier_merges"),
        ("coordination", "0021_reviewed_override_ends"),
        ("coordination", "0022_requests_follow"),
        ("coordination", "0023_enrolled"),
        ("coordination", "0024_must_change_password"),
        ("coordination", "0025_on_call"),
        ("coordination", "0026_holiday_calendar"),
        ("coordination", "0027_versions_locked"),
    ]
    dependencies = [
        ("coordination", "0001_logins"),
        ("account", "0009_emailaddress_unique_primary_email"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("mfa", "0003_authenticator_type_uniq"),
        ("oauth2_provider", "0022_refreshtoken_token_family_index"),
        ("sessions", "0001_initial"),
    ]
    operations = [
        Together(
            [
                migrations.CreateModel(
                    name="Location",
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
                        ("version", models.PositiveIntegerField(default=1, editable=False)),
                        ("updated_at", models.DateTimeField(blank=True, editable=False, null=True)),
                        ("name", models.TextField()),
                        ("time_zone", models.CharField(max_length=64)),
                        ("address", models.TextField(blank=True)),
                        ("phone", models.CharField(blank=True, max_length=40)),
                        ("is_active", models.BooleanField(default=True)),
                        (
                            "organization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.organization",
                            ),
                        ),
                        (
                            "holiday_calendar",
                            models.CharField(
                                blank=True,
                                help_text="Whose public holidays it keeps, such as CA-ON; blank: nobody has said.",
                                max_length=12,
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("organization", "name"), name="coordination_location_name"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="DirectoryEntry",
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
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("organization", "Organization"),
                                    ("practitioner", "Practitioner"),
                                ],
                                max_length=16,
                            ),
                        ),
                        ("name", models.TextField()),
                        ("system", models.TextField(blank=True)),
                        ("value", models.TextField(blank=True)),
                        ("phone", models.CharField(blank=True, max_length=40)),
                        ("address", models.TextField(blank=True)),
                        (
                            "organization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.organization",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("organization", "kind", "system", "value"),
                                name="coordination_directory_identity",
                            )
                        ],
                    },
                ),
                migrations.SeparateDatabaseAndState(
                    state_operations=[
                        migrations.CreateModel(
                            name="AuditEvent",
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
                                ("recorded_at", models.DateTimeField()),
                                ("user_id", models.UUIDField(blank=True, null=True)),
                                (
                                    "actor",
                                    models.TextField(
                                        help_text="Login, or the part of the software that acted."
                                    ),
                                ),
                                (
                                    "action",
                                    models.CharField(
                                        choices=[
                                            ("read", "Read"),
                                            ("search", "Search"),
                                            ("create", "Create"),
                                            ("update", "Update"),
                                            ("act", "Act"),
                                            ("import", "Import"),
                                        ],
                                        max_length=8,
                                    ),
                                ),
                                (
                                    "event",
                                    models.TextField(
                                        help_text="What happened, dotted: `referral.accept`."
                                    ),
                                ),
                                ("resource", models.TextField(help_text="The kind of record.")),
                                ("resource_id", models.UUIDField(blank=True, null=True)),
                                (
                                    "patient_ids",
                                    django.contrib.postgres.fields.ArrayField(
                                        base_field=models.UUIDField(),
                                        help_text="Every patient whom it disclosed.",
                                    ),
                                ),
                                (
                                    "basis",
                                    models.TextField(
                                        blank=True, help_text="Every basis that occurs in `bases`."
                                    ),
                                ),
                                (
                                    "purpose",
                                    models.CharField(
                                        choices=[
                                            ("care", "Care"),
                                            ("emergency", "Care in an emergency"),
                                            ("operations", "Running the clinic"),
                                            ("privacy_review", "Checking who looked at what"),
                                            ("patient_request", "Asked for by the patient"),
                                        ],
                                        default="care",
                                        max_length=16,
                                    ),
                                ),
                                ("request_id", models.CharField(blank=True, max_length=64)),
                                (
                                    "detail",
                                    models.JSONField(
                                        default=dict,
                                        help_text="Old and new codes by name; no free text.",
                                    ),
                                ),
                                (
                                    "organization",
                                    models.ForeignKey(
                                        on_delete=django.db.models.deletion.PROTECT,
                                        related_name="+",
                                        to="coordination.organization",
                                    ),
                                ),
                                (
                                    "bases",
                                    django.contrib.postgres.fields.ArrayField(
                                        base_field=models.TextField(),
                                        default=list,
                                        help_text="By what right each of `patient_ids` was disclosed, in their order.",
                                    ),
                                ),
                                (
                                    "source_ids",
                                    django.contrib.postgres.fields.ArrayField(
                                        base_field=models.UUIDField(null=True),
                                        default=list,
                                        help_text="The membership, referral, … that gave it, in the same order.",
                                    ),
                                ),
                                (
                                    "transaction_id",
                                    models.BigIntegerField(
                                        db_default=django.db.models.functions.comparison.Cast(
                                            django.db.models.functions.comparison.Cast(
                                                models.Func(function="pg_current_xact_id"),
                                                models.TextField(),
                                            ),
                                            models.BigIntegerField(),
                                        ),
                                        editable=False,
                                    ),
                                ),
                            ],
                            options={
                                "indexes": [
                                    django.contrib.postgres.indexes.GinIndex(
                                        fields=["patient_ids"], name="coordination_audit_patients"
                                    ),
                                    models.Index(
                                        fields=["organization", "recorded_at"],
                                        name="coordination_audit_when",
                                    ),
                                    models.Index(
                                        fields=["organization", "transaction_id", "id"],
                                        name="coordination_audit_order",
                                    ),
                                ],
                                "constraints": [
                                    models.CheckConstraint(
                                        condition=models.Q(
                                            (
                                                "purpose__in",
                                                [
                                                    "care",
                                                    "emergency",
                                                    "operations",
                                                    "privacy_review",
                                                    "patient_request",
                                                ],
                                            )
                                        ),
                                        name="coordination_audit_purpose",
                                    ),
                                    models.CheckConstraint(
                                        condition=models.Q(
                                            ("bases__len", models.F("patient_ids__len"))
                                        ),
                                        name="coordination_audit_basis_each",
                                    ),
                                ],
                            },
                        ),
                    ],
                    database_operations=[
                        migrations.RunSQL(AUDIT_TABLE, "DROP TABLE coordination_auditevent"),
                    ],
                ),
                migrations.CreateModel(
                    name="ApiToken",
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
                        ("digest", models.BinaryField(max_length=32, unique=True)),
                        ("created_at", models.DateTimeField()),
                        ("expires_at", models.DateTimeField()),
                        ("revoked_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "user",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "organization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.organization",
                            ),
                        ),
                        (
                            "is_vouched",
                            models.BooleanField(
                                default=False,
                                help_text="More than a password stood behind its issue.",
                            ),
                        ),
                        (
                            "scopes",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.TextField(),
                                default=coordination.models.people.every_scope,
                                help_text="What it may do; `*`: all its login may.",
                            ),
                        ),
                    ],
                ),
                migrations.CreateModel(
                    name="Patient",
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
                        ("version", models.PositiveIntegerField(default=1, editable=False)),
                        ("updated_at", models.DateTimeField(blank=True, editable=False, null=True)),
                        ("family_name", models.TextField()),
                        ("given_name", models.TextField(blank=True)),
                        ("preferred_name", models.TextField(blank=True)),
                        ("birth_date", models.DateField(blank=True, null=True)),
                        (
                            "gender",
                            models.CharField(
                                choices=[
                                    ("female", "Female"),
                                    ("male", "Male"),
                                    ("other", "Other"),
                                    ("unknown", "Unknown"),
                                ],
                                default="unknown",
                                max_length=8,
                            ),
                        ),
                        (
                            "language",
                            models.CharField(default="en-CA", help_text="BCP 47.", max_length=35),
                        ),
                        ("email", models.EmailField(blank=True, max_length=254)),
                        ("phone", models.CharField(blank=True, max_length=40)),
                        ("address", models.TextField(blank=True)),
                        ("emergency_contact_name", models.TextField(blank=True)),
                        ("emergency_contact_phone", models.CharField(blank=True, max_length=40)),
                        ("emergency_contact_relationship", models.TextField(blank=True)),
                        ("deceased_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "is_synthetic",
                            models.BooleanField(
                                default=False,
                                help_text="Nobody real; the only patients that unsigned protocols apply to.",
                            ),
                        ),
                        ("registered_at", models.DateTimeField()),
                        (
                            "imported_digest",
                            models.CharField(
                                blank=True,
                                help_text="What the last import read, to know an unchanged one.",
                                max_length=64,
                            ),
                        ),
                        (
                            "search_key",
                            models.TextField(
                                db_collation="C",
                                editable=False,
                                help_text="Normalized name; see `coordination.search`.",
                            ),
                        ),
                        (
                            "family_physician",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                to="coordination.directoryentry",
                            ),
                        ),
                        (
                            "organization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.organization",
                            ),
                        ),
                        (
                            "imported_version",
                            models.PositiveIntegerField(
                                blank=True,
                                editable=False,
                                help_text="`version` as the last import left it; a newer one was edited by hand.",
                                null=True,
                            ),
                        ),
                        (
                            "merged_into",
                            models.ForeignKey(
                                blank=True,
                                db_index=False,
                                editable=False,
                                help_text="The record of the same person that goes on; this one is read with it.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="merged",
                                to="coordination.patient",
                            ),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                blank=True,
                                db_index=False,
                                editable=False,
                                help_text="The patient's own login; see `coordination.own_access`.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                fields=["organization", "search_key", "id"],
                                name="coordination_patient_search",
                            ),
                            models.Index(
                                fields=["organization", "birth_date", "id"],
                                name="coordination_patient_born",
                            ),
                            models.Index(
                                condition=models.Q(("merged_into__isnull", False)),
                                fields=["organization", "merged_into"],
                                name="coordination_patient_merged",
                            ),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("merged_into", None),
                                    models.Q(("merged_into", models.F("id")), _negated=True),
                                    _connector="OR",
                                ),
                                name="coordination_patient_not_own",
                            ),
                            models.UniqueConstraint(
                                fields=("organization", "user"), name="coordination_patient_user"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Event",
                    fields=[
                        ("id", models.BigAutoField(primary_key=True, serialize=False)),
                        (
                            "transaction_id",
                            models.BigIntegerField(
                                db_default=django.db.models.functions.comparison.Cast(
                                    django.db.models.functions.comparison.Cast(
                                        models.Func(function="pg_current_xact_id"),
                                        models.TextField(),
                                    ),
                                    models.BigIntegerField(),
                                ),
                                editable=False,
                            ),
                        ),
                        ("recorded_at", models.DateTimeField()),
                        ("type", models.TextField(help_text="Dotted: `course.transitioned`.")),
                        ("subject", models.TextField(help_text="The kind of record.")),
                        ("subject_id", models.UUIDField()),
                        (
                            "organization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.organization",
                            ),
                        ),
                        (
                            "patient",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.patient",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                fields=["organization", "transaction_id", "id"],
                                name="coordination_event_feed",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PatientIdentifier",
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
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("health_number", "Health Number"),
                                    ("medical_record", "Medical Record"),
                                    ("drivers_licence", "Drivers Licence"),
                                    ("passport", "Passport"),
                                    ("social_security", "Social Security"),
                                    ("other", "Other"),
                                ],
                                max_length=16,
                            ),
                        ),
                        ("system", models.TextField(help_text="URI of the assigner's namespace.")),
                        ("value", models.TextField()),
                        (
                            "version_code",
                            models.CharField(
                                blank=True, help_text="Of an Ontario health number.", max_length=2
                            ),
                        ),
                        (
                            "organization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.organization",
                            ),
                        ),
                        (
                            "patient",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="identifiers",
                                to="coordination.patient",
                            ),
                        ),
                        (
                            "is_parked",
                            models.BooleanField(
                                default=False,
                                editable=False,
                                help_text="Another record bears it too; which one is right waits for a review.",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("value", ""), _negated=True),
                                    models.Q(("system", ""), _negated=True),
                                ),
                                name="coordination_identifier_named",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("is_parked", False)),
                                fields=("organization", "system", "value"),
                                name="coordination_identifier_once",
                            ),
                        ],
                        "indexes": [
                            models.Index(
                                fields=["organization", "value"],
                                name="coordination_identifier_value",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Practitioner",
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
                        ("version", models.PositiveIntegerField(default=1, editable=False)),
                        ("updated_at", models.DateTimeField(blank=True, editable=False, null=True)),
                        ("name", models.TextField()),
                        (
                            "languages",
                            models.JSONField(default=list, help_text="BCP 47 tags, best first."),
                        ),
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
                                on_delete=django.db.models.deletion.PROTECT,
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("organization", "user"),
                                name="coordination_practitioner_user",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PractitionerRole",
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
                        ("version", models.PositiveIntegerField(default=1, editable=False)),
                        ("updated_at", models.DateTimeField(blank=True, editable=False, null=True)),
                        (
                            "discipline",
                            models.CharField(
                                choices=[
                                    ("physiotherapy", "Physiotherapy"),
                                    ("chiropractic", "Chiropractic"),
                                    ("massage_therapy", "Massage therapy"),
                                    ("kinesiology", "Kinesiology"),
                                    ("nutrition", "Nutrition"),
                                    ("psychotherapy", "Psychotherapy"),
                                ],
                                max_length=20,
                            ),
                        ),
                        (
                            "college",
                            models.TextField(help_text="The regulator that registers this person."),
                        ),
                        ("registration_number", models.TextField()),
                        ("registered_from", models.DateField()),
                        (
                            "registered_until",
                            models.DateField(
                                blank=True, help_text="The last valid day.", null=True
                            ),
                        ),
                        (
                            "services",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.TextField(),
                                blank=True,
                                default=list,
                                help_text="What this person offers here.",
                            ),
                        ),
                        ("is_active", models.BooleanField(default=True)),
                        (
                            "capacity",
                            models.PositiveSmallIntegerField(
                                blank=True,
                                help_text="Open referrals this person takes; none: unknown.",
                                null=True,
                            ),
                        ),
                        (
                            "location",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                to="coordination.location",
                            ),
                        ),
                        (
                            "organization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.organization",
                            ),
                        ),
                        (
                            "practitioner",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="roles",
                                to="coordination.practitioner",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("organization", "practitioner", "location", "discipline"),
                                name="coordination_role_once",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("registered_until", None),
                                    ("registered_until__gte", models.F("registered_from")),
                                    _connector="OR",
                                ),
                                name="coordination_role_registration",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    (
                                        "discipline__in",
                                        [
                                            "physiotherapy",
                                            "chiropractic",
                                            "massage_therapy",
                                            "kinesiology",
                                            "nutrition",
                                            "psychotherapy",
                                        ],
                                    )
                                ),
                                name="coordination_role_discipline",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CareTeamMember",
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
                        (
                            "role",
                            models.CharField(
                                choices=[
                                    ("lead", "Lead: accountable for the whole plan"),
                                    ("member", "Member"),
                                ],
                                max_length=8,
                            ),
                        ),
                        ("since", models.DateTimeField()),
                        ("until", models.DateTimeField(blank=True, null=True)),
                        ("ended_because", models.TextField(blank=True)),
                        (
                            "organization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.organization",
                            ),
                        ),
                        (
                            "patient",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="care_team",
                                to="coordination.patient",
                            ),
                        ),
                        (
                            "practitioner_role",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.practitionerrole",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("role", "lead"), ("until", None)),
                                fields=("organization", "patient"),
                                name="coordination_one_lead",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("until", None)),
                                fields=("organization", "patient", "practitioner_role"),
                                name="coordination_member_once",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("until", None),
                                    ("until__gte", models.F("since")),
                                    _connector="OR",
                                ),
                                name="coordination_member_period",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="AccessGrant",
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
                        (
                            "basis",
                            models.CharField(
                                choices=[
                                    ("membership", "Membership"),
                                    ("referral", "Referral"),
                                    ("hand_off", "Hand Off"),
                                    ("appointment", "Appointment"),
                                    ("override", "Override"),
                                    ("safety", "Safety"),
                                ],
                                max_length=12,
                            ),
                        ),
                        (
                            "source_id",
                            models.UUIDField(
                                help_text="The membership, referral, … that gives the reason."
                            ),
                        ),
                        ("since", models.DateTimeField()),
                        ("until", models.DateTimeField(blank=True, null=True)),
                        (
                            "organization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.organization",
                            ),
                        ),
                        (
                            "patient",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="grants",
                                to="coordination.patient",
                            ),
                        ),
                        (
                            "practitioner_role",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.practitionerrole",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=(
                                    "organization",
                                    "practitioner_role",
                                    "patient",
                                    "basis",
                                    "source_id",
                                ),
                                name="coordination_grant_once",
                            )
                        ],
                        "indexes": [
                            models.Index(
                                fields=["organization", "practitioner_role", "patient"],
                                name="coordination_grant_circle",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Membership",
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
                        (
                            "role",
                            models.CharField(
                                choices=[
                                    ("practitioner", "Practitioner"),
                                    ("scheduler", "Scheduler"),
                                    ("administrator", "Administrator"),
                                    ("privacy_officer", "Privacy Officer"),
                                    ("patient", "Patient"),
                                    ("proxy", "Proxy"),
                                ],
                                max_length=16,
                            ),
                        ),
                        ("since", models.DateTimeField()),
                        ("until", models.DateTimeField(blank=True, null=True)),
                        (
                            "user",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="memberships",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "organization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.organization",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("until", None)),
                                fields=("organization", "user", "role"),
                                name="coordination_membership_once",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("until", None),
                                    ("until__gt", models.F("since")),
                                    _connector="OR",
                                ),
                                name="coordination_membership_period",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="WorkItem",
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
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("referral", "A referral to take up and report on"),
                                    ("hand_off", "A hand-off to take over"),
                                    ("escalation", "Something that waits for too long"),
                                    ("review", "Something to look at"),
                                ],
                                max_length=12,
                            ),
                        ),
                        (
                            "subject_id",
                            models.UUIDField(help_text="The referral, plan, … that it is about."),
                        ),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("requested", "Requested"),
                                    ("accepted", "Accepted"),
                                    ("rejected", "Rejected"),
                                    ("in_progress", "In Progress"),
                                    ("completed", "Completed"),
                                    ("cancelled", "Cancelled"),
                                ],
                                default="requested",
                                editable=False,
                                max_length=12,
                            ),
                        ),
                        ("claimed_until", models.DateTimeField(blank=True, null=True)),
                        ("opened_at", models.DateTimeField()),
                        ("assigned_at", models.DateTimeField(blank=True, null=True)),
                        ("due_at", models.DateTimeField(blank=True, null=True)),
                        ("closed_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "claimed_by",
                            models.ForeignKey(
                                blank=True,
                                help_text="The scheduler who is about to name an owner.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "organization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.organization",
                            ),
                        ),
                        (
                            "owner",
                            models.ForeignKey(
                                blank=True,
                                help_text="Who owes it; nobody yet: it waits in the schedulers' queue.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="work_items",
                                to="coordination.practitionerrole",
                            ),
                        ),
                        (
                            "patient",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="work_items",
                                to="coordination.patient",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(
                                    ("status__in", ("requested", "accepted", "in_progress"))
                                ),
                                fields=["organization", "owner", "kind"],
                                name="coordination_work_load",
                            ),
                            models.Index(
                                fields=["organization", "subject_id"],
                                name="coordination_work_subject",
                            ),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    (
                                        "status__in",
                                        (
                                            "requested",
                                            "accepted",
                                            "in_progress",
                                            "rejected",
                                            "completed",
                                            "cancelled",
                                        ),
                                    )
                                ),
                                name="coordination_work_status",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("kind__in", ["referral", "hand_off", "escalation", "review"])
                                ),
                                name="coordination_work_kind",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("status__in", ["requested", "cancelled"]),
                                    ("owner__isnull", False),
                                    _connector="OR",
                                ),
                                name="coordination_work_owned",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("assigned_at", None), ("owner", None)),
                                    models.Q(
                                        ("assigned_at__isnull", False), ("owner__isnull", False)
                                    ),
                                    _connector="OR",
                                ),
                                name="coordination_work_assigned",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("claimed_by", None), ("claimed_until", None)),
                                    models.Q(
                                        ("claimed_by__isnull", False),
                                        ("claimed_until__isnull", False),
                                        ("owner", None),
                                        ("status", "requested"),
                                    ),
                                    _connector="OR",
                                ),
                                name="coordination_work_claim",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("closed_at", None),
                                        ("status__in", ("requested", "accepted", "in_progress")),
                                    ),
                                    models.Q(
                                        ("closed_at__isnull", False),
                                        ("status__in", ("rejected", "completed", "cancelled")),
                                    ),
                                    _connector="OR",
                                ),
                                name="coordination_work_closed",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(
                                    ("status__in", ("requested", "accepted", "in_progress"))
                                ),
                                fields=("organization", "kind", "subject_id"),
                                name="coordination_work_one_open",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="AuditSeal",
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
                        (
                            "sequence",
                            models.BigIntegerField(help_text="1, 2, 3 … within the organization."),
                        ),
                        (
                            "previous_hash",
                            models.BinaryField(
                                help_text="Of the seal before; 32 zeros.", max_length=32
                            ),
                        ),
                        (
                            "hash",
                            models.BinaryField(
                                help_text="SHA-256; see `coordination.sealing`.", max_length=32
                            ),
                        ),
                        (
                            "month",
                            models.DateField(
                                help_text="First day of the month that all its rows belong to."
                            ),
                        ),
                        ("first_transaction_id", models.BigIntegerField()),
                        ("first_id", models.UUIDField()),
                        ("last_transaction_id", models.BigIntegerField()),
                        ("last_id", models.UUIDField()),
                        ("row_count", models.PositiveIntegerField()),
                        (
                            "row_ids",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.UUIDField()
                            ),
                        ),
                        (
                            "row_digests",
                            models.BinaryField(
                                help_text="SHA-256 of each row, one after the other."
                            ),
                        ),
                        ("sealed_at", models.DateTimeField()),
                        (
                            "organization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.organization",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("organization", "sequence"), name="coordination_seal_once"
                            ),
                            models.UniqueConstraint(
                                fields=("organization", "previous_hash"),
                                name="coordination_seal_follows_one",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("row_count__gte", 1), ("sequence__gte", 1)),
                                name="coordination_seal_of_something",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="AuditCheckpoint",
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
                        ("month", models.DateField()),
                        (
                            "last_sequence",
                            models.BigIntegerField(help_text="Seals of the month up to this one."),
                        ),
                        ("seal_count", models.BigIntegerField()),
                        ("row_count", models.BigIntegerField()),
                        (
                            "seals_digest",
                            models.BinaryField(
                                help_text="SHA-256 over their hashes.", max_length=32
                            ),
                        ),
                        ("dropped_at", models.DateTimeField()),
                        ("signature", models.BinaryField(help_text="HMAC-SHA-256.", max_length=32)),
                        (
                            "organization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.organization",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("organization", "month"),
                                name="coordination_checkpoint_once",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="KeptAnswer",
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
                        (
                            "login",
                            models.TextField(
                                help_text="Whose key it is: no other login may hear the answer."
                            ),
                        ),
                        ("key", models.TextField()),
                        (
                            "fingerprint",
                            models.BinaryField(
                                help_text="SHA-256 of method, address, If-Match and body."
                            ),
                        ),
                        ("status", models.PositiveSmallIntegerField()),
                        ("headers", models.JSONField(default=dict)),
                        ("body", models.BinaryField()),
                        (
                            "resource",
                            models.TextField(
                                blank=True, help_text="The kind of record that it showed."
                            ),
                        ),
                        ("resource_id", models.UUIDField(blank=True, null=True)),
                        (
                            "patient_ids",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.UUIDField(),
                                help_text="Patients it was about whom the caller reached afterwards.",
                            ),
                        ),
                        ("kept_at", models.DateTimeField()),
                        ("kept_until", models.DateTimeField()),
                        (
                            "organization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.organization",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(fields=["kept_until"], name="coordination_answer_old")
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("organization", "login", "key"),
                                name="coordination_answer_key",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PatientWord",
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
                        ("word", models.TextField(db_collation="C", editable=False)),
                        (
                            "organization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.organization",
                            ),
                        ),
                        (
                            "patient",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="words",
                                to="coordination.patient",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("organization", "word", "patient"),
                                name="coordination_patient_word",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Consent",
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
                        (
                            "agreement",
                            models.UUIDField(
                                help_text="The same for every version of one agreement."
                            ),
                        ),
                        ("version", models.PositiveSmallIntegerField(help_text="1 for the first.")),
                        (
                            "category",
                            models.CharField(
                                choices=[
                                    ("treatment", "To be assessed and treated"),
                                    (
                                        "collection",
                                        "That information is collected and used for care",
                                    ),
                                    ("sharing", "That information is shared outside the care team"),
                                    ("lockbox", "That something is withheld within the care team"),
                                ],
                                max_length=12,
                            ),
                        ),
                        (
                            "decision",
                            models.CharField(
                                choices=[
                                    ("permit", "Permit"),
                                    ("refuse", "Refuse"),
                                    ("withdraw", "Withdraw what was permitted before"),
                                ],
                                max_length=8,
                            ),
                        ),
                        (
                            "about",
                            models.TextField(
                                blank=True, help_text="What was asked, in a few words."
                            ),
                        ),
                        (
                            "wording",
                            models.CharField(
                                blank=True,
                                help_text="Which text the patient was shown, and its version.",
                                max_length=64,
                            ),
                        ),
                        (
                            "given_by",
                            models.CharField(
                                choices=[
                                    ("patient", "Patient"),
                                    ("substitute", "A substitute decision maker"),
                                ],
                                max_length=10,
                            ),
                        ),
                        (
                            "means",
                            models.CharField(
                                choices=[
                                    ("written", "Written"),
                                    ("spoken", "Spoken"),
                                    ("electronic", "Electronic"),
                                ],
                                max_length=10,
                            ),
                        ),
                        (
                            "evidence",
                            models.TextField(
                                blank=True,
                                help_text="Where the evidence lies: a form's number, a recording's, …",
                            ),
                        ),
                        (
                            "effective_at",
                            models.DateTimeField(help_text="When the patient decided."),
                        ),
                        ("expires_at", models.DateTimeField(blank=True, null=True)),
                        ("recorded_at", models.DateTimeField()),
                        (
                            "recorded_by",
                            models.TextField(help_text="Login of whoever wrote it down."),
                        ),
                        ("user_id", models.UUIDField(blank=True, null=True)),
                        (
                            "organization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.organization",
                            ),
                        ),
                        (
                            "patient",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="consents",
                                to="coordination.patient",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("organization", "agreement", "version"),
                                name="coordination_consent_version",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("effective_at__lte", models.F("recorded_at")),
                                    models.Q(
                                        ("expires_at", None),
                                        ("expires_at__gt", models.F("effective_at")),
                                        _connector="OR",
                                    ),
                                ),
                                name="coordination_consent_times",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    (
                                        "category__in",
                                        ["treatment", "collection", "sharing", "lockbox"],
                                    ),
                                    ("decision__in", ["permit", "refuse", "withdraw"]),
                                    ("given_by__in", ["patient", "substitute"]),
                                    ("means__in", ["written", "spoken", "electronic"]),
                                ),
                                name="coordination_consent_words",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("decision", "withdraw"), _negated=True),
                                    ("version__gt", 1),
                                    _connector="OR",
                                ),
                                name="coordination_consent_withdrawn",
                            ),
                        ],
                        "indexes": [
                            models.Index(
                                fields=["organization", "patient"], name="coordination_consent_of"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Directive",
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
                        (
                            "target",
                            models.CharField(
                                choices=[
                                    (
                                        "everything",
                                        "All but who the patient is and who acts for them",
                                    ),
                                    ("discipline", "What one discipline does and writes"),
                                    ("practitioner", "What one practitioner does and writes"),
                                    ("condition", "One condition and all that belongs to it"),
                                    ("record", "One record, in all its versions"),
                                ],
                                max_length=12,
                            ),
                        ),
                        (
                            "target_discipline",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("physiotherapy", "Physiotherapy"),
                                    ("chiropractic", "Chiropractic"),
                                    ("massage_therapy", "Massage therapy"),
                                    ("kinesiology", "Kinesiology"),
                                    ("nutrition", "Nutrition"),
                                    ("psychotherapy", "Psychotherapy"),
                                ],
                                max_length=20,
                            ),
                        ),
                        (
                            "target_id",
                            models.UUIDField(
                                blank=True,
                                help_text="Of the condition (its course) or of the record.",
                                null=True,
                            ),
                        ),
                        (
                            "audience",
                            models.CharField(
                                choices=[
                                    (
                                        "everyone",
                                        "Everybody but whoever wrote it or is a party to it",
                                    ),
                                    ("discipline", "Everybody of one discipline"),
                                    ("practitioner", "One practitioner"),
                                ],
                                max_length=12,
                            ),
                        ),
                        (
                            "audience_discipline",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("physiotherapy", "Physiotherapy"),
                                    ("chiropractic", "Chiropractic"),
                                    ("massage_therapy", "Massage therapy"),
                                    ("kinesiology", "Kinesiology"),
                                    ("nutrition", "Nutrition"),
                                    ("psychotherapy", "Psychotherapy"),
                                ],
                                max_length=20,
                            ),
                        ),
                        ("since", models.DateTimeField()),
                        ("until", models.DateTimeField(blank=True, null=True)),
                        (
                            "audience_practitioner",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.practitioner",
                            ),
                        ),
                        (
                            "consent",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="directives",
                                to="coordination.consent",
                            ),
                        ),
                        (
                            "ended_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.consent",
                            ),
                        ),
                        (
                            "organization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.organization",
                            ),
                        ),
                        (
                            "patient",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="directives",
                                to="coordination.patient",
                            ),
                        ),
                        (
                            "target_practitioner",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.practitioner",
                            ),
                        ),
                        (
                            "original",
                            models.ForeignKey(
                                blank=True,
                                help_text="What this repeats: set on another record of the same person.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.directive",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("target", "everything"),
                                        ("target_discipline", ""),
                                        ("target_id", None),
                                        ("target_practitioner", None),
                                    ),
                                    models.Q(
                                        ("target", "discipline"),
                                        ("target_id", None),
                                        ("target_practitioner", None),
                                        (
                                            "target_discipline__in",
                                            [
                                                "physiotherapy",
                                                "chiropractic",
                                                "massage_therapy",
                                                "kinesiology",
                                                "nutrition",
                                                "psychotherapy",
                                            ],
                                        ),
                                    ),
                                    models.Q(
                                        ("target", "practitioner"),
                                        ("target_discipline", ""),
                                        ("target_id", None),
                                        ("target_practitioner__isnull", False),
                                    ),
                                    models.Q(
                                        ("target__in", ["condition", "record"]),
                                        ("target_discipline", ""),
                                        ("target_id__isnull", False),
                                        ("target_practitioner", None),
                                    ),
                                    _connector="OR",
                                ),
                                name="coordination_directive_target",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("audience", "everyone"),
                                        ("audience_discipline", ""),
                                        ("audience_practitioner", None),
                                    ),
                                    models.Q(
                                        ("audience", "discipline"),
                                        ("audience_practitioner", None),
                                        (
                                            "audience_discipline__in",
                                            [
                                                "physiotherapy",
                                                "chiropractic",
                                                "massage_therapy",
                                                "kinesiology",
                                                "nutrition",
                                                "psychotherapy",
                                            ],
                                        ),
                                    ),
                                    models.Q(
                                        ("audience", "practitioner"),
                                        ("audience_discipline", ""),
                                        ("audience_practitioner__isnull", False),
                                    ),
                                    _connector="OR",
                                ),
                                name="coordination_directive_audience",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("ended_by", None), ("until", None)),
                                    models.Q(
                                        ("until__gte", models.F("since")),
                                        models.Q(
                                            ("ended_by__isnull", False),
                                            ("original__isnull", False),
                                            _connector="OR",
                                        ),
                                    ),
                                    _connector="OR",
                                ),
                                name="coordination_directive_period",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("original__isnull", False), ("until", None)),
                                fields=("organization", "original", "patient"),
                                name="coordination_directive_repeated_once",
                            ),
                        ],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("until", None)),
                                fields=["organization", "patient"],
                                name="coordination_directive_of",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Override",
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
                        ("user_id", models.UUIDField(help_text="Who broke it; may not review it.")),
                        (
                            "reason_code",
                            models.CharField(
                                choices=[
                                    (
                                        "risk_of_harm",
                                        "Somebody may come to serious harm without it",
                                    ),
                                    ("patient_agrees", "The patient agrees, here and now"),
                                    ("legal_duty", "A law or an order requires it"),
                                ],
                                max_length=16,
                            ),
                        ),
                        ("reason", models.TextField(help_text="In the words of whoever broke it.")),
                        (
                            "opens_withheld",
                            models.BooleanField(
                                help_text="Whether it also opens what the patient had locked away."
                            ),
                        ),
                        ("since", models.DateTimeField()),
                        ("until", models.DateTimeField()),
                        (
                            "alerted_at",
                            models.DateTimeField(
                                blank=True,
                                help_text="When the privacy officers' messages were written.",
                                null=True,
                            ),
                        ),
                        ("review_due_at", models.DateTimeField()),
                        (
                            "verdict",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("appropriate", "Appropriate"),
                                    ("inappropriate", "Inappropriate"),
                                    ("needs_follow_up", "Needs Follow Up"),
                                ],
                                max_length=16,
                            ),
                        ),
                        ("reviewed_by", models.UUIDField(blank=True, null=True)),
                        ("reviewed_at", models.DateTimeField(blank=True, null=True)),
                        ("review_note", models.TextField(blank=True)),
                        (
                            "organization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.organization",
                            ),
                        ),
                        (
                            "patient",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="overrides",
                                to="coordination.patient",
                            ),
                        ),
                        (
                            "practitioner_role",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.practitionerrole",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("until__gt", models.F("since")),
                                    models.Q(("reason", ""), _negated=True),
                                ),
                                name="coordination_override_bounded",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    (
                                        "reason_code__in",
                                        ["risk_of_harm", "patient_agrees", "legal_duty"],
                                    ),
                                    (
                                        "verdict__in",
                                        ["", "appropriate", "inappropriate", "needs_follow_up"],
                                    ),
                                ),
                                name="coordination_override_words",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("review_note", ""),
                                        ("reviewed_at", None),
                                        ("reviewed_by", None),
                                        ("verdict", ""),
                                    ),
                                    models.Q(
                                        models.Q(("verdict", ""), _negated=True),
                                        models.Q(("review_note", ""), _negated=True),
                                        ("reviewed_at__isnull", False),
                                        ("reviewed_by__isnull", False),
                                    ),
                                    _connector="OR",
                                ),
                                name="coordination_override_reviewed",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("reviewed_by", None),
                                    models.Q(("reviewed_by", models.F("user_id")), _negated=True),
                                    _connector="OR",
                                ),
                                name="coordination_override_by_another",
                            ),
                        ],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("verdict", "")),
                                fields=["organization", "review_due_at"],
                                name="coordination_override_open",
                            ),
                            models.Index(
                                condition=models.Q(("alerted_at", None)),
                                fields=["since"],
                                name="coordination_override_untold",
                            ),
                            models.Index(
                                fields=["organization", "practitioner_role", "patient"],
                                name="coordination_override_of",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="DuplicateReview",
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
                        (
                            "matches",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(
                                    choices=[
                                        ("same_identifier", "Same Identifier"),
                                        (
                                            "other_demographics",
                                            "Same identifier, other name or birth date",
                                        ),
                                        ("same_demographics", "Same name and birth date"),
                                    ],
                                    max_length=20,
                                )
                            ),
                        ),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("open", "Open"),
                                    ("distinct", "Two persons"),
                                    ("merged", "One person; the records are linked"),
                                ],
                                default="open",
                                editable=False,
                                max_length=8,
                            ),
                        ),
                        ("opened_at", models.DateTimeField()),
                        ("decided_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "candidate",
                            models.ForeignKey(
                                help_text="The record that was there.",
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.patient",
                            ),
                        ),
                        (
                            "organization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.organization",
                            ),
                        ),
                        (
                            "patient",
                            models.ForeignKey(
                                help_text="The record that came second.",
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="duplicate_reviews",
                                to="coordination.patient",
                            ),
                        ),
                        (
                            "survivor",
                            models.ForeignKey(
                                blank=True,
                                help_text="The record that goes on, while the two are merged.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.patient",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                models.F("organization"),
                                django.db.models.functions.comparison.Least("patient", "candidate"),
                                django.db.models.functions.comparison.Greatest(
                                    "patient", "candidate"
                                ),
                                name="coordination_duplicate_pair",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("patient", models.F("candidate")), _negated=True
                                ),
                                name="coordination_duplicate_two",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("status", "open"), ("survivor", None)),
                                    models.Q(
                                        ("decided_at__isnull", False),
                                        ("status", "distinct"),
                                        ("survivor", None),
                                    ),
                                    models.Q(
                                        ("decided_at__isnull", False),
                                        ("status", "merged"),
                                        models.Q(
                                            ("survivor", models.F("patient")),
                                            ("survivor", models.F("candidate")),
                                            _connector="OR",
                                        ),
                                    ),
                                    _connector="OR",
                                ),
                                name="coordination_duplicate_decided",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="DuplicateStep",
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
                        ("action", models.CharField(max_length=12)),
                        ("from_status", models.CharField(max_length=8)),
                        ("to_status", models.CharField(max_length=8)),
                        ("survivor_id", models.UUIDField(blank=True, null=True)),
                        (
                            "identifiers",
                            models.JSONField(
                                default=list,
                                help_text="Parked identifiers that it took away, to give them back.",
                            ),
                        ),
                        ("because", models.TextField(blank=True)),
                        ("actor", models.TextField()),
                        ("user_id", models.UUIDField(blank=True, null=True)),
                        ("recorded_at", models.DateTimeField()),
                        (
                            "organization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.organization",
                            ),
                        ),
                        (
                            "review",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="steps",
                                to="coordination.duplicatereview",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                fields=["review", "recorded_at"],
                                name="coordination_duplicate_steps",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="HandOff",
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
                        (
                            "cause",
                            models.CharField(
                                choices=[
                                    ("offered", "The lead or a scheduler offered it"),
                                    ("registration_lapsed", "The lead's registration is not valid"),
                                ],
                                max_length=20,
                            ),
                        ),
                        ("because", models.TextField(blank=True, help_text="Why, in a few words.")),
                        ("note", models.TextField(blank=True, help_text="For whoever takes over.")),
                        (
                            "evidence",
                            models.JSONField(
                                default=list, help_text="Kind and id of each record to review."
                            ),
                        ),
                        ("is_urgent", models.BooleanField(default=False)),
                        ("opened_at", models.DateTimeField()),
                        ("due_at", models.DateTimeField(help_text="Overdue after it.")),
                        ("closed_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "outcome",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("accepted", "Accepted"),
                                    ("declined", "Declined"),
                                    ("withdrawn", "Withdrawn"),
                                ],
                                max_length=9,
                            ),
                        ),
                        (
                            "organization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.organization",
                            ),
                        ),
                        (
                            "patient",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="hand_offs",
                                to="coordination.patient",
                            ),
                        ),
                        (
                            "sender",
                            models.ForeignKey(
                                help_text="The lead who stays accountable until somebody accepts.",
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.practitionerrole",
                            ),
                        ),
                        (
                            "work_item",
                            models.ForeignKey(
                                help_text="Whose answer it waits for now.",
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="hand_off",
                                to="coordination.workitem",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("closed_at", None)),
                                fields=("organization", "patient"),
                                name="coordination_hand_off_one_open",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("closed_at", None), ("outcome", "")),
                                    models.Q(
                                        ("closed_at__gte", models.F("opened_at")),
                                        ("outcome__in", ["accepted", "declined", "withdrawn"]),
                                    ),
                                    _connector="OR",
                                ),
                                name="coordination_hand_off_closed",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("due_at__gte", models.F("opened_at")),
                                    ("cause__in", ["offered", "registration_lapsed"]),
                                ),
                                name="coordination_hand_off_words",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="HandOffStep",
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
                        ("action", models.CharField(max_length=12)),
                        ("from_status", models.CharField(blank=True, max_length=12)),
                        ("to_status", models.CharField(max_length=12)),
                        ("reason_code", models.CharField(blank=True, max_length=24)),
                        ("actor", models.TextField()),
                        ("user_id", models.UUIDField(blank=True, null=True)),
                        ("recorded_at", models.DateTimeField()),
                        (
                            "hand_off",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="steps",
                                to="coordination.handoff",
                            ),
                        ),
                        (
                            "organization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.organization",
                            ),
                        ),
                        (
                            "work_item",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.workitem",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                fields=["hand_off", "recorded_at"],
                                name="coordination_hand_off_steps",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="RelatedPerson",
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
                        (
                            "relationship",
                            models.CharField(
                                choices=[
                                    ("parent", "Parent"),
                                    ("guardian", "Guardian"),
                                    ("spouse", "Spouse"),
                                    ("partner", "Partner"),
                                    ("child", "Child"),
                                    ("sibling", "Sibling"),
                                    ("relative", "Relative"),
                                    ("friend", "Friend"),
                                    ("caregiver", "Caregiver"),
                                    ("professional", "Somebody who does it as their profession"),
                                ],
                                max_length=12,
                            ),
                        ),
                        ("email", models.EmailField(blank=True, max_length=254)),
                        ("phone", models.CharField(blank=True, max_length=40)),
                        ("recorded_at", models.DateTimeField()),
                        (
                            "organization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.organization",
                            ),
                        ),
                        (
                            "patient",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="related_persons",
                                to="coordination.patient",
                            ),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                blank=True,
                                help_text="The login of this person; none: their rights are exercised in person.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("organization", "patient", "user"),
                                name="coordination_related_login",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="RelatedPersonRight",
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
                        (
                            "right",
                            models.CharField(
                                choices=[
                                    ("view", "See who the patient is and what care is planned"),
                                    ("book", "Book and change appointments"),
                                    ("consent", "Decide about use and sharing of information"),
                                    ("message", "Write and be written to"),
                                ],
                                max_length=7,
                            ),
                        ),
                        (
                            "granted_by",
                            models.CharField(
                                choices=[
                                    ("patient", "The patient"),
                                    ("authority", "A documented authority"),
                                ],
                                max_length=9,
                            ),
                        ),
                        (
                            "legal_basis",
                            models.CharField(
                                choices=[
                                    ("patient_authorization", "Patient Authorization"),
                                    ("parental_responsibility", "Parental Responsibility"),
                                    ("power_of_attorney", "Power Of Attorney"),
                                    ("court_appointment", "Court Appointment"),
                                    ("statutory_substitute", "Statutory Substitute"),
                                ],
                                max_length=24,
                            ),
                        ),
                        (
                            "evidence",
                            models.TextField(
                                help_text="Where the document lies: a form's or file's number."
                            ),
                        ),
                        ("since", models.DateTimeField()),
                        (
                            "until",
                            models.DateTimeField(
                                help_text="The first moment at which it no longer holds."
                            ),
                        ),
                        ("revoked_at", models.DateTimeField(blank=True, null=True)),
                        ("revoked_because", models.TextField(blank=True)),
                        ("recorded_at", models.DateTimeField()),
                        ("recorded_by", models.TextField()),
                        (
                            "user_id",
                            models.UUIDField(
                                blank=True, help_text="Login of who wrote it down.", null=True
                            ),
                        ),
                        (
                            "organization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.organization",
                            ),
                        ),
                        (
                            "patient",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.patient",
                            ),
                        ),
                        (
                            "related_person",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="rights",
                                to="coordination.relatedperson",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("until__gt", models.F("since")),
                                    models.Q(("evidence", ""), _negated=True),
                                ),
                                name="coordination_right_documented",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("right__in", ["view", "book", "consent", "message"]),
                                    models.Q(
                                        models.Q(
                                            ("granted_by", "patient"),
                                            ("legal_basis", "patient_authorization"),
                                        ),
                                        models.Q(
                                            ("granted_by", "authority"),
                                            models.Q(
                                                ("legal_basis", "patient_authorization"),
                                                _negated=True,
                                            ),
                                        ),
                                        _connector="OR",
                                    ),
                                ),
                                name="coordination_right_words",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("revoked_at", None), ("revoked_because", "")),
                                    models.Q(
                                        ("revoked_at__isnull", False),
                                        models.Q(("revoked_because", ""), _negated=True),
                                    ),
                                    _connector="OR",
                                ),
                                name="coordination_right_revoked",
                            ),
                            django.contrib.postgres.constraints.ExclusionConstraint(
                                condition=models.Q(("revoked_at", None)),
                                expressions=[
                                    ("related_person", "="),
                                    ("right", "="),
                                    (
                                        models.Func(
                                            "since",
                                            "until",
                                            function="tstzrange",
                                            output_field=django.contrib.postgres.fields.ranges.DateTimeRangeField(),
                                        ),
                                        "&&",
                                    ),
                                ],
                                name="coordination_right_once",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Coverage",
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
                        ("version", models.PositiveIntegerField(default=1, editable=False)),
                        ("updated_at", models.DateTimeField(blank=True, editable=False, null=True)),
                        ("payer", models.TextField()),
                        ("programme", models.TextField(blank=True)),
                        ("member_number", models.TextField(blank=True)),
                        (
                            "discipline",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("physiotherapy", "Physiotherapy"),
                                    ("chiropractic", "Chiropractic"),
                                    ("massage_therapy", "Massage therapy"),
                                    ("kinesiology", "Kinesiology"),
                                    ("nutrition", "Nutrition"),
                                    ("psychotherapy", "Psychotherapy"),
                                ],
                                help_text="Empty: of any discipline.",
                                max_length=20,
                            ),
                        ),
                        ("starts_on", models.DateField()),
                        (
                            "ends_on",
                            models.DateField(blank=True, help_text="The last day.", null=True),
                        ),
                        (
                            "sessions_allowed",
                            models.PositiveSmallIntegerField(blank=True, null=True),
                        ),
                        ("sessions_used", models.PositiveSmallIntegerField(default=0)),
                        (
                            "amount_allowed",
                            models.DecimalField(
                                blank=True,
                                decimal_places=2,
                                help_text="In Canadian dollars.",
                                max_digits=9,
                                null=True,
                            ),
                        ),
                        (
                            "amount_used",
                            models.DecimalField(decimal_places=2, default=0, max_digits=9),
                        ),
                        ("removed_at", models.DateTimeField(blank=True, editable=False, null=True)),
                        ("recorded_at", models.DateTimeField()),
                        (
                            "organization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.organization",
                            ),
                        ),
                        (
                            "patient",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="coverages",
                                to="coordination.patient",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("removed_at", None)),
                                fields=["organization", "patient", "-starts_on"],
                                name="coordination_coverage_of",
                            )
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("payer", ""), _negated=True),
                                name="coordination_coverage_payer",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    (
                                        "discipline__in",
                                        [
                                            "",
                                            "physiotherapy",
                                            "chiropractic",
                                            "massage_therapy",
                                            "kinesiology",
                                            "nutrition",
                                            "psychotherapy",
                                        ],
                                    )
                                ),
                                name="coordination_coverage_words",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("ends_on", None),
                                    ("ends_on__gte", models.F("starts_on")),
                                    _connector="OR",
                                ),
                                name="coordination_coverage_period",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("amount_used__gte", 0),
                                    models.Q(
                                        ("amount_allowed", None),
                                        ("amount_allowed__gte", 0),
                                        _connector="OR",
                                    ),
                                ),
                                name="coordination_coverage_amounts",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ScopeNarrowing",
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
                        (
                            "entry",
                            models.CharField(
                                help_text="An entry of the scope table.", max_length=60
                            ),
                        ),
                        (
                            "discipline",
                            models.CharField(
                                choices=[
                                    ("physiotherapy", "Physiotherapy"),
                                    ("chiropractic", "Chiropractic"),
                                    ("massage_therapy", "Massage therapy"),
                                    ("kinesiology", "Kinesiology"),
                                    ("nutrition", "Nutrition"),
                                    ("psychotherapy", "Psychotherapy"),
                                ],
                                max_length=20,
                            ),
                        ),
                        ("reason", models.TextField()),
                        ("actor", models.TextField(editable=False)),
                        ("since", models.DateTimeField()),
                        ("until", models.DateTimeField(blank=True, null=True)),
                        (
                            "organization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.organization",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("until", None)),
                                fields=("organization", "entry", "discipline"),
                                name="coordination_narrowing_once",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("until", None),
                                    ("until__gte", models.F("since")),
                                    _connector="OR",
                                ),
                                name="coordination_narrowing_period",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Denial",
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
                        ("recorded_at", models.DateTimeField()),
                        ("user_id", models.UUIDField()),
                        ("actor", models.TextField()),
                        (
                            "roles",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=20)
                            ),
                        ),
                        (
                            "disciplines",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=20)
                            ),
                        ),
                        ("request_id", models.CharField(max_length=64)),
                        ("verb", models.CharField(max_length=8)),
                        ("action", models.TextField(help_text="The address as `basename.action`.")),
                        (
                            "rule",
                            models.TextField(
                                help_text="The rule that refused; `reach` for what is not found."
                            ),
                        ),
                        ("status", models.PositiveSmallIntegerField()),
                        (
                            "resource",
                            models.TextField(
                                blank=True, help_text="The kind of record that was asked for."
                            ),
                        ),
                        ("resource_id", models.UUIDField(blank=True, null=True)),
                        (
                            "organization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.organization",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                fields=["organization", "user_id", "recorded_at"],
                                name="coordination_denial_of",
                            ),
                            models.Index(
                                fields=["organization", "request_id"],
                                name="coordination_denial_request",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="LegalHold",
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
                        ("reason", models.TextField()),
                        (
                            "ordered_by",
                            models.TextField(
                                help_text="Who ordered it: a court, a college, a lawyer."
                            ),
                        ),
                        ("since", models.DateTimeField()),
                        (
                            "until",
                            models.DateTimeField(
                                blank=True, help_text="When it was released.", null=True
                            ),
                        ),
                        ("placed_by", models.TextField(help_text="Login of the privacy officer.")),
                        ("released_by", models.TextField(blank=True)),
                        ("release_reason", models.TextField(blank=True)),
                        (
                            "organization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.organization",
                            ),
                        ),
                        (
                            "patient",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="legal_holds",
                                to="coordination.patient",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("release_reason", ""), ("released_by", ""), ("until", None)
                                    ),
                                    models.Q(
                                        models.Q(("released_by", ""), _negated=True),
                                        models.Q(("release_reason", ""), _negated=True),
                                        ("until__gte", models.F("since")),
                                    ),
                                    _connector="OR",
                                ),
                                name="coordination_hold_released",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("reason", ""), _negated=True),
                                    models.Q(("ordered_by", ""), _negated=True),
                                ),
                                name="coordination_hold_why",
                            ),
                        ],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("until", None)),
                                fields=["organization", "patient"],
                                name="coordination_hold_standing",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="RecordRequest",
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
                        (
                            "kind",
                            models.CharField(
                                choices=[("access", "Access"), ("correction", "Correction")],
                                max_length=10,
                            ),
                        ),
                        (
                            "resource",
                            models.CharField(
                                blank=True,
                                help_text="The kind of record; empty: the whole record.",
                                max_length=40,
                            ),
                        ),
                        ("resource_id", models.UUIDField(blank=True, null=True)),
                        (
                            "discipline",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("physiotherapy", "Physiotherapy"),
                                    ("chiropractic", "Chiropractic"),
                                    ("massage_therapy", "Massage therapy"),
                                    ("kinesiology", "Kinesiology"),
                                    ("nutrition", "Nutrition"),
                                    ("psychotherapy", "Psychotherapy"),
                                ],
                                max_length=20,
                            ),
                        ),
                        ("condition_id", models.UUIDField(blank=True, null=True)),
                        ("sensitivity", models.CharField(blank=True, max_length=64)),
                        (
                            "text",
                            models.TextField(help_text="What the patient asks, in their words."),
                        ),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("received", "Received"),
                                    ("granted", "Granted"),
                                    ("fulfilled", "Fulfilled: handed over, or corrected"),
                                    ("refused", "Refused"),
                                    ("withdrawn", "Withdrawn"),
                                ],
                                default="received",
                                editable=False,
                                max_length=9,
                            ),
                        ),
                        ("received_at", models.DateTimeField()),
                        ("due_at", models.DateTimeField()),
                        ("recorded_by", models.TextField(help_text="The login that took it down.")),
                        ("user_id", models.UUIDField(blank=True, null=True)),
                        ("recorded_at", models.DateTimeField()),
                        ("decided_at", models.DateTimeField(blank=True, null=True)),
                        ("decided_by", models.TextField(blank=True)),
                        (
                            "refusal",
                            models.CharField(
                                blank=True,
                                choices=[
                                    (
                                        "not_inaccurate",
                                        "The record is held to be accurate and complete",
                                    ),
                                    ("professional_opinion", "It is an opinion held in good faith"),
                                    ("record_of_others", "It came from others who answer for it"),
                                    (
                                        "not_the_patients",
                                        "It is not this patient's to see or change",
                                    ),
                                    ("risk_of_harm", "Access could lead to serious harm"),
                                ],
                                max_length=24,
                            ),
                        ),
                        (
                            "answer",
                            models.TextField(blank=True, help_text="What the patient was told."),
                        ),
                        (
                            "corrected_by_id",
                            models.UUIDField(
                                blank=True,
                                help_text="The record that corrects the one it is about.",
                                null=True,
                            ),
                        ),
                        ("closed_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "author",
                            models.ForeignKey(
                                blank=True,
                                help_text="Who wrote the record that it is about.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.practitionerrole",
                            ),
                        ),
                        (
                            "organization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.organization",
                            ),
                        ),
                        (
                            "patient",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="record_requests",
                                to="coordination.patient",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("closed_at", None),
                                        ("decided_at", None),
                                        ("status", "received"),
                                    ),
                                    models.Q(
                                        ("closed_at", None),
                                        ("decided_at__isnull", False),
                                        ("status", "granted"),
                                    ),
                                    models.Q(
                                        ("closed_at__isnull", False),
                                        ("status__in", ["fulfilled", "refused", "withdrawn"]),
                                    ),
                                    _connector="OR",
                                ),
                                name="coordination_request_state",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        models.Q(("status", "refused"), _negated=True),
                                        ("refusal", ""),
                                    ),
                                    models.Q(
                                        (
                                            "refusal__in",
                                            [
                                                "not_inaccurate",
                                                "professional_opinion",
                                                "record_of_others",
                                                "not_the_patients",
                                                "risk_of_harm",
                                            ],
                                        ),
                                        ("status", "refused"),
                                        models.Q(("answer", ""), _negated=True),
                                    ),
                                    _connector="OR",
                                ),
                                name="coordination_request_refusal",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("kind", "correction"), _negated=True),
                                    models.Q(
                                        models.Q(("resource", ""), _negated=True),
                                        ("resource_id__isnull", False),
                                    ),
                                    _connector="OR",
                                ),
                                name="coordination_request_of",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("kind", "correction"),
                                        ("status", "fulfilled"),
                                        _negated=True,
                                    ),
                                    ("corrected_by_id__isnull", False),
                                    _connector="OR",
                                ),
                                name="coordination_request_corrected",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("due_at__gte", models.F("received_at")),
                                    ("received_at__lte", models.F("recorded_at")),
                                    models.Q(("text", ""), _negated=True),
                                ),
                                name="coordination_request_times",
                            ),
                        ],
                        "indexes": [
                            models.Index(
                                fields=["organization", "resource_id"],
                                name="coordination_request_about",
                            ),
                            models.Index(
                                condition=models.Q(("status__in", ["received", "granted"])),
                                fields=["organization", "due_at"],
                                name="coordination_request_open",
                            ),
                            models.Index(
                                condition=models.Q(("corrected_by_id__isnull", False)),
                                fields=["organization", "corrected_by_id"],
                                name="coordination_request_corrects",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="RetentionPolicy",
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
                        ("record_kind", models.CharField(max_length=40)),
                        ("years_after_last_contact", models.PositiveSmallIntegerField()),
                        (
                            "minor_until_age",
                            models.PositiveSmallIntegerField(
                                help_text="A patient younger than this counts as a minor."
                            ),
                        ),
                        (
                            "years_after_minority",
                            models.PositiveSmallIntegerField(
                                help_text="Kept at least so long after a minor has reached that age."
                            ),
                        ),
                        (
                            "decided_by",
                            models.TextField(help_text="The login that recorded the decision."),
                        ),
                        ("user_id", models.UUIDField(blank=True, null=True)),
                        ("recorded_at", models.DateTimeField()),
                        (
                            "organization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.organization",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                fields=["organization", "record_kind", "-recorded_at"],
                                name="coordination_retention_latest",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="StatementOfDisagreement",
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
                        ("resource", models.CharField(max_length=40)),
                        ("resource_id", models.UUIDField()),
                        ("text", models.TextField()),
                        ("said_at", models.DateTimeField()),
                        ("recorded_by", models.TextField(help_text="The login that took it down.")),
                        ("user_id", models.UUIDField(blank=True, null=True)),
                        ("recorded_at", models.DateTimeField()),
                        (
                            "organization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.organization",
                            ),
                        ),
                        (
                            "patient",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.patient",
                            ),
                        ),
                        (
                            "request",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="statement",
                                to="coordination.recordrequest",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("text", ""), _negated=True),
                                    ("said_at__lte", models.F("recorded_at")),
                                ),
                                name="coordination_statement_says",
                            )
                        ],
                        "indexes": [
                            models.Index(
                                fields=["organization", "resource_id"],
                                name="coordination_statement_with",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="AccessSample",
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
                        (
                            "week",
                            models.DateField(help_text="The Monday on which the week began (UTC)."),
                        ),
                        ("seed", models.BigIntegerField()),
                        ("drawn_at", models.DateTimeField()),
                        (
                            "drawn",
                            models.PositiveIntegerField(
                                help_text="How many accesses were put up for review."
                            ),
                        ),
                        (
                            "organization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.organization",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("organization", "week"), name="coordination_sample_once"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="AccessReview",
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
                        ("audit_event_id", models.UUIDField()),
                        ("accessed_at", models.DateTimeField()),
                        ("user_id", models.UUIDField(help_text="Who looked; may not review it.")),
                        ("actor", models.TextField(help_text="Their login.")),
                        ("event", models.TextField()),
                        ("resource", models.TextField()),
                        (
                            "basis",
                            models.TextField(help_text="By what right, as recorded at the time."),
                        ),
                        (
                            "rules",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(
                                    choices=[
                                        (
                                            "no_relationship",
                                            "No membership, referral or appointment at the time",
                                        ),
                                        (
                                            "same_family_name",
                                            "Reader and patient have the same family name",
                                        ),
                                        ("colleague", "The patient works here"),
                                        (
                                            "many_patients",
                                            "The reader opened unusually many patients that day",
                                        ),
                                        (
                                            "no_current_work",
                                            "The reader owed this patient nothing at the time",
                                        ),
                                        ("random", "Drawn at random"),
                                    ],
                                    max_length=16,
                                )
                            ),
                        ),
                        (
                            "verdict",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("appropriate", "Appropriate"),
                                    ("inappropriate", "Inappropriate"),
                                    ("needs_follow_up", "Needs Follow Up"),
                                ],
                                max_length=16,
                            ),
                        ),
                        ("reviewed_by", models.UUIDField(blank=True, null=True)),
                        ("reviewed_at", models.DateTimeField(blank=True, null=True)),
                        ("review_note", models.TextField(blank=True)),
                        (
                            "organization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.organization",
                            ),
                        ),
                        (
                            "patient",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="access_reviews",
                                to="coordination.patient",
                            ),
                        ),
                        (
                            "sample",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="reviews",
                                to="coordination.accesssample",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("organization", "audit_event_id", "patient"),
                                name="coordination_review_once",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("review_note", ""),
                                        ("reviewed_at", None),
                                        ("reviewed_by", None),
                                        ("verdict", ""),
                                    ),
                                    models.Q(
                                        (
                                            "verdict__in",
                                            ["appropriate", "inappropriate", "needs_follow_up"],
                                        ),
                                        models.Q(("review_note", ""), _negated=True),
                                        ("reviewed_at__isnull", False),
                                        ("reviewed_by__isnull", False),
                                    ),
                                    _connector="OR",
                                ),
                                name="coordination_review_decided",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("reviewed_by", None),
                                    models.Q(("reviewed_by", models.F("user_id")), _negated=True),
                                    _connector="OR",
                                ),
                                name="coordination_review_by_another",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="OnCallDuty",
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
                        ("since", models.DateTimeField()),
                        ("until", models.DateTimeField(blank=True, null=True)),
                        ("recorded_by", models.TextField(help_text="The login that arranged it.")),
                        ("recorded_at", models.DateTimeField()),
                        (
                            "organization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.organization",
                            ),
                        ),
                        (
                            "practitioner_role",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="on_call_duties",
                                to="coordination.practitionerrole",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                fields=["organization", "since"], name="coordination_on_call"
                            )
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("until", None),
                                    ("until__gte", models.F("since")),
                                    _connector="OR",
                                ),
                                name="coordination_duty_period",
                            )
                        ],
                    },
                ),
            ]
        ),
        Fence("Location"),
        Fence("DirectoryEntry"),
        AddTriggers(
            model_name="auditevent",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="504c27d906f1db701eb2d99c61bd6ad09d624398",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_f7151",
                        table="coordination_auditevent",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="bc933d19e1954d02c1e8a2eadf990a05e2b72541",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_aa9af",
                        table="coordination_auditevent",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        migrations.RunSQL(GUARD_PART, "DROP FUNCTION coordination_guard_audit_part(text)"),
        migrations.RunSQL(MAKE_MONTH, "DROP FUNCTION coordination_make_audit_month(date)"),
        migrations.RunSQL(PREPARE_MONTHS, "DROP FUNCTION coordination_prepare_audit_months()"),
        migrations.RunSQL(AUDIT_PARTS, migrations.RunSQL.noop),
        # No row (and below no seal) of a time that nobody can read. None that was there before was
        # asked, so that one that was forged stopped no migration; `verify_audit` names it.
        AddConstraintNotValid(
            model_name="auditevent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    recorded_at__gte=datetime(2000, 1, 1, tzinfo=UTC),
                    recorded_at__lt=datetime(2200, 1, 1, tzinfo=UTC),
                ),
                name="coordination_audit_plausible",
            ),
        ),
        Fence("ApiToken"),
        AddTriggers(
            model_name="patient",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="words_kept",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="\n                    IF TG_OP = 'UPDATE' THEN\n                        IF NEW.search_key = OLD.search_key THEN\n                            RETURN NULL;\n                        END IF;\n                        DELETE FROM public.coordination_patientword WHERE patient_id = NEW.id;\n                    END IF;\n                    INSERT INTO public.coordination_patientword\n                        (id, organization_id, patient_id, word)\n                    SELECT uuidv7(), NEW.organization_id, NEW.id, word FROM (\n                        SELECT DISTINCT left(word, 64) AS word\n                        FROM regexp_split_to_table(NEW.search_key, ' ') AS word\n                        WHERE word <> ''\n                    ) AS words;\n                    RETURN NULL;\n                ",
                        hash="7bf1933938980ba94057735d378203c975c4c8ad",
                        operation='INSERT OR UPDATE OF "search_key"',
                        pgid="pgtrigger_words_kept_b1d6b",
                        table="coordination_patient",
                        when="AFTER",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="merged_at_one_remove",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (NEW."merged_into_id" IS NOT NULL AND OLD."merged_into_id" IS DISTINCT FROM (NEW."merged_into_id"))',
                        func="\n                    IF EXISTS (SELECT FROM public.coordination_patient\n                               WHERE id = NEW.merged_into_id AND merged_into_id IS NOT NULL)\n                       OR EXISTS (SELECT FROM public.coordination_patient\n                                  WHERE merged_into_id = NEW.id) THEN\n                        RAISE EXCEPTION 'A merged record is merged into no other and has none.';\n                    END IF;\n                    RETURN NEW;\n                ",
                        hash="3006247fd34bd15f5c63971d60fcaa98fafb8fe7",
                        operation="UPDATE",
                        pgid="pgtrigger_merged_at_one_remove_25a80",
                        table="coordination_patient",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("Patient"),
        AddTriggers(
            model_name="event",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="62effcd293ec99a2f85606606f95d0044c59e04b",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_311e7",
                        table="coordination_event",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="029e605c3d5f1251892ecb1dc7a974e2794de0da",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_4b193",
                        table="coordination_event",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("Event", append_only=True),
        Fence("PatientIdentifier"),
        Fence("Practitioner"),
        Fence("PractitionerRole"),
        Fence("CareTeamMember"),
        Fence("AccessGrant"),
        Fence("Membership"),
        AddTriggers(
            model_name="workitem",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="begins_requested",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition="WHEN (NOT (NEW.\"status\" = 'requested'))",
                        func="RAISE EXCEPTION 'pgtrigger: Cannot insert rows from % table', TG_TABLE_NAME;",
                        hash="e2a6553b2a4814da9fc36ebf2f7f7f6a0a7455b7",
                        operation="INSERT",
                        pgid="pgtrigger_begins_requested_052c9",
                        table="coordination_workitem",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="one_owner",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."owner_id" IS NOT NULL AND OLD."owner_id" IS DISTINCT FROM (NEW."owner_id"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="ba7d5a0306234a85c417b8bc1f80c4924acabe67",
                        operation="UPDATE",
                        pgid="pgtrigger_one_owner_f28c0",
                        table="coordination_workitem",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="stays_what_it_is",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."subject_id" IS DISTINCT FROM (NEW."subject_id") OR OLD."opened_at" IS DISTINCT FROM (NEW."opened_at"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="63fb9c41eba33864a2f8c2ce9abc54ea4077f1aa",
                        operation="UPDATE",
                        pgid="pgtrigger_stays_what_it_is_823f3",
                        table="coordination_workitem",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_deleted",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                        hash="1fb9c50a72025884323cca2b26ac45b7db83e79c",
                        operation="DELETE",
                        pgid="pgtrigger_never_deleted_06113",
                        table="coordination_workitem",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="583264dd468a77f4b9143e1ea2dad24edd3a4444",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_43cf0",
                        table="coordination_workitem",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="life_cycle",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition="WHEN (NEW.\"kind\" = 'referral')",
                        declare="DECLARE _is_valid_transition BOOLEAN;",
                        func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{requested:accepted,requested:rejected,requested:cancelled,accepted:in_progress,accepted:cancelled,in_progress:completed,in_progress:cancelled}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                        hash="264f70cb5e6b2660d0c72305a84a88d721bbc0ed",
                        operation="UPDATE",
                        pgid="pgtrigger_life_cycle_1dd50",
                        table="coordination_workitem",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="other_life_cycle",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition="WHEN (NOT (NEW.\"kind\" = 'referral'))",
                        declare="DECLARE _is_valid_transition BOOLEAN;",
                        func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{requested:accepted,requested:rejected,requested:cancelled,accepted:in_progress,accepted:cancelled,in_progress:completed,in_progress:cancelled,requested:completed,accepted:completed}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                        hash="ec9affde5a7d9dad26b67513eb64b51efa66a888",
                        operation="UPDATE",
                        pgid="pgtrigger_other_life_cycle_5d853",
                        table="coordination_workitem",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("WorkItem"),
        AddTriggers(
            model_name="auditseal",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="470608bd5402becceea5e90ae33731e7d1d75bcb",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_6c79d",
                        table="coordination_auditseal",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="747ebbd0a6bd65df75a4d1956c5efd4a8fbc2949",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_d92ef",
                        table="coordination_auditseal",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="covers_its_rows",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        declare="DECLARE before record; ids uuid[]; places bigint[];",
                        func="\n        SELECT s.sequence, s.hash, s.last_transaction_id, s.last_id INTO before\n        FROM public.coordination_auditseal s WHERE s.organization_id = NEW.organization_id\n        ORDER BY s.sequence DESC LIMIT 1;\n        SELECT array_agg(one.id ORDER BY one.transaction_id, one.id),\n            array_agg(one.transaction_id ORDER BY one.transaction_id, one.id) INTO ids, places\n        FROM (\n            SELECT DISTINCT e.transaction_id, e.id FROM public.coordination_auditevent e\n            WHERE e.organization_id = NEW.organization_id\n              AND (e.transaction_id, e.id) > (\n                coalesce(before.last_transaction_id, -1),\n                coalesce(before.last_id, uuid(repeat('0', 32))))\n              AND (e.transaction_id, e.id) <= (NEW.last_transaction_id, NEW.last_id)\n        ) AS one;\n        IF NEW.sequence IS DISTINCT FROM coalesce(before.sequence, 0) + 1\n            OR NEW.previous_hash IS DISTINCT FROM\n                coalesce(before.hash, decode(repeat('00', 32), 'hex'))\n            OR octet_length(NEW.hash) <> 32\n            OR NEW.last_transaction_id >= public.coordination_settled_before()\n            OR NEW.row_ids IS DISTINCT FROM ids\n            OR NEW.row_count <> cardinality(ids)\n            OR octet_length(NEW.row_digests) <> 32 * cardinality(ids)\n            OR (NEW.first_transaction_id, NEW.first_id) IS DISTINCT FROM (places[1], ids[1])\n            OR (NEW.last_transaction_id, NEW.last_id) IS DISTINCT FROM\n                (places[cardinality(ids)], ids[cardinality(ids)])\n        THEN\n            RAISE EXCEPTION 'This seal does not cover the rows that are there.'\n                USING ERRCODE = 'check_violation';\n        END IF;\n        RETURN NEW;\n    ",
                        hash="05d35092b97dd15e6723f4a151aeaa724d0ae898",
                        operation="INSERT",
                        pgid="pgtrigger_covers_its_rows_3c7f8",
                        table="coordination_auditseal",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("AuditSeal", append_only=True),
        AddConstraintNotValid(
            model_name="auditseal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    sealed_at__gte=datetime(2000, 1, 1, tzinfo=UTC),
                    sealed_at__lt=datetime(2200, 1, 1, tzinfo=UTC),
                )
                & models.Q(month__gte=date(2000, 1, 1), month__lt=date(2200, 1, 1)),
                name="coordination_seal_plausible",
            ),
        ),
        AddTriggers(
            model_name="auditcheckpoint",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="181007dde6369147625dd24a60512e5cbaa67630",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_c90ca",
                        table="coordination_auditcheckpoint",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="b6ac4ebc09a93292308caa55962cbbcdcea79142",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_cce4e",
                        table="coordination_auditcheckpoint",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("AuditCheckpoint", read_only=True),
        Fence("KeptAnswer"),
        Fence("PatientWord"),
        AddTriggers(
            model_name="consent",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="9ecb4c776f700926112fff7664dee1c1948858a4",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_fe5ad",
                        table="coordination_consent",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="a2c5906ea2112eeb3b1ebba6bc6ac022068846ff",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_d3d1f",
                        table="coordination_consent",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("Consent", append_only=True),
        AddTriggers(
            model_name="directive",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="ends_once",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."until" IS NOT NULL)',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="0fbdfde37732fe48e9f2e9cf7349022448b135dd",
                        operation="UPDATE",
                        pgid="pgtrigger_ends_once_e8024",
                        table="coordination_directive",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_deleted",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                        hash="13232d7dd4199f2b9cddac21496feebe2105cc9c",
                        operation="DELETE",
                        pgid="pgtrigger_never_deleted_297f9",
                        table="coordination_directive",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="49fcaa37665f241b16b8021c381f9603ddc59f50",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_c839d",
                        table="coordination_directive",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="says_the_same",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."consent_id" IS DISTINCT FROM (NEW."consent_id") OR OLD."target" IS DISTINCT FROM (NEW."target") OR OLD."target_discipline" IS DISTINCT FROM (NEW."target_discipline") OR OLD."target_practitioner_id" IS DISTINCT FROM (NEW."target_practitioner_id") OR OLD."target_id" IS DISTINCT FROM (NEW."target_id") OR OLD."audience" IS DISTINCT FROM (NEW."audience") OR OLD."audience_discipline" IS DISTINCT FROM (NEW."audience_discipline") OR OLD."audience_practitioner_id" IS DISTINCT FROM (NEW."audience_practitioner_id") OR OLD."since" IS DISTINCT FROM (NEW."since") OR OLD."original_id" IS DISTINCT FROM (NEW."original_id"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="7be2958936004e6bf8194de0f74403d91c264f36",
                        operation="UPDATE",
                        pgid="pgtrigger_says_the_same_0275a",
                        table="coordination_directive",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("Directive"),
        AddTriggers(
            model_name="override",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="stays_as_broken",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."practitioner_role_id" IS DISTINCT FROM (NEW."practitioner_role_id") OR OLD."user_id" IS DISTINCT FROM (NEW."user_id") OR OLD."reason_code" IS DISTINCT FROM (NEW."reason_code") OR OLD."reason" IS DISTINCT FROM (NEW."reason") OR OLD."opens_withheld" IS DISTINCT FROM (NEW."opens_withheld") OR OLD."since" IS DISTINCT FROM (NEW."since") OR OLD."review_due_at" IS DISTINCT FROM (NEW."review_due_at"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="9aa88a4c92b64101d8af97717ae65765e4a29b99",
                        operation="UPDATE",
                        pgid="pgtrigger_stays_as_broken_2e9ab",
                        table="coordination_override",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_longer",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (NEW."until" > (OLD."until"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="999e7370dcc8a761ff502ec67d0df0b4a57fd5f2",
                        operation="UPDATE",
                        pgid="pgtrigger_never_longer_3109f",
                        table="coordination_override",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_deleted",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                        hash="f80a1394cf28f6b4284e2b441cfe925a2208782b",
                        operation="DELETE",
                        pgid="pgtrigger_never_deleted_5c29f",
                        table="coordination_override",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="cacad28f15941d6884cada56d8aac4ab269dc925",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_2ac37",
                        table="coordination_override",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="reviewed_once",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (NOT (OLD."verdict" = \'\') AND (OLD."verdict" IS DISTINCT FROM (NEW."verdict") OR OLD."reviewed_by" IS DISTINCT FROM (NEW."reviewed_by") OR OLD."reviewed_at" IS DISTINCT FROM (NEW."reviewed_at") OR OLD."review_note" IS DISTINCT FROM (NEW."review_note")))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="cc5654bef0b6f7e7a4ff7c146e04025e60003dc1",
                        operation="UPDATE",
                        pgid="pgtrigger_reviewed_once_8110e",
                        table="coordination_override",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("Override"),
        AddTriggers(
            model_name="duplicatereview",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="duplicate_status",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        declare="DECLARE _is_valid_transition BOOLEAN;",
                        func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{open:distinct,open:merged,distinct:open,merged:open}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                        hash="12db420be0acca537496b1a05e933b7288198fab",
                        operation="UPDATE",
                        pgid="pgtrigger_duplicate_status_70a24",
                        table="coordination_duplicatereview",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="same_pair",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."candidate_id" IS DISTINCT FROM (NEW."candidate_id") OR OLD."opened_at" IS DISTINCT FROM (NEW."opened_at"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="8d6f823cb06eed00c0bf4f44aeafd460a310e165",
                        operation="UPDATE",
                        pgid="pgtrigger_same_pair_4bcb1",
                        table="coordination_duplicatereview",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_deleted",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                        hash="635a69b90a039856130accf6a5f19826e7fd5933",
                        operation="DELETE",
                        pgid="pgtrigger_never_deleted_4317b",
                        table="coordination_duplicatereview",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="2ef70922285666607742a60cb65108cd42e16cbb",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_0fe7d",
                        table="coordination_duplicatereview",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("DuplicateReview"),
        AddTriggers(
            model_name="duplicatestep",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="c71be17ae5e754a633fff03f212dba8708ef6d9e",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_e8159",
                        table="coordination_duplicatestep",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="424e9bb9d98774ac5184d74722e0df762a1d6031",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_b5e1b",
                        table="coordination_duplicatestep",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("DuplicateStep", append_only=True),
        AddTriggers(
            model_name="handoff",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="offers_the_same",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."sender_id" IS DISTINCT FROM (NEW."sender_id") OR OLD."because" IS DISTINCT FROM (NEW."because") OR OLD."note" IS DISTINCT FROM (NEW."note") OR OLD."evidence" IS DISTINCT FROM (NEW."evidence"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="3cdbe9ae35732ea5a269337df9a88905485ddd78",
                        operation="UPDATE",
                        pgid="pgtrigger_offers_the_same_25bd7",
                        table="coordination_handoff",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="closed_for_good",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."closed_at" IS NOT NULL)',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="b5493222a091f284cae0b329037c95a312ff9f58",
                        operation="UPDATE",
                        pgid="pgtrigger_closed_for_good_5381c",
                        table="coordination_handoff",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_deleted",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                        hash="778424ca9b6e50aff1606151a8540f7d221b701e",
                        operation="DELETE",
                        pgid="pgtrigger_never_deleted_786df",
                        table="coordination_handoff",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="a71f03f91c4016fe9ba9b7bf472e5be1124c7caf",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_f4138",
                        table="coordination_handoff",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("HandOff"),
        AddTriggers(
            model_name="handoffstep",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="a371aa209ee71dc7d4e64bc61c3f3ba956e41159",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_ec38e",
                        table="coordination_handoffstep",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="01b90dd83609e1cfba25a2dbacc21256c0d03a78",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_2517d",
                        table="coordination_handoffstep",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("HandOffStep", append_only=True),
        AddTriggers(
            model_name="relatedperson",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="related_to",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="e4be0b4fc433c7e9ff98519a292337a7998c6900",
                        operation="UPDATE",
                        pgid="pgtrigger_related_to_3d2ce",
                        table="coordination_relatedperson",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_deleted",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                        hash="1b41be940476a8f3317f95298d4f9f64ef8072f8",
                        operation="DELETE",
                        pgid="pgtrigger_never_deleted_c89cc",
                        table="coordination_relatedperson",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="b7fc5bdcd608e213cc3660b16d16b7de977e124f",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_f0834",
                        table="coordination_relatedperson",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("RelatedPerson"),
        AddTriggers(
            model_name="relatedpersonright",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="grants_the_same",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."related_person_id" IS DISTINCT FROM (NEW."related_person_id") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."right" IS DISTINCT FROM (NEW."right") OR OLD."granted_by" IS DISTINCT FROM (NEW."granted_by") OR OLD."legal_basis" IS DISTINCT FROM (NEW."legal_basis") OR OLD."evidence" IS DISTINCT FROM (NEW."evidence") OR OLD."since" IS DISTINCT FROM (NEW."since") OR OLD."until" IS DISTINCT FROM (NEW."until") OR OLD."recorded_at" IS DISTINCT FROM (NEW."recorded_at") OR OLD."recorded_by" IS DISTINCT FROM (NEW."recorded_by") OR OLD."user_id" IS DISTINCT FROM (NEW."user_id"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="1b3f48d6bc72a560ed6f35dc1ea19e30138a7305",
                        operation="UPDATE",
                        pgid="pgtrigger_grants_the_same_e1700",
                        table="coordination_relatedpersonright",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="revoked_once",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."revoked_at" IS NOT NULL)',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="dc5afc83734de45ff5220b1ca3ee31cf5a7ebb63",
                        operation="UPDATE",
                        pgid="pgtrigger_revoked_once_ed66c",
                        table="coordination_relatedpersonright",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_deleted",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                        hash="81abe835fa7d0eb9a29701018b9b0781887a2e3d",
                        operation="DELETE",
                        pgid="pgtrigger_never_deleted_0e687",
                        table="coordination_relatedpersonright",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="97dab3c21b9d61ebed719cb846dfab3c2241ec4d",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_32392",
                        table="coordination_relatedpersonright",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("RelatedPersonRight"),
        AddTriggers(
            model_name="coverage",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="coverage_identity",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."recorded_at" IS DISTINCT FROM (NEW."recorded_at"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="7ba6dfa526d0958e1d9dd96e616166aebcb3bf61",
                        operation="UPDATE",
                        pgid="pgtrigger_coverage_identity_d0f62",
                        table="coordination_coverage",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_deleted",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                        hash="de93ef790117147b3146bb11ac22a260433044fe",
                        operation="DELETE",
                        pgid="pgtrigger_never_deleted_3e03c",
                        table="coordination_coverage",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="5c26474802dd337c910643a82f24794524f26c93",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_f4ee5",
                        table="coordination_coverage",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("Coverage"),
        AddTriggers(
            model_name="scopenarrowing",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="never_deleted",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                        hash="f282ffd2e2b20b5f627f27598cd6a987041ea502",
                        operation="DELETE",
                        pgid="pgtrigger_never_deleted_ca5a2",
                        table="coordination_scopenarrowing",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="b9740691b18ae18dfbc683e292f822f21912d3d7",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_9eb13",
                        table="coordination_scopenarrowing",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("ScopeNarrowing"),
        AddTriggers(
            model_name="denial",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="7ef0b032727b6c653e85561405f8d494185f8980",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_bfae4",
                        table="coordination_denial",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="0e8c146e0fecab13e19b5564c8646574bd34964f",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_fb200",
                        table="coordination_denial",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("Denial", append_only=True),
        AddTriggers(
            model_name="legalhold",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="hold_identity",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."reason" IS DISTINCT FROM (NEW."reason") OR OLD."ordered_by" IS DISTINCT FROM (NEW."ordered_by") OR OLD."since" IS DISTINCT FROM (NEW."since") OR OLD."placed_by" IS DISTINCT FROM (NEW."placed_by"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="0e92edeb9676d122b78fb6995dce58ab4bc573de",
                        operation="UPDATE",
                        pgid="pgtrigger_hold_identity_700df",
                        table="coordination_legalhold",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="released_for_good",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."until" IS NOT NULL)',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="7ebcb307db2e3e6c57dac991fe141363d97b7635",
                        operation="UPDATE",
                        pgid="pgtrigger_released_for_good_7d8fa",
                        table="coordination_legalhold",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_deleted",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                        hash="5fb2f2478e15e9dc4db92ca2f736fb4b4e6b8d48",
                        operation="DELETE",
                        pgid="pgtrigger_never_deleted_eed58",
                        table="coordination_legalhold",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="303c85899a3af8ae33f3e20743d402e114ba3659",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_db907",
                        table="coordination_legalhold",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("LegalHold"),
        AddTriggers(
            model_name="recordrequest",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="request_status",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        declare="DECLARE _is_valid_transition BOOLEAN;",
                        func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{granted:fulfilled,received:granted,received:refused,received:withdrawn}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                        hash="d97046ef8f995a0e566bce558dacc26c0e390046",
                        operation="UPDATE",
                        pgid="pgtrigger_request_status_242fe",
                        table="coordination_recordrequest",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_deleted",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                        hash="79df7f96e1084cf2b3f6c376bf1d8e31812edae7",
                        operation="DELETE",
                        pgid="pgtrigger_never_deleted_b1def",
                        table="coordination_recordrequest",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="8e7f585b4bfd2a8257ba028d741e3503757573af",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_2062b",
                        table="coordination_recordrequest",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="request_identity",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."resource" IS DISTINCT FROM (NEW."resource") OR OLD."resource_id" IS DISTINCT FROM (NEW."resource_id") OR OLD."discipline" IS DISTINCT FROM (NEW."discipline") OR OLD."author_id" IS DISTINCT FROM (NEW."author_id") OR OLD."condition_id" IS DISTINCT FROM (NEW."condition_id") OR OLD."text" IS DISTINCT FROM (NEW."text") OR OLD."received_at" IS DISTINCT FROM (NEW."received_at") OR OLD."due_at" IS DISTINCT FROM (NEW."due_at") OR OLD."recorded_by" IS DISTINCT FROM (NEW."recorded_by") OR OLD."user_id" IS DISTINCT FROM (NEW."user_id") OR OLD."recorded_at" IS DISTINCT FROM (NEW."recorded_at"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="1f4b57180d99adc3b26c1e36078c216d2e61ff27",
                        operation="UPDATE",
                        pgid="pgtrigger_request_identity_13636",
                        table="coordination_recordrequest",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("RecordRequest"),
        AddTriggers(
            model_name="retentionpolicy",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="46a49396b6b67a785234edd91f81960549ac0c53",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_ae6ad",
                        table="coordination_retentionpolicy",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="72ac7f3c29ded12e5f5e96950b61020404b7388f",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_44772",
                        table="coordination_retentionpolicy",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("RetentionPolicy", append_only=True),
        AddTriggers(
            model_name="statementofdisagreement",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="of_a_refused_request",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="\n                    IF NOT EXISTS (\n                        SELECT 1 FROM public.coordination_recordrequest r\n                        WHERE r.id = NEW.request_id AND r.status = 'refused'\n                          AND r.kind = 'correction' AND r.patient_id = NEW.patient_id\n                          AND r.resource = NEW.resource AND r.resource_id = NEW.resource_id\n                    ) THEN\n                        RAISE check_violation\n                            USING MESSAGE = 'a statement stands beside a refused correction';\n                    END IF;\n                    RETURN NEW;\n                ",
                        hash="a236d40c6742d0b5f1cf0faf65c84499d3c772a4",
                        operation="INSERT",
                        pgid="pgtrigger_of_a_refused_request_405d5",
                        table="coordination_statementofdisagreement",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="d9b8e6a0bba709b47d73c3895e056b433e1475fe",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_84b8a",
                        table="coordination_statementofdisagreement",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="1f6ab88f829a8cf0ffd021813d15142cdcb8d7b4",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_92995",
                        table="coordination_statementofdisagreement",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("StatementOfDisagreement", append_only=True),
        AddTriggers(
            model_name="accesssample",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="c8fcabca97b292f39dda82b3fe60b7d216807594",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_0195b",
                        table="coordination_accesssample",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="8fb2b7a99f9cb79d4d7d7935a4fe5eb573e73e0c",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_6c12a",
                        table="coordination_accesssample",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("AccessSample", append_only=True),
        AddTriggers(
            model_name="accessreview",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="stays_as_drawn",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."sample_id" IS DISTINCT FROM (NEW."sample_id") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."audit_event_id" IS DISTINCT FROM (NEW."audit_event_id") OR OLD."accessed_at" IS DISTINCT FROM (NEW."accessed_at") OR OLD."user_id" IS DISTINCT FROM (NEW."user_id") OR OLD."actor" IS DISTINCT FROM (NEW."actor") OR OLD."event" IS DISTINCT FROM (NEW."event") OR OLD."resource" IS DISTINCT FROM (NEW."resource") OR OLD."basis" IS DISTINCT FROM (NEW."basis") OR OLD."rules" IS DISTINCT FROM (NEW."rules"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="9d3b6b2d86863a451ff6bbbd0d988b0253fa9f48",
                        operation="UPDATE",
                        pgid="pgtrigger_stays_as_drawn_2955e",
                        table="coordination_accessreview",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="decided_once",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition="WHEN (NOT (OLD.\"verdict\" = ''))",
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="34edafd468e8280781797538315898b8d06d7609",
                        operation="UPDATE",
                        pgid="pgtrigger_decided_once_68237",
                        table="coordination_accessreview",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_deleted",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                        hash="821656d454e5a00d957229c2147bd9de0564cab3",
                        operation="DELETE",
                        pgid="pgtrigger_never_deleted_e6c45",
                        table="coordination_accessreview",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="ae09b132a3a44017c229adef20cd4aaf2203caa0",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_b3d2a",
                        table="coordination_accessreview",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("AccessReview"),
        AddTriggers(
            model_name="oncallduty",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="duty_identity",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."practitioner_role_id" IS DISTINCT FROM (NEW."practitioner_role_id") OR OLD."since" IS DISTINCT FROM (NEW."since") OR OLD."recorded_by" IS DISTINCT FROM (NEW."recorded_by") OR OLD."recorded_at" IS DISTINCT FROM (NEW."recorded_at"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="2608504989b344b14c4c03456ce2c6a9635a2b36",
                        operation="UPDATE",
                        pgid="pgtrigger_duty_identity_84bd3",
                        table="coordination_oncallduty",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_deleted",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                        hash="ac4cebbc67c1aed527400044ce31bd7271d9d4f0",
                        operation="DELETE",
                        pgid="pgtrigger_never_deleted_9d7d0",
                        table="coordination_oncallduty",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="90284afac258d98a03c377df451bf030f4e47a94",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_89e57",
                        table="coordination_oncallduty",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("OnCallDuty"),
        *(_fence(table, seen) for table, seen in _POLICIES.items()),
        migrations.RunSQL(
            f"""
            GRANT SELECT, INSERT, UPDATE, DELETE ON mfa_authenticator TO {RUNTIME_ROLE};
            GRANT USAGE ON SEQUENCE mfa_authenticator_id_seq TO {RUNTIME_ROLE};
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
            "coordination_audit_unsealed",
            arguments="",
            returns="SETOF uuid",
            body="""
                SELECT o.id FROM public.coordination_organization o
                LEFT JOIN LATERAL (
                    SELECT s.last_transaction_id AS at, s.last_id AS id
                    FROM public.coordination_auditseal s WHERE s.organization_id = o.id
                    ORDER BY s.sequence DESC LIMIT 1
                ) last ON true
                WHERE EXISTS (
                    SELECT FROM public.coordination_auditevent e
                    WHERE e.organization_id = o.id AND (e.transaction_id, e.id) >
                        (coalesce(last.at, -1), coalesce(last.id, uuid(repeat('0', 32))))
                )
            """,
            reads=(
                "coordination_organization",
                "coordination_auditevent",
                "coordination_auditseal",
            ),
        ),
        LookupFunction(
            "coordination_answers_to_sweep",
            arguments="at timestamptz",
            returns="SETOF uuid",
            body="""
                SELECT DISTINCT a.organization_id FROM public.coordination_keptanswer a
                WHERE a.kept_until <= at
            """,
            reads=("coordination_keptanswer",),
        ),
        LookupFunction(
            "coordination_lapsed_leads",
            arguments="at timestamptz, most integer",
            returns="TABLE (patient_id uuid, organization_id uuid)",
            body="""
                SELECT m.patient_id, m.organization_id
                FROM public.coordination_careteammember m
                JOIN public.coordination_practitionerrole r ON r.id = m.practitioner_role_id
                JOIN public.coordination_location l ON l.id = r.location_id
                WHERE m.role = 'lead' AND m.until IS NULL
                  AND (NOT r.is_active
                       OR (at AT TIME ZONE l.time_zone)::date
                          NOT BETWEEN r.registered_from AND coalesce(r.registered_until, 'infinity'))
                  AND NOT EXISTS (
                      SELECT FROM public.coordination_handoff h
                      WHERE h.patient_id = m.patient_id AND h.closed_at IS NULL
                        AND h.is_urgent)
                ORDER BY m.since, m.id LIMIT most
            """,
            reads=(
                "coordination_careteammember",
                "coordination_practitionerrole",
                "coordination_location",
                "coordination_handoff",
            ),
        ),
        LookupFunction(
            "coordination_lapses_over",
            arguments="at timestamptz, most integer",
            returns="TABLE (hand_off_id uuid, organization_id uuid)",
            body="""
                SELECT h.id, h.organization_id
                FROM public.coordination_handoff h
                JOIN public.coordination_practitionerrole r ON r.id = h.sender_id
                JOIN public.coordination_location l ON l.id = r.location_id
                WHERE h.cause = 'registration_lapsed' AND h.closed_at IS NULL AND r.is_active
                  AND (at AT TIME ZONE l.time_zone)::date
                      BETWEEN r.registered_from AND coalesce(r.registered_until, 'infinity')
                ORDER BY h.opened_at, h.id LIMIT most
            """,
            reads=(
                "coordination_handoff",
                "coordination_practitionerrole",
                "coordination_location",
            ),
        ),
        LookupFunction(
            "coordination_organizations_of",
            arguments="person uuid",
            returns="TABLE (organization_id uuid)",
            body="""
                SELECT DISTINCT m.organization_id FROM public.coordination_membership m
                WHERE m.user_id = person
            """,
            reads=("coordination_membership",),
        ),
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
