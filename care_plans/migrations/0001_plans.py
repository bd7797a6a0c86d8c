"""Pathways, plans and courses, and all that is written down along them."""

import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
import pgtrigger.compiler
from django.db import migrations, models

import coordination.models.owned
from coordination.migration_operations import AddTriggers, Together
from coordination.tenancy import LOOKUP_ROLE, Fence, LookupFunction


class Migration(migrations.Migration):
    initial = True
    replaces = [
        ("care_plans", "0001_content"),
        ("care_plans", "0002_plans"),
        ("care_plans", "0003_assessments"),
        ("care_plans", "0004_stay_plan"),
        ("care_plans", "0005_lane_needed_again"),
        ("care_plans", "0006_encounters"),
        ("care_plans", "0007_labels"),
        ("care_plans", "0008_holds_of_the_person"),
        ("care_plans", "0009_lane_rests_on"),
        ("care_plans", "0010_requests_follow"),
        ("care_plans", "0011_clinical_engine"),
        ("care_plans", "0012_timing"),
        ("care_plans", "0013_measures"),
        ("care_plans", "0014_closing"),
    ]
    dependencies = [
        ("coordination", "0002_records"),
        ("referrals", "0001_referrals"),
    ]
    operations = [
        Together(
            [
                migrations.CreateModel(
                    name="Pathway",
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
                        ("slug", models.CharField(max_length=60, unique=True)),
                        ("title", models.TextField()),
                        (
                            "stub",
                            models.JSONField(
                                blank=True,
                                help_text="What is known of a condition without a protocol.",
                                null=True,
                            ),
                        ),
                    ],
                ),
                migrations.CreateModel(
                    name="PathwayVersion",
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
                        ("version", models.CharField(max_length=20)),
                        ("title", models.TextField()),
                        ("language", models.CharField(max_length=5)),
                        (
                            "status",
                            models.CharField(
                                choices=[("published", "Published")],
                                default="published",
                                max_length=9,
                            ),
                        ),
                        ("content", models.JSONField()),
                        (
                            "sha256",
                            models.CharField(help_text="Of the canonical content.", max_length=64),
                        ),
                        ("published_at", models.DateTimeField()),
                        (
                            "pathway",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="versions",
                                to="care_plans.pathway",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("pathway", "version"),
                                name="care_plans_pathway_version_once",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PathwaySignature",
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
                        ("college", models.TextField()),
                        ("registration_number", models.TextField()),
                        ("signed_at", models.DateTimeField()),
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
                                related_name="+",
                                to="coordination.practitionerrole",
                            ),
                        ),
                        (
                            "pathway_version",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="signatures",
                                to="care_plans.pathwayversion",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("organization", "pathway_version", "practitioner_role"),
                                name="care_plans_signed_once_each",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("name", ""), _negated=True),
                                    models.Q(("college", ""), _negated=True),
                                    models.Q(("registration_number", ""), _negated=True),
                                ),
                                name="care_plans_signature_complete",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Measure",
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
                        ("slug", models.CharField(max_length=60, unique=True)),
                        ("version", models.PositiveIntegerField()),
                        ("name", models.TextField()),
                        ("minimum", models.DecimalField(decimal_places=4, max_digits=10)),
                        (
                            "maximum",
                            models.DecimalField(decimal_places=4, max_digits=10, null=True),
                        ),
                        (
                            "step",
                            models.DecimalField(
                                decimal_places=4,
                                help_text="None: unknown; any value counts.",
                                max_digits=10,
                                null=True,
                            ),
                        ),
                        (
                            "better",
                            models.CharField(
                                choices=[
                                    ("higher", "Higher"),
                                    ("lower", "Lower"),
                                    ("depends", "Depends"),
                                ],
                                max_length=7,
                            ),
                        ),
                        ("side_required", models.BooleanField()),
                        (
                            "loinc",
                            models.CharField(
                                blank=True, help_text="Blank when unknown.", max_length=10
                            ),
                        ),
                        ("content", models.JSONField()),
                        ("sha256", models.CharField(max_length=64)),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("maximum", None),
                                    ("maximum__gt", models.F("minimum")),
                                    _connector="OR",
                                ),
                                name="care_plans_measure_range",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("loinc", ""), _negated=True),
                                fields=("loinc",),
                                name="care_plans_measure_loinc",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CarePlan",
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
                            "status",
                            models.CharField(
                                choices=[("open", "Open"), ("closed", "Closed")],
                                default="open",
                                editable=False,
                                max_length=6,
                            ),
                        ),
                        (
                            "summary",
                            models.TextField(blank=True, help_text="What every lane must know."),
                        ),
                        ("opened_at", models.DateTimeField()),
                        ("closed_at", models.DateTimeField(blank=True, null=True)),
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
                                related_name="care_plans",
                                to="coordination.patient",
                            ),
                        ),
                        (
                            "outcome",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("goals_achieved", "Goals Achieved"),
                                    ("partly_achieved", "Partly Achieved"),
                                    ("not_achieved", "Not Achieved"),
                                    ("patient_left", "Patient Left"),
                                    ("new_diagnosis", "New Diagnosis"),
                                    ("never_started", "Never Started"),
                                    ("deceased", "Deceased"),
                                ],
                                editable=False,
                                help_text="How it ended; empty while it is open, and where nobody had said so.",
                                max_length=16,
                            ),
                        ),
                        (
                            "previous",
                            models.ForeignKey(
                                blank=True,
                                editable=False,
                                help_text="The patient's plan before this one: this is a re-entry.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="next",
                                to="care_plans.careplan",
                            ),
                        ),
                        (
                            "reason",
                            models.TextField(
                                blank=True, editable=False, help_text="Why it was closed."
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("status", "open")),
                                fields=("organization", "patient"),
                                name="care_plans_one_open_plan",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("closed_at", None), ("status", "open")),
                                    models.Q(
                                        ("closed_at__gte", models.F("opened_at")),
                                        ("status", "closed"),
                                    ),
                                    _connector="OR",
                                ),
                                name="care_plans_plan_closed",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("outcome", ""), ("reason", ""), ("status", "open")),
                                    models.Q(
                                        (
                                            "outcome__in",
                                            [
                                                "",
                                                "goals_achieved",
                                                "partly_achieved",
                                                "not_achieved",
                                                "patient_left",
                                                "new_diagnosis",
                                                "never_started",
                                                "deceased",
                                            ],
                                        ),
                                        ("status", "closed"),
                                    ),
                                    _connector="OR",
                                ),
                                name="care_plans_plan_outcome",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("previous", models.F("id")), _negated=True),
                                name="care_plans_plan_not_own_previous",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Course",
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
                        ("condition", models.TextField(help_text="As the team calls it.")),
                        ("note", models.TextField(blank=True)),
                        (
                            "severity",
                            models.CharField(
                                choices=[
                                    ("mild", "Mild"),
                                    ("moderate", "Moderate"),
                                    ("severe", "Severe"),
                                ],
                                editable=False,
                                max_length=8,
                            ),
                        ),
                        (
                            "side",
                            models.CharField(
                                blank=True,
                                choices=[("left", "Left"), ("right", "Right"), ("both", "Both")],
                                editable=False,
                                max_length=9,
                            ),
                        ),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("intake", "Intake"),
                                    ("active", "Active"),
                                    ("paused", "Paused"),
                                    ("discharged", "Discharged"),
                                ],
                                default="intake",
                                editable=False,
                                max_length=10,
                            ),
                        ),
                        (
                            "stage",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("acute", "Acute: relief and protection"),
                                    ("subacute", "Subacute: strength and mobility"),
                                    ("maintenance", "Maintenance: prevention and performance"),
                                ],
                                editable=False,
                                max_length=11,
                                null=True,
                            ),
                        ),
                        (
                            "key",
                            models.CharField(
                                blank=True,
                                help_text="Applying with it again finds this course.",
                                max_length=200,
                            ),
                        ),
                        ("applied_at", models.DateTimeField(help_text="When intake began.")),
                        ("started_at", models.DateTimeField(blank=True, null=True)),
                        ("paused_at", models.DateTimeField(blank=True, null=True)),
                        ("discharged_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "outcome",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("goals_achieved", "Goals Achieved"),
                                    ("partly_achieved", "Partly Achieved"),
                                    ("not_achieved", "Not Achieved"),
                                    ("patient_left", "Patient Left"),
                                    ("new_diagnosis", "New Diagnosis"),
                                    ("never_started", "Never Started"),
                                    ("deceased", "Deceased"),
                                ],
                                max_length=16,
                            ),
                        ),
                        ("recorded_at", models.DateTimeField()),
                        (
                            "care_plan",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="courses",
                                to="care_plans.careplan",
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
                            "pathway",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="care_plans.pathway",
                            ),
                        ),
                        (
                            "pathway_version",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="courses",
                                to="care_plans.pathwayversion",
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
                            "previous",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="next",
                                to="care_plans.course",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("status", "discharged"), _negated=True),
                                fields=("care_plan", "pathway", "side"),
                                name="care_plans_one_course_underway",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("key", ""), _negated=True),
                                fields=("care_plan", "key"),
                                name="care_plans_course_key",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("stage", None), ("started_at", None), ("status", "intake")
                                    ),
                                    models.Q(
                                        ("started_at__isnull", False),
                                        ("status__in", ["active", "paused"]),
                                        ("stage__isnull", False),
                                    ),
                                    ("status", "discharged"),
                                    _connector="OR",
                                ),
                                name="care_plans_course_stage",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("paused_at__isnull", False), ("status", "paused")),
                                    models.Q(
                                        models.Q(("status", "paused"), _negated=True),
                                        ("paused_at", None),
                                    ),
                                    _connector="OR",
                                ),
                                name="care_plans_course_paused",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("discharged_at__isnull", False),
                                        ("status", "discharged"),
                                        models.Q(("outcome", ""), _negated=True),
                                    ),
                                    models.Q(
                                        models.Q(("status", "discharged"), _negated=True),
                                        ("discharged_at", None),
                                        ("outcome", ""),
                                    ),
                                    _connector="OR",
                                ),
                                name="care_plans_course_outcome",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("severity__in", ["mild", "moderate", "severe"]),
                                    ("side__in", ["", "left", "right", "both"]),
                                    models.Q(
                                        ("stage", None),
                                        ("stage__in", ["acute", "subacute", "maintenance"]),
                                        _connector="OR",
                                    ),
                                ),
                                name="care_plans_course_words",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("previous", models.F("id")), _negated=True),
                                name="care_plans_course_not_own_previous",
                            ),
                        ],
                        "indexes": [
                            models.Index(
                                fields=["organization", "patient"], name="care_plans_course_patient"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Goal",
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
                            "stage",
                            models.CharField(
                                choices=[
                                    ("acute", "Acute: relief and protection"),
                                    ("subacute", "Subacute: strength and mobility"),
                                    ("maintenance", "Maintenance: prevention and performance"),
                                ],
                                editable=False,
                                max_length=11,
                            ),
                        ),
                        ("key", models.CharField(editable=False, max_length=60)),
                        ("text", models.TextField(editable=False)),
                        (
                            "measures",
                            models.JSONField(
                                default=list,
                                editable=False,
                                help_text="The measures that the target reads.",
                            ),
                        ),
                        (
                            "target",
                            models.JSONField(
                                editable=False,
                                help_text="The pathway's criterion, as written there.",
                                null=True,
                            ),
                        ),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("planned", "Planned: of a stage that has not begun"),
                                    ("in_progress", "In Progress"),
                                    (
                                        "cancelled",
                                        "Cancelled: the course has ended, or follows a version that lacks it",
                                    ),
                                    ("achieved", "Achieved"),
                                    ("not_achieved", "Not Achieved"),
                                ],
                                default="in_progress",
                                editable=False,
                                max_length=12,
                            ),
                        ),
                        ("note", models.TextField(blank=True)),
                        (
                            "course",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="goals",
                                to="care_plans.course",
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
                                fields=("course", "stage", "key"), name="care_plans_goal_once"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Lane",
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
                                editable=False,
                                max_length=20,
                            ),
                        ),
                        (
                            "needed",
                            models.CharField(
                                choices=[
                                    ("needed", "Needed"),
                                    ("not_needed", "Not Needed"),
                                    ("undecided", "Undecided: what would decide it is unknown"),
                                ],
                                editable=False,
                                max_length=10,
                            ),
                        ),
                        (
                            "decided_by",
                            models.CharField(
                                choices=[("pathway", "Pathway"), ("person", "Person")],
                                default="pathway",
                                editable=False,
                                max_length=7,
                            ),
                        ),
                        (
                            "reason",
                            models.TextField(
                                blank=True,
                                editable=False,
                                help_text="Why it is needed, is not, or is undecided.",
                            ),
                        ),
                        (
                            "order",
                            models.PositiveSmallIntegerField(
                                default=0,
                                help_text="Its place in the stage's referral set; 0: not part of it.",
                            ),
                        ),
                        ("note", models.TextField(blank=True)),
                        (
                            "course",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="lanes",
                                to="care_plans.course",
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
                            "practitioner_role",
                            models.ForeignKey(
                                blank=True,
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.practitionerrole",
                            ),
                        ),
                        (
                            "referral",
                            models.ForeignKey(
                                blank=True,
                                editable=False,
                                help_text="The one last opened for it.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="referrals.referral",
                            ),
                        ),
                        (
                            "rests_on",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.UUIDField(),
                                blank=True,
                                editable=False,
                                help_text="The rows that the pathway's decision rests on; null for one of a person.",
                                null=True,
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("course", "discipline"), name="care_plans_lane_once"
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
                                    ),
                                    ("needed__in", ["needed", "not_needed", "undecided"]),
                                ),
                                name="care_plans_lane_words",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("needed", "needed"),
                                    models.Q(("reason", ""), _negated=True),
                                    _connector="OR",
                                ),
                                name="care_plans_lane_reason",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Activity",
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
                            "stage",
                            models.CharField(
                                choices=[
                                    ("acute", "Acute: relief and protection"),
                                    ("subacute", "Subacute: strength and mobility"),
                                    ("maintenance", "Maintenance: prevention and performance"),
                                ],
                                editable=False,
                                max_length=11,
                            ),
                        ),
                        (
                            "sequence",
                            models.PositiveSmallIntegerField(
                                editable=False, help_text="The stay that it is planned for."
                            ),
                        ),
                        ("key", models.CharField(editable=False, max_length=60)),
                        ("text", models.TextField(editable=False)),
                        ("caution", models.TextField(blank=True, editable=False)),
                        ("dose_level", models.CharField(blank=True, editable=False, max_length=60)),
                        (
                            "cadence",
                            models.TextField(
                                blank=True,
                                help_text="How often, in the pathway's words; blank when unknown.",
                            ),
                        ),
                        ("is_loading", models.BooleanField(default=False, editable=False)),
                        ("is_optional", models.BooleanField(default=False, editable=False)),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("not_started", "Not Started"),
                                    ("in_progress", "In Progress"),
                                    ("on_hold", "On Hold"),
                                    ("completed", "Completed"),
                                    ("stopped", "Stopped"),
                                ],
                                default="not_started",
                                editable=False,
                                max_length=11,
                            ),
                        ),
                        (
                            "because",
                            models.TextField(
                                blank=True,
                                editable=False,
                                help_text="Why it is on hold or was stopped.",
                            ),
                        ),
                        ("note", models.TextField(blank=True)),
                        (
                            "organization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.organization",
                            ),
                        ),
                        (
                            "course",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="activities",
                                to="care_plans.course",
                            ),
                        ),
                        (
                            "goal",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="activities",
                                to="care_plans.goal",
                            ),
                        ),
                        (
                            "lane",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="activities",
                                to="care_plans.lane",
                            ),
                        ),
                        ("began_at", models.DateTimeField(editable=False, null=True)),
                        ("due_from", models.DateTimeField(editable=False, null=True)),
                        (
                            "due_until",
                            models.DateTimeField(
                                editable=False,
                                help_text="When it should have begun; null: at no set time.",
                                null=True,
                            ),
                        ),
                        ("ended_at", models.DateTimeField(editable=False, null=True)),
                        ("release_reason", models.TextField(blank=True, editable=False)),
                        (
                            "released_at",
                            models.DateTimeField(
                                editable=False,
                                help_text="Since when it may begin; null: it waits.",
                                null=True,
                            ),
                        ),
                        (
                            "released_by",
                            models.TextField(
                                blank=True,
                                editable=False,
                                help_text="Who released it by hand; blank: the pathway did.",
                            ),
                        ),
                        (
                            "released_on",
                            models.JSONField(
                                default=list,
                                editable=False,
                                help_text="The traces of what it waited for, as they were.",
                            ),
                        ),
                        (
                            "stopped_on",
                            models.JSONField(
                                editable=False,
                                help_text="The trace of the stop condition that ended it.",
                                null=True,
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("lane", "sequence", "key"), name="care_plans_activity_once"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("status__in", ["on_hold", "stopped"]),
                                        models.Q(("because", ""), _negated=True),
                                    ),
                                    models.Q(
                                        models.Q(
                                            ("status__in", ["on_hold", "stopped"]), _negated=True
                                        ),
                                        ("because", ""),
                                    ),
                                    _connector="OR",
                                ),
                                name="care_plans_activity_because",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("release_reason", ""), ("released_by", "")),
                                    models.Q(
                                        ("released_at__isnull", False),
                                        models.Q(("released_by", ""), _negated=True),
                                        models.Q(("release_reason", ""), _negated=True),
                                    ),
                                    _connector="OR",
                                ),
                                name="care_plans_activity_released_why",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("ended_at", None),
                                    models.Q(
                                        ("status__in", ["completed", "stopped"]),
                                        models.Q(
                                            ("began_at", None),
                                            ("ended_at__gte", models.F("began_at")),
                                            _connector="OR",
                                        ),
                                    ),
                                    _connector="OR",
                                ),
                                name="care_plans_activity_ended",
                            ),
                        ],
                        "indexes": [
                            models.Index(
                                fields=["course", "sequence"], name="care_plans_activity_stay"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SeverityChange",
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
                            "severity",
                            models.CharField(
                                choices=[
                                    ("mild", "Mild"),
                                    ("moderate", "Moderate"),
                                    ("severe", "Severe"),
                                ],
                                max_length=8,
                            ),
                        ),
                        ("reason", models.TextField(blank=True)),
                        ("actor", models.TextField()),
                        ("user_id", models.UUIDField(blank=True, null=True)),
                        ("effective_at", models.DateTimeField()),
                        ("recorded_at", models.DateTimeField()),
                        (
                            "course",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="severity_changes",
                                to="care_plans.course",
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
                ),
                migrations.CreateModel(
                    name="StageStay",
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
                            "stage",
                            models.CharField(
                                choices=[
                                    ("acute", "Acute: relief and protection"),
                                    ("subacute", "Subacute: strength and mobility"),
                                    ("maintenance", "Maintenance: prevention and performance"),
                                ],
                                max_length=11,
                            ),
                        ),
                        (
                            "sequence",
                            models.PositiveSmallIntegerField(
                                help_text="1 for the course's first stay."
                            ),
                        ),
                        ("entered_at", models.DateTimeField()),
                        ("recorded_at", models.DateTimeField()),
                        ("left_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "expected_until",
                            models.DateTimeField(help_text="Overdue after it; pauses move it on."),
                        ),
                        ("review_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "standing",
                            models.CharField(
                                choices=[
                                    ("working", "Criteria are not met yet"),
                                    ("blocked", "A lane holds the next move up"),
                                    ("ready", "Everything is met"),
                                    ("stopped", "A red flag stands in the way"),
                                ],
                                default="working",
                                max_length=7,
                            ),
                        ),
                        ("standing_since", models.DateTimeField()),
                        (
                            "checked_at",
                            models.DateTimeField(help_text="When the standing was last looked at."),
                        ),
                        (
                            "blocked_by",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(
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
                                default=list,
                                help_text="The lanes that hold the next move up.",
                            ),
                        ),
                        (
                            "course",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="stays",
                                to="care_plans.course",
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
                            "plan",
                            models.PositiveSmallIntegerField(
                                default=1,
                                help_text="Raised whenever the stay is timed anew: its alerts are new ones then.",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("course", "sequence"), name="care_plans_stay_sequence"
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("left_at", None)),
                                fields=("course",),
                                name="care_plans_one_open_stay",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("left_at", None),
                                    ("left_at__gte", models.F("entered_at")),
                                    _connector="OR",
                                ),
                                name="care_plans_stay_period",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("expected_until__gte", models.F("entered_at"))),
                                name="care_plans_stay_expected",
                            ),
                            django.contrib.postgres.constraints.ExclusionConstraint(
                                expressions=[
                                    ("course", "="),
                                    (
                                        models.Func(
                                            "entered_at",
                                            "left_at",
                                            function="tstzrange",
                                            output_field=django.contrib.postgres.fields.ranges.DateTimeRangeField(),
                                        ),
                                        "&&",
                                    ),
                                ],
                                name="care_plans_stays_apart",
                            ),
                        ],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("left_at", None)),
                                fields=["organization", "expected_until"],
                                name="care_plans_stay_due",
                            ),
                            models.Index(
                                condition=models.Q(("left_at", None)),
                                fields=["checked_at"],
                                name="care_plans_stay_check",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="LaneSignOff",
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
                            "verdict",
                            models.CharField(
                                choices=[("ready", "Ready"), ("not_ready", "Not Ready")],
                                max_length=9,
                            ),
                        ),
                        ("actor", models.TextField()),
                        ("user_id", models.UUIDField(blank=True, null=True)),
                        ("reason", models.TextField(blank=True)),
                        ("effective_at", models.DateTimeField()),
                        ("recorded_at", models.DateTimeField()),
                        (
                            "course",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="care_plans.course",
                            ),
                        ),
                        (
                            "lane",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="sign_offs",
                                to="care_plans.lane",
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
                            "practitioner_role",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.practitionerrole",
                            ),
                        ),
                        (
                            "stay",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="sign_offs",
                                to="care_plans.stagestay",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("verdict", "ready"),
                                    models.Q(
                                        ("verdict", "not_ready"),
                                        models.Q(("reason", ""), _negated=True),
                                    ),
                                    _connector="OR",
                                ),
                                name="care_plans_sign_off_reason",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("effective_at__lte", models.F("recorded_at"))),
                                name="care_plans_sign_off_not_ahead",
                            ),
                        ],
                        "indexes": [
                            models.Index(
                                fields=["stay", "lane", "recorded_at"],
                                name="care_plans_sign_off_latest",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="StageTransition",
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
                        ("action", models.CharField(max_length=9)),
                        (
                            "from_status",
                            models.CharField(
                                choices=[
                                    ("intake", "Intake"),
                                    ("active", "Active"),
                                    ("paused", "Paused"),
                                    ("discharged", "Discharged"),
                                ],
                                max_length=10,
                            ),
                        ),
                        (
                            "to_status",
                            models.CharField(
                                choices=[
                                    ("intake", "Intake"),
                                    ("active", "Active"),
                                    ("paused", "Paused"),
                                    ("discharged", "Discharged"),
                                ],
                                max_length=10,
                            ),
                        ),
                        (
                            "from_stage",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("acute", "Acute: relief and protection"),
                                    ("subacute", "Subacute: strength and mobility"),
                                    ("maintenance", "Maintenance: prevention and performance"),
                                ],
                                max_length=11,
                                null=True,
                            ),
                        ),
                        (
                            "to_stage",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("acute", "Acute: relief and protection"),
                                    ("subacute", "Subacute: strength and mobility"),
                                    ("maintenance", "Maintenance: prevention and performance"),
                                ],
                                max_length=11,
                                null=True,
                            ),
                        ),
                        ("actor", models.TextField()),
                        ("user_id", models.UUIDField(blank=True, null=True)),
                        ("reason", models.TextField(blank=True)),
                        (
                            "evidence",
                            models.JSONField(
                                default=dict,
                                help_text="The trace of each criterion with the ids of what satisfied it.",
                            ),
                        ),
                        ("overridden", models.BooleanField(default=False)),
                        (
                            "unmet",
                            models.JSONField(
                                default=list,
                                help_text="What was not met when the lead overrode it.",
                            ),
                        ),
                        ("effective_at", models.DateTimeField()),
                        ("recorded_at", models.DateTimeField()),
                        (
                            "course",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="transitions",
                                to="care_plans.course",
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
                            "practitioner_role",
                            models.ForeignKey(
                                blank=True,
                                null=True,
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
                                    ("overridden", False),
                                    models.Q(("reason", ""), _negated=True),
                                    _connector="OR",
                                ),
                                name="care_plans_override_reason",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("effective_at__lte", models.F("recorded_at"))),
                                name="care_plans_transition_not_ahead",
                            ),
                        ],
                        "indexes": [
                            models.Index(
                                fields=["course", "recorded_at"],
                                name="care_plans_transition_course",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Assessment",
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
                            "actor",
                            models.TextField(
                                help_text="Login, or the part of the software that acted."
                            ),
                        ),
                        ("user_id", models.UUIDField(blank=True, null=True)),
                        ("effective_at", models.DateTimeField()),
                        ("recorded_at", models.DateTimeField()),
                        (
                            "reason",
                            models.TextField(blank=True, help_text="Why it replaces another."),
                        ),
                        (
                            "key",
                            models.CharField(
                                blank=True,
                                help_text="Recording with it again finds this one.",
                                max_length=200,
                            ),
                        ),
                        (
                            "digest",
                            models.CharField(
                                help_text="SHA-256 of what was sent with the key.", max_length=64
                            ),
                        ),
                        (
                            "course",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="assessments",
                                to="care_plans.course",
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
                            "practitioner_role",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.practitionerrole",
                            ),
                        ),
                        (
                            "replaces",
                            models.OneToOneField(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="replaced_by",
                                to="care_plans.assessment",
                            ),
                        ),
                        (
                            "collection_point",
                            models.CharField(
                                choices=[
                                    ("baseline", "Baseline"),
                                    ("mid_point", "Mid Point"),
                                    ("exit", "Exit"),
                                    ("ad_hoc", "Ad Hoc"),
                                    ("stage", "For a stage of the pathway"),
                                ],
                                default="ad_hoc",
                                max_length=9,
                            ),
                        ),
                        (
                            "received",
                            models.JSONField(
                                blank=True,
                                help_text="The FHIR QuestionnaireResponse that it came as.",
                                null=True,
                            ),
                        ),
                        (
                            "stage",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("acute", "Acute: relief and protection"),
                                    ("subacute", "Subacute: strength and mobility"),
                                    ("maintenance", "Maintenance: prevention and performance"),
                                ],
                                help_text="The stage that it was taken for.",
                                max_length=11,
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("key", ""), _negated=True),
                                fields=("organization", "patient", "key"),
                                name="care_plans_assessment_key",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("effective_at__lte", models.F("recorded_at"))),
                                name="care_plans_assessment_not_ahead",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("replaces", None),
                                    models.Q(
                                        models.Q(("reason", ""), _negated=True),
                                        models.Q(("replaces", models.F("id")), _negated=True),
                                    ),
                                    _connector="OR",
                                ),
                                name="care_plans_correction_reason",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("collection_point", "stage"),
                                        ("stage__in", ["acute", "subacute", "maintenance"]),
                                    ),
                                    models.Q(
                                        (
                                            "collection_point__in",
                                            ["baseline", "mid_point", "exit", "ad_hoc"],
                                        ),
                                        ("stage", ""),
                                    ),
                                    _connector="OR",
                                ),
                                name="care_plans_assessment_point",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("collection_point", "ad_hoc"),
                                    ("course__isnull", False),
                                    _connector="OR",
                                ),
                                name="care_plans_assessment_point_of_course",
                            ),
                        ],
                        "indexes": [
                            models.Index(
                                fields=["organization", "patient", "effective_at"],
                                name="care_plans_assessment_patient",
                            ),
                            models.Index(
                                fields=["course", "effective_at"],
                                name="care_plans_assessment_course",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Condition",
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
                            "origin",
                            models.CharField(
                                choices=[("imported", "Imported"), ("diagnosed", "Diagnosed")],
                                max_length=9,
                            ),
                        ),
                        (
                            "code_system",
                            models.TextField(
                                blank=True, help_text="URI; blank when it came without a code."
                            ),
                        ),
                        ("code", models.CharField(blank=True, max_length=64)),
                        ("display", models.TextField()),
                        (
                            "clinical_status",
                            models.CharField(
                                choices=[
                                    ("active", "Active"),
                                    ("recurrence", "Recurrence"),
                                    ("relapse", "Relapse"),
                                    ("inactive", "Inactive"),
                                    ("remission", "Remission"),
                                    ("resolved", "Resolved"),
                                    ("unknown", "Unknown"),
                                ],
                                max_length=10,
                            ),
                        ),
                        ("onset_at", models.DateTimeField(blank=True, null=True)),
                        ("abated_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "source_key",
                            models.CharField(
                                help_text="What names it where it came from; importing again finds it.",
                                max_length=400,
                            ),
                        ),
                        ("source_digest", models.CharField(blank=True, max_length=64)),
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
                                related_name="conditions",
                                to="coordination.patient",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("organization", "source_key"),
                                name="care_plans_condition_source",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("display", ""), _negated=True),
                                name="care_plans_condition_named",
                            ),
                        ],
                        "indexes": [
                            models.Index(
                                fields=["organization", "patient"],
                                name="care_plans_condition_patient",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CourseAnswer",
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
                            "actor",
                            models.TextField(
                                help_text="Login, or the part of the software that acted."
                            ),
                        ),
                        ("user_id", models.UUIDField(blank=True, null=True)),
                        ("effective_at", models.DateTimeField()),
                        ("recorded_at", models.DateTimeField()),
                        ("question", models.CharField(max_length=60)),
                        (
                            "answer",
                            models.JSONField(
                                help_text="True or false, one of the choices, or a text."
                            ),
                        ),
                        (
                            "course",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="answers",
                                to="care_plans.course",
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
                            "practitioner_role",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.practitionerrole",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("effective_at__lte", models.F("recorded_at"))),
                                name="care_plans_answer_not_ahead",
                            )
                        ],
                        "indexes": [
                            models.Index(
                                fields=["course", "question", "effective_at"],
                                name="care_plans_answer_course",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="RedFlagScreen",
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
                            "actor",
                            models.TextField(
                                help_text="Login, or the part of the software that acted."
                            ),
                        ),
                        ("user_id", models.UUIDField(blank=True, null=True)),
                        ("effective_at", models.DateTimeField()),
                        ("recorded_at", models.DateTimeField()),
                        (
                            "key",
                            models.CharField(
                                blank=True,
                                help_text="Recording with it again finds this one.",
                                max_length=200,
                            ),
                        ),
                        (
                            "digest",
                            models.CharField(
                                help_text="SHA-256 of what was sent with the key.", max_length=64
                            ),
                        ),
                        (
                            "course",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="red_flag_screens",
                                to="care_plans.course",
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
                            "practitioner_role",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.practitionerrole",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("key", ""), _negated=True),
                                fields=("organization", "course", "key"),
                                name="care_plans_screen_key",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("effective_at__lte", models.F("recorded_at"))),
                                name="care_plans_screen_not_ahead",
                            ),
                        ],
                        "indexes": [
                            models.Index(
                                fields=["course", "effective_at"], name="care_plans_screen_course"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="RedFlagAnswer",
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
                        ("flag", models.CharField(max_length=60)),
                        (
                            "answer",
                            models.CharField(
                                choices=[
                                    ("present", "Present"),
                                    ("absent", "Absent"),
                                    ("unknown", "Unknown: asked, without an answer"),
                                ],
                                max_length=7,
                            ),
                        ),
                        (
                            "urgency",
                            models.CharField(
                                choices=[
                                    ("emergency", "Emergency"),
                                    ("urgent_24h", "Urgent 24H"),
                                    ("urgent_2wk", "Urgent 2Wk"),
                                    ("review_before_progress", "Review Before Progress"),
                                    ("routine", "Routine"),
                                ],
                                max_length=22,
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
                            "screen",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="answers",
                                to="care_plans.redflagscreen",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("screen", "flag"), name="care_plans_flag_once"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("answer__in", ["present", "absent", "unknown"]),
                                    (
                                        "urgency__in",
                                        [
                                            "emergency",
                                            "urgent_24h",
                                            "urgent_2wk",
                                            "review_before_progress",
                                            "routine",
                                        ],
                                    ),
                                ),
                                name="care_plans_flag_words",
                            ),
                        ],
                        "indexes": [
                            models.Index(
                                condition=models.Q(
                                    ("answer", "present"),
                                    ("urgency__in", ["emergency", "urgent_24h"]),
                                ),
                                fields=["organization", "patient"],
                                name="care_plans_flag_stops",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Score",
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
                        ("value", models.DecimalField(decimal_places=4, max_digits=10)),
                        (
                            "side",
                            models.CharField(
                                blank=True,
                                choices=[("left", "Left"), ("right", "Right")],
                                max_length=5,
                            ),
                        ),
                        (
                            "item",
                            models.PositiveSmallIntegerField(
                                blank=True,
                                help_text="One item of a questionnaire; none: its total.",
                                null=True,
                            ),
                        ),
                        (
                            "assessment",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="scores",
                                to="care_plans.assessment",
                            ),
                        ),
                        (
                            "measure",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="care_plans.measure",
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
                            "subscale",
                            models.CharField(
                                blank=True,
                                help_text="One subscale of the measure; blank: its total.",
                                max_length=60,
                            ),
                        ),
                        (
                            "instrument",
                            models.CharField(
                                blank=True, help_text="With what it was taken.", max_length=120
                            ),
                        ),
                        (
                            "is_computed",
                            models.BooleanField(
                                default=False, help_text="Scored from its items, not entered."
                            ),
                        ),
                        (
                            "label",
                            models.CharField(
                                blank=True,
                                help_text="An item's activity, in the patient's words.",
                                max_length=200,
                            ),
                        ),
                        (
                            "measure_version",
                            models.PositiveIntegerField(
                                blank=True,
                                editable=False,
                                help_text="The version of the measure that scored it; null: recorded before any was kept.",
                                null=True,
                            ),
                        ),
                        (
                            "method",
                            models.CharField(
                                blank=True, help_text="How it was taken.", max_length=60
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("side__in", ["", "left", "right"])),
                                name="care_plans_score_side",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("value__lt", 1000000)),
                                name="care_plans_score_value",
                            ),
                            models.UniqueConstraint(
                                fields=("assessment", "measure", "side", "item", "subscale"),
                                name="care_plans_score_once",
                                nulls_distinct=False,
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("item", None), ("subscale", ""), _connector="OR"
                                ),
                                name="care_plans_score_part",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SourceDocument",
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
                                choices=[("care_plan", "Care Plan"), ("care_team", "Care Team")],
                                max_length=9,
                            ),
                        ),
                        ("title", models.TextField(blank=True)),
                        (
                            "status",
                            models.CharField(
                                blank=True, help_text="In the words of its source.", max_length=32
                            ),
                        ),
                        ("starts_at", models.DateTimeField(blank=True, null=True)),
                        ("ends_at", models.DateTimeField(blank=True, null=True)),
                        ("content", models.JSONField(help_text="The resource as it came.")),
                        (
                            "source_key",
                            models.CharField(
                                help_text="What names it where it came from.", max_length=400
                            ),
                        ),
                        ("source_digest", models.CharField(max_length=64)),
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
                                related_name="source_documents",
                                to="coordination.patient",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("organization", "source_key", "source_digest"),
                                name="care_plans_document_source",
                            )
                        ],
                        "indexes": [
                            models.Index(
                                fields=["organization", "patient"],
                                name="care_plans_document_patient",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Encounter",
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
                            "encounter_class",
                            models.CharField(
                                choices=[("in_person", "In Person"), ("virtual", "Virtual")],
                                max_length=9,
                            ),
                        ),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("in_progress", "In Progress"),
                                    ("finished", "Finished"),
                                    ("cancelled", "Cancelled: broken off before any care"),
                                    ("entered_in_error", "Entered In Error"),
                                ],
                                editable=False,
                                max_length=16,
                            ),
                        ),
                        ("started_at", models.DateTimeField()),
                        ("ended_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "because",
                            models.TextField(
                                blank=True,
                                help_text="Why it was cancelled or was entered in error.",
                            ),
                        ),
                        (
                            "actor",
                            models.TextField(
                                help_text="Login, or the part of the software that acted."
                            ),
                        ),
                        ("user_id", models.UUIDField(blank=True, null=True)),
                        ("recorded_at", models.DateTimeField()),
                        (
                            "course",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="encounters",
                                to="care_plans.course",
                            ),
                        ),
                        (
                            "lane",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="encounters",
                                to="care_plans.lane",
                            ),
                        ),
                        (
                            "location",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
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
                            "patient",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
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
                                    ("encounter_class__in", ["in_person", "virtual"]),
                                    models.Q(
                                        models.Q(
                                            ("because", ""),
                                            ("ended_at", None),
                                            ("status", "in_progress"),
                                        ),
                                        models.Q(
                                            ("because", ""),
                                            ("ended_at__isnull", False),
                                            ("status", "finished"),
                                        ),
                                        models.Q(
                                            models.Q(("because", ""), _negated=True),
                                            ("status__in", ["cancelled", "entered_in_error"]),
                                        ),
                                        _connector="OR",
                                    ),
                                ),
                                name="care_plans_encounter_state",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("started_at__lte", models.F("recorded_at")),
                                    models.Q(
                                        ("ended_at", None),
                                        ("ended_at__gte", models.F("started_at")),
                                        _connector="OR",
                                    ),
                                ),
                                name="care_plans_encounter_times",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("lane", None), ("course__isnull", False), _connector="OR"
                                ),
                                name="care_plans_encounter_lane",
                            ),
                        ],
                        "indexes": [
                            models.Index(
                                fields=["organization", "patient", "-started_at"],
                                name="care_plans_encounter_patient",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ClinicalNote",
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
                                editable=False,
                                max_length=20,
                            ),
                        ),
                        (
                            "sensitivity",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("psychotherapy", "Psychotherapy"),
                                    ("restricted", "Restricted by its author"),
                                ],
                                help_text="Empty: open to the circle.",
                                max_length=16,
                            ),
                        ),
                        ("text", models.TextField()),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("draft", "Draft: only its author sees it"),
                                    ("signed", "Signed"),
                                    (
                                        "superseded",
                                        "Superseded: `amended_by` says what was written instead",
                                    ),
                                    ("entered_in_error", "Entered In Error"),
                                ],
                                default="draft",
                                editable=False,
                                max_length=16,
                            ),
                        ),
                        (
                            "because",
                            models.TextField(blank=True, help_text="Why it amends another."),
                        ),
                        (
                            "error_reason",
                            models.TextField(blank=True, help_text="Why it was entered in error."),
                        ),
                        (
                            "actor",
                            models.TextField(
                                help_text="Login, or the part of the software that acted."
                            ),
                        ),
                        ("user_id", models.UUIDField(blank=True, null=True)),
                        (
                            "written_at",
                            models.DateTimeField(help_text="The time that it is about."),
                        ),
                        ("recorded_at", models.DateTimeField()),
                        ("signed_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "amends",
                            models.OneToOneField(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="amended_by",
                                to="care_plans.clinicalnote",
                            ),
                        ),
                        (
                            "author",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.practitionerrole",
                            ),
                        ),
                        (
                            "course",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="notes",
                                to="care_plans.course",
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
                            "encounter",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="notes",
                                to="care_plans.encounter",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("discipline", "psychotherapy"),
                                        ("sensitivity", "psychotherapy"),
                                    ),
                                    models.Q(
                                        models.Q(("discipline", "psychotherapy"), _negated=True),
                                        ("sensitivity__in", ["", "restricted"]),
                                    ),
                                    _connector="OR",
                                ),
                                name="care_plans_note_closed",
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
                                    ),
                                    models.Q(("text", ""), _negated=True),
                                ),
                                name="care_plans_note_words",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("status__in", ["draft", "entered_in_error"]),
                                    models.Q(
                                        ("signed_at__isnull", False),
                                        ("status__in", ["signed", "superseded"]),
                                    ),
                                    _connector="OR",
                                ),
                                name="care_plans_note_signed",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("signed_at", None), ("status", "draft")),
                                    models.Q(("status", "draft"), _negated=True),
                                    _connector="OR",
                                ),
                                name="care_plans_note_draft",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("amends", None),
                                    models.Q(
                                        models.Q(("because", ""), _negated=True),
                                        models.Q(("amends", models.F("id")), _negated=True),
                                    ),
                                    _connector="OR",
                                ),
                                name="care_plans_note_amends",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("status", "entered_in_error"),
                                        models.Q(("error_reason", ""), _negated=True),
                                    ),
                                    models.Q(
                                        models.Q(("status", "entered_in_error"), _negated=True),
                                        ("error_reason", ""),
                                    ),
                                    _connector="OR",
                                ),
                                name="care_plans_note_in_error",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("written_at__lte", models.F("recorded_at"))),
                                name="care_plans_note_not_ahead",
                            ),
                        ],
                        "indexes": [
                            models.Index(
                                fields=["organization", "patient", "-written_at"],
                                name="care_plans_note_patient",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CareSummary",
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
                                editable=False,
                                max_length=20,
                            ),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("summary", "Summary"),
                                    ("goal", "A goal that the team may know"),
                                ],
                                max_length=7,
                            ),
                        ),
                        ("text", models.TextField()),
                        (
                            "agreed_at",
                            models.DateTimeField(
                                help_text="When the patient agreed to these words."
                            ),
                        ),
                        (
                            "agreed_how",
                            models.CharField(
                                choices=[("spoken", "Spoken"), ("written", "Written")], max_length=7
                            ),
                        ),
                        (
                            "sensitivity",
                            models.CharField(
                                blank=True,
                                choices=[("withdrawn", "The patient took the agreement back")],
                                editable=False,
                                max_length=16,
                            ),
                        ),
                        (
                            "withdrawn_at",
                            models.DateTimeField(blank=True, editable=False, null=True),
                        ),
                        (
                            "actor",
                            models.TextField(
                                help_text="Login, or the part of the software that acted."
                            ),
                        ),
                        ("user_id", models.UUIDField(blank=True, null=True)),
                        (
                            "written_at",
                            models.DateTimeField(help_text="The time that it is about."),
                        ),
                        ("recorded_at", models.DateTimeField()),
                        (
                            "author",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.practitionerrole",
                            ),
                        ),
                        (
                            "course",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="summaries",
                                to="care_plans.course",
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
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                fields=["organization", "patient", "-written_at"],
                                name="care_plans_summary_patient",
                            )
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("agreed_how__in", ["spoken", "written"]),
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
                                    ),
                                    ("kind__in", ["summary", "goal"]),
                                    models.Q(("text", ""), _negated=True),
                                ),
                                name="care_plans_summary_words",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("sensitivity", ""), ("withdrawn_at", None)),
                                    models.Q(
                                        ("sensitivity", "withdrawn"),
                                        ("withdrawn_at__isnull", False),
                                    ),
                                    _connector="OR",
                                ),
                                name="care_plans_summary_withdrawn",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("agreed_at__lte", models.F("recorded_at")),
                                    ("written_at__lte", models.F("recorded_at")),
                                ),
                                name="care_plans_summary_not_ahead",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="AdherenceEntry",
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
                        ("day", models.DateField()),
                        (
                            "prescribed",
                            models.PositiveSmallIntegerField(
                                help_text="Sessions that were to be done."
                            ),
                        ),
                        (
                            "completed",
                            models.PositiveSmallIntegerField(help_text="Sessions that were done."),
                        ),
                        ("pain_during", models.PositiveSmallIntegerField(blank=True, null=True)),
                        (
                            "pain_24h",
                            models.PositiveSmallIntegerField(
                                blank=True, help_text="A day after it.", null=True
                            ),
                        ),
                        ("note", models.TextField(blank=True)),
                        ("by_patient", models.BooleanField(help_text="The patient entered it.")),
                        ("actor", models.TextField()),
                        ("user_id", models.UUIDField(blank=True, null=True)),
                        ("recorded_at", models.DateTimeField()),
                        (
                            "activity",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="adherence_entries",
                                to="care_plans.activity",
                            ),
                        ),
                        (
                            "course",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="adherence_entries",
                                to="care_plans.course",
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
                            "practitioner_role",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.practitionerrole",
                            ),
                        ),
                        (
                            "replaces",
                            models.OneToOneField(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="replaced_by",
                                to="care_plans.adherenceentry",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(fields=["course", "day"], name="care_plans_adherence_of"),
                            models.Index(
                                fields=["activity", "day"], name="care_plans_adherence_activity"
                            ),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("completed__lte", 50),
                                    ("prescribed__gte", 1),
                                    ("prescribed__lte", 50),
                                    models.Q(
                                        ("pain_during", None),
                                        models.Q(("pain_during__gte", 0), ("pain_during__lte", 10)),
                                        _connector="OR",
                                    ),
                                    models.Q(
                                        ("pain_24h", None),
                                        models.Q(("pain_24h__gte", 0), ("pain_24h__lte", 10)),
                                        _connector="OR",
                                    ),
                                ),
                                name="care_plans_adherence_values",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("replaces", None),
                                    models.Q(("replaces", models.F("id")), _negated=True),
                                    _connector="OR",
                                ),
                                name="care_plans_adherence_replaces",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="DoseChange",
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
                        ("from_level", models.CharField(max_length=60)),
                        ("to_level", models.CharField(max_length=60)),
                        (
                            "direction",
                            models.CharField(
                                choices=[("up", "Up"), ("down", "Down")], max_length=4
                            ),
                        ),
                        (
                            "finding",
                            models.JSONField(
                                help_text="The trace of the level's gate; null: it has none, or one went down.",
                                null=True,
                            ),
                        ),
                        ("overridden", models.BooleanField(default=False)),
                        ("reason", models.TextField(blank=True)),
                        ("actor", models.TextField()),
                        ("user_id", models.UUIDField(blank=True, null=True)),
                        ("recorded_at", models.DateTimeField()),
                        (
                            "activity",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="dose_changes",
                                to="care_plans.activity",
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
                            "practitioner_role",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.practitionerrole",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                fields=["activity", "recorded_at"], name="care_plans_dose_of"
                            )
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("direction__in", ["up", "down"]),
                                    models.Q(("from_level", models.F("to_level")), _negated=True),
                                ),
                                name="care_plans_dose_words",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("reason", ""), _negated=True),
                                    models.Q(("direction", "up"), ("overridden", False)),
                                    _connector="OR",
                                ),
                                name="care_plans_dose_reason",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PathwayReview",
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
                        ("college", models.TextField()),
                        ("registration_number", models.TextField()),
                        ("reviewed_at", models.DateTimeField()),
                        ("next_review_due", models.DateField()),
                        ("note", models.TextField(blank=True)),
                        (
                            "organization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.organization",
                            ),
                        ),
                        (
                            "pathway_version",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="reviews",
                                to="care_plans.pathwayversion",
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
                        "indexes": [
                            models.Index(
                                fields=["organization", "pathway_version", "-reviewed_at", "-id"],
                                name="care_plans_review_in_force",
                            )
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("name", ""), _negated=True),
                                    models.Q(("college", ""), _negated=True),
                                    models.Q(("registration_number", ""), _negated=True),
                                ),
                                name="care_plans_review_complete",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Recommendation",
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
                            "rule",
                            models.CharField(
                                help_text="Which rule of that version.", max_length=90
                            ),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("rule", "An if/then rule of the pathway"),
                                    ("yellow_flags", "Psychosocial signs that suggest more help"),
                                    ("redirect", "A finding that points to another condition"),
                                    ("severity", "Scores that point to another severity"),
                                    (
                                        "stalled",
                                        "No change that matters for as long as the pathway names",
                                    ),
                                    (
                                        "safety",
                                        "An answer or a score that somebody must act on at once",
                                    ),
                                ],
                                max_length=12,
                            ),
                        ),
                        (
                            "text",
                            models.TextField(
                                help_text="What the rule asks for, in the pathway's words."
                            ),
                        ),
                        (
                            "then",
                            models.TextField(help_text="What it suggests, in the pathway's words."),
                        ),
                        (
                            "lane",
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
                                help_text="The discipline it would involve.",
                                max_length=20,
                            ),
                        ),
                        (
                            "towards",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=60),
                                default=list,
                                help_text="Pathways to consider instead.",
                            ),
                        ),
                        (
                            "source",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=60),
                                help_text="The version's own sources.",
                            ),
                        ),
                        ("finding", models.JSONField(help_text="The trace on which it was made.")),
                        (
                            "rests_on",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.UUIDField(),
                                help_text="The rows that the trace rests on.",
                            ),
                        ),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("open", "Open"),
                                    ("accepted", "Accepted"),
                                    ("declined", "Declined"),
                                    ("lapsed", "Lapsed: met no more before anybody decided"),
                                ],
                                default="open",
                                editable=False,
                                max_length=8,
                            ),
                        ),
                        ("made_at", models.DateTimeField()),
                        (
                            "until",
                            models.DateTimeField(
                                blank=True,
                                help_text="Since when the rule is not met any more.",
                                null=True,
                            ),
                        ),
                        ("decided_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "reason",
                            models.TextField(
                                blank=True, help_text="Why it was declined, or what was decided."
                            ),
                        ),
                        (
                            "course",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="recommendations",
                                to="care_plans.course",
                            ),
                        ),
                        (
                            "decided_by",
                            models.ForeignKey(
                                blank=True,
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
                            "pathway_version",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="care_plans.pathwayversion",
                            ),
                        ),
                        (
                            "patient",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="recommendations",
                                to="coordination.patient",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("status", "open")),
                                fields=["organization", "patient"],
                                name="care_plans_recommended",
                            ),
                            models.Index(
                                fields=["organization", "pathway_version", "rule"],
                                name="care_plans_rule_outcomes",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("until", None)),
                                fields=("course", "rule"),
                                name="care_plans_recommendation_once",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("status__in", ["open", "accepted", "declined", "lapsed"]),
                                    (
                                        "kind__in",
                                        [
                                            "rule",
                                            "yellow_flags",
                                            "redirect",
                                            "severity",
                                            "stalled",
                                            "safety",
                                        ],
                                    ),
                                    models.Q(
                                        ("lane", ""),
                                        (
                                            "lane__in",
                                            [
                                                "physiotherapy",
                                                "chiropractic",
                                                "massage_therapy",
                                                "kinesiology",
                                                "nutrition",
                                                "psychotherapy",
                                            ],
                                        ),
                                        _connector="OR",
                                    ),
                                ),
                                name="care_plans_recommendation_words",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("decided_at__gte", models.F("made_at")),
                                        ("decided_by__isnull", False),
                                        ("status__in", ["accepted", "declined"]),
                                    ),
                                    models.Q(
                                        ("decided_at", None),
                                        ("decided_by", None),
                                        ("status__in", ["open", "lapsed"]),
                                    ),
                                    _connector="OR",
                                ),
                                name="care_plans_recommendation_decided",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("status", "declined"), _negated=True),
                                    models.Q(("reason", ""), _negated=True),
                                    _connector="OR",
                                ),
                                name="care_plans_recommendation_declined_why",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("status", "lapsed"), _negated=True),
                                    ("until__isnull", False),
                                    _connector="OR",
                                ),
                                name="care_plans_recommendation_lapsed",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("until", None),
                                    ("until__gte", models.F("made_at")),
                                    _connector="OR",
                                ),
                                name="care_plans_recommendation_period",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="RedFlag",
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
                            "found_in",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.UUIDField(),
                                help_text="Every screen that found it until it was cleared.",
                            ),
                        ),
                        ("flag", models.CharField(max_length=60)),
                        (
                            "urgency",
                            models.CharField(
                                choices=[
                                    ("emergency", "Emergency"),
                                    ("urgent_24h", "Urgent 24H"),
                                    ("urgent_2wk", "Urgent 2Wk"),
                                    ("review_before_progress", "Review Before Progress"),
                                    ("routine", "Routine"),
                                ],
                                max_length=22,
                            ),
                        ),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("open", "Open: nobody has taken it up"),
                                    ("acknowledged", "Acknowledged: somebody looks into it"),
                                    ("cleared", "Cleared"),
                                ],
                                default="open",
                                editable=False,
                                max_length=12,
                            ),
                        ),
                        (
                            "found_at",
                            models.DateTimeField(
                                help_text="When it was found, of which a screen may say so late."
                            ),
                        ),
                        ("recorded_at", models.DateTimeField()),
                        (
                            "due_at",
                            models.DateTimeField(
                                blank=True,
                                help_text="By when somebody must have acted; none: no time is named.",
                                null=True,
                            ),
                        ),
                        ("acknowledged_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "cleared_at",
                            models.DateTimeField(
                                blank=True, help_text="Since when it does not hold.", null=True
                            ),
                        ),
                        ("clearing_recorded_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "outcome",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("ruled_out", "Ruled out: looked into, and not there"),
                                    ("resolved", "Resolved: it was there, and has been dealt with"),
                                    ("entered_in_error", "Entered in error: it was never found"),
                                ],
                                max_length=16,
                            ),
                        ),
                        ("reason", models.TextField(blank=True, help_text="Why it was cleared.")),
                        (
                            "acknowledged_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.practitionerrole",
                            ),
                        ),
                        (
                            "cleared_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.practitionerrole",
                            ),
                        ),
                        (
                            "course",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="red_flags",
                                to="care_plans.course",
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
                                related_name="red_flags",
                                to="coordination.patient",
                            ),
                        ),
                        (
                            "screen",
                            models.ForeignKey(
                                help_text="The screen that found it first.",
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="care_plans.redflagscreen",
                            ),
                        ),
                        (
                            "work_item",
                            models.OneToOneField(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="red_flag",
                                to="coordination.workitem",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("status", "cleared"), _negated=True),
                                fields=["organization", "patient", "due_at"],
                                name="care_plans_red_flag_open",
                            ),
                            models.Index(
                                condition=models.Q(("status", "cleared")),
                                fields=["course"],
                                name="care_plans_red_flag_of",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("status", "cleared"), _negated=True),
                                fields=("course", "flag"),
                                name="care_plans_red_flag_open_once",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("status__in", ["open", "acknowledged", "cleared"]),
                                    (
                                        "urgency__in",
                                        [
                                            "emergency",
                                            "urgent_24h",
                                            "urgent_2wk",
                                            "review_before_progress",
                                            "routine",
                                        ],
                                    ),
                                    (
                                        "outcome__in",
                                        ["", "ruled_out", "resolved", "entered_in_error"],
                                    ),
                                ),
                                name="care_plans_red_flag_words",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("cleared_at__gte", models.F("found_at")),
                                        ("cleared_at__isnull", False),
                                        ("cleared_by__isnull", False),
                                        ("clearing_recorded_at__gte", models.F("cleared_at")),
                                        ("status", "cleared"),
                                        models.Q(("outcome", ""), _negated=True),
                                        models.Q(("reason", ""), _negated=True),
                                    ),
                                    models.Q(
                                        models.Q(("status", "cleared"), _negated=True),
                                        ("cleared_at", None),
                                        ("cleared_by", None),
                                        ("clearing_recorded_at", None),
                                        ("outcome", ""),
                                        ("reason", ""),
                                    ),
                                    _connector="OR",
                                ),
                                name="care_plans_red_flag_cleared",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("acknowledged_at", None),
                                        ("acknowledged_by", None),
                                        ("status", "open"),
                                    ),
                                    models.Q(
                                        ("acknowledged_at__isnull", False),
                                        ("acknowledged_by__isnull", False),
                                        ("status", "acknowledged"),
                                    ),
                                    ("status", "cleared"),
                                    _connector="OR",
                                ),
                                name="care_plans_red_flag_acknowledged",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("found_at__lte", models.F("recorded_at"))),
                                name="care_plans_red_flag_not_ahead",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SafetyAlert",
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
                        ("measure", models.CharField(max_length=60)),
                        (
                            "rule",
                            models.CharField(
                                help_text="Which safety rule of the measure.", max_length=60
                            ),
                        ),
                        ("measure_version", models.PositiveIntegerField()),
                        (
                            "action",
                            models.TextField(
                                help_text="What is to be done, in the words of the rule."
                            ),
                        ),
                        (
                            "source",
                            models.TextField(
                                blank=True, help_text="On whose word; it may be opinion alone."
                            ),
                        ),
                        ("verified", models.CharField(max_length=10)),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("open", "Open: nobody has taken it up"),
                                    ("acknowledged", "Acknowledged: somebody acts on it"),
                                    ("closed", "Closed"),
                                ],
                                default="open",
                                editable=False,
                                max_length=12,
                            ),
                        ),
                        ("raised_at", models.DateTimeField()),
                        (
                            "rung",
                            models.PositiveIntegerField(
                                default=0,
                                help_text="How often it was said again because nobody took it up.",
                            ),
                        ),
                        (
                            "escalates_at",
                            models.DateTimeField(
                                blank=True,
                                help_text="When it is said again unless somebody takes it up.",
                                null=True,
                            ),
                        ),
                        ("acknowledged_at", models.DateTimeField(blank=True, null=True)),
                        ("closed_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "outcome",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("assessed", "Assessed by a regulated professional"),
                                    (
                                        "emergency",
                                        "Emergency services or an emergency department took over",
                                    ),
                                    ("not_reached", "The person could not be reached"),
                                    ("entered_in_error", "The answer was never given"),
                                ],
                                max_length=16,
                            ),
                        ),
                        (
                            "reason",
                            models.TextField(
                                blank=True, help_text="What was done, by the one who closed it."
                            ),
                        ),
                        (
                            "acknowledged_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.practitionerrole",
                            ),
                        ),
                        (
                            "assessment",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="safety_alerts",
                                to="care_plans.assessment",
                            ),
                        ),
                        (
                            "closed_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.practitionerrole",
                            ),
                        ),
                        (
                            "course",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="care_plans.course",
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
                                related_name="safety_alerts",
                                to="coordination.patient",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("status", "open")),
                                fields=["escalates_at"],
                                name="care_plans_alert_escalates",
                            ),
                            models.Index(
                                condition=models.Q(("status", "closed"), _negated=True),
                                fields=["organization", "patient"],
                                name="care_plans_alert_open",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("assessment", "measure", "rule"),
                                name="care_plans_safety_alert_once",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("acknowledged_at", None),
                                        ("acknowledged_by", None),
                                        ("escalates_at__isnull", False),
                                        ("status", "open"),
                                    ),
                                    models.Q(
                                        ("acknowledged_at__isnull", False),
                                        ("acknowledged_by__isnull", False),
                                        ("escalates_at", None),
                                        ("status__in", ["acknowledged", "closed"]),
                                    ),
                                    _connector="OR",
                                ),
                                name="care_plans_safety_alert_taken_up",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("closed_at__gte", models.F("raised_at")),
                                        ("closed_by__isnull", False),
                                        (
                                            "outcome__in",
                                            [
                                                "assessed",
                                                "emergency",
                                                "not_reached",
                                                "entered_in_error",
                                            ],
                                        ),
                                        ("status", "closed"),
                                        models.Q(("reason", ""), _negated=True),
                                    ),
                                    models.Q(
                                        ("closed_at", None),
                                        ("closed_by", None),
                                        ("outcome", ""),
                                        ("reason", ""),
                                        ("status__in", ["open", "acknowledged"]),
                                    ),
                                    _connector="OR",
                                ),
                                name="care_plans_safety_alert_closed",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="VersionDecision",
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
                            "decision",
                            models.CharField(
                                choices=[("adopted", "Adopted"), ("declined", "Declined")],
                                max_length=8,
                            ),
                        ),
                        ("reason", models.TextField(blank=True)),
                        ("actor", models.TextField()),
                        ("user_id", models.UUIDField(blank=True, null=True)),
                        ("recorded_at", models.DateTimeField()),
                        (
                            "course",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="version_decisions",
                                to="care_plans.course",
                            ),
                        ),
                        (
                            "from_version",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="care_plans.pathwayversion",
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
                            "practitioner_role",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.practitionerrole",
                            ),
                        ),
                        (
                            "to_version",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="care_plans.pathwayversion",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                fields=["course", "recorded_at"], name="care_plans_version_of"
                            )
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("decision", "adopted"),
                                    models.Q(
                                        ("decision", "declined"),
                                        models.Q(("reason", ""), _negated=True),
                                    ),
                                    _connector="OR",
                                ),
                                name="care_plans_version_declined_why",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("from_version", models.F("to_version")), _negated=True
                                ),
                                name="care_plans_version_another",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ConflictDecision",
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
                            "conflict",
                            models.UUIDField(
                                help_text="The same for the same two activities and kind."
                            ),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("duplicate", "Both do the same"),
                                    ("caution", "One warns against what the other one asks for"),
                                    ("load", "Both load the same part of the body"),
                                ],
                                max_length=9,
                            ),
                        ),
                        (
                            "about",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.TextField(),
                                help_text="What it was about when it was decided.",
                            ),
                        ),
                        (
                            "sequence",
                            models.PositiveSmallIntegerField(
                                help_text="1 for the first decision about it."
                            ),
                        ),
                        (
                            "decision",
                            models.CharField(
                                choices=[
                                    ("keep_both", "Keep Both"),
                                    ("keep_first", "Keep the first, stop the second"),
                                    ("keep_second", "Keep the second, stop the first"),
                                    ("reopen", "Decide again"),
                                ],
                                max_length=11,
                            ),
                        ),
                        ("reason", models.TextField()),
                        ("actor", models.TextField()),
                        ("user_id", models.UUIDField(blank=True, null=True)),
                        ("recorded_at", models.DateTimeField()),
                        (
                            "care_plan",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="care_plans.careplan",
                            ),
                        ),
                        (
                            "first",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="care_plans.activity",
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
                            "practitioner_role",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.practitionerrole",
                            ),
                        ),
                        (
                            "second",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="care_plans.activity",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("organization", "conflict", "sequence"),
                                name="care_plans_conflict_in_turn",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("first", models.F("second")), _negated=True),
                                    models.Q(("reason", ""), _negated=True),
                                ),
                                name="care_plans_conflict_complete",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("kind__in", ["duplicate", "caution", "load"]),
                                    (
                                        "decision__in",
                                        ["keep_both", "keep_first", "keep_second", "reopen"],
                                    ),
                                ),
                                name="care_plans_conflict_words",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="AbsentScore",
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
                        ("measure_version", models.PositiveIntegerField()),
                        (
                            "side",
                            models.CharField(
                                blank=True,
                                choices=[("left", "Left"), ("right", "Right")],
                                max_length=5,
                            ),
                        ),
                        ("subscale", models.CharField(blank=True, max_length=60)),
                        (
                            "reason",
                            models.CharField(
                                choices=[
                                    ("unknown", "Nobody knows why"),
                                    ("asked-unknown", "Asked, and the person did not know"),
                                    ("temp-unknown", "Not known yet"),
                                    ("not-asked", "Not Asked"),
                                    ("asked-declined", "Asked, and the person declined"),
                                    ("not-applicable", "Not Applicable"),
                                    ("not-performed", "Not Performed"),
                                    ("not-permitted", "Not Permitted"),
                                    ("unable-to-test", "The person was not able to"),
                                    ("items-missing", "More items without an answer than may be"),
                                ],
                                max_length=15,
                            ),
                        ),
                        (
                            "assessment",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="absent",
                                to="care_plans.assessment",
                            ),
                        ),
                        (
                            "measure",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="care_plans.measure",
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
                                fields=("assessment", "measure", "side", "subscale"),
                                name="care_plans_absent_once",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("side__in", ["", "left", "right"]),
                                    (
                                        "reason__in",
                                        [
                                            "unknown",
                                            "asked-unknown",
                                            "temp-unknown",
                                            "not-asked",
                                            "asked-declined",
                                            "not-applicable",
                                            "not-performed",
                                            "not-permitted",
                                            "unable-to-test",
                                            "items-missing",
                                        ],
                                    ),
                                ),
                                name="care_plans_absent_words",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ComplexityScreen",
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
                            "actor",
                            models.TextField(
                                help_text="Login, or the part of the software that acted."
                            ),
                        ),
                        ("user_id", models.UUIDField(blank=True, null=True)),
                        ("effective_at", models.DateTimeField()),
                        ("recorded_at", models.DateTimeField()),
                        (
                            "level",
                            models.CharField(
                                choices=[("low", "Low"), ("medium", "Medium"), ("high", "High")],
                                max_length=6,
                            ),
                        ),
                        (
                            "factors",
                            models.JSONField(help_text="By category, each factor with its level."),
                        ),
                        (
                            "reason",
                            models.TextField(
                                blank=True, help_text="Why the level is not that of the factors."
                            ),
                        ),
                        (
                            "key",
                            models.CharField(
                                blank=True,
                                help_text="Recording with it again finds this one.",
                                max_length=200,
                            ),
                        ),
                        (
                            "digest",
                            models.CharField(
                                help_text="SHA-256 of what was sent with the key.", max_length=64
                            ),
                        ),
                        (
                            "course",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="complexity_screens",
                                to="care_plans.course",
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
                            "practitioner_role",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.practitionerrole",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                fields=["course", "effective_at"],
                                name="care_plans_complexity_course",
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("key", ""), _negated=True),
                                fields=("organization", "course", "key"),
                                name="care_plans_complexity_key",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("effective_at__lte", models.F("recorded_at")),
                                    ("level__in", ["low", "medium", "high"]),
                                ),
                                name="care_plans_complexity_words",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="GoalAchievement",
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
                            "code",
                            models.CharField(
                                choices=[
                                    ("in-progress", "In progress: nobody knows yet"),
                                    ("improving", "Improving: by at least the change that matters"),
                                    ("worsening", "Worsening: by at least the change that matters"),
                                    ("no-change", "No change that matters"),
                                    ("achieved", "Achieved: the target is met"),
                                ],
                                max_length=11,
                            ),
                        ),
                        (
                            "finding",
                            models.JSONField(
                                help_text="The trace of the target and of the change."
                            ),
                        ),
                        (
                            "rests_on",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.UUIDField(),
                                help_text="The rows that the trace rests on.",
                            ),
                        ),
                        ("since", models.DateTimeField(help_text="When it was concluded.")),
                        ("until", models.DateTimeField(blank=True, null=True)),
                        (
                            "course",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="care_plans.course",
                            ),
                        ),
                        (
                            "goal",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="achievements",
                                to="care_plans.goal",
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
                    ],
                    options={
                        "indexes": [
                            models.Index(fields=["course"], name="care_plans_achievement_course")
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("until", None)),
                                fields=("goal",),
                                name="care_plans_achievement_one_now",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("until", None),
                                    ("until__gte", models.F("since")),
                                    _connector="OR",
                                ),
                                name="care_plans_achievement_period",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    (
                                        "code__in",
                                        [
                                            "in-progress",
                                            "improving",
                                            "worsening",
                                            "no-change",
                                            "achieved",
                                        ],
                                    )
                                ),
                                name="care_plans_achievement_words",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="MeasureVersion",
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
                        ("version", models.PositiveIntegerField()),
                        ("content", models.JSONField()),
                        ("sha256", models.CharField(max_length=64)),
                        (
                            "measure",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="versions",
                                to="care_plans.measure",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("measure", "version"),
                                name="care_plans_measure_version_once",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="LastLook",
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
                        ("looked_at", models.DateTimeField()),
                        (
                            "seen",
                            models.JSONField(help_text="By kind and id, what each thing was."),
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
                            "practitioner",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.practitioner",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("organization", "patient", "practitioner"),
                                name="care_plans_look_once",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PatientStatement",
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
                            "text",
                            models.TextField(
                                help_text="Character for character as the patient said or wrote it."
                            ),
                        ),
                        (
                            "language",
                            models.CharField(
                                help_text="BCP 47: the language of the words.", max_length=35
                            ),
                        ),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("active", "Active"),
                                    ("achieved", "The patient got there"),
                                    ("withdrawn", "The patient does not want this any more"),
                                ],
                                default="active",
                                max_length=9,
                            ),
                        ),
                        (
                            "by_patient",
                            models.BooleanField(
                                help_text="The patient wrote it; otherwise somebody wrote down what they said."
                            ),
                        ),
                        ("actor", models.TextField()),
                        ("user_id", models.UUIDField(blank=True, null=True)),
                        ("recorded_at", models.DateTimeField()),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("goal", "What the patient wants to reach"),
                                    ("preference", "How the patient wants to be cared for"),
                                ],
                                max_length=10,
                            ),
                        ),
                        (
                            "care_plan",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="statements",
                                to="care_plans.careplan",
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
                            "practitioner_role",
                            models.ForeignKey(
                                blank=True,
                                null=True,
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
                                    models.Q(("text", ""), _negated=True),
                                    models.Q(("language", ""), _negated=True),
                                    ("kind__in", ["goal", "preference"]),
                                    ("status__in", ["active", "achieved", "withdrawn"]),
                                ),
                                name="care_plans_statement_words",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("by_patient", True), ("practitioner_role", None)),
                                    models.Q(
                                        ("by_patient", False), ("practitioner_role__isnull", False)
                                    ),
                                    _connector="OR",
                                ),
                                name="care_plans_statement_writer",
                            ),
                        ],
                        "indexes": [
                            models.Index(
                                fields=["organization", "patient", "id"],
                                name="care_plans_statement_of",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PatientStatementVersion",
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
                            "text",
                            models.TextField(
                                help_text="Character for character as the patient said or wrote it."
                            ),
                        ),
                        (
                            "language",
                            models.CharField(
                                help_text="BCP 47: the language of the words.", max_length=35
                            ),
                        ),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("active", "Active"),
                                    ("achieved", "The patient got there"),
                                    ("withdrawn", "The patient does not want this any more"),
                                ],
                                default="active",
                                max_length=9,
                            ),
                        ),
                        (
                            "by_patient",
                            models.BooleanField(
                                help_text="The patient wrote it; otherwise somebody wrote down what they said."
                            ),
                        ),
                        ("actor", models.TextField()),
                        ("user_id", models.UUIDField(blank=True, null=True)),
                        ("recorded_at", models.DateTimeField()),
                        ("number", models.PositiveIntegerField(help_text="1 for the first.")),
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
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.practitionerrole",
                            ),
                        ),
                        (
                            "statement",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="versions",
                                to="care_plans.patientstatement",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("statement", "number"), name="care_plans_statement_version"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="LaneOwner",
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
                        ("effective_at", models.DateTimeField()),
                        ("recorded_at", models.DateTimeField()),
                        (
                            "course",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="care_plans.course",
                            ),
                        ),
                        (
                            "lane",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="owners",
                                to="care_plans.lane",
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
                            "practitioner_role",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="coordination.practitionerrole",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                fields=["course", "recorded_at"], name="care_plans_owner_of"
                            )
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("effective_at__lte", models.F("recorded_at"))),
                                name="care_plans_owner_not_ahead",
                            )
                        ],
                    },
                ),
            ]
        ),
        AddTriggers(
            model_name="pathway",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="pathway_identity",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."slug" IS DISTINCT FROM (NEW."slug"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="e455f07eda8a50911d65e51b37f59c964bf1edf3",
                        operation="UPDATE",
                        pgid="pgtrigger_pathway_identity_2a8f7",
                        table="care_plans_pathway",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="pathway_stays",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                        hash="d132aec525d340830fa939e53c85912e8c21633f",
                        operation="DELETE",
                        pgid="pgtrigger_pathway_stays_d75b3",
                        table="care_plans_pathway",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("Pathway", by=None, read_only=True),
        AddTriggers(
            model_name="pathwayversion",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="ef4655e2cac059d8da5f1d62cea1111f5a31c2e1",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_ab8d2",
                        table="care_plans_pathwayversion",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="68fb16c51d1d60281e228730810ffd644f0878a5",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_19b9b",
                        table="care_plans_pathwayversion",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("PathwayVersion", by=None, read_only=True),
        AddTriggers(
            model_name="pathwaysignature",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="3dfbbf7d5285775816eaeb7eee51090f1e411508",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_140d8",
                        table="care_plans_pathwaysignature",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="654331e3e9dac0b99f36d4cec87da8c48191ebeb",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_28b66",
                        table="care_plans_pathwaysignature",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("PathwaySignature", append_only=True),
        AddTriggers(
            model_name="measure",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="measure_meaning",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."slug" IS DISTINCT FROM (NEW."slug") OR OLD."minimum" IS DISTINCT FROM (NEW."minimum") OR OLD."maximum" IS DISTINCT FROM (NEW."maximum") OR OLD."step" IS DISTINCT FROM (NEW."step") OR OLD."better" IS DISTINCT FROM (NEW."better") OR OLD."side_required" IS DISTINCT FROM (NEW."side_required"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="e130232e5ce36dd35ee64c1bca3f7249be32550c",
                        operation="UPDATE",
                        pgid="pgtrigger_measure_meaning_ea927",
                        table="care_plans_measure",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="measure_stays",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                        hash="0c15fdb6b1e403766e98ff9fa2903451a6ec6cb0",
                        operation="DELETE",
                        pgid="pgtrigger_measure_stays_55eeb",
                        table="care_plans_measure",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("Measure", by=None, read_only=True),
        AddTriggers(
            model_name="careplan",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="plan_status",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        declare="DECLARE _is_valid_transition BOOLEAN;",
                        func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{open:closed}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                        hash="34da401d0ca3868e146ba01310aac25493dd61b4",
                        operation="UPDATE",
                        pgid="pgtrigger_plan_status_50c90",
                        table="care_plans_careplan",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_deleted",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                        hash="de969f09a4cecf07c21e9be2e36b41ec1ef7b5bd",
                        operation="DELETE",
                        pgid="pgtrigger_never_deleted_31e7f",
                        table="care_plans_careplan",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="0ca0de300319cfc65b27a1937aba8b2b6f87facf",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_ebfe3",
                        table="care_plans_careplan",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="plan_identity",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."previous_id" IS DISTINCT FROM (NEW."previous_id"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="69f6c239cb40ef90f3a964c06a27d75540fdc379",
                        operation="UPDATE",
                        pgid="pgtrigger_plan_identity_4a8dc",
                        table="care_plans_careplan",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("CarePlan"),
        AddTriggers(
            model_name="course",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="course_status",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        declare="DECLARE _is_valid_transition BOOLEAN;",
                        func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{intake:active,active:paused,paused:active,intake:discharged,active:discharged,paused:discharged}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                        hash="ded871186fd33110a63a00bea685c941225c08c9",
                        operation="UPDATE",
                        pgid="pgtrigger_course_status_16154",
                        table="care_plans_course",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="course_stage",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        declare="DECLARE _is_valid_transition BOOLEAN;",
                        func='SELECT CONCAT(OLD."stage", \':\', NEW."stage") = ANY(\'{:acute,acute:subacute,subacute:maintenance,subacute:acute,maintenance:subacute,maintenance:acute}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."stage" IS DISTINCT FROM NEW."stage") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "stage" from "%" to "%" on table %\', OLD."stage", NEW."stage", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                        hash="f62123a09e8f313d158113d2132a36f33696ecb0",
                        operation="UPDATE",
                        pgid="pgtrigger_course_stage_3b6e2",
                        table="care_plans_course",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_deleted",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                        hash="ec3d2bd5e7fef8004e2fbc33c14528bc720260ef",
                        operation="DELETE",
                        pgid="pgtrigger_never_deleted_7561c",
                        table="care_plans_course",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="ca7cd4e3b24e9f780a28d1e885e7f9187935e200",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_44e90",
                        table="care_plans_course",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="course_identity",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."care_plan_id" IS DISTINCT FROM (NEW."care_plan_id") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."pathway_id" IS DISTINCT FROM (NEW."pathway_id") OR OLD."side" IS DISTINCT FROM (NEW."side") OR OLD."key" IS DISTINCT FROM (NEW."key") OR OLD."previous_id" IS DISTINCT FROM (NEW."previous_id") OR OLD."applied_at" IS DISTINCT FROM (NEW."applied_at"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="7781201e1b3ced9d9586b1969315991fb2e3ab7d",
                        operation="UPDATE",
                        pgid="pgtrigger_course_identity_ee7d2",
                        table="care_plans_course",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="version_decided",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."pathway_version_id" IS DISTINCT FROM (NEW."pathway_version_id"))',
                        func="\n                    IF NOT EXISTS (\n                        SELECT 1 FROM public.care_plans_versiondecision d\n                        WHERE d.course_id = NEW.id AND d.decision = 'adopted'\n                            AND d.from_version_id = OLD.pathway_version_id\n                            AND d.to_version_id = NEW.pathway_version_id\n                    ) THEN\n                        RAISE check_violation USING MESSAGE = 'nobody decided on this version';\n                    END IF;\n                    RETURN NEW;\n                ",
                        hash="8046c8622439e14177fa04f23b52b9418e06d169",
                        operation="UPDATE",
                        pgid="pgtrigger_version_decided_27e56",
                        table="care_plans_course",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("Course"),
        AddTriggers(
            model_name="goal",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="goal_identity",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."course_id" IS DISTINCT FROM (NEW."course_id") OR OLD."stage" IS DISTINCT FROM (NEW."stage") OR OLD."key" IS DISTINCT FROM (NEW."key"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="2e8ea6abf3650c1a2b4766202638d81da2b4a313",
                        operation="UPDATE",
                        pgid="pgtrigger_goal_identity_d4f1c",
                        table="care_plans_goal",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_deleted",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                        hash="4869c929fd81f02fe62a225ee71eda924d7e503a",
                        operation="DELETE",
                        pgid="pgtrigger_never_deleted_b0381",
                        table="care_plans_goal",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="925c27a40893eff74b9cd2b266975fa913fb052a",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_9e609",
                        table="care_plans_goal",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("Goal"),
        AddTriggers(
            model_name="lane",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="lane_identity",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."course_id" IS DISTINCT FROM (NEW."course_id") OR OLD."discipline" IS DISTINCT FROM (NEW."discipline"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="6549bab6d7d1ee402fdd7461deeb3c8daf67b62a",
                        operation="UPDATE",
                        pgid="pgtrigger_lane_identity_ce4c4",
                        table="care_plans_lane",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_deleted",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                        hash="a24ba715b2006d1dfbb8bda3aa2f178f011a9ff9",
                        operation="DELETE",
                        pgid="pgtrigger_never_deleted_e11be",
                        table="care_plans_lane",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="00513d95a605bc74bceff790d5f930422ebf581d",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_eb57e",
                        table="care_plans_lane",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("Lane"),
        AddTriggers(
            model_name="activity",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="activity_identity",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."course_id" IS DISTINCT FROM (NEW."course_id") OR OLD."lane_id" IS DISTINCT FROM (NEW."lane_id") OR OLD."stage" IS DISTINCT FROM (NEW."stage") OR OLD."sequence" IS DISTINCT FROM (NEW."sequence") OR OLD."key" IS DISTINCT FROM (NEW."key"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="02f64225ec105813aca0079bea263e7eae33f292",
                        operation="UPDATE",
                        pgid="pgtrigger_activity_identity_2f9c5",
                        table="care_plans_activity",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_deleted",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                        hash="8bb6a086d66cbbd519ad2af7d695053e9ef53129",
                        operation="DELETE",
                        pgid="pgtrigger_never_deleted_d7585",
                        table="care_plans_activity",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="4573293adb5882053d6a99f1a3162f4fd2a8a73d",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_cf5c4",
                        table="care_plans_activity",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="activity_status",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        declare="DECLARE _is_valid_transition BOOLEAN;",
                        func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{not_started:in_progress,not_started:stopped,in_progress:completed,in_progress:stopped,in_progress:on_hold,on_hold:in_progress,on_hold:stopped,stopped:not_started}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                        hash="f4384ed4a8528784758a73fa9a0ccbd27544a774",
                        operation="UPDATE",
                        pgid="pgtrigger_activity_status_d8923",
                        table="care_plans_activity",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("Activity"),
        AddTriggers(
            model_name="severitychange",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="4091326ab77dde7cbca3d3aa7b528ecfbb5641b1",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_df3b9",
                        table="care_plans_severitychange",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="5d31d161fea74e618cd964998e2609917e760656",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_7c116",
                        table="care_plans_severitychange",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("SeverityChange", append_only=True),
        AddTriggers(
            model_name="stagestay",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="stay_identity",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."course_id" IS DISTINCT FROM (NEW."course_id") OR OLD."stage" IS DISTINCT FROM (NEW."stage") OR OLD."sequence" IS DISTINCT FROM (NEW."sequence") OR OLD."entered_at" IS DISTINCT FROM (NEW."entered_at"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="fc6fd86baf9dad261e41a96a27abaf1ab7fbee2b",
                        operation="UPDATE",
                        pgid="pgtrigger_stay_identity_d0377",
                        table="care_plans_stagestay",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_deleted",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                        hash="30622547708c7afb3f2aeddd3492348c003643d0",
                        operation="DELETE",
                        pgid="pgtrigger_never_deleted_ca1e5",
                        table="care_plans_stagestay",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="41b1827bfc64881b30c364fab9fd6fe1904e46eb",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_eb890",
                        table="care_plans_stagestay",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("StageStay"),
        AddTriggers(
            model_name="lanesignoff",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="a92d5f19188f96a5b0bd175bbe6000df7e0f2cf9",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_579c8",
                        table="care_plans_lanesignoff",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="dde6b979dfbe57bc2fd9a9ff5a24cb8b85903be9",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_6e139",
                        table="care_plans_lanesignoff",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("LaneSignOff", append_only=True),
        AddTriggers(
            model_name="stagetransition",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="9fa3dd9a244cff67d53dbb7e0bfae951938c9abe",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_76389",
                        table="care_plans_stagetransition",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="a2e634c056baf19f756ef0eeb49cc8c6c67c0cba",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_271fe",
                        table="care_plans_stagetransition",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("StageTransition", append_only=True),
        AddTriggers(
            model_name="assessment",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="1795b42c20d54e42249efac28aa105dea5186d89",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_19675",
                        table="care_plans_assessment",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="962c02b6e48ca0230e39d873579badddb98dbcf1",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_2216f",
                        table="care_plans_assessment",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("Assessment", append_only=True),
        AddTriggers(
            model_name="condition",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="condition_identity",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."origin" IS DISTINCT FROM (NEW."origin") OR OLD."source_key" IS DISTINCT FROM (NEW."source_key"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="171fd6a9eb9584bb0c386591375b925338041829",
                        operation="UPDATE",
                        pgid="pgtrigger_condition_identity_2a596",
                        table="care_plans_condition",
                        when="BEFORE",
                    ),
                )
            ],
        ),
        Fence("Condition"),
        AddTriggers(
            model_name="courseanswer",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="0aba073109450526897f54e17453eccdb8728efc",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_01f8c",
                        table="care_plans_courseanswer",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="15fb5b8bde7469eb41c1c8c8e628b82a56a16b4f",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_fe3e1",
                        table="care_plans_courseanswer",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("CourseAnswer", append_only=True),
        AddTriggers(
            model_name="redflagscreen",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="b55798780a2d69a27be6d04675fa4497066ca076",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_0054f",
                        table="care_plans_redflagscreen",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="8d4d4a4b3a2729fa7e1c5f8e3b2e50fa000779a6",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_43189",
                        table="care_plans_redflagscreen",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("RedFlagScreen", append_only=True),
        AddTriggers(
            model_name="redflaganswer",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="6b3e00b8a13cfb55ccfa74e5c7b1c507a04a4a8d",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_557f7",
                        table="care_plans_redflaganswer",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="d8f57ccfdb3350ea07dd0a323b733265c0e82bda",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_c5df8",
                        table="care_plans_redflaganswer",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("RedFlagAnswer", append_only=True),
        AddTriggers(
            model_name="score",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="e74c93005a7c64586a5581919ab0f43e6b6249ca",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_cd439",
                        table="care_plans_score",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="ab0a9ced8139550afbd6b3dd60612d0bb05e3e8c",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_81767",
                        table="care_plans_score",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="score_in_range",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        declare="DECLARE taken care_plans_measure%ROWTYPE; said jsonb; within jsonb;",
                        func="\n                    SELECT * INTO taken FROM care_plans_measure WHERE id = NEW.measure_id;\n                    NEW.measure_version := coalesce(NEW.measure_version, taken.version);\n                    SELECT content INTO said FROM care_plans_measureversion\n                    WHERE measure_id = NEW.measure_id AND version = NEW.measure_version;\n                    IF said IS NULL THEN\n                        RAISE check_violation USING MESSAGE = 'score by an unknown version';\n                    END IF;\n                    within := said -> 'subscales' -> NEW.subscale;\n                    IF NEW.subscale <> '' AND (\n                        within IS NULL OR NEW.value < (within ->> 0)::numeric\n                        OR NEW.value > (within ->> 1)::numeric\n                    ) THEN\n                        RAISE check_violation USING MESSAGE = 'score outside the subscale';\n                    END IF;\n                    within := said -> 'scoring';\n                    IF NEW.item IS NOT NULL AND jsonb_typeof(within) = 'object' AND (\n                        NEW.item NOT BETWEEN 1 AND (within ->> 'items')::int\n                        OR NEW.value < (within ->> 'lowest')::numeric\n                        OR NEW.value > (within ->> 'highest')::numeric\n                    ) THEN\n                        RAISE check_violation USING MESSAGE = 'score outside the item';\n                    END IF;\n                    IF NEW.item IS NULL AND NEW.subscale = ''\n                       AND (NEW.value < taken.minimum OR NEW.value > taken.maximum) THEN\n                        RAISE check_violation USING MESSAGE = 'score outside the measure';\n                    END IF;\n                    IF taken.side_required <> (NEW.side <> '') THEN\n                        RAISE check_violation USING MESSAGE = 'score of a missing or needless side';\n                    END IF;\n                    RETURN NEW;\n                ",
                        hash="75409bc5f858a19da222a310fdcd2fa6e20e793d",
                        operation="INSERT",
                        pgid="pgtrigger_score_in_range_7f221",
                        table="care_plans_score",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("Score", append_only=True),
        AddTriggers(
            model_name="sourcedocument",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="16380a4e89cafb312d0c258deceb179f500affd1",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_9c1fd",
                        table="care_plans_sourcedocument",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="a74ca6f1f0afb4887b4f6de7b02d6eff1ffdc5d5",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_b9497",
                        table="care_plans_sourcedocument",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("SourceDocument", append_only=True),
        AddTriggers(
            model_name="encounter",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="encounter_status",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        declare="DECLARE _is_valid_transition BOOLEAN;",
                        func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{in_progress:finished,in_progress:cancelled,in_progress:entered_in_error,finished:entered_in_error,cancelled:entered_in_error}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                        hash="33d54787154f9a70cc9236dbbeb108a1b77756f7",
                        operation="UPDATE",
                        pgid="pgtrigger_encounter_status_2706b",
                        table="care_plans_encounter",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="encounter_identity",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."practitioner_role_id" IS DISTINCT FROM (NEW."practitioner_role_id") OR OLD."location_id" IS DISTINCT FROM (NEW."location_id") OR OLD."course_id" IS DISTINCT FROM (NEW."course_id") OR OLD."lane_id" IS DISTINCT FROM (NEW."lane_id") OR OLD."encounter_class" IS DISTINCT FROM (NEW."encounter_class") OR OLD."started_at" IS DISTINCT FROM (NEW."started_at") OR OLD."actor" IS DISTINCT FROM (NEW."actor") OR OLD."user_id" IS DISTINCT FROM (NEW."user_id") OR OLD."recorded_at" IS DISTINCT FROM (NEW."recorded_at"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="44f508cf58785bed3095b2842fb694651a005271",
                        operation="UPDATE",
                        pgid="pgtrigger_encounter_identity_ee737",
                        table="care_plans_encounter",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="course_of_same_patient",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="\n    IF NEW.course_id IS NOT NULL AND NOT EXISTS (\n        SELECT 1 FROM public.care_plans_course o\n        WHERE o.id = NEW.course_id AND o.patient_id = NEW.patient_id\n    ) THEN\n        RAISE check_violation USING MESSAGE = 'course_id is of another patient';\n    END IF;\n    RETURN NEW;\n",
                        hash="203c95c30ec9af43410e57bb75f9c84d21dba7a6",
                        operation="INSERT",
                        pgid="pgtrigger_course_of_same_patient_227db",
                        table="care_plans_encounter",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="2f82ee2153db402b660fa62fb546bfb9357f7197",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_74d5f",
                        table="care_plans_encounter",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="disposed_lawfully",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="\n            IF current_setting('app.disposal', true) IS DISTINCT FROM 'on' OR NOT (\n                SELECT pg_has_role(current_user, c.relowner, 'USAGE')\n                FROM pg_catalog.pg_class c WHERE c.oid = TG_RELID\n            ) THEN\n                RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;\n            END IF;\n            IF EXISTS (\n                SELECT 1 FROM public.coordination_legalhold h\n                JOIN public.coordination_patient held ON held.id = h.patient_id\n                JOIN public.coordination_patient mine ON mine.id = OLD.patient_id\n                WHERE h.until IS NULL AND coalesce(held.merged_into_id, held.id)\n                    = coalesce(mine.merged_into_id, mine.id)\n            ) THEN\n                RAISE EXCEPTION 'pgtrigger: a legal hold keeps this row of %', TG_TABLE_NAME;\n            END IF;\n            RETURN OLD;\n        ",
                        hash="89427e97c71110465e2b0cd5dd5eeaa4b9810932",
                        operation="DELETE",
                        pgid="pgtrigger_disposed_lawfully_ae7bd",
                        table="care_plans_encounter",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("Encounter"),
        AddTriggers(
            model_name="clinicalnote",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="note_status",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        declare="DECLARE _is_valid_transition BOOLEAN;",
                        func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{draft:signed,draft:entered_in_error,signed:superseded,signed:entered_in_error}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                        hash="5d5e6b6c6da8671db7f17fb13dbb56f6d13b016e",
                        operation="UPDATE",
                        pgid="pgtrigger_note_status_b557f",
                        table="care_plans_clinicalnote",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="note_identity",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."encounter_id" IS DISTINCT FROM (NEW."encounter_id") OR OLD."course_id" IS DISTINCT FROM (NEW."course_id") OR OLD."author_id" IS DISTINCT FROM (NEW."author_id") OR OLD."discipline" IS DISTINCT FROM (NEW."discipline") OR OLD."sensitivity" IS DISTINCT FROM (NEW."sensitivity") OR OLD."amends_id" IS DISTINCT FROM (NEW."amends_id") OR OLD."because" IS DISTINCT FROM (NEW."because") OR OLD."actor" IS DISTINCT FROM (NEW."actor") OR OLD."user_id" IS DISTINCT FROM (NEW."user_id") OR OLD."recorded_at" IS DISTINCT FROM (NEW."recorded_at"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="1d8bb68dffa22e8819f4a2e6f07c651adb9c83ca",
                        operation="UPDATE",
                        pgid="pgtrigger_note_identity_4b9d9",
                        table="care_plans_clinicalnote",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="signed_for_good",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition="WHEN (OLD.status <> 'draft' AND (OLD.text <> NEW.text OR OLD.written_at <> NEW.written_at OR OLD.signed_at IS DISTINCT FROM NEW.signed_at))",
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="4dd5e85fff30458ac96f91ece7202ffc32f1b691",
                        operation="UPDATE",
                        pgid="pgtrigger_signed_for_good_08540",
                        table="care_plans_clinicalnote",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="superseded_by_a_signed_one",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition="WHEN (NEW.\"status\" = 'superseded' AND OLD.\"status\" IS DISTINCT FROM 'superseded')",
                        func="\n                    IF NOT EXISTS (\n                        SELECT 1 FROM public.care_plans_clinicalnote n\n                        WHERE n.amends_id = NEW.id AND n.status = 'signed'\n                    ) THEN\n                        RAISE check_violation USING MESSAGE = 'no signed note amends this one';\n                    END IF;\n                    RETURN NEW;\n                ",
                        hash="60b655d0db4f51fe5b44fb9c295ab3804748ffb0",
                        operation="UPDATE",
                        pgid="pgtrigger_superseded_by_a_signed_one_8a4a5",
                        table="care_plans_clinicalnote",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="of_authors_discipline",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="\n        IF NOT EXISTS (\n            SELECT 1 FROM public.coordination_practitionerrole r\n            WHERE r.id = NEW.author_id AND r.discipline = NEW.discipline\n        ) THEN\n            RAISE check_violation USING MESSAGE = 'the discipline is not that of the author';\n        END IF;\n        RETURN NEW;\n    ",
                        hash="446d0defec6049085902051521b7bfbf8047cfe8",
                        operation="INSERT",
                        pgid="pgtrigger_of_authors_discipline_8e28f",
                        table="care_plans_clinicalnote",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="course_of_same_patient",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="\n    IF NEW.course_id IS NOT NULL AND NOT EXISTS (\n        SELECT 1 FROM public.care_plans_course o\n        WHERE o.id = NEW.course_id AND o.patient_id = NEW.patient_id\n    ) THEN\n        RAISE check_violation USING MESSAGE = 'course_id is of another patient';\n    END IF;\n    RETURN NEW;\n",
                        hash="40d1ed8cf0547fdb1fd6b42a7133177dea0a5d10",
                        operation="INSERT",
                        pgid="pgtrigger_course_of_same_patient_ebecd",
                        table="care_plans_clinicalnote",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="encounter_of_same_patient",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="\n    IF NEW.encounter_id IS NOT NULL AND NOT EXISTS (\n        SELECT 1 FROM public.care_plans_encounter o\n        WHERE o.id = NEW.encounter_id AND o.patient_id = NEW.patient_id\n    ) THEN\n        RAISE check_violation USING MESSAGE = 'encounter_id is of another patient';\n    END IF;\n    RETURN NEW;\n",
                        hash="c47b9d0163a0b97af6be4011a5211258f4c59b18",
                        operation="INSERT",
                        pgid="pgtrigger_encounter_of_same_patient_5ae6d",
                        table="care_plans_clinicalnote",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="amends_of_same_patient",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="\n    IF NEW.amends_id IS NOT NULL AND NOT EXISTS (\n        SELECT 1 FROM public.care_plans_clinicalnote o\n        WHERE o.id = NEW.amends_id AND o.patient_id = NEW.patient_id\n    ) THEN\n        RAISE check_violation USING MESSAGE = 'amends_id is of another patient';\n    END IF;\n    RETURN NEW;\n",
                        hash="62e4d9e5777bb881fd2bd3d353370c41f153e97d",
                        operation="INSERT",
                        pgid="pgtrigger_amends_of_same_patient_8c7ed",
                        table="care_plans_clinicalnote",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="56271d56102564a071b0d7140b3dbfaa02c04a6c",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_c46a8",
                        table="care_plans_clinicalnote",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="disposed_lawfully",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="\n            IF current_setting('app.disposal', true) IS DISTINCT FROM 'on' OR NOT (\n                SELECT pg_has_role(current_user, c.relowner, 'USAGE')\n                FROM pg_catalog.pg_class c WHERE c.oid = TG_RELID\n            ) THEN\n                RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;\n            END IF;\n            IF EXISTS (\n                SELECT 1 FROM public.coordination_legalhold h\n                JOIN public.coordination_patient held ON held.id = h.patient_id\n                JOIN public.coordination_patient mine ON mine.id = OLD.patient_id\n                WHERE h.until IS NULL AND coalesce(held.merged_into_id, held.id)\n                    = coalesce(mine.merged_into_id, mine.id)\n            ) THEN\n                RAISE EXCEPTION 'pgtrigger: a legal hold keeps this row of %', TG_TABLE_NAME;\n            END IF;\n            RETURN OLD;\n        ",
                        hash="60b0e005e138d36b8a2ee12d0f0419b5b843f8fb",
                        operation="DELETE",
                        pgid="pgtrigger_disposed_lawfully_d505c",
                        table="care_plans_clinicalnote",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("ClinicalNote"),
        AddTriggers(
            model_name="caresummary",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="summary_identity",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."course_id" IS DISTINCT FROM (NEW."course_id") OR OLD."author_id" IS DISTINCT FROM (NEW."author_id") OR OLD."discipline" IS DISTINCT FROM (NEW."discipline") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."text" IS DISTINCT FROM (NEW."text") OR OLD."agreed_at" IS DISTINCT FROM (NEW."agreed_at") OR OLD."agreed_how" IS DISTINCT FROM (NEW."agreed_how") OR OLD."actor" IS DISTINCT FROM (NEW."actor") OR OLD."user_id" IS DISTINCT FROM (NEW."user_id") OR OLD."written_at" IS DISTINCT FROM (NEW."written_at") OR OLD."recorded_at" IS DISTINCT FROM (NEW."recorded_at"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="7cf6da05f71a858b65b31da7e91bed1a573c03a8",
                        operation="UPDATE",
                        pgid="pgtrigger_summary_identity_9f0e2",
                        table="care_plans_caresummary",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="withdrawn_for_good",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."withdrawn_at" IS NOT NULL)',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="f40cf0c12274b9067a04a207e6d3a16351f5017a",
                        operation="UPDATE",
                        pgid="pgtrigger_withdrawn_for_good_df76b",
                        table="care_plans_caresummary",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="of_authors_discipline",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="\n        IF NOT EXISTS (\n            SELECT 1 FROM public.coordination_practitionerrole r\n            WHERE r.id = NEW.author_id AND r.discipline = NEW.discipline\n        ) THEN\n            RAISE check_violation USING MESSAGE = 'the discipline is not that of the author';\n        END IF;\n        RETURN NEW;\n    ",
                        hash="1975fdd971bd680022c4cf179971f1e89d434d8f",
                        operation="INSERT",
                        pgid="pgtrigger_of_authors_discipline_78108",
                        table="care_plans_caresummary",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="course_of_same_patient",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="\n    IF NEW.course_id IS NOT NULL AND NOT EXISTS (\n        SELECT 1 FROM public.care_plans_course o\n        WHERE o.id = NEW.course_id AND o.patient_id = NEW.patient_id\n    ) THEN\n        RAISE check_violation USING MESSAGE = 'course_id is of another patient';\n    END IF;\n    RETURN NEW;\n",
                        hash="3c30032600fd08ccf46e8b004638622f0d140859",
                        operation="INSERT",
                        pgid="pgtrigger_course_of_same_patient_2df3d",
                        table="care_plans_caresummary",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="b409dd272ff1e02528b4504b0c059c7b6249f601",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_60a3e",
                        table="care_plans_caresummary",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="disposed_lawfully",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="\n            IF current_setting('app.disposal', true) IS DISTINCT FROM 'on' OR NOT (\n                SELECT pg_has_role(current_user, c.relowner, 'USAGE')\n                FROM pg_catalog.pg_class c WHERE c.oid = TG_RELID\n            ) THEN\n                RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;\n            END IF;\n            IF EXISTS (\n                SELECT 1 FROM public.coordination_legalhold h\n                JOIN public.coordination_patient held ON held.id = h.patient_id\n                JOIN public.coordination_patient mine ON mine.id = OLD.patient_id\n                WHERE h.until IS NULL AND coalesce(held.merged_into_id, held.id)\n                    = coalesce(mine.merged_into_id, mine.id)\n            ) THEN\n                RAISE EXCEPTION 'pgtrigger: a legal hold keeps this row of %', TG_TABLE_NAME;\n            END IF;\n            RETURN OLD;\n        ",
                        hash="8874b3584951c87af12d2a518467ba1dbcf441e4",
                        operation="DELETE",
                        pgid="pgtrigger_disposed_lawfully_f0463",
                        table="care_plans_caresummary",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("CareSummary"),
        AddTriggers(
            model_name="adherenceentry",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="89e5194d58a4517eb3bae734290c77246e045efd",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_3738a",
                        table="care_plans_adherenceentry",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="92e6d7077f6e8d42c62a3b9fcda0763082256843",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_ae090",
                        table="care_plans_adherenceentry",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("AdherenceEntry", append_only=True),
        AddTriggers(
            model_name="dosechange",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="d3db73883c9154837722c2b88b0781295a429cba",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_b4eeb",
                        table="care_plans_dosechange",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="0f96bd2de4b609ce18c8931a80c42b499f96ae9d",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_2cea2",
                        table="care_plans_dosechange",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("DoseChange", append_only=True),
        AddTriggers(
            model_name="pathwayreview",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="6bb8fdded82539e4aeb927695deec1383e95a331",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_516e6",
                        table="care_plans_pathwayreview",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="148f47736e0c9e4875bdab3723dcc3a5afb0e90a",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_053c2",
                        table="care_plans_pathwayreview",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("PathwayReview", append_only=True),
        AddTriggers(
            model_name="recommendation",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="recommendation_status",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        declare="DECLARE _is_valid_transition BOOLEAN;",
                        func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{open:accepted,open:declined,open:lapsed}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                        hash="fc9c1e446eb880e618dd8804e67ddcb4bf692a34",
                        operation="UPDATE",
                        pgid="pgtrigger_recommendation_status_41453",
                        table="care_plans_recommendation",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="begins_undecided",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition="WHEN (NOT (NEW.\"status\" = 'open'))",
                        func="RAISE EXCEPTION 'pgtrigger: Cannot insert rows from % table', TG_TABLE_NAME;",
                        hash="3072f3e6b93fade66b84f85e0d0cf53aa6c5c22d",
                        operation="INSERT",
                        pgid="pgtrigger_begins_undecided_a2108",
                        table="care_plans_recommendation",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="recommendation_identity",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."course_id" IS DISTINCT FROM (NEW."course_id") OR OLD."pathway_version_id" IS DISTINCT FROM (NEW."pathway_version_id") OR OLD."rule" IS DISTINCT FROM (NEW."rule") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."text" IS DISTINCT FROM (NEW."text") OR OLD."then" IS DISTINCT FROM (NEW."then") OR OLD."lane" IS DISTINCT FROM (NEW."lane") OR OLD."towards" IS DISTINCT FROM (NEW."towards") OR OLD."source" IS DISTINCT FROM (NEW."source") OR OLD."finding" IS DISTINCT FROM (NEW."finding") OR OLD."rests_on" IS DISTINCT FROM (NEW."rests_on") OR OLD."made_at" IS DISTINCT FROM (NEW."made_at"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="90686120bb0d59c1b69d2351d64ed33abe80b56c",
                        operation="UPDATE",
                        pgid="pgtrigger_recommendation_identity_7d319",
                        table="care_plans_recommendation",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_deleted",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                        hash="4b634fb800cc70476770dcd97141c102143afe85",
                        operation="DELETE",
                        pgid="pgtrigger_never_deleted_0cf78",
                        table="care_plans_recommendation",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="619f5d68bbc53f3c0ab020a382c3462056c2be50",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_c941b",
                        table="care_plans_recommendation",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("Recommendation"),
        AddTriggers(
            model_name="redflag",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="red_flag_status",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        declare="DECLARE _is_valid_transition BOOLEAN;",
                        func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{open:acknowledged,open:cleared,acknowledged:cleared}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                        hash="b69f3d5d782c576a62dfcf7d50918fcc820a09ba",
                        operation="UPDATE",
                        pgid="pgtrigger_red_flag_status_31467",
                        table="care_plans_redflag",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="begins_open",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition="WHEN (NOT (NEW.\"status\" = 'open'))",
                        func="RAISE EXCEPTION 'pgtrigger: Cannot insert rows from % table', TG_TABLE_NAME;",
                        hash="4b03db1f6e4c7d3e69a6eb9ee3bc8a4798dfec0d",
                        operation="INSERT",
                        pgid="pgtrigger_begins_open_b9537",
                        table="care_plans_redflag",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="red_flag_identity",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."course_id" IS DISTINCT FROM (NEW."course_id") OR OLD."screen_id" IS DISTINCT FROM (NEW."screen_id") OR OLD."flag" IS DISTINCT FROM (NEW."flag") OR OLD."urgency" IS DISTINCT FROM (NEW."urgency") OR OLD."found_at" IS DISTINCT FROM (NEW."found_at") OR OLD."recorded_at" IS DISTINCT FROM (NEW."recorded_at"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="bef36995da13c259d31b57699b72a6a80abcf93e",
                        operation="UPDATE",
                        pgid="pgtrigger_red_flag_identity_36263",
                        table="care_plans_redflag",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="cleared_for_good",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition="WHEN (OLD.\"status\" = 'cleared')",
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="d2dab4d7d1530c6a01242587adde11ffbfbf47f2",
                        operation="UPDATE",
                        pgid="pgtrigger_cleared_for_good_ee701",
                        table="care_plans_redflag",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_deleted",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                        hash="f409862249414370fc0fbea59e228477740801e1",
                        operation="DELETE",
                        pgid="pgtrigger_never_deleted_b0f1b",
                        table="care_plans_redflag",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="ed79436fc63275762f430d199e5b045111b81a0f",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_2aad3",
                        table="care_plans_redflag",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("RedFlag"),
        AddTriggers(
            model_name="safetyalert",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="safety_alert_status",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        declare="DECLARE _is_valid_transition BOOLEAN;",
                        func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{open:acknowledged,acknowledged:closed}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                        hash="89448e4d3d21c44415c7d0c51ca6ea139450ef5e",
                        operation="UPDATE",
                        pgid="pgtrigger_safety_alert_status_ff937",
                        table="care_plans_safetyalert",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="begins_open",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition="WHEN (NOT (NEW.\"status\" = 'open'))",
                        func="RAISE EXCEPTION 'pgtrigger: Cannot insert rows from % table', TG_TABLE_NAME;",
                        hash="aab205a83e3d57338ed33b4fa07ff89fa174c915",
                        operation="INSERT",
                        pgid="pgtrigger_begins_open_a9d2d",
                        table="care_plans_safetyalert",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="safety_alert_identity",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."course_id" IS DISTINCT FROM (NEW."course_id") OR OLD."assessment_id" IS DISTINCT FROM (NEW."assessment_id") OR OLD."measure" IS DISTINCT FROM (NEW."measure") OR OLD."rule" IS DISTINCT FROM (NEW."rule") OR OLD."measure_version" IS DISTINCT FROM (NEW."measure_version") OR OLD."action" IS DISTINCT FROM (NEW."action") OR OLD."source" IS DISTINCT FROM (NEW."source") OR OLD."verified" IS DISTINCT FROM (NEW."verified") OR OLD."raised_at" IS DISTINCT FROM (NEW."raised_at"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="2bb04568912275a0325713268cdd455dbf54c01d",
                        operation="UPDATE",
                        pgid="pgtrigger_safety_alert_identity_5ec1c",
                        table="care_plans_safetyalert",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="closed_for_good",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition="WHEN (OLD.\"status\" = 'closed')",
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="6bd2f59fb3ae3ee0381ec79f6113a6e916c3bbf9",
                        operation="UPDATE",
                        pgid="pgtrigger_closed_for_good_b97ec",
                        table="care_plans_safetyalert",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_deleted",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                        hash="dcb3adb690e22b01ca6fcfef9a354c1aeaa438ff",
                        operation="DELETE",
                        pgid="pgtrigger_never_deleted_3aa6a",
                        table="care_plans_safetyalert",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="e29eb2857893af608b73a40d7d4ff63142689f7d",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_eb0e8",
                        table="care_plans_safetyalert",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("SafetyAlert"),
        AddTriggers(
            model_name="versiondecision",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="f3ec5b0be9ab2a29725e319019f9b29414619f35",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_38f0f",
                        table="care_plans_versiondecision",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="e9fec6688df95805506ca8c3640ea060c5941a10",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_8f3b0",
                        table="care_plans_versiondecision",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("VersionDecision", append_only=True),
        AddTriggers(
            model_name="conflictdecision",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="c190d83ba31013060aa7e7a5ec48db303b5804c8",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_fdbd2",
                        table="care_plans_conflictdecision",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="813f8502fa796c343113d34c9bab8df684b0e813",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_1bce6",
                        table="care_plans_conflictdecision",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("ConflictDecision", append_only=True),
        AddTriggers(
            model_name="absentscore",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="c086c288aa2b3ee9afb65238bfcd183b4cadeba6",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_caabf",
                        table="care_plans_absentscore",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="1c0d1c30323bec2b4559391168ee9d20306c020c",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_da473",
                        table="care_plans_absentscore",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("AbsentScore", append_only=True),
        AddTriggers(
            model_name="complexityscreen",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="bdd1dd725239bf722aa86f396fa2369c41e26731",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_046c2",
                        table="care_plans_complexityscreen",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="9d260dcb71237cf4891011ae31815faf067e7d3e",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_aeed3",
                        table="care_plans_complexityscreen",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("ComplexityScreen", append_only=True),
        AddTriggers(
            model_name="goalachievement",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="achievement_identity",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."course_id" IS DISTINCT FROM (NEW."course_id") OR OLD."goal_id" IS DISTINCT FROM (NEW."goal_id") OR OLD."code" IS DISTINCT FROM (NEW."code") OR OLD."finding" IS DISTINCT FROM (NEW."finding") OR OLD."rests_on" IS DISTINCT FROM (NEW."rests_on") OR OLD."since" IS DISTINCT FROM (NEW."since"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="152b45a1f802c1e2a1f93b466887664ca960d6df",
                        operation="UPDATE",
                        pgid="pgtrigger_achievement_identity_0c93e",
                        table="care_plans_goalachievement",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="achievement_is_over",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."until" IS NOT NULL)',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="ae61809b2b8c95e66d737cc7f66d5b0785b9f9a4",
                        operation="UPDATE",
                        pgid="pgtrigger_achievement_is_over_8bab7",
                        table="care_plans_goalachievement",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_deleted",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                        hash="5a9ab027cff90a20ac7fe8799fc13b8dbc129e0c",
                        operation="DELETE",
                        pgid="pgtrigger_never_deleted_95771",
                        table="care_plans_goalachievement",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="9192bb99a0b9228b76ebeb4c6fb9f2326c929f67",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_e954c",
                        table="care_plans_goalachievement",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("GoalAchievement"),
        AddTriggers(
            model_name="measureversion",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="d79fa9dac729dbdb40ef622195bcab986c927598",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_bbf06",
                        table="care_plans_measureversion",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="a9c15d2becff4d14b6b23c1b852daa66b57812dd",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_764f7",
                        table="care_plans_measureversion",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("MeasureVersion", read_only=True, by=None),
        AddTriggers(
            model_name="lastlook",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="look_identity",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."practitioner_id" IS DISTINCT FROM (NEW."practitioner_id"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="73bf9a656f461b55e4ca07f71632e9dd34955c24",
                        operation="UPDATE",
                        pgid="pgtrigger_look_identity_2d4a3",
                        table="care_plans_lastlook",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_deleted",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                        hash="e31e950857fcd54ba47a8b2a10fbfcaa8ab9f623",
                        operation="DELETE",
                        pgid="pgtrigger_never_deleted_4ed75",
                        table="care_plans_lastlook",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="68731f3a3af4727d4ef788a96cc6d7cfe166a2f2",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_9c63f",
                        table="care_plans_lastlook",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("LastLook"),
        AddTriggers(
            model_name="patientstatement",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="statement_identity",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        condition='WHEN (OLD."organization_id" IS DISTINCT FROM (NEW."organization_id") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."care_plan_id" IS DISTINCT FROM (NEW."care_plan_id") OR OLD."kind" IS DISTINCT FROM (NEW."kind"))',
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                        hash="c239cc7a1e5ced5732bede6c80318a98534d68b2",
                        operation="UPDATE",
                        pgid="pgtrigger_statement_identity_39d27",
                        table="care_plans_patientstatement",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_deleted",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                        hash="8ced7aad2d5e5fa863180ec29d5cc79ec5330d0a",
                        operation="DELETE",
                        pgid="pgtrigger_never_deleted_8225d",
                        table="care_plans_patientstatement",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="e6a1ca5b65ea5c90572407ec9a36559844fcc4e5",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_c6cdc",
                        table="care_plans_patientstatement",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("PatientStatement"),
        AddTriggers(
            model_name="patientstatementversion",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="9f8504cdf41e5afbede424383afb66cb1d0cb805",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_962c0",
                        table="care_plans_patientstatementversion",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="2fa549965a077487b559d27fc7945b30fe8257b6",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_6aabe",
                        table="care_plans_patientstatementversion",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("PatientStatementVersion", append_only=True),
        AddTriggers(
            model_name="laneowner",
            triggers=[
                pgtrigger.compiler.Trigger(
                    name="append_only",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                        hash="5a9b0237852ac1fa0a74fd3c33915d1b2374064f",
                        operation="UPDATE OR DELETE",
                        pgid="pgtrigger_append_only_28c24",
                        table="care_plans_laneowner",
                        when="BEFORE",
                    ),
                ),
                pgtrigger.compiler.Trigger(
                    name="never_emptied",
                    sql=pgtrigger.compiler.UpsertTriggerSql(
                        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate %', TG_TABLE_NAME;",
                        hash="8ed65f3209ef4236ab971cce4872f5e1b0d00167",
                        level="STATEMENT",
                        operation="TRUNCATE",
                        pgid="pgtrigger_never_emptied_f490c",
                        table="care_plans_laneowner",
                        when="BEFORE",
                    ),
                ),
            ],
        ),
        Fence("LaneOwner", append_only=True),
        migrations.RunSQL(
            """
            ALTER TABLE care_plans_careplan
                ADD CONSTRAINT care_plans_plan_of_patient UNIQUE (id, patient_id);
            ALTER TABLE care_plans_pathwayversion
                ADD CONSTRAINT care_plans_version_of_pathway UNIQUE (id, pathway_id);
            ALTER TABLE care_plans_stagestay
                ADD CONSTRAINT care_plans_stay_of_course UNIQUE (id, course_id);
            ALTER TABLE care_plans_lane
                ADD CONSTRAINT care_plans_lane_of_course UNIQUE (id, course_id);
            ALTER TABLE care_plans_goal
                ADD CONSTRAINT care_plans_goal_of_course UNIQUE (id, course_id);
            ALTER TABLE care_plans_course
                ADD CONSTRAINT care_plans_course_same_patient FOREIGN KEY (care_plan_id, patient_id)
                    REFERENCES care_plans_careplan (id, patient_id),
                ADD CONSTRAINT care_plans_course_same_pathway
                    FOREIGN KEY (pathway_version_id, pathway_id)
                    REFERENCES care_plans_pathwayversion (id, pathway_id);
            ALTER TABLE care_plans_lanesignoff
                ADD CONSTRAINT care_plans_sign_off_same_lane FOREIGN KEY (lane_id, course_id)
                    REFERENCES care_plans_lane (id, course_id),
                ADD CONSTRAINT care_plans_sign_off_same_stay FOREIGN KEY (stay_id, course_id)
                    REFERENCES care_plans_stagestay (id, course_id);
            ALTER TABLE care_plans_activity
                ADD CONSTRAINT care_plans_activity_same_lane FOREIGN KEY (lane_id, course_id)
                    REFERENCES care_plans_lane (id, course_id),
                ADD CONSTRAINT care_plans_activity_same_goal FOREIGN KEY (goal_id, course_id)
                    REFERENCES care_plans_goal (id, course_id);
            """,
            migrations.RunSQL.noop,
        ),
        LookupFunction(
            "care_plans_stays_to_check",
            arguments="before timestamptz, size integer",
            returns="TABLE (course_id uuid, organization_id uuid)",
            body="""
                SELECT s.course_id, s.organization_id FROM public.care_plans_stagestay s
                WHERE s.left_at IS NULL AND s.checked_at < before
                ORDER BY s.checked_at LIMIT size
            """,
            reads=("care_plans_stagestay",),
        ),
        migrations.RunSQL(
            f"""
            GRANT SELECT ON care_plans_careplan, care_plans_course, coordination_careteammember
                TO {LOOKUP_ROLE};
            DROP POLICY IF EXISTS lookup ON care_plans_careplan;
            CREATE POLICY lookup ON care_plans_careplan TO {LOOKUP_ROLE} USING (true);
            DROP POLICY IF EXISTS lookup ON care_plans_course;
            CREATE POLICY lookup ON care_plans_course TO {LOOKUP_ROLE} USING (true);
            DROP POLICY IF EXISTS lookup ON coordination_careteammember;
            CREATE POLICY lookup ON coordination_careteammember TO {LOOKUP_ROLE} USING (true);

            CREATE FUNCTION care_plans_plan_has_lead() RETURNS trigger
            LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
            DECLARE person uuid;
            BEGIN
                IF TG_OP = 'DELETE' THEN person := OLD.patient_id;
                ELSE person := NEW.patient_id; END IF;
                IF EXISTS (
                    SELECT 1 FROM public.care_plans_careplan p
                    WHERE p.patient_id = person AND p.status = 'open'
                ) AND NOT EXISTS (
                    SELECT 1 FROM public.coordination_careteammember m
                    WHERE m.patient_id = person AND m.role = 'lead' AND m.until IS NULL
                ) THEN
                    RAISE EXCEPTION 'Cannot leave an open plan without a lead'
                        USING ERRCODE = 'check_violation';
                END IF;
                RETURN NULL;
            END $$;
            ALTER FUNCTION care_plans_plan_has_lead() OWNER TO {LOOKUP_ROLE};
            REVOKE ALL ON FUNCTION care_plans_plan_has_lead() FROM PUBLIC;
            CREATE CONSTRAINT TRIGGER care_plans_plan_has_lead
                AFTER INSERT OR UPDATE ON care_plans_careplan
                DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION care_plans_plan_has_lead();
            CREATE CONSTRAINT TRIGGER care_plans_plan_has_lead
                AFTER UPDATE OR DELETE ON coordination_careteammember
                DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION care_plans_plan_has_lead();

            CREATE FUNCTION care_plans_course_is_where_it_stays() RETURNS trigger
            LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
            DECLARE course_key uuid;
            BEGIN
                IF TG_TABLE_NAME = 'care_plans_course' THEN course_key := NEW.id;
                ELSE course_key := NEW.course_id; END IF;
                IF EXISTS (
                    SELECT 1 FROM public.care_plans_course c
                    LEFT JOIN public.care_plans_stagestay s
                        ON s.course_id = c.id AND s.left_at IS NULL
                    WHERE c.id = course_key AND (
                        c.status IN ('active', 'paused') AND c.stage IS DISTINCT FROM s.stage
                        OR c.status IN ('intake', 'discharged') AND s.id IS NOT NULL
                    )
                ) THEN
                    RAISE EXCEPTION 'Cannot be in one stage and stay in another'
                        USING ERRCODE = 'check_violation';
                END IF;
                RETURN NULL;
            END $$;
            ALTER FUNCTION care_plans_course_is_where_it_stays() OWNER TO {LOOKUP_ROLE};
            REVOKE ALL ON FUNCTION care_plans_course_is_where_it_stays() FROM PUBLIC;
            CREATE CONSTRAINT TRIGGER care_plans_course_is_where_it_stays
                AFTER INSERT OR UPDATE ON care_plans_course
                DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION care_plans_course_is_where_it_stays();
            CREATE CONSTRAINT TRIGGER care_plans_course_is_where_it_stays
                AFTER INSERT OR UPDATE ON care_plans_stagestay
                DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION care_plans_course_is_where_it_stays();
            """,
            """
            DROP TRIGGER care_plans_plan_has_lead ON coordination_careteammember;
            DROP FUNCTION care_plans_plan_has_lead() CASCADE;
            DROP FUNCTION care_plans_course_is_where_it_stays() CASCADE;
            """,
        ),
        LookupFunction(
            "care_plans_alerts_to_escalate",
            arguments="moment timestamptz, size integer",
            returns="TABLE (alert_id uuid, organization_id uuid)",
            body="""
                SELECT a.id, a.organization_id FROM public.care_plans_safetyalert a
                WHERE a.status = 'open' AND a.escalates_at <= moment
                ORDER BY a.escalates_at LIMIT size
            """,
            reads=("care_plans_safetyalert",),
        ),
    ]
