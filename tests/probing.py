"""Random requests by random people, and what is wrong with an answer.

A request may name anything of anybody's: in its address, its filters and its body. Three things
are asked of the answer: it shows nothing that its reader may not see; it is the same as for what
is not there, wherever something hidden was named; and nothing changed where the reader has no
reach. What they may see is the ward's own reckoning (`tests.ward`).
"""

import json
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction
from django_filters import rest_framework as filters

from coordination.api.views import WITHHELD_HEADER
from tests.matrix_bodies import body_of
from tests.matrix_calls import Call, calls
from tests.standing_still import Tables
from tests.ward import ID, WORD, Ward, word_of

#: the optional ids of some bodies, which the plain ones leave out
MORE_IDS: Mapping[str, Mapping[str, str]] = {
    "assessment.create": {"course": "Course"},
    "care-summary.create": {"course": "Course"},
    "clinical-note.create": {"course": "Course", "encounter": "Encounter"},
    "directive.create": {"target_id": "ClinicalNote"},
    "encounter.create": {"course": "Course", "lane": "Lane"},
    "hand-off.accept": {},
    "message-preference.create": {"patient": "Patient"},
    "record-request.create": {"resource_id": "ClinicalNote"},
    "record-request.fulfil": {"corrected_by": "ClinicalNote"},
}
#: whoever breaks the glass names a patient out of reach: that is what it is for
MEANT_FOR_OTHERS = {"override.create"}
#: what a patient says of one record is taken down by oversight, whom the trail tells every id
NAMED_BY_OVERSIGHT = {"directive.create", "record-request.create"}
#: who may read anything clinical, or look for any patient
ASK_MOST = {"practitioner", "scheduler"}
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|[+-]\d\d:\d\d)")
_LEAVE_OUT = {"/api/schema", "/metrics", "/api/docs/"}


@dataclass(frozen=True)
class Probe:
    """One request, not yet sent."""

    who: str
    verb: str
    path: str
    query: Mapping[str, str]
    body: Any
    action: str

    def named(self) -> set[bytes]:
        """Return every id and word that it sends."""
        sent = json.dumps([self.path, self.query, self.body]).encode()
        return set(ID.findall(sent)) | set(WORD.findall(sent))

    def without(self, hidden: set[bytes]) -> "Probe":
        """Return it with ids in the place of hidden ones that nothing has."""
        text = json.dumps([self.path, self.query, self.body])
        for one in sorted(hidden):
            text = text.replace(one.decode(), absent(one))
        path, query, body = json.loads(text)
        return Probe(self.who, self.verb, path, query, body, self.action)


def absent(one: bytes) -> str:
    """Return an id or a word like this one, which nothing bears."""
    return (
        "zq" + "f" * 12 if one.startswith(b"zq") else f"{one.decode()[:14]}7fff-8fff-ffffffffffff"
    )


