"""An example of every operation, as the running API took and gave it (`tests/test_examples.py`)."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).with_name("examples.json")
JSON = "application/json"


@cache
def read_examples() -> Mapping[str, Any]:
    """Return the examples by operation: `post /api/v1/patients`."""
    found: Mapping[str, Any] = json.loads(EXAMPLES.read_bytes())
    return found


def add_examples(
    result: dict[str, Any], generator: Any, request: Any, public: bool
) -> dict[str, Any]:
    """Put each operation's example beside its schemas."""
    examples = read_examples()
    for path, operations in result["paths"].items():
        for verb, operation in operations.items():
            _illustrate(operation, examples.get(f"{verb} {path}", {}))
    return result


def _illustrate(operation: dict[str, Any], example: Mapping[str, Any]) -> None:
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path" and parameter["name"] in example.get("at", ()):
            parameter["example"] = example["at"][parameter["name"]]
    bodies = [(operation.get("requestBody", {}), "request")]
    answers = operation["responses"].items()
    bodies += [(answer, "response") for code, answer in answers if code.startswith("2")]
    for body, part in bodies:
        if JSON in body.get("content", {}) and part in example:
            body["content"][JSON]["example"] = example[part]
