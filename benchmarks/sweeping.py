"""What `python -m benchmarks engine` runs in processes of its own: fill, floor, judge, sweep."""

import cProfile
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import django

from benchmarks.copying import copy_rows

BATCH = 500
#: every table that holds rows of the sent courses, in an order in which nothing is amiss
_TABLES = (
    "coordination_patient",
    "coordination_careteammember",
    "coordination_accessgrant",
    "coordination_workitem",
    "referrals_referral",
    "care_plans_careplan",
    "care_plans_course",
    "care_plans_stagestay",
    "care_plans_lane",
    "care_plans_lanesignoff",
    "care_plans_goal",
    "care_plans_activity",
    "care_plans_assessment",
    "care_plans_score",
    "care_plans_courseanswer",
    "care_plans_redflagscreen",
    "care_plans_redflaganswer",
    "care_plans_redflag",
    "care_plans_recommendation",
    "notifications_message",
)


def fill(given: dict[str, Any]) -> dict[str, Any]:
    """Send a few patients through each pathway, and copy them as often as is asked."""
    import psycopg

    from care_plans.models import Course, StageStay
    from coordination.tenancy import acting_in

    now = datetime.now(UTC)
    organization_id = _send(now)
    with acting_in(organization_id):
        # whatever time alone would still change is changed before they are copied
        _settle(now)
        models = Course.objects.count()
        assert StageStay.objects.filter(left_at=None).count() == models
    copies = -(-given["courses"] // models)
    with psycopg.connect(given["admin_url"], autocommit=True) as admin:
        copy_rows(admin, _TABLES, copies - 1)
        counts = [
            admin.execute(f"SELECT count(*) FROM {table}").fetchone()
            for table in (
                "care_plans_score",
                "care_plans_courseanswer",
                "care_plans_redflaganswer",
                "care_plans_lane",
                "care_plans_lanesignoff",
                "care_plans_stagestay",
            )
        ]
    facts = sum(row[0] for row in counts if row)
    return {
        "courses": models * copies,
        "models": models,
        "facts": facts / (models * copies),
        "organization": str(organization_id),
        "admin_url": given["admin_url"],
    }


def _send(now: datetime) -> UUID:
    """Let the engine take patients to each stage of each pathway; return their organization."""
    from care_plans.content.sourced import SEVERITIES, STAGES
    from care_plans.models import PathwayVersion
    from care_plans.rehearsing import meeting
    from care_plans.rehearsing.dry_run import scores_of
    from care_plans.rehearsing.expected import Expected
    from care_plans.rehearsing.playing import begin
    from care_plans.rehearsing.scene import set_scene

    slugs = sorted(set(PathwayVersion.objects.values_list("pathway__slug", flat=True)))
    with set_scene(now=now - timedelta(days=500)) as scene:
        for number, slug in enumerate(slugs):
            version = PathwayVersion.objects.newest(slug)
            definition = version.definition
            side = "left" if definition.condition.side_required else ""
            stage, severity = STAGES[number % 3], SEVERITIES[number // 3 % 3]
            weeks = float(definition.stage(stage).weeks(severity).start)
            player = begin(
                scene,
                version,
                severity=severity,
                side=side,
                answers=meeting.circumstances(definition),
                number=number,
                at=now - timedelta(days=int(weeks * 7) + 9),
            )
            played = Expected(player, scores_of(definition, severity, side))
            played.play(until=stage)
            player.pass_time(player.at + timedelta(days=1))
            player.take_up_referrals()
            player.pass_time(player.at + timedelta(days=2))
            player.sit(played.scores.of(definition.stage(STAGES[0]).measures_at_entry))
    return scene.organization_id


def _settle(now: datetime) -> None:
    from care_plans import standing
    from care_plans.looking_again import glance
    from care_plans.models import Course, StageStay
    from coordination.actors import Actor

    for course in Course.objects.all():
        actor = Actor.system("benchmarks", course.organization_id)
        standing.reassess(course.pk, actor=actor, now=now)
        standing.remind_anew(course.pk, actor=actor, now=now)
    ids = list(StageStay.objects.filter(left_at=None).values_list("course_id", flat=True))
    left = [one.course for one in glance(ids, now=now) if not one.is_settled(now)]
    assert not left, f"Not settled: {left}"


_FACTS = (
    (
        "SELECT id, status, stage, severity, side, applied_at, patient_id, pathway_version_id "
        "FROM care_plans_course WHERE id = ANY(%s)"
    ),
    (
        "SELECT a.course_id, s.id, s.assessment_id, m.slug, s.value, a.effective_at, "
        "a.recorded_at, s.side, s.item, s.subscale FROM care_plans_score s "
        "JOIN care_plans_assessment a ON a.id = s.assessment_id "
        "JOIN care_plans_measure m ON m.id = s.measure_id WHERE a.course_id = ANY(%s) "
        "AND NOT EXISTS (SELECT 1 FROM care_plans_assessment r WHERE r.replaces_id = a.id)"
    ),
    (
        "SELECT course_id, id, question, answer, effective_at, recorded_at "
        "FROM care_plans_courseanswer WHERE course_id = ANY(%s)"
    ),
    (
        "SELECT c.course_id, a.screen_id, c.effective_at, c.recorded_at, a.flag, a.answer "
        "FROM care_plans_redflaganswer a JOIN care_plans_redflagscreen c ON c.id = a.screen_id "
        "WHERE c.course_id = ANY(%s)"
    ),
    (
        "SELECT course_id, id, flag, urgency, found_in, cleared_at, clearing_recorded_at "
        "FROM care_plans_redflag WHERE course_id = ANY(%s)"
    ),
    (
        "SELECT course_id, id, stage, entered_at FROM care_plans_stagestay "
        "WHERE course_id = ANY(%s) AND left_at IS NULL"
    ),
    (
        "SELECT l.course_id, l.id, l.discipline, l.needed, l.practitioner_role_id, r.status "
        "FROM care_plans_lane l LEFT JOIN referrals_referral r ON r.id = l.referral_id "
        "WHERE l.course_id = ANY(%s)"
    ),
    (
        "SELECT s.lane_id, s.verdict, s.id FROM care_plans_stagestay t "
        "JOIN care_plans_lanesignoff s ON s.stay_id = t.id "
        "WHERE t.course_id = ANY(%s) AND t.left_at IS NULL"
    ),
)


def floor(given: dict[str, Any]) -> dict[str, Any]:
    """Read the facts of all courses, pipelined and binary, and build nothing of them."""
    import psycopg

    url = os.environ["DATABASE_URL"]
    looked_at = 0
    with psycopg.connect(url, autocommit=True) as connection:
        connection.prepare_threshold = 0
        begun = time.perf_counter()
        for ids in _batches(connection, given["organization"]):
            with connection.transaction():
                connection.execute(
                    "SELECT set_config('app.organization', %s, true)", [given["organization"]]
                )
                with connection.pipeline():
                    cursors = [
                        connection.cursor(binary=True).execute(statement, [ids], prepare=True)
                        for statement in _FACTS
                    ]
                rows = [cursor.fetchall() for cursor in cursors]
            looked_at += len(rows[0])
        took = time.perf_counter() - begun
    return {"rate": looked_at / took, "looked_at": looked_at}


def _batches(connection: Any, organization: str) -> Iterator[list[UUID]]:
    after = UUID(int=0)
    while True:
        with connection.transaction():
            connection.execute("SELECT set_config('app.organization', %s, true)", [organization])
            rows = connection.execute(
                "SELECT course_id FROM care_plans_stagestay WHERE left_at IS NULL "
                "AND course_id > %s ORDER BY course_id LIMIT %s",
                [after, BATCH],
            ).fetchall()
        if not rows:
            return
        after = rows[-1][0]
        yield [row[0] for row in rows]


def judge(given: dict[str, Any]) -> dict[str, Any]:
    """Gather and judge all courses without anything that follows from it."""
    from django.db import connection

    from care_plans import standing
    from care_plans.models import Course
    from coordination.tenancy import acting_in

    now, looked_at = datetime.now(UTC), 0
    organization = UUID(given["organization"])
    connection.ensure_connection()
    begun = time.perf_counter()
    for ids in _batches(connection.connection, given["organization"]):
        with acting_in(organization):
            courses = Course.objects.filter(pk__in=ids).select_related("pathway_version")
            found = courses.defer("pathway_version__content")
            looked_at += len(standing.judge(found, now=now))
    return {"rate": looked_at / (time.perf_counter() - begun)}


def sweep(given: dict[str, Any]) -> dict[str, Any]:
    """Run what beat wakes until nothing is due, an hour after the last round."""
    from care_plans import consuming
    from coordination.models import AuditEvent
    from coordination.tenancy import acting_in

    now = datetime.now(UTC) + timedelta(hours=2 * given["round"] + 2)
    organization = UUID(given["organization"])
    with acting_in(organization):
        before = AuditEvent.objects.count()
    profile = cProfile.Profile()
    patience, looked_at, early = consuming.PATIENCE, 0, 0
    # until a tenth is done, so that memory can be looked at then
    consuming.PATIENCE = 4.0 * given["courses"] / 100_000
    begun = time.perf_counter()
    if given["profile"]:
        profile.enable()
    while done := consuming.check_standings(now=now):
        looked_at += done
        if not early and looked_at >= given["courses"] / 10:
            early, consuming.PATIENCE = _peak(), patience
            assert looked_at < given["courses"] / 2, "memory was looked at too late to grow"
    took = time.perf_counter() - begun
    if given["profile"]:
        profile.disable()
        profile.dump_stats(given["profile"])
    with acting_in(organization):
        written = AuditEvent.objects.count() - before
    return {
        "rate": looked_at / took,
        "looked_at": looked_at,
        "written": written,
        "peak": _peak(),
        "early_peak": early or _peak(),
    }


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


_ACTS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "fill": fill,
    "floor": floor,
    "judge": judge,
    "sweep": sweep,
}


def main() -> None:
    """Do what is named, as told on standard input; tell on standard output what came of it."""
    given = json.load(sys.stdin)
    django.setup()
    json.dump(_ACTS[sys.argv[1]](given), sys.stdout)


if __name__ == "__main__":
    main()
