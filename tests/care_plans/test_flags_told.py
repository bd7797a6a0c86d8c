"""What is told beside an open red flag: never calmer than it is held, and not said twice."""

from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from care_plans import adopting, lapses, open_flags, red_flags
from care_plans.content import stored
from care_plans.content.pathways import PathwayDefinition
from care_plans.models import Course, PathwayVersion, RedFlag
from coordination import care_team
from coordination.models import PractitionerRole
from notifications.models import Message
from tests.care_plans import underway
from tests.cast import NOW, Cast

DAY = timedelta(days=1)
SLUG, TEAR = "hamstring-tendinopathy", "sudden-severe-pain"
CALMER: dict[str, Any] = {
    "urgency": "review_before_progress",
    "action": "Look at it at the next visit.",
}

NOW_AT_ONCE: dict[str, Any] = {"urgency": "emergency", "action": "Go to an emergency department."}
type Say = Callable[..., PathwayVersion]

pytestmark = [pytest.mark.feature("DP-02"), pytest.mark.usefixtures("clock")]


@pytest.fixture
def course(cast: Cast) -> Course:
    """Ten days into the acute stage, on an older version."""
    with cast.acting():
        older = PathwayVersion.objects.get(pathway__slug=SLUG, version="1.0.0")
        return underway.start(cast, now=NOW - 10 * DAY, side="right", pathway_version_id=older.pk)


def find(cast: Cast, course: Course, *flags: str) -> list[RedFlag]:
    """Find flags present, the others absent, as Asha did yesterday."""
    then = NOW - DAY
    with cast.acting():
        screened = course.pathway_version.definition.screened_flags()
        answers = {one.id: "present" if one.id in flags else "absent" for one in screened}
        red_flags.record_screen(course.pk, answers=answers, actor=cast.asha.actor(then), now=then)
        return [RedFlag.objects.get(course=course, flag=flag) for flag in flags]


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch, cast: Cast) -> Say:
    """Let a version say these things of red flags; of None, it has no such flag."""

    def version(number: str, **flags: dict[str, Any] | None) -> PathwayVersion:
        found: PathwayVersion
        with cast.acting():
            found = PathwayVersion.objects.get(pathway__slug=SLUG, version=number)
        content = deepcopy(found.content)
        said = {name.replace("_", "-"): changes for name, changes in flags.items()}
        content["red_flags"] = [
            {**flag, **(said.get(flag["id"]) or {})}
            for flag in content["red_flags"]
            if said.get(flag["id"], {}) is not None
        ]
        changed = PathwayDefinition.model_validate(content)
        known: dict[Any, Any] = stored._definitions
        monkeypatch.setitem(known, (PathwayDefinition, found.sha256), changed)
        return found

    return version


def adopt(cast: Cast, course: Course, version: PathwayVersion) -> None:
    with cast.acting():
        course.refresh_from_db()
        decided: dict[str, Any] = {"version": course.version, "actor": cast.asha.actor()}
        adopting.adopt(course.pk, version.pk, **decided, now=NOW)
        course.refresh_from_db()


def told(cast: Cast, course: Course, found: RedFlag) -> list[dict[str, Any]]:
    """Return what is told of a flag by itself, by what it stops, and by the screen."""
    get = cast.asha.client.get
    alone = get(f"/api/v1/red-flags/{found.pk}").json()
    [stop] = get(f"/api/v1/courses/{course.pk}/readiness").json()["stops"]
    screen = get(f"/api/v1/red-flag-screens/{found.screen_id}").json()
    assert (alone["urgency"], stop["urgency"]) == (found.urgency, found.urgency)
    return [alone["found"], stop["found"], *screen["found"]]


@pytest.mark.parametrize("said", [CALMER, None], ids=["calmer", "left out"])
def test_what_to_do_is_never_calmer_than_the_flag_is_held(
    cast: Cast, course: Course, say: Say, said: dict[str, Any] | None
) -> None:
    [found] = find(cast, course, TEAR)
    before = told(cast, course, found)
    adopt(cast, course, say("1.3.0", sudden_severe_pain=said))
    after = told(cast, course, found)
    assert len(after) == 3
    for one in after:
        # the newest that has it so
        assert (one["urgency"], one["version"]) == ("urgent_24h", "1.2.0")
        assert (one["stops_loading"], one["blocks_progression"]) == (True, True)
        assert one["action"] == before[0]["action"]


def test_no_version_that_the_course_never_followed_says_what_to_do(
    cast: Cast, course: Course, say: Say
) -> None:
    [found] = find(cast, course, TEAR)
    before = told(cast, course, found)
    adopt(cast, course, say("1.2.0", sudden_severe_pain=None))
    say("1.3.0", sudden_severe_pain={"action": "Nobody has signed this."})
    for one in told(cast, course, found):
        assert (one["version"], one["action"]) == ("1.1.0", before[0]["action"])


def test_a_screen_is_no_calmer_than_what_a_version_in_between_made_of_it(
    cast: Cast, course: Course, say: Say
) -> None:
    [found] = find(cast, course, TEAR)
    adopt(cast, course, say("1.2.0", sudden_severe_pain=NOW_AT_ONCE))
    adopt(cast, course, say("1.3.0"))
    with cast.acting():
        found.refresh_from_db()
    assert found.urgency == "emergency"
    for one in told(cast, course, found):
        assert (one["urgency"], one["action"]) == ("emergency", NOW_AT_ONCE["action"])


