from typing import ClassVar

import coordination.migration_operations
import coordination.models.owned
import django.contrib.postgres.fields
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

from coordination.tenancy import Fence, LookupFunction

#: What was found before flags had a life of their own is open: nobody has cleared anything. It has
#: no work item, since nobody was asked. The owner of the tables steps over their fences for it.
OPEN_EARLIER = """
    ALTER TABLE care_plans_redflaganswer NO FORCE ROW LEVEL SECURITY;
    ALTER TABLE care_plans_redflagscreen NO FORCE ROW LEVEL SECURITY;
    ALTER TABLE care_plans_redflag NO FORCE ROW LEVEL SECURITY;
    INSERT INTO care_plans_redflag (
        id, organization_id, patient_id, course_id, screen_id, found_in, flag, urgency, status,
        found_at, recorded_at, outcome, reason, due_at
    )
    SELECT uuidv7(), s.organization_id, s.patient_id, s.course_id,
        (array_agg(s.id ORDER BY s.effective_at, s.id))[1],
        array_agg(s.id ORDER BY s.effective_at, s.id), a.flag,
        (array_agg(a.urgency ORDER BY s.effective_at, s.id))[1], 'open',
        min(s.effective_at), max(s.recorded_at), '', '', NULL
    FROM care_plans_redflaganswer a
    JOIN care_plans_redflagscreen s ON s.id = a.screen_id
    WHERE a.answer = 'present'
    GROUP BY s.organization_id, s.patient_id, s.course_id, a.flag;
    ALTER TABLE care_plans_redflag FORCE ROW LEVEL SECURITY;
    ALTER TABLE care_plans_redflagscreen FORCE ROW LEVEL SECURITY;
    ALTER TABLE care_plans_redflaganswer FORCE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("care_plans", "0010_requests_follow"),
        ("coordination", "0025_on_call"),
    ]

    operations: ClassVar = [
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
                    models.PositiveSmallIntegerField(help_text="Sessions that were to be done."),
                ),
                (
                    "completed",
                    models.PositiveSmallIntegerField(help_text="Sessions that were done."),
                ),
                (
                    "pain_during",
                    models.PositiveSmallIntegerField(blank=True, null=True),
                ),
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
                    models.Index(fields=["activity", "day"], name="care_plans_adherence_activity"),
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
                    models.CharField(choices=[("up", "Up"), ("down", "Down")], max_length=4),
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
                    models.Index(fields=["activity", "recorded_at"], name="care_plans_dose_of")
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
                ("rule", models.CharField(help_text="Which rule of that version.", max_length=90)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("rule", "An if/then rule of the pathway"),
                            ("yellow_flags", "Psychosocial signs that suggest more help"),
                            ("redirect", "A finding that points to another condition"),
                            ("severity", "Scores that point to another severity"),
                            ("stalled", "No change that matters for as long as the pathway names"),
                            ("safety", "An answer or a score that somebody must act on at once"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "text",
                    models.TextField(help_text="What the rule asks for, in the pathway's words."),
                ),
                ("then", models.TextField(help_text="What it suggests, in the pathway's words.")),
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
                        base_field=models.UUIDField(), help_text="The rows that the trace rests on."
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
                        blank=True, help_text="Since when the rule is not met any more.", null=True
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
                            ("until", None), ("until__gte", models.F("made_at")), _connector="OR"
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
                            ("outcome__in", ["", "ruled_out", "resolved", "entered_in_error"]),
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
                    models.CharField(help_text="Which safety rule of the measure.", max_length=60),
                ),
                ("measure_version", models.PositiveIntegerField()),
                (
                    "action",
                    models.TextField(help_text="What is to be done, in the words of the rule."),
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
                                    ["assessed", "emergency", "not_reached", "entered_in_error"],
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
                        choices=[("adopted", "Adopted"), ("declined", "Declined")], max_length=8
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
                    models.Index(fields=["course", "recorded_at"], name="care_plans_version_of")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("decision", "adopted"),
                            models.Q(
                                ("decision", "declined"), models.Q(("reason", ""), _negated=True)
                            ),
                            _connector="OR",
                        ),
                        name="care_plans_version_declined_why",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("from_version", models.F("to_version")), _negated=True),
                        name="care_plans_version_another",
                    ),
                ],
            },
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="course",
            name="course_identity",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="score",
            name="score_in_range",
        ),
        migrations.RemoveConstraint(
            model_name="score",
            name="care_plans_score_once",
        ),
        migrations.AddField(
            model_name="pathway",
            name="stub",
            field=models.JSONField(
                blank=True, help_text="What is known of a condition without a protocol.", null=True
            ),
        ),
        migrations.AddField(
            model_name="score",
            name="subscale",
            field=models.CharField(
                blank=True,
                help_text="One subscale of the measure; blank: its total.",
                max_length=60,
            ),
        ),
        migrations.AlterField(
            model_name="activity",
            name="dose_level",
            field=models.CharField(blank=True, editable=False, max_length=60),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="course",
            trigger=pgtrigger.compiler.Trigger(
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
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="course",
            trigger=pgtrigger.compiler.Trigger(
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
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="score",
            trigger=pgtrigger.compiler.Trigger(
                name="score_in_range",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE taken care_plans_measure%ROWTYPE; within jsonb;",
                    func="\n                    SELECT * INTO taken FROM care_plans_measure WHERE id = NEW.measure_id;\n                    within := taken.content -> 'subscales' -> NEW.subscale;\n                    IF NEW.subscale <> '' AND (\n                        within IS NULL OR NEW.value < (within ->> 0)::numeric\n                        OR NEW.value > (within ->> 1)::numeric\n                    ) THEN\n                        RAISE check_violation USING MESSAGE = 'score outside the subscale';\n                    END IF;\n                    IF NEW.item IS NULL AND NEW.subscale = ''\n                       AND (NEW.value < taken.minimum OR NEW.value > taken.maximum) THEN\n                        RAISE check_violation USING MESSAGE = 'score outside the measure';\n                    END IF;\n                    IF taken.side_required <> (NEW.side <> '') THEN\n                        RAISE check_violation USING MESSAGE = 'score of a missing or needless side';\n                    END IF;\n                    RETURN NEW;\n                ",
                    hash="99896b4c18f20e390b1c24fa2c5692f7bc6bbed5",
                    operation="INSERT",
                    pgid="pgtrigger_score_in_range_7f221",
                    table="care_plans_score",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="score",
            constraint=models.UniqueConstraint(
                fields=("assessment", "measure", "side", "item", "subscale"),
                name="care_plans_score_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="score",
            constraint=models.CheckConstraint(
                condition=models.Q(("item", None), ("subscale", ""), _connector="OR"),
                name="care_plans_score_part",
            ),
        ),
        coordination.migration_operations.AddTriggers(
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
        coordination.migration_operations.AddTriggers(
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
        coordination.migration_operations.AddTriggers(
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
        coordination.migration_operations.AddTriggers(
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
        coordination.migration_operations.AddTriggers(
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
        coordination.migration_operations.AddTriggers(
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
        coordination.migration_operations.AddTriggers(
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
        Fence("RedFlag"),
        Fence("Recommendation"),
        Fence("SafetyAlert"),
        Fence("PathwayReview", append_only=True),
        Fence("DoseChange", append_only=True),
        Fence("AdherenceEntry", append_only=True),
        Fence("VersionDecision", append_only=True),
        migrations.RunSQL(OPEN_EARLIER, migrations.RunSQL.noop),
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
