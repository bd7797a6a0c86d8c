"""A patient whom the clinic has never seen: a shipped bundle under another identity."""

import gzip
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from coordination.demo.cast import PATIENTS

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
#: the directory's entries keep their identity, so that a check adds no hospital
_KEPT = ("Organization", "Practitioner")


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A bundle on disk and how its patient is found after the import."""

    file: Path
    family_name: str
    given_name: str
    scores: int


def write_newcomer(folder: Path, run: UUID, *, source: str) -> Newcomer:
    """Write a copy of a shipped bundle whose ids and family name belong to this run alone."""
    text = gzip.decompress((PATIENTS / source).read_bytes()).decode()
    resources = [entry["resource"] for entry in json.loads(text)["entry"]]
    kept = {row["id"] for row in resources if row["resourceType"] in _KEPT}

    def renewed(found: re.Match[str]) -> str:
        old = found.group()
        return old if old in kept else str(uuid5(run, old))

    bundle = json.loads(_UUID.sub(renewed, text))
    patient = next(
        entry["resource"]
        for entry in bundle["entry"]
        if entry["resource"]["resourceType"] == "Patient"
    )
    for identifier in patient["identifier"]:
        if not _UUID.fullmatch(identifier.get("value", "")):
            identifier["value"] = f"{identifier.get('value', '')}-{run.hex[:8]}"
    name: dict[str, Any] = patient["name"][0]
    name["family"] = f"Check{run.hex[:8]}"
    file = folder / f"{run.hex}.json.gz"
    file.write_bytes(gzip.compress(json.dumps(bundle).encode()))
    return Newcomer(
        file=file,
        family_name=name["family"],
        given_name=" ".join(name["given"]),
        scores=sum(_is_pain_score(row) for row in resources),
    )


def _is_pain_score(resource: dict[str, Any]) -> bool:
    codings = resource.get("code", {}).get("coding", [])
    return resource["resourceType"] == "Observation" and any(
        coding.get("code") == "72514-3" for coding in codings
    )
