"""What every field and parameter means: `words.yaml` where the serializer is silent.

Help texts of models would need a migration for each word.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

WORDS = Path(__file__).with_name("words.yaml")


@cache
def read_words() -> Mapping[str, Mapping[str, str]]:
    """Return the meanings of fields, of parameters and of what lists have in common."""
    found: Mapping[str, Mapping[str, str]] = YAML(typ="safe").load(WORDS.read_bytes())
    return found


def add_words(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Describe each field and parameter that nothing describes yet."""
    words = read_words()
    for schema, name, field in fields(result):
        said = meaning(schema, name)
        if said and not {"description", "$ref"} & set(field):
            field["description"] = said
    for operations in result["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                said = parameter["schema"].pop("description", "")
                said = (
                    parameter.get("description")
                    or said
                    or words["parameters"].get(parameter["name"], "")
                )
                parameter.update({"description": said} if said else {})
    return result


def meaning(schema: str, name: str) -> str:
    """Return what a field means; empty if nobody wrote it down."""
    words = read_words()
    if schema.startswith("Paginated"):
        return words["lists"].get(name, "")
    bare = schema.removeprefix("Patched").removesuffix("Request")
    known = words["fields"]
    return known.get(f"{schema}.{name}") or known.get(f"{bare}.{name}") or known.get(name, "")


def fields(document: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Return each field of each schema, with the names of both."""
    for schema, definition in document["components"]["schemas"].items():
        for name, field in definition.get("properties", {}).items():
            yield schema, name, field
