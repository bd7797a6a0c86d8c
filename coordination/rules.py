"""Every rule that refuses, in plain words: the registry of `policy/rules.yaml`."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from ruamel.yaml import YAML

FILE = Path(__file__).parent / "policy" / "rules.yaml"
REACH = "reach"


class Rule(BaseModel):
    """What a rule says, what it is for, and who could do what it refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    says: str = Field(min_length=1)
    why: str = Field(min_length=1)
    who: str = Field(min_length=1)
    source: str = "A rule of this software"


RULES: Mapping[str, Rule] = TypeAdapter(dict[str, Rule]).validate_python(
    YAML(typ="safe", pure=True).load(FILE)
)


def rule_named(name: str) -> Rule | None:
    """Return what is registered for a rule: itself, else its family (`scope.*`)."""
    return RULES.get(name) or RULES.get(f"{name.partition('.')[0]}.*")
