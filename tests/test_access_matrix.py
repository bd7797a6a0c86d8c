"""The access matrix: every URL and verb, asked by everybody about everybody's records.

`access_matrix.txt` says what must come of it, one line for each URL and verb, and is reviewed by
hand. A URL without a line fails, and so does a line without a URL. Whoever is denied is answered
403 with a rule, or 404 in the very words of a record that is not there; and nothing has changed.
"""

import json
import re
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.core.cache.backends.locmem import LocMemCache
from django.db import transaction
from pytest_django import Settings
from rest_framework.test import APIClient

from coordination import attempts
from coordination.models import new_id
from coordination.rules import rule_named
from tests.cast import Cast
from tests.matrix_bodies import body_of
from tests.matrix_calls import VERBS, Call, calls
from tests.matrix_scenes import POSITIONS, Scene, Visitor, scenes, versions, visitors
from tests.standing_still import Tables

pytestmark = [pytest.mark.django_db, pytest.mark.feature("AD-01")]

FILE = Path(__file__).parent / "access_matrix.txt"
#: the columns, in the file's order, as they share a run
GROUPS = (
    ("lead", "colleague", "portal"),
    ("outsider", "scheduler", "nobody"),
    ("administrator", "privacy", "proxy", "patient", "foreigner"),
)
COLUMNS = (
    "lead",
    "colleague",
    "outsider",
    "scheduler",
    "administrator",
    "privacy",
    "proxy",
    "patient",
    "portal",
    "foreigner",
    "nobody",
)
#: refused for the state that something is in, or for what was sent; whoever is let in reads it
LET_IN = {400, 405, 409, 412, 415, 422, 428}
#: the first word of a 403's rule that has a letter of its own
LETTERS = {"role": "r", "scope": "s", "token": "t"}
#: read without a login and slow to make: asked once
ALIKE = {"/api/schema"}
#: says what of the server does not run; here no worker does
MAY_BE_DOWN = {"/health/ready"}


@dataclass(frozen=True)
class Line:
    """One line of the file: what each column is answered, by position."""

    name: str
    cells: Mapping[str, str]


def written() -> dict[str, Line]:
    """Read the file."""
    found = {}
    for text in FILE.read_text().splitlines():
        if text and not text.startswith("#"):
            verb, path, *cells = text.split()
            assert len(cells) == len(COLUMNS), text
            line = Line(f"{verb} {path}", dict(zip(COLUMNS, cells, strict=True)))
            assert line.name not in found, f"twice: {line.name}"
            found[line.name] = line
    return found


@dataclass
class Asking:
    """One run over the matrix: what is there, and what was odd."""

    tables: Tables
    versions: Mapping[str, int]
    places: Mapping[str, Scene]
    odd: list[str] = field(default_factory=list)
    missing: dict[str, Any] = field(default_factory=dict)

    def cell(self, call: Call, visitor: Visitor) -> str:
        """Ask one call about every scene it can be asked about, and return the letters."""
        client = self.client(call, visitor)
        if call.is_list:
            return self._listed(call, client)
        if not call.is_about_somebody:
            return self._letter(call, self.send(call, client, self.places["own"]))
        return "".join(self._asked(call, client, self.places[at]) for at in POSITIONS)

    def client(self, call: Call, visitor: Visitor) -> APIClient:
        """Return how this address is asked: what is of one's own login, at a browser."""
        at_browser = call.path.startswith(("/api/v1/me/", "/api/v1/logins/"))
        return visitor.browser if at_browser and not call.is_view_set else visitor.program

    def _listed(self, call: Call, client: APIClient) -> str:
        answer = self.send(call, client, self.places["own"])
        letter = self._letter(call, answer)
        if letter != "+":
            return letter
        shown = [
            any(one in answer.content for one in self.places[at].traces(call.model_name))
            for at in POSITIONS
        ]
        return "".join("+" if is_shown else "." for is_shown in shown)

    def _asked(self, call: Call, client: APIClient, scene: Scene) -> str:
        answer = self.send(call, client, scene)
        letter = self._letter(call, answer)
        if letter not in "-o" or "/api/" not in call.path:
            return letter
        if call.name not in self.missing:
            self.missing[call.name] = worded(self.send(call, client, scene.missing))
        if worded(answer) == self.missing[call.name]:
            return "-" if letter == "-" else "n"
        if letter == "-":
            self.odd.append(f"{call.name}: {worded(answer)}, {self.missing[call.name]}")
        return letter

    def send(self, call: Call, client: APIClient, scene: Scene) -> Any:
        """Ask, see that nothing changed unless it was allowed, and undo it."""
        with transaction.atomic():
            before = self.tables.counts()
            headers = {} if call.verb == "get" else {"If-Match": call.tag(self.versions, scene)}
            body = call.query(scene) if call.verb == "get" else body_of(call.action, scene)
            cookies, uncounted = copy(client.cookies), LocMemCache(new_id().hex, {})
            with patch.object(attempts, "cache", uncounted):
                answer = getattr(client, call.verb)(call.address(scene), body, headers=headers)
            client.cookies = cookies
            if call.verb == "get" or answer.status_code >= 300:
                changed = self.tables.changed_since(before)
                if changed:
                    self.odd.append(f"{call.name}: {answer.status_code} changed {changed}")
            transaction.set_rollback(True)
        return answer

    def _letter(self, call: Call, answer: Any) -> str:
        code = answer.status_code
        if code == 403:
            return self._rule(answer)
        known = {401: "l", 404: "-", **dict.fromkeys(LET_IN, "o")}
        if code in known:
            return known[code]
        if 300 <= code < 400:
            return ">"
        if code >= 300 and call.path not in MAY_BE_DOWN:
            self.odd.append(f"{call.name} {code}: {answer.content[:200]!r}")
        return "+"

    def _rule(self, answer: Any) -> str:
        if not answer.headers["Content-Type"].startswith("application/problem+json"):
            return "d"  # a page for people, which tells it in words
        rule = str(json.loads(answer.content).get("rule") or "")
        if rule_named(rule) is None:
            self.odd.append(f"no rule: {answer.content[:200]!r}")
        return LETTERS.get(rule.partition(".")[0], "d")


