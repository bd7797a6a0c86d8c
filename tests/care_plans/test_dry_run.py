"""A dry run: what it shows, and that nothing of it is left or sent."""

import logging
import re
from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from care_plans.content.files import PATHWAYS
from care_plans.content.reading import ContentInvalid
from care_plans.management.commands import simulate
from care_plans.models import Course, PathwayVersion
from care_plans.rehearsing.dry_run import Rehearsed, dry_run
from care_plans.rehearsing.naming import named
from care_plans.rehearsing.telling_of import as_lines
from care_plans.rehearsing.timeline import Timeline
from coordination.models import Organization, User
from coordination.problems import Invalid
from tests.care_plans import underway
from tests.care_plans.imagined import hamstring
from tests.cast import NOW, Cast
from tests.servers.programs import StartProgram

AT = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)


def counted() -> tuple[int, ...]:
    return User.objects.count(), Organization.objects.count(), Course.objects.count()


def days(found: Rehearsed, kind: str, what: str) -> list[str]:
    return [f"{e.day}" for e in found.entries if e.kind == kind and e.what == what]


@pytest.mark.feature("PW-13")
def test_a_file_that_lies_alone_takes_what_it_includes_of_the_shipped_ones(
    db: None, tmp_path: Path
) -> None:
    [newest] = PATHWAYS.glob("hamstring-tendinopathy/1.3.0.yaml")
    alone = tmp_path / newest.parent.name / newest.name
    alone.parent.mkdir()
    alone.write_bytes(newest.read_bytes())
    version, draft = named(str(alone))
    assert version is None
    assert draft == hamstring()
    near = tmp_path / "common"
    near.mkdir()
    with pytest.raises(ContentInvalid, match="there is no shared file"):
        named(str(alone))


@pytest.mark.feature("PW-13")
def test_it_shows_tasks_referrals_and_messages_of_a_draft_with_their_dates(db: None) -> None:
    draft = hamstring().model_copy(update={"version": "9.9.9"})
    before = counted()
    found = dry_run(None, draft=draft, severity="mild", at=AT)
    assert counted() == before
    assert found.version == "9.9.9"
    weeks = [draft.stage(stay.stage).weeks("mild").stay.days for stay in found.stays]  # type: ignore[arg-type] # a stage's name
    assert [((s.left_at or AT) - s.entered_at).days for s in found.stays] == weeks
    assert days(found, "stage", "start: acute") == ["2026-01-05"]
    assert days(found, "stage", "advance: subacute") == ["2026-01-19"]
    assert found.ended_at is not None
    kinds = {entry.kind for entry in found.entries}
    assert kinds >= {"stage", "lane", "task", "referral", "message"}
    planned = {entry.what for entry in found.entries if entry.kind == "task"}
    for lane in draft.stage("acute").lanes.values():
        if lane.needed == "always":
            assert {activity.text for activity in lane.activities if not activity.when} <= planned
    requested = [e for e in found.entries if e.kind == "referral" and e.what == "requested"]
    assert ("massage_therapy", "2026-01-05") in {(e.who, f"{e.day}") for e in requested}
    told = {(e.who, f"{e.day}") for e in found.entries if e.kind == "message"}
    assert {("patient", "2026-01-05"), ("scheduler", "2026-01-05")} <= told
    assert not [e for e in found.entries if "still waits" in e.detail]
    assert list(as_lines(found)) == list(as_lines(replace(found)))


def test_a_changed_draft_changes_what_is_shown(db: None) -> None:
    shorter = hamstring().model_dump(mode="json", exclude_unset=True)
    shorter["stages"]["acute"]["expected"] = {
        "any": {"start": 0, "end": 1, "source": "expert_consensus"}
    }
    draft = type(hamstring()).model_validate(shorter)
    found = dry_run(None, draft=draft, severity="mild", at=AT)
    assert days(found, "stage", "advance: subacute") == ["2026-01-12"]


