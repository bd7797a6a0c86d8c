"""Headers that actions take besides a body, as the schema describes them."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter

IF_MATCH = OpenApiParameter(
    "If-Match",
    {"type": "string", "pattern": '^(W/)?"?[0-9]{1,9}"?$', "examples": ['"3"']},
    OpenApiParameter.HEADER,
    required=True,
    description="The ETag of the version that you decide about.",
)
_PROBLEM = {"$ref": "#/components/schemas/Problem"}

#: what an action that takes If-Match may answer besides
VERSION_PROBLEMS: dict[Any, Any] = {
    (412, "application/problem+json"): _PROBLEM,
    (428, "application/problem+json"): _PROBLEM,
}