def worded(answer: Any) -> str:
    """Return an answer without what tells one request from another."""
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", answer.content.decode())


def asking(cast: Cast) -> tuple[Asking, dict[str, Visitor]]:
    """Set the stage."""
    places = scenes(cast)
    people = visitors(cast)
    for who in people.values():
        assert who.program is not None
        assert who.browser is not None
    tables = Tables([cast.riverside.id, cast.harbour.id])
    return Asking(tables, versions(cast), places), people


def test_it_has_a_line_for_every_url_and_verb_and_no_other() -> None:
    known, lines = {call.name for call in calls()}, set(written())
    assert sorted(known - lines) == [], "add a line each to access_matrix.txt, and review it"
    assert sorted(lines - known) == [], "no such URL and verb any more"


def test_it_lets_everybody_in_somewhere_and_nobody_across_organizations() -> None:
    """What the file itself must hold, whoever edits it."""
    for line in written().values():
        assert set("".join(line.cells.values())) <= set("+on.-rstdl>"), line.name
        if "{id}" in line.name and line.name.startswith(("POST", "PATCH", "PUT", "DELETE")):
            theirs = [cell[-1] for name, cell in line.cells.items() if name != "foreigner"]
            assert set(theirs) <= set("-nrtdls"), f"{line.name}: a foreign record is written to"


@pytest.mark.parametrize("columns", GROUPS, ids="-".join)
def test_it_answers_everybody_as_the_matrix_says(
    cast: Cast, settings: Settings, columns: tuple[str, ...]
) -> None:
    settings.RATE_LIMIT = 1_000_000
    run, people = asking(cast)
    lines, differs = written(), []
    for call in calls():
        for column in columns:
            if call.path in ALIKE and column != "nobody":
                continue
            cell, line = run.cell(call, people[column]), lines.get(call.name)
            expected = line.cells[column] if line else "what no line says"
            if cell != expected:
                differs.append(f"{call.name}: {column} is answered {cell}, not {expected}")
    assert run.odd == []
    assert differs == []


def test_it_answers_no_verb_that_has_no_line(cast: Cast) -> None:
    lines, client = {(call.path, call.verb): call for call in calls()}, cast.asha.client
    first = {call.path: call for call in lines.values()}
    odd = []
    for path, call in first.items():
        for verb in VERBS:
            if (path, verb) not in lines and path not in ALIKE:
                at = call.address(Scene(cast.patient.id, {}, "", {}))
                with transaction.atomic():
                    answer = getattr(client, verb)(at)
                    transaction.set_rollback(True)
                refused = {405} if call.is_view_set else {405, 403, 401}
                sent_to_log_in = answer.headers.get("Location", "").startswith("/login?")
                if answer.status_code not in refused and not sent_to_log_in:
                    odd.append((verb, path, answer.status_code))
    assert odd == []
