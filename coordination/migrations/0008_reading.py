import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

import coordination.models.owned
from coordination.tenancy import Fence

#: The words of those who are registered already. The owner of the tables steps over the fence for
#: this one statement.
FILL = """
    ALTER TABLE coordination_patient NO FORCE ROW LEVEL SECURITY;
    INSERT INTO coordination_patientword (id, organization_id, patient_id, word)
        SELECT uuidv7(), organization_id, patient_id, word FROM (
            SELECT DISTINCT p.organization_id, p.id AS patient_id, left(w.word, 64) AS word
            FROM coordination_patient p,
                LATERAL regexp_split_to_table(p.search_key, ' ') AS w (word)
            WHERE w.word <> ''
        ) AS words;
    ALTER TABLE coordination_patient FORCE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [("coordination", "0007_idempotency")]

    operations = [
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
                        fields=("organization", "word", "patient"), name="coordination_patient_word"
                    )
                ]
            },
        ),
        migrations.AddIndex(
            model_name="patient",
            index=models.Index(
                fields=["organization", "birth_date", "id"], name="coordination_patient_born"
            ),
        ),
        migrations.AddIndex(
            model_name="patientidentifier",
            index=models.Index(
                fields=["organization", "value"], name="coordination_identifier_value"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="patient",
            trigger=pgtrigger.compiler.Trigger(
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
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        Fence("PatientWord"),
    ]
