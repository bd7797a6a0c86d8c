"""What failed to follow a patient's answers during intake is made up for."""

from django.db import migrations, models

from coordination.tenancy import LookupFunction


class Migration(migrations.Migration):
    dependencies = [
        ("care_plans", "0005_decisions_and_urgencies"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="course",
            index=models.Index(
                condition=models.Q(("status", "intake")),
                fields=["id"],
                name="care_plans_course_intake",
            ),
        ),
        LookupFunction(
            "care_plans_intakes_to_check",
            arguments="beyond uuid, size integer",
            returns="TABLE (course_id uuid, organization_id uuid)",
            body="""
                SELECT c.id, c.organization_id FROM public.care_plans_course c
                WHERE c.status = 'intake' AND c.id > beyond AND EXISTS (
                    SELECT FROM public.care_plans_assessment a WHERE a.course_id = c.id)
                ORDER BY c.id LIMIT size
            """,
            reads=("care_plans_course", "care_plans_assessment"),
        ),
    ]
