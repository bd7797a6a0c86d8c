"""Writes down what the API took and gave while the story was told: the examples of the contract.

Ids, numbers and secrets become made-up ones that stay the same from one telling to the next, and
people take the names of the demo's cast.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from coordination.api.examples import EXAMPLES
from tests.cast import Cast, Person
from tests.story import Step

#: before these, what can be read is read: later it is another one, or nothing
READ_BEFORE = {
    ("post", "/api/v1/courses/{id}/advance"),
    ("post", "/api/v1/care-plans/{id}/decide-conflict"),
}
#: enough to see what a list is a list of
ROWS = 2

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_HOLE = re.compile(r"\{(\w+)\}")
_NAMES = {
    "Asha": "Priya Placeholder",
    "Ben": "Cleo Chimera",
    "Chloe": "Marco Mockup",
    "Dmitri": "Kofi Kindof",
    "Esi": "Nadia Notional",
    "Farah": "Theo Theoretical",
    "Gus": "Pavel Pretend",
    "Sam": "Sol Scheduler",
    "Ada": "Ana Administrator",
    "Pia": "Pim Privacy",
    "Olu": "Nora Nextdoor",
    "Kim": "Sol Scheduler",
    "Kai": "Sol Scheduler",
    "Lou": "Ana Administrator",
    "Riverside": "Example Rehabilitation Clinics",
    "Riverside Downtown": "Example Clinic Lakeside",
    "Riverside Uptown": "Example Clinic Prairie",
    "Riverside Midtown": "Example Clinic Midtown",
}
#: what is secret, or new each time: by the name of its field
_INSTEAD: dict[str, Any] = {
    "token": "made-up-token-shown-once",
    "secret": "JBSWY3DPEHPK3PXP",
    "code": "123456",
    "challenge": "bWFkZS11cC1jaGFsbGVuZ2U",
    "recovery_codes": ["1a2b3c4d", "5e6f7a8b"],
    "url": "otpauth://totp/Continuum:sol%40continuum.example?secret=JBSWY3DPEHPK3PXP",
    "attestationObject": "bWFkZS11cA",
    "authenticatorData": "bWFkZS11cA",
    "clientDataJSON": "bWFkZS11cA",
    "signature": "bWFkZS11cA",
    "state": "made-up-name-of-what-was-shown",
}
_PATTERNS = (
    (re.compile(r"\b([a-z]+)-\d+@continuum\.example"), r"\1@continuum.example"),
    (re.compile(r"^TEST-\d+$"), "DEMO-0001"),
    (re.compile(r"http://testserver"), "https://continuum.example"),
    (re.compile(r"cursor=[\w%=-]+"), "cursor=cD1tYWRlLXVw"),
    (re.compile(r"after=\d+-\d+"), "after=1000-42"),
)


class Book:
    """What was asked and answered, once for each operation."""

    def __init__(self, cast: Cast, document: Mapping[str, Any], readers: list[Person]) -> None:
        self.cast, self.document, self.readers = cast, document, readers
        self.kept: dict[str, dict[str, Any]] = {}
        self._ids: dict[str, list[str]] = defaultdict(list)
        self._made_up: dict[str, str] = {}

    def ask(self, step: Step) -> Any:
        """Send a step and write it down, if nothing like it is there."""
        if step.operation in READ_BEFORE:
            self.read()
        answer = step.send()
        verb, path = step.operation
        if answer.status_code < 300:
            self._keep(verb, path, step.at, step.body, answer)
        return answer

    def read(self) -> None:
        """Read each address that nothing was read from yet, as whoever finds something there."""
        for path, operations in self.document["paths"].items():
            if "get" in operations and f"get {path}" not in self.kept:
                self._read_one(path)

    def _read_one(self, path: str) -> None:
        for at in self._places(path):
            for who in self.readers:
                query = self._query(path)
                answer = who.client.get(filled(path, at), query)
                if answer.status_code == 200 and _says_something(answer.json()):
                    self._keep("get", path, at, None, answer)
                    return

    def _query(self, path: str) -> dict[str, str]:
        """Return what lists that ask for more are asked."""
        if path == "/api/v1/provenance":
            return {"target": self._ids["/api/v1/care-plans"][0]}
        if path == "/api/v1/access-check":
            whom = {"user": str(self.cast.asha.user.id), "patient": str(self.cast.patient.id)}
            return {**whom, "action": "care-plan.create"}
        return {}

    def _places(self, path: str) -> Iterator[Mapping[str, str]]:
        """Return with what the holes of an address may be filled."""
        holes = _HOLE.findall(path)
        if "id" not in holes:
            yield (
                {"slug": "nprs", "measure_version": "2"}
                if "/measures/" in path
                else {
                    "slug": "hamstring-tendinopathy",
                    "version": "1.0.0",
                    "questionnaire": "nprs.v2",
                }
            )
            return
        for one in self._ids[path.partition("/{id}")[0]][-4:]:
            yield {"id": one}

    def know(self, path: str, id: Any) -> None:
        """Remember the id of something that stands at an address."""
        if str(id) not in self._ids[path]:
            self._ids[path].append(str(id))

    def _keep(self, verb: str, path: str, at: Mapping[str, str], body: Any, answer: Any) -> None:
        said = json.loads(answer.content) if answer.content else None
        if "id" in at:
            self.know(path.partition("/{id}")[0], at["id"])
        rows = said.get("results", [said]) if isinstance(said, dict) else said or []
        for row in rows:
            if isinstance(row, dict) and "id" in row and "{" not in path:
                self.know(path, row["id"])
        if f"{verb} {path}" in self.kept:
            return
        made: dict[str, Any] = {}
        if at:
            holes = {name: value for name, value in at.items() if f"{{{name}}}" in path}
            made["at"] = self.neutral(holes)
        if body is not None:
            made["request"] = self.neutral(body)
        if said is not None:
            made["response"] = self.neutral(_shortened(said))
        self.kept[f"{verb} {path}"] = {
            part: value for part, value in made.items() if value != {}
        } | ({"request": {}} if body == {} else {})

    def neutral(self, part: Any) -> Any:
        """Return the same with made-up ids, names and secrets."""
        if isinstance(part, list):
            return [self.neutral(one) for one in part]
        if isinstance(part, dict):
            if {"pathway", "stages"} <= set(part):  # a whole pathway: how it begins says enough
                return {"pathway": part["pathway"], "version": part["version"], "and": "so on"}
            if {"kind", "system", "value"} <= set(part):
                part = {**part, "value": "MRN-1001"}
            return {key: _INSTEAD.get(key) or self.neutral(one) for key, one in part.items()}
        if not isinstance(part, str):
            return part
        if part in _NAMES:
            return _NAMES[part]
        for pattern, instead in _PATTERNS:
            part = pattern.sub(instead, part)
        return _UUID.sub(lambda found: self._made_up_id(found[0]), part)

    def _made_up_id(self, id: str) -> str:
        number = len(self._made_up) + 1
        return self._made_up.setdefault(id, f"0192e4a0-0000-7000-8000-{number:012x}")


def filled(path: str, at: Mapping[str, str]) -> str:
    """Return an address with its holes filled."""
    return _HOLE.sub(lambda hole: at[hole[1]], path)


def _says_something(said: Any) -> bool:
    return bool(said["results"] if isinstance(said, dict) and "results" in said else said)


def _shortened(part: Any, rows: int = ROWS) -> Any:
    if isinstance(part, list):
        return [_shortened(one, 1) for one in part[:rows]]
    if isinstance(part, dict):
        return {key: _shortened(one, rows) for key, one in part.items()}
    return part


def shape(part: Any, at: str = "") -> set[str]:
    """Return which keys there are, wherever they stand."""
    if isinstance(part, list):
        return {at}.union(*(shape(one, f"{at}[]") for one in part))
    if isinstance(part, dict):
        return {at}.union(*(shape(one, f"{at}.{key}") for key, one in part.items()))
    return {at}


def write_down(kept: Mapping[str, Any]) -> None:
    """Put the examples where the contract finds them."""
    text = json.dumps(dict(sorted(kept.items())), indent=1, ensure_ascii=False)
    EXAMPLES.write_text(text + "\n", encoding="utf-8")
