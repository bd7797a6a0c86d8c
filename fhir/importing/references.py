"""What names a resource, within its files and for good."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fhir.importing.elements import Element

URIS = "urn:ietf:rfc:3986"
UNNAMED_SOURCE = "urn:continuum:unnamed-source"
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_ADDRESS = re.compile(
    r"(?P<base>https?://.+?/|)(?P<kind>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9\-.]{1,64})"
)


@dataclass(frozen=True, slots=True)
class Identity:
    """The lasting name of a resource: a namespace, and what it calls the resource."""

    system: str
    value: str

    def __str__(self) -> str:
        return (
            self.value if self.system in (URIS, UNNAMED_SOURCE) else f"{self.system}|{self.value}"
        )


def identity_of(resource: Element, full_url: str, source: str) -> Identity | None:
    """Return what names this resource wherever it comes along again, None if nothing does.

    A UUID names it everywhere, an address on its server; a bare id only within `source`, the
    namespace that the operator gave.
    """
    kind, own = resource.text("resourceType"), resource.text("id", limit=64)
    if _UUID.fullmatch(own):
        return Identity(URIS, f"urn:uuid:{own.lower()}")
    address = without_history(full_url)
    if address.startswith(("urn:uuid:", "http://", "https://")):
        return Identity(URIS, address)
    return Identity(source or UNNAMED_SOURCE, f"{kind}/{own}") if own else None


def identities_meant(reference: str, source: str) -> list[Identity]:
    """Return the identities that a reference to something outside the files can mean."""
    reference = without_history(reference)
    if reference.startswith("urn:uuid:"):
        return [Identity(URIS, reference.lower())]
    parts = _ADDRESS.fullmatch(reference)
    if parts is None:
        return []
    own = parts["id"]
    if _UUID.fullmatch(own):
        return [Identity(URIS, f"urn:uuid:{own.lower()}")]
    if parts["base"]:
        return [Identity(URIS, reference)]
    return [Identity(source or UNNAMED_SOURCE, f"{parts['kind']}/{own}")]


def aliases_of(resource: Element, full_url: str) -> Iterator[str]:
    """Yield every way in which other entries may refer to this one."""
    kind, own = resource.text("resourceType"), resource.text("id", limit=64)
    if full_url:
        yield without_history(full_url)
    if own:
        yield f"{kind}/{own}"
        if _UUID.fullmatch(own):
            yield f"urn:uuid:{own}"
    for system, value in numbers_of(resource):
        yield f"{kind}?identifier={system}|{value}"


def numbers_of(resource: Element) -> Iterator[tuple[str, str]]:
    """Yield system and value of each complete identifier."""
    for identifier in resource.many("identifier"):
        system, value = identifier.text("system"), identifier.text("value")
        if system and value:
            yield system, value


def ways_to_read(reference: str) -> list[str]:
    """Return the aliases that a reference may mean, the most exact first."""
    reference = without_history(reference)
    parts = _ADDRESS.fullmatch(reference)
    if parts is not None and parts["base"]:
        return [reference, f"{parts['kind']}/{parts['id']}"]
    return [reference]


def reference_in(element: Element | None) -> str:
    """Return the text of a Reference, a logical one as a search; empty when it says nothing."""
    if element is None:
        return ""
    written = element.text("reference")
    if written:
        return written
    identifier, kind = element.one("identifier"), element.text("type")
    if identifier is None or not kind:
        return ""
    return f"{kind}?identifier={identifier.text('system')}|{identifier.text('value')}"


def kind_referred_to(reference: str) -> str:
    """Return the type that a reference names, empty when it does not (a UUID, a fragment)."""
    parts = _ADDRESS.fullmatch(without_history(reference))
    return parts["kind"] if parts else reference.partition("?")[0] if "?" in reference else ""


def shown_reference(reference: str) -> str:
    """Return a reference as a report may print it: the number in a logical one stays out."""
    if reference.startswith("urn:uuid:") or _ADDRESS.fullmatch(without_history(reference)):
        return reference[:100]
    return f"{kind_referred_to(reference)[:40]} (by identifier)" if "?" in reference else "it names"


def without_history(reference: str) -> str:
    """Return a reference without the version that it may carry."""
    return reference.partition("/_history/")[0]


def contained_in(resource: Element) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield id and content of each contained resource that has an id."""
    for part in resource.many("contained"):
        own = part.text("id", limit=64)
        if own:
            yield own, part.value
