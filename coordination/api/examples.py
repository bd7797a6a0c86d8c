"""One example of each operation in the OpenAPI document, recorded from real answers.

`examples.json` holds, for each operation (`post /api/v1/patients`), what was sent and answered;
WRITE_EXAMPLES=1 pytest tests/test_examples.py writes it anew.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("examples.json")


@cache
def recorded() -> dict[str, dict[str, Any]]:
    """Return the examples by operation: `request` and `answer` where there is a body, `status`."""
    found: dict[str, dict[str, Any]] = json.loads(FILE.read_text("utf-8"))
    return found


def attach(paths: dict[str, Any]) -> None:
    """Give each operation of an OpenAPI document its example."""
    for path, operations in paths.items():
        for verb, operation in operations.items():
            example = recorded().get(f"{verb} {path}", {})
            if "request" in example:
                _illustrate(operation.get("requestBody", {}), example["request"])
            if "answer" in example:
                _illustrate(operation["responses"][str(example["status"])], example["answer"])


def _illustrate(shape: dict[str, Any], value: Any) -> None:
    for media in shape.get("content", {}).values():
        media["example"] = value