def test_what_nobody_answers_for_is_told_when_it_becomes_more_urgent(
    cast: Cast, course: Course, say: Say
) -> None:
    say("1.0.0", sudden_severe_pain=CALMER)
    with cast.acting():
        for who in (cast.ben, cast.gus):
            role_id = who.practitioner_role.id
            asha = cast.asha.actor()
            care_team.join(cast.patient.id, practitioner_role_id=role_id, actor=asha, now=NOW)
    [found] = find(cast, course, TEAR)
    with cast.acting():
        open_flags.acknowledge(found.pk, actor=cast.ben.actor(), now=NOW)
        for who in (cast.ben, cast.asha):
            PractitionerRole.objects.filter(pk=who.practitioner_role.pk).update(
                registered_until=NOW.date()
            )
    later = NOW + 2 * DAY
    lapses.check_lapses(now=later)
    newer = say("1.3.0", sudden_severe_pain=NOW_AT_ONCE)
    with cast.acting():
        found.refresh_from_db()
        assert found.work_item is None
        course.refresh_from_db()
        gus = cast.gus.actor(later)
        adopting.adopt(course.pk, newer.pk, version=course.version, actor=gus, now=later)
        found.refresh_from_db()
        assert found.urgency == "emergency"
        waiting = Message.objects.filter(subject_id=found.pk, status="queued")
        assert waiting.filter(kind="red-flag.stop").exists()


def test_a_more_urgent_version_tells_in_its_own_words(cast: Cast, course: Course, say: Say) -> None:
    say("1.0.0", sudden_severe_pain=CALMER)
    [found] = find(cast, course, TEAR)
    assert found.urgency == CALMER["urgency"]
    adopt(cast, course, say("1.3.0", sudden_severe_pain=NOW_AT_ONCE))
    with cast.acting():
        found.refresh_from_db()
    for one in told(cast, course, found):
        assert (one["urgency"], one["version"]) == ("emergency", "1.3.0")
        assert (one["action"], one["stops_loading"]) == (NOW_AT_ONCE["action"], True)


def test_many_calmer_flags_take_as_many_queries_as_one(
    cast: Cast, course: Course, say: Say
) -> None:
    flags = [TEAR, "popping-sound", "cannot-bear-weight"]
    places = ("red-flags", "red-flag-screens", f"courses/{course.pk}/readiness")

    def counted(place: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert cast.asha.client.get(f"/api/v1/{place}").status_code == 200
        return len(queries)

    with cast.acting():
        other = underway.start(
            cast, now=NOW - 10 * DAY, pathway_version_id=course.pathway_version_id
        )
    find(cast, course, TEAR)
    calmer = say("1.3.0", **{flag.replace("-", "_"): CALMER for flag in flags})
    adopt(cast, course, calmer)
    few = {place: counted(place) for place in (*places, *places)}  # warm the second time
    find(cast, other, *flags)
    adopt(cast, other, calmer)
    with cast.acting():
        assert RedFlag.objects.count() == 4
    assert {place: counted(place) for place in places} == few


def test_what_was_said_of_it_as_it_was_found_keeps_its_name(
    cast: Cast, course: Course, say: Say
) -> None:
    """So that an upgrade repeats nothing of what was said before a flag could be lifted."""
    [found] = find(cast, course, TEAR)
    with cast.acting():
        every = Message.objects.filter(subject_id=found.pk)
        before = sorted(every.values_list("kind", "occurrence", "due_at"))
        assert {occurrence for _, occurrence, _ in before} == {str(found.pk)}
        open_flags.follow_lead(found.patient_id, actor=cast.asha.actor(), now=NOW)
        assert sorted(every.values_list("kind", "occurrence", "due_at")) == before
    adopt(cast, course, say("1.3.0", sudden_severe_pain=NOW_AT_ONCE))
    with cast.acting():
        anew = every.exclude(status=Message.Status.CANCELLED).filter(due_at__gte=NOW)
        assert set(anew.values_list("kind", "occurrence")) == {
            (kind, f"{found.pk}:emergency") for kind in ("red-flag.stop", "red-flag.overdue")
        }
        count = every.count()
        open_flags.follow_lead(found.patient_id, actor=cast.asha.actor(), now=NOW)
        assert every.count() == count


def test_the_brief_tells_a_danger_as_it_is_held_and_after_its_course(
    cast: Cast, course: Course, say: Say
) -> None:
    say("1.0.0", sudden_severe_pain=CALMER)
    [found] = find(cast, course, TEAR)

    def brief() -> list[str]:
        told = cast.asha.client.get(f"/api/v1/patients/{cast.patient.pk}/brief").json()
        [safety] = [one for one in told["sections"] if one["name"] == "safety"]
        texts = [line["text"] for line in safety["lines"]]
        return [text for text in texts if text.startswith("Red flag")]

    assert [text.startswith("Red flag (review") for text in brief()] == [True]
    adopt(cast, course, say("1.3.0", sudden_severe_pain=NOW_AT_ONCE))
    assert [text.startswith("Red flag (emergency") for text in brief()] == [True]
    with cast.acting():
        underway.move(cast, course, "discharge", now=NOW, reason="moves", outcome="patient_left")
        found.refresh_from_db()
    assert found.status != "cleared"
    assert [text.startswith("Red flag (emergency") for text in brief()] == [True]
