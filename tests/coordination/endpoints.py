"""Every endpoint of the API, asked one after the other in somebody's session."""

import re
from typing import Any

from rest_framework.test import APIClient

from tests.test_openapi import NOBODY, PIECES, addresses, view_class


def demand_everywhere(browser: APIClient, problem: str, *, but: str, **says: str) -> None:
    """Demand that each endpoint refuses with this problem, which says these things.

    Exempt are the views with a true attribute `but`, those that ask nobody who they are, and where
    a program asks for a token without a session.
    """
    passed, asked = [], 0
    for verb, path, cls in _endpoints():
        asks_nobody = getattr(cls, "authentication_classes", None) == ()
        if getattr(cls, but, asks_nobody) or path == "/api/v1/tokens":
            continue
        asked += 1
        answer = getattr(browser, verb)(path)
        if answer.status_code != 403 or answer.data.get("type") != problem:
            passed.append((verb, path, answer.status_code))
        else:
            assert {name: answer.data[name] for name in says} == says
    assert passed == []
    assert asked > 60


def _endpoints() -> list[tuple[str, str, Any]]:
    found = []
    for path, view in addresses():
        cls = view_class(view)
        if not path.startswith("/api/v1/") or cls is None:
            continue
        verbs = list(getattr(view, "actions", None) or ("get", "post", "delete"))
        found += [(verb, _concrete(path), cls) for verb in verbs if hasattr(cls, verb) or view]
    return [
        (verb, path, cls)
        for verb, path, cls in found
        if verb != "head" and (hasattr(cls, "roles") or hasattr(cls, verb))
    ]


def _concrete(path: str) -> str:
    path = re.sub(r"\(\?P<pk>.*?\{12\}\)", NOBODY, path)
    path = re.sub(r"\(\?P<(\w+)>[^)]*\)", lambda hole: PIECES.get(hole[1], NOBODY), path)
    path = re.sub(r"<\w+:(\w+)>", lambda hole: PIECES.get(hole[1], NOBODY), path)
    return path.replace("\\", "").rstrip("Z$")