@dataclass
class Prober:
    """Makes probes from a seed, sends them, and gathers what is wrong."""

    ward: Ward
    seed: int
    wrong: list[str] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.calls = [call for call in calls() if call.is_view_set and call.path not in _LEAVE_OUT]
        self.crowd = [
            name
            for name in sorted(self.ward.people)
            for _ in range(4 if self.ward.hats[name] in ASK_MOST else 1)
        ]
        self.calls_of = {name: self._meant_for(name) for name in self.ward.people}
        self.hidden = {name: self.ward.hidden_from(name) for name in self.ward.people}
        self.by_kind: dict[str, list[str]] = {}
        for row in self.ward.rows:
            self.by_kind.setdefault(row.kind, []).append(row.id)
        self.all_ids = [row.id for row in self.ward.rows]
        organizations = [self.ward.cast.riverside.id, self.ward.cast.harbour.id]
        self.tables = {one: Tables([one]) for one in organizations}
        self.patients = {one: Tables([one]).by_patient() for one in organizations}

    def run(self, number: int) -> None:
        """Send so many probes."""
        for _ in range(number):
            self.try_one(self.probe())

    # Making them.

    def probe(self) -> Probe:
        """Return the next one."""
        dice = self.dice
        who = dice.choice(self.crowd)
        call = dice.choice(self.calls_of[who] if dice.random() < 0.9 else self.calls)
        scene = dice.choice(self.ward.scenes)
        path = call.address(scene)
        for one in set(re.findall(ID.pattern.decode(), path)):
            path = path.replace(one, self._id(call.model_name))
        body = None
        query: dict[str, str] = {}
        if call.verb == "get":
            query = dict(self._filters(call.filterset)) if dice.random() < 0.6 else {}
            if call.is_list and dice.random() < 0.5:
                query["limit"] = dice.choice(["1", "2", "200"])
        else:
            body = self._body(call, scene)
        return Probe(
            dice.choice(sorted(self.ward.people)), call.verb, path, query, body, call.action
        )

    def _meant_for(self, name: str) -> list[Call]:
        """Return the calls that somebody's role may make, reading twice as often as writing."""
        hat = self.ward.hats[name]
        found = []
        for call in self.calls:
            roles = call.view.cls.roles[call.view.actions[call.verb]]
            if hat in {str(role) for role in roles}:
                found += [call] * (4 if call.verb == "get" else 1)
        return found

    def _id(self, kind: str) -> str:
        ids = self.by_kind.get(kind)
        if self.dice.random() < 0.85 and ids:
            return self.dice.choice(ids)
        return self.dice.choice(self.all_ids)

    def _body(self, call: Call, scene: Any) -> Any:
        body = body_of(call.action, scene)
        if not isinstance(body, dict):
            return body
        more = {
            name: self._id(kind)
            for name, kind in MORE_IDS.get(call.action, {}).items()
            if self.dice.random() < 0.6
        }
        if "target_id" in more:
            more |= {"target": "record", "target_discipline": ""}
        if "resource_id" in more:
            more["resource"] = "ClinicalNote"
        changed = {
            name: self._id(name.title().replace("_", ""))
            if isinstance(value, str) and ID.fullmatch(value.encode()) and self.dice.random() < 0.3
            else value
            for name, value in body.items()
        }
        return {**changed, **more}

    def _filters(self, filterset: Any) -> Iterator[tuple[str, str]]:
        known = list(getattr(filterset, "base_filters", {}).items())
        for name, one in self.dice.sample(known, min(len(known), self.dice.choice([1, 1, 2]))):
            if isinstance(one, filters.UUIDFilter):
                yield name, self._id(name.title().replace("_", ""))
            elif isinstance(one, filters.ChoiceFilter):
                choices = [str(value) for value, _ in one.extra["choices"]]
                yield name, self.dice.choice(choices)
            elif isinstance(one, filters.BooleanFilter):
                yield name, self.dice.choice(["true", "false"])
            elif isinstance(one, filters.CharFilter):
                yield name, self._text(name)
            elif name == "birth_date":
                yield name, "1990-05-17"

    def _text(self, name: str) -> str:
        if name == "name":
            return self.dice.choice(self.ward.names)[: self.dice.choice([3, 5, 9])]
        if name == "identifier":
            return self.dice.choice(self.ward.numbers)
        return self.dice.choice(["nprs", "hamstring-tendinopathy", "x"])

    # Judging them.

    def try_one(self, probe: Probe) -> None:
        """Send a probe and write down what is wrong with its answer."""
        ids, words = self.hidden[probe.who]
        answer = self.send(probe)
        self.statuses[answer.status_code] = self.statuses.get(answer.status_code, 0) + 1
        sent, told = probe.named(), said(answer)
        shown = set(ID.findall(told)) & ids | set(WORD.findall(told)) & words
        excused = probe.action in MEANT_FOR_OTHERS and probe.body["patient"] in self._own(probe.who)
        if shown - sent:
            self.blame(probe, answer, f"shows {self._described(shown - sent)}")
        if answer.status_code >= 500:
            self.blame(probe, answer, "breaks")
        if WITHHELD_HEADER in answer.headers and not self.ward.is_bound(probe.who):
            self.blame(probe, answer, "says that something is withheld")
        excused |= self._oversees(probe.who) and probe.action in NAMED_BY_OVERSIGHT
        refused_beforehand = b'"rule":"role.' in answer.content
        known = self.ward.wrote(probe.who) if probe.action == "directive.end" else set()
        if (named := sent & (ids | words) - known) and not excused and not refused_beforehand:
            self._compare(probe, answer, named)
        self._count(probe, answer)

    def _described(self, shown: set[bytes]) -> list[str]:
        return [
            f"{row.kind} {row.id} of {row.discipline or 'nobody'} of patient {row.patient}"
            for row in self.ward.rows
            if {row.id.encode(), word_of(row.id)} & shown
        ][:4]

    def _oversees(self, who: str) -> bool:
        return self.ward.hats[who] == "privacy_officer"

    def _own(self, who: str) -> set[str]:
        own = self.ward.people[who].organization.id
        return {row.id for row in self.ward.rows if row.organization == own}

    def _compare(self, probe: Probe, answer: Any, named: set[bytes]) -> None:
        """See that what is hidden is answered like what is not there."""
        nothing = self.send(probe.without(named))
        if (answer.status_code, plain(answer)) != (nothing.status_code, plain(nothing)):
            self.blame(probe, answer, f"but {nothing.status_code} {plain(nothing)[:200]}")

    def _count(self, probe: Probe, answer: Any) -> None:
        """See that a page promises another one only where its reader has more to see."""
        if probe.verb != "get" or answer.status_code != 200:
            return
        body = json.loads(answer.content)
        if isinstance(body, dict) and body.get("next") and "results" in body:
            if "/events" in probe.path:
                return  # a feed has no end
            path, _, query = body["next"].partition("/api/")[2].partition("?")
            after = self.ward.people[probe.who].client.get(f"/api/{path}?{query}")
            if after.status_code != 200 or not json.loads(after.content)["results"]:
                self.blame(probe, answer, "promises more than there is to see")

    def send(self, probe: Probe) -> Any:
        """Send it, see that nothing changed out of reach, and undo it."""
        who = self.ward.people[probe.who]
        with transaction.atomic():
            counted = {one: tables.counts() for one, tables in self.tables.items()}
            at = probe.path
            if probe.verb == "get":
                answer = who.client.get(at, probe.query)
            else:
                headers = {"If-Match": '"1"'}
                answer = getattr(who.client, probe.verb)(at, probe.body, headers=headers)
            for one, tables in self.tables.items():
                moved = tables.moved_since(counted[one])
                if one != who.organization.id:
                    changed = [name for name in moved if tables.held(name) != tables.first[name]]
                    if changed:
                        self.blame(probe, answer, f"changed {changed} elsewhere")
                elif moved and probe.action not in MEANT_FOR_OTHERS:
                    self._unchanged(probe, answer, one, moved)
            transaction.set_rollback(True)
        return answer

    def _unchanged(self, probe: Probe, answer: Any, own: UUID, moved: list[str]) -> None:
        now = self.tables[own].by_patient(moved)
        for key, held in self.patients[own].items():
            table, patient = key
            if table in moved and now.get(key) != held and not self._reaches(probe.who, patient):
                self.blame(probe, answer, f"changed {table} of {patient}")

    def _reaches(self, who: str, patient: str) -> bool:
        return self.ward.reaches(who, UUID(patient))

    def blame(self, probe: Probe, answer: Any, what: str) -> None:
        """Write down that something is wrong."""
        asked = f"{probe.who}: {probe.verb} {probe.path} {dict(probe.query)} {probe.body}"
        told = answer.content[:300].decode(errors="replace")
        self.wrong.append(f"{what}\n  {asked}\n  {answer.status_code} {told}")


def said(answer: Any) -> bytes:
    """Return every byte of an answer."""
    return bytes(answer.content) + repr(sorted(answer.headers.items())).encode()


def plain(answer: Any) -> str:
    """Return an answer without what differs from one request to the next."""
    if answer.status_code in {200, 201}:
        return ""  # carried out: what it shows is judged for itself
    text = ID.sub(b"ID", WORD.sub(b"WORD", answer.content)).decode()
    return _MOMENT.sub("MOMENT", text)
