"""Every URL of the server with each of its verbs, and how it is filled in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.matrix_bodies import NAMING
from tests.matrix_scenes import Scene
from tests.test_openapi import addresses, model_of, view_class

VERBS = ("get", "post", "put", "patch", "delete")
#: whose id stands in an address that is no viewset's
HELD_BY = {
    "/api/v1/me/sessions/<uuid:pk>": "OwnSession",
    "/api/v1/me/tokens/<uuid:pk>": "OwnToken",
    "/api/v1/me/sessions": "OwnSession",
    "/api/v1/me/tokens": "OwnToken",
    "/api/v1/me/second-factors/<int:number>": "SecondFactor",
    "/api/v1/logins/<uuid:pk>/end-access": "Login",
    "/courses/<uuid:record_id>": "Course",
    "/referrals/<uuid:record_id>": "Referral",
    "/patients/<uuid:record_id>": "Patient",
    "/safety-alerts/<uuid:record_id>": "SafetyAlert",
}
#: filled in where no record of anybody's is meant
PIECES = {
    "slug": "koos",
    "version": "1.0.0",
    "token": "none",
    "measure_version": "2",
    "questionnaire": "koos.v2",
}
#: needs a record that its view does not name by a model
BY_NAME = {
    "denial": "Denial",
    "login": "Login",
    "proxied-plan": "Patient",
    "proxied-patient": "Patient",
}
_HOLE = re.compile(r"\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)|<\w+:(\w+)>")


@dataclass(frozen=True)
class Call:
    """One URL and verb."""

    verb: str
    path: str
    view: Any
    action: str

    @property
    def name(self) -> str:
        """Return it as the file has it."""
        return f"{self.verb.upper()} {_HOLE.sub(self._shown, self.path)}"

    @property
    def is_list(self) -> bool:
        """Say whether it asks for no record by its id."""
        return self.verb == "get" and not _HOLE.search(self.path) and not self.target

    @property
    def target(self) -> str:
        """Return of what kind the record is that its query has to name; "" for none."""
        return "Course" if self.path == "/api/v1/provenance" else ""

    @property
    def is_view_set(self) -> bool:
        """Say whether a resource of the API answers."""
        return hasattr(self.view, "actions")

    @property
    def filterset(self) -> Any:
        """Return how its list can be narrowed, None if not at all."""
        return getattr(view_class(self.view), "filterset_class", None)

    @property
    def model_name(self) -> str:
        """Return of what kind the record in the address is; "" for none."""
        if self.path in HELD_BY:
            return HELD_BY[self.path]
        basename = getattr(self.view, "initkwargs", {}).get("basename", "")
        cls = view_class(self.view)
        model = model_of(cls) if cls else None
        return BY_NAME.get(basename) or (model.__name__ if model else "")

    @property
    def is_about_somebody(self) -> bool:
        """Say whether it names a record, in its address or in its body."""
        vouching = {"pathway-version.sign", "pathway-version.review"}
        named = self.action in NAMING and self.action not in vouching
        return named or "{id}" in self.name or "{number}" in self.name or bool(self.target)

    def query(self, scene: Scene) -> Mapping[str, str]:
        """Return what it is asked with."""
        if self.target:
            return {"target": scene.of(self.target)}
        if self.path == "/api/v1/access-check":
            return {"user": scene.of("Login"), "action": "care-plan.create"}
        cls = view_class(self.view)
        is_paged = self.is_view_set and getattr(cls, "pagination_class", None) is not None
        return {"limit": "200"} if self.is_list and is_paged else {}

    def address(self, scene: Scene) -> str:
        """Return where to send it for a scene."""
        return _HOLE.sub(lambda hole: self._filled(hole, scene), self.path)

    def tag(self, versions: Mapping[str, int], scene: Scene) -> str:
        """Return the ETag of what it edits."""
        return f'"{versions.get(self._filled_id(scene), 1)}"'

    def _shown(self, hole: "re.Match[str]") -> str:
        word = hole[1] or hole[2]
        return "{%s}" % (word if word in PIECES or word == "number" else "id")

    def _filled(self, hole: "re.Match[str]", scene: Scene) -> str:
        word = hole[1] or hole[2]
        if word == "slug" and "pathways" in self.path:
            return "hamstring-tendinopathy"
        return PIECES.get(word) or self._filled_id(scene)

    def _filled_id(self, scene: Scene) -> str:
        found = scene.of(self.model_name)
        return "0" if "<int" in self.path and "-" in found else found


def calls() -> list[Call]:
    """Return every URL of the server with each of its verbs."""
    found = []
    for path, view in addresses():
        at = path.replace("\\Z", "").rstrip("$")
        actions = getattr(view, "actions", None)
        basename = getattr(view, "initkwargs", {}).get("basename", "")
        for verb in VERBS:
            if actions is not None:
                if verb in actions:
                    found.append(Call(verb, at, view, f"{basename}.{actions[verb]}"))
            elif _answers(view, verb):
                found.append(Call(verb, at, view, f"{path} {verb}"))
    return found


def _answers(view: Any, verb: str) -> bool:
    cls = view_class(view)
    if cls is not None:
        return hasattr(cls, verb)
    # a function says nothing of its verbs: every one is asked for real, see the test below
    return verb == "get" or (verb == "post" and view.__name__ == "unsubscribe")
