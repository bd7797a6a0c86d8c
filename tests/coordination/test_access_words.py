"""Everything that the audit trail can say of a patient has words that a patient understands."""

import ast
import re
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.test import Client
from pytest_django import Settings

from care_plans import (
    activities,
    encounters,
    goals,
    hand_off_moves,
    merging,
    notes,
    progress,
    statements,
)
from coordination import access_words
from coordination.access_words import WORDS
from coordination.models import REQUEST_MOVES, AuditEvent
from referrals.moves import HAPPENED as REFERRAL_STEPS
from tests.cast import Cast
from tests.story import TOLD
from tests.story_logins import ORIGIN
from tests.test_architecture import sources
from tests.test_examples import told

#: what is audited and never about a patient
NO_PATIENT_RESOURCES = {
    "AccessSample",
    "ApiToken",
    "DirectoryEntry",
    "OnCallDuty",
    "Portal",
    "RetentionPolicy",
    "ScopeNarrowing",
    "User",
    "pathway_version",
}
NO_PATIENT_EVENTS = {
    "access-sample",
    "directory",
    "location",
    "login",
    "membership",
    "on-call",
    "organization",
    "pathway",
    "portal",
    "practitioner",
    "practitioner-role",
    "registration",
    "retention",
    "scope",
    "token",
}
#: what the events are called whose names are put together
FAMILIES: Mapping[str, set[str]] = {
    "activity": {action for _, action in activities.MOVES},
    "clinical-note": {action for _, action in notes.MOVES},
    "course": {action for _, action in progress.MOVES},
    "duplicate-review": set(merging.HAPPENED.values()),
    "encounter": {action for _, action in encounters.MOVES},
    "goal": {action for _, action in goals.MOVES},
    "hand-off": set(hand_off_moves.HAPPENED.values()),
    "patient": {"merged", "unmerged"},
    "patient-statement": {"reworded", *(action for _, action in statements.MOVES)},
    "recommendation": {"accepted", "declined"},
    "record-request": set(REQUEST_MOVES.values()),
    "referral": set(REFERRAL_STEPS.values()),
}
EDITED = {"activity.edited", "care-plan.edited", "course.edited", "goal.edited", "lane.edited"}
_DOTTED = re.compile(r"[a-z]+(?:-[a-z]+)*\.[a-z]+(?:-[a-z]+)*")
#: words of ours that no patient knows
JARGON = re.compile(
    r"\b(brief|directive|override|membership|provenance|audit|event|lane|proxy|hand-off|basis"
    r"|oversight|lockbox|course|encounter|record_request|software)\b|_",
    re.IGNORECASE,
)


def calls() -> Iterator[tuple[str, list[ast.expr], list[ast.keyword]]]:
    """Return each call of the code: the last part of its name, and what it is given."""
    for path, tree in sources():
        if "migrations" in path.parts or "demo" in path.parts:
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                yield name, node.args, node.keywords


def audited_events() -> Iterator[ast.expr]:
    """Return what stands where an event is named."""
    for name, given, named in calls():
        if name.strip("_") in {"tell", "record"}:
            yield from given[:2]
        if name in {"record", "row"}:
            yield from (one.value for one in named if one.arg == "event")


def events() -> set[str]:
    found = set(EDITED)
    for node in audited_events():
        for one in [node.body, node.orelse] if isinstance(node, ast.IfExp) else [node]:
            if isinstance(one, ast.Constant) and _DOTTED.fullmatch(str(one.value)):
                found.add(str(one.value))
            elif isinstance(one, ast.JoinedStr) and isinstance(one.values[0], ast.Constant):
                family = str(one.values[0].value).removesuffix(".")
                if family[0].isupper():  # a read, told by its resource
                    continue
                found |= {f"{family}.{verb}" for verb in FAMILIES[family]}
    return {name for name in found if name.partition(".")[0] not in NO_PATIENT_EVENTS}


def resources() -> set[str]:
    found = set()
    for name, given, named in calls():
        for one in named if name != "Words" else ():
            if one.arg in {"resource", "subject"} and isinstance(one.value, ast.Constant):
                found.add(str(one.value.value))
        if name == "_disclosed":
            found |= {str(one.value) for one in given if isinstance(one, ast.Constant)}
    for _, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
                names = {getattr(target, "id", "") for target in node.targets}
                found |= {str(node.value.value)} if "audited_as" in names else set()
    return {name for name in found if name} - NO_PATIENT_RESOURCES


@pytest.mark.feature("PV-07")
def test_it_has_words_for_every_event_and_resource_that_the_code_audits() -> None:
    assert len(events()) > 80
    assert events() - set(WORDS.events) == set(), "say them in policy/access_log.yaml"
    assert resources() - set(WORDS.resources) == set(), "say them in policy/access_log.yaml"
    assert set(AuditEvent.Action.values) == set(WORDS.kinds)
    assert set(AuditEvent.Purpose.values) == set(WORDS.purposes)
    assert set(AuditEvent.Basis.values) <= set(WORDS.reasons)


@pytest.mark.feature("PV-07")
def test_it_gives_each_act_a_sentence_of_its_own_without_jargon() -> None:
    told_of = list(WORDS.events.values())
    assert len(set(told_of)) == len(told_of)
    assert len(set(WORDS.resources.values())) == len(WORDS.resources)
    said = [f"{one.done} {one.what}" for one in told_of]
    said += [*WORDS.resources.values(), *WORDS.reasons.values(), *WORDS.purposes.values()]
    assert [line for line in said if JARGON.search(line)] == []


def row(**said: Any) -> Any:
    given = {"event": "x.y", "resource": "", "action": "act", "purpose": "care", "user_id": None}
    return SimpleNamespace(**(given | said))


def test_it_never_shows_a_noun_of_the_code() -> None:
    assert access_words.told(row(resource="QuantumThing")) == ("Worked on", "a part of your record")
    assert access_words.reason(row(), "novel_basis") == "No reason on record"


def test_it_tells_rows_of_reviews_rightly_that_were_written_before() -> None:
    old = row(event="override.reviewed", purpose="privacy_review")
    assert access_words.reason(old, "override") == "The privacy officer's review"


@pytest.mark.django_db
@pytest.mark.feature("PV-07")
def test_it_has_words_for_all_that_happens_in_the_story(cast: Cast, settings: Settings) -> None:
    settings.PUBLIC_URL, settings.RATE_LIMIT = ORIGIN, 0
    document = Client().get("/api/schema").json()
    with time_machine.travel(TOLD, tick=False) as clock:
        told(cast, document, clock)
    with cast.acting():
        rows = list(AuditEvent.objects.exclude(patient_ids=[]))
    assert len({one.event for one in rows}) > 100
    reads = {"read", "search"}
    silent = {
        one.event
        for one in rows
        if one.event not in WORDS.events
        and not (one.action in reads and one.resource in WORDS.resources)
    }
    assert silent == set()