def test_it_refuses_a_severity_that_is_none(db: None) -> None:
    version = PathwayVersion.objects.newest("low-back-pain")
    with pytest.raises(Invalid):
        dry_run(version, severity="dreadful", at=AT)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--from", "1700-01-01"], "Begin within 20 years of today."),
        (["--from", "9999-12-31"], "Begin within 20 years of today."),
        (["--answer", "slep=yes"], "/answers/slep: This pathway asks no such question"),
    ],
)
def test_the_command_says_what_of_the_patient_is_wrong(
    db: None, more: list[str], said: str
) -> None:
    with pytest.raises(CommandError) as refused:
        call_command("dry_run", "low-back-pain", *more)
    assert said in str(refused.value)


@pytest.mark.parametrize("patients", [0, 100_001, 99_999_999_999])
def test_a_simulation_is_of_as_many_as_can_be_sent(patients: int) -> None:
    with pytest.raises(CommandError, match="at most 100,000"):
        call_command("simulate", pathway="low-back-pain", patients=patients)


def test_what_breaks_half_way_leaves_nothing(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from care_plans.rehearsing import expected

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("half-way")

    monkeypatch.setattr(expected.Expected, "_finish", broken)
    before = counted()
    with pytest.raises(RuntimeError, match="half-way"):
        dry_run(PathwayVersion.objects.newest("low-back-pain"), severity="mild", at=AT)
    assert counted() == before


def test_a_simulation_is_the_same_for_the_same_seed_however_much_it_tells(
    db: None, capsys: Any, caplog: pytest.LogCaptureFixture
) -> None:
    before = counted()
    asked = ["simulate", "--pathway", "hamstring-strain", "--patients", "1", "--seed", "4"]
    call_command(*asked)
    quiet = capsys.readouterr()
    call_command(*asked, "-v", "2")
    told = capsys.readouterr()
    assert counted() == before
    assert told.out == quiet.out
    assert '"patients": 1' in told.out
    assert quiet.err == ""
    first, last = told.err.splitlines()
    assert re.fullmatch(r"0 of 1 patients, \d+ s", first)
    assert re.fullmatch(r"1 of 1 patients, \d+ s", last)
    assert [record for record in caplog.records if record.levelno <= logging.INFO] == []
    assert not logging.root.manager.disable


def test_a_simulation_says_how_far_it_is_to_whoever_sits_at_a_terminal() -> None:
    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    told = Terminal()
    progress = simulate.Command(stderr=told)._progress(2, 1)
    assert progress is not None
    progress(1)
    assert told.getvalue() == "0 of 2 patients, 0 s\n1 of 2 patients, 0 s\n"
    assert simulate.Command(stderr=StringIO())._progress(2, 1) is None


def test_it_asks_for_nothing_that_it_has_seen(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(cast, now=NOW)
        timeline = Timeline(course)
        timeline.look(NOW)
        tasks = [one for one in timeline.entries if one.kind == "task"]
        seen = {one.row.hex for one in tasks if one.row is not None}
        with CaptureQueriesContext(connection) as asked:
            timeline.look(NOW)
    said = "\n".join(query["sql"] for query in asked.captured_queries)
    assert len(seen) > 3
    assert [one for one in seen if one in said] == []
    assert [one for one in timeline.entries if one.kind == "task"] == tasks


@pytest.mark.feature("PW-13")
def test_a_simulation_is_the_same_in_another_process(
    committed_db: None, start_program: StartProgram
) -> None:
    asked = ["manage", "simulate", "--pathway", "hamstring-strain", "--patients", "1"]
    started = [start_program(*asked, environment={"PYTHONHASHSEED": seed}) for seed in ("1", "77")]
    assert [one.process.wait(120) for one in started] == [0, 0]
    told = [one.log.read_text() for one in started]
    assert told[0] == told[1]
    assert told[0].startswith("{\n")  # and nothing is logged, nor told where nobody waits
    assert '"patients": 1' in told[0]
