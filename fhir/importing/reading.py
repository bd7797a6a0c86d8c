"""The first pass: each entry is looked at once, and kept if it is of a kind that is imported."""

import re
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from typing import Any

from fhir.importing.directory import directory_identity
from fhir.importing.elements import Element, Wrong, cleaned
from fhir.importing.files import Entry, Found, Unreadable, looks_like_json, read_entries
from fhir.importing.records import loinc_codes
from fhir.importing.references import (
    Identity,
    aliases_of,
    contained_in,
    identity_of,
    numbers_of,
    reference_in,
)
from fhir.importing.report import UNMEASURED
from fhir.importing.spool import Spool, readable, written

IMPORTED = (
    "Patient",
    "Practitioner",
    "Organization",
    "Condition",
    "CarePlan",
    "CareTeam",
    "Observation",
)
_DIRECTORY = ("Practitioner", "Organization")
_PEOPLE = ("Patient", *_DIRECTORY)
_LONGEST_URL = 300
_KIND = re.compile(r"[A-Z][A-Za-z]{1,63}", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)


def read_file(
    spool: Spool,
    found: Found,
    *,
    source: str,
    measured: Collection[str],
    advance: Callable[[int], None],
) -> None:
    """Keep what a file holds; a file that breaks leaves nothing but the reason.

    `measured` are the LOINC codes of the measures, `source` the namespace of bare ids. `advance`
    is told how many bytes of the file were read so far.
    """
    file = spool.add_file(readable(str(found.path)))
    if not found.is_named and not looks_like_json(found.path):
        spool.add(file, outcome="skipped", reason="not JSON")
        return
    try:
        for entry, position in read_entries(found.path):
            _keep(spool, file, entry, source=source, measured=measured)
            advance(position)
    except Unreadable as unreadable:
        spool.forget(file)
        spool.add(file, outcome="rejected", reason=f"{unreadable}; nothing of the file was used")


def _keep(spool: Spool, file: int, entry: Entry, *, source: str, measured: Collection[str]) -> None:
    where: dict[str, Any] = {"file": file, "entry": entry.entry, "line": entry.line}
    kind, refusal, outcome = _kind(entry)
    if kind is None:
        spool.add(**where, outcome=outcome, reason=refusal)
        return
    where |= {"kind": kind, "label": _label(kind, entry.resource.get("id"))}
    try:
        useless = _uselessness(Element(entry.resource, kind), kind, measured)
        if useless:
            spool.add(**where, outcome="skipped", reason=useless)
            return
        body = cleaned(entry.resource, kind)
        _keep_resource(spool, where, body, entry.full_url, source=source)
    except Wrong as wrong:
        _keep_faulty(spool, where, entry, str(wrong), source=source)


def _label(kind: str, own: Any) -> str:
    return f"{kind}/{own}" if isinstance(own, str) and _ID.fullmatch(own) else kind[:80]


def _uselessness(resource: Element, kind: str, measured: Collection[str]) -> str:
    """Return why nothing of this resource is imported, empty if it is."""
    if kind not in IMPORTED:
        return f"{kind[:60]} is not imported"
    if kind != "Observation":
        return ""
    codes = loinc_codes(resource)
    if any(code in measured for code in codes):
        return ""
    if not codes:
        return "it has no LOINC code"
    return UNMEASURED.format(f" {readable(codes[0])[:20]}")


def _kind(entry: Entry) -> tuple[str | None, str, str]:
    """Return the type of the entry's resource, or why there is none and what that means."""
    if entry.fault:
        return None, entry.fault, "skipped" if entry.method == "NONE" else "rejected"
    if entry.method in ("DELETE", "GET", "HEAD"):
        return None, f"it asks a server to {entry.method}, it brings nothing", "skipped"
    if entry.resource is None:
        return None, "it holds no resource", "skipped"
    if not isinstance(entry.resource, dict):
        return None, "its resource is not an object", "rejected"
    kind = entry.resource.get("resourceType")
    if not isinstance(kind, str) or not _KIND.fullmatch(kind):
        return None, "it is not FHIR: it has no resourceType", "rejected"
    return kind, "", ""


