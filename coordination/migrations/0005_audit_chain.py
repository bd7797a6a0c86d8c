"""The audit trail by month, with the basis of each disclosure and the transaction of each row."""

from typing import ClassVar

import django.contrib.postgres.fields
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models
from django.db.models.functions import Cast

import coordination.models.owned
from coordination.migration_operations import AddTriggers
from coordination.tenancy import RUNTIME_ROLE, Fence, LookupFunction

TABLE = "coordination_auditevent"

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
# Names of constraints belong to their table, names of indexes to the schema; the triggers and
# their comments (by which their library knows them) are the same as before.
PARTITION = f"""
    ALTER TABLE {TABLE} RENAME TO {TABLE}_whole;
    DO $rename$ DECLARE one record; BEGIN
        FOR one IN SELECT indexrelid::regclass AS name FROM pg_index
                   WHERE indrelid = '{TABLE}_whole'::regclass LOOP
            EXECUTE format('ALTER INDEX %s RENAME TO %I', one.name,
                           left(one.name::text, 50) || '_whole');
        END LOOP;
    END $rename$;
    CREATE TABLE {TABLE} (LIKE {TABLE}_whole INCLUDING DEFAULTS)
        PARTITION BY RANGE (recorded_at);
    ALTER TABLE {TABLE}
        ADD CONSTRAINT {TABLE}_pkey PRIMARY KEY (id, recorded_at);
    CREATE INDEX coordination_audit_patients ON {TABLE} USING gin (patient_ids);
    CREATE INDEX coordination_audit_when ON {TABLE} (organization_id, recorded_at);
    DO $copy$ DECLARE one record; BEGIN
        FOR one IN SELECT conname, pg_get_constraintdef(oid) AS said FROM pg_constraint
                   WHERE conrelid = '{TABLE}_whole'::regclass AND contype = 'f' LOOP
            EXECUTE format('ALTER TABLE {TABLE} ADD CONSTRAINT %I %s', one.conname, one.said);
        END LOOP;
        FOR one IN SELECT tgname, pg_get_triggerdef(oid) AS said,
                          obj_description(oid, 'pg_trigger') AS comment
                   FROM pg_trigger
                   WHERE tgrelid = '{TABLE}_whole'::regclass AND NOT tgisinternal LOOP
            EXECUTE replace(one.said, '{TABLE}_whole', '{TABLE}');
            IF one.comment IS NOT NULL THEN
                EXECUTE format('COMMENT ON TRIGGER %I ON {TABLE} IS %L', one.tgname, one.comment);
            END IF;
        END LOOP;
    END $copy$;
    ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY;
    ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY;
    CREATE POLICY tenant ON {TABLE}
        USING (organization_id = nullif(current_setting('app.organization', true), '')::uuid)
        WITH CHECK (organization_id = nullif(current_setting('app.organization', true), '')::uuid);
    GRANT SELECT, INSERT ON {TABLE} TO {RUNTIME_ROLE};
    CREATE TABLE {TABLE}_other PARTITION OF {TABLE} DEFAULT;
    SELECT coordination_guard_audit_part('{TABLE}_other');
"""
# Moving the rows is no reading of them: for this statement the tables are open to their owner.
KEEP_ROWS = f"""
    ALTER TABLE {TABLE}_whole NO FORCE ROW LEVEL SECURITY;
    ALTER TABLE {TABLE} NO FORCE ROW LEVEL SECURITY;
    SELECT coordination_make_audit_month(month::date) FROM (
        SELECT DISTINCT date_trunc('month', recorded_at AT TIME ZONE 'UTC') AS month
        FROM {TABLE}_whole
    ) AS months;
    SELECT coordination_prepare_audit_months();
    INSERT INTO {TABLE} (
        id, organization_id, recorded_at, user_id, actor, action, event, resource, resource_id,
        patient_ids, basis, bases, source_ids, purpose, request_id, detail, transaction_id
    )
    SELECT id, organization_id, recorded_at, user_id, actor, action, event, resource, resource_id,
        patient_ids, basis,
        array_fill(coalesce(nullif(basis, ''), 'unresolved'), ARRAY[cardinality(patient_ids)]),
        array_fill(NULL::uuid, ARRAY[cardinality(patient_ids)]),
        CASE purpose WHEN 'operation' THEN 'operations' ELSE purpose END, request_id, detail, 0
    FROM {TABLE}_whole;
    ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY;
    DROP TABLE {TABLE}_whole;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("coordination", "0004_patient_imported_version")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="auditevent",
            name="bases",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.TextField(),
                default=list,
                help_text="By what right each of `patient_ids` was disclosed, in their order.",
            ),
        ),
        migrations.AddField(
            model_name="auditevent",
            name="source_ids",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.UUIDField(null=True),
                default=list,
                help_text="The membership, referral, … that gave it, in the same order.",
            ),
        ),
        migrations.AddField(
            model_name="auditevent",
            name="transaction_id",
            field=models.BigIntegerField(
                db_default=Cast(
                    Cast(models.Func(function="pg_current_xact_id"), models.TextField()),
                    models.BigIntegerField(),
                ),
                editable=False,
            ),
        ),
        migrations.AlterField(
            model_name="auditevent",
            name="basis",
            field=models.TextField(blank=True, help_text="Every basis that occurs in `bases`."),
        ),
        migrations.AlterField(
            model_name="auditevent",
            name="purpose",
            field=models.CharField(
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
        *(
            migrations.RunSQL(sql, migrations.RunSQL.noop)
            for sql in (GUARD_PART, MAKE_MONTH, PREPARE_MONTHS, PARTITION, KEEP_ROWS)
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(
                fields=["organization", "transaction_id", "id"], name="coordination_audit_order"
            ),
        ),
        migrations.AddConstraint(
            model_name="auditevent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    purpose__in=[
                        "care",
                        "emergency",
                        "operations",
                        "privacy_review",
                        "patient_request",
                    ]
                ),
                name="coordination_audit_purpose",
            ),
        ),
        migrations.AddConstraint(
            model_name="auditevent",
            constraint=models.CheckConstraint(
                condition=models.Q(bases__len=models.F("patient_ids__len")),
                name="coordination_audit_basis_each",
            ),
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
                    models.BinaryField(help_text="Of the seal before; 32 zeros.", max_length=32),
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
                    django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField()),
                ),
                (
                    "row_digests",
                    models.BinaryField(help_text="SHA-256 of each row, one after the other."),
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
                ]
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
                    models.BinaryField(help_text="SHA-256 over their hashes.", max_length=32),
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
                        fields=("organization", "month"), name="coordination_checkpoint_once"
                    )
                ],
            },
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
            ],
        ),
        Fence("AuditSeal", append_only=True),
        Fence("AuditCheckpoint", read_only=True),
        LookupFunction(
            "coordination_organizations",
            arguments="",
            returns="SETOF uuid",
            body="SELECT o.id FROM public.coordination_organization o ORDER BY o.id",
            reads=("coordination_organization",),
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
    ]