def _keep_resource(
    spool: Spool, where: dict[str, Any], body: dict[str, Any], full_url: Any, *, source: str
) -> None:
    """Keep a sound resource; all that can be wrong with it is found before it is kept."""
    kind: str = where["kind"]
    resource = Element(body, kind)
    entry = Element({"fullUrl": cleaned(full_url, "fullUrl")}, "Bundle.entry")
    address = entry.text("fullUrl", limit=_LONGEST_URL)
    identity = _identity(resource, address, source)
    aliases = list(aliases_of(resource, address)) if kind in _PEOPLE else []
    subject = reference_in(resource.one("subject")) if kind not in _PEOPLE else ""
    meta = resource.one("meta")
    updated = meta.text("lastUpdated") if meta else ""
    within = list(_contained(resource, identity))
    where = {**where, "system": identity.system, "value": identity.value}
    seq = spool.add(**where, body=body, subject=subject, updated=updated)
    if kind == "Patient":
        spool.belongs_to(seq, identity)
    for name in aliases:
        spool.add_alias(name, where["file"], identity, seq)
    for part in within:
        _keep_contained(spool, where, seq, *part)


def _contained(resource: Element, outer: Identity) -> Iterator[tuple[str, Element, Identity]]:
    """Yield id, content and lasting name of each contained person or organization."""
    for own, body in contained_in(resource):
        part = Element(body, f"{resource.path}.contained")
        kind = part.text("resourceType")
        if kind not in _PEOPLE:
            continue
        if kind == "Patient" and not list(numbers_of(part)):
            raise Wrong(f"{part.path}: a contained Patient without an identifier is nobody")
        inner = directory_identity(part, Identity(outer.system, f"{outer.value}#{own}"))
        assert inner is not None, "a fallback was given"
        yield own, part, inner


def _keep_contained(
    spool: Spool,
    where: dict[str, Any],
    container: int,
    own: str,
    part: Element,
    identity: Identity,
) -> None:
    kind = part.text("resourceType")
    columns = {**where, "kind": kind, "label": f"{kind} #{own}"[:80]}
    columns |= {"system": identity.system, "value": identity.value}
    seq = spool.add(**columns, body=part.value, container=container)
    if kind == "Patient":
        spool.belongs_to(seq, identity)
    spool.add_alias(f"{container}#{own}", where["file"], identity, seq)


def _keep_faulty(
    spool: Spool, where: dict[str, Any], entry: Entry, fault: str, *, source: str
) -> None:
    """Keep what is wrong with a resource, and whose it is if that can still be read."""
    kind, resource = where["kind"], Element(entry.resource, where["kind"])
    address = entry.full_url if isinstance(entry.full_url, str) else ""
    try:
        identity = _identity(resource, address[:_LONGEST_URL], source)
        subject = "" if kind in _PEOPLE else reference_in(resource.one("subject"))
        seq = spool.add(
            **where, fault=fault, system=identity.system, value=identity.value, subject=subject
        )
    except (Wrong, ValueError, TypeError):
        # Not even its name can be read, or written as text.
        spool.add(**where, fault=fault, outcome="rejected", reason=fault)
        return
    if kind == "Patient":
        spool.belongs_to(seq, identity)
        for name in _readable_aliases(resource, address):
            spool.add_alias(name, where["file"], identity, seq)
    elif not subject:
        spool.settle(seq, "rejected", fault)


def _readable_aliases(resource: Element, address: str) -> Iterator[str]:
    """Yield the names of a faulty resource, as far as they can be read."""
    with suppress(Wrong):
        yield from aliases_of(resource, address)


def _identity(resource: Element, address: str, source: str) -> Identity:
    """Return what names a resource; one that nothing names is named by what it says."""
    found = identity_of(resource, address, source)
    if resource.text("resourceType") in _DIRECTORY:
        found = directory_identity(resource, found)
    elif found is None and resource.text("resourceType") == "Patient":
        number = next(numbers_of(resource), None)
        found = Identity(*number) if number else None
    return found or Identity("urn:sha256", written(resource.value)[1])
