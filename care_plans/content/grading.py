"""What a pathway cites, and how well each of its claims is supported by it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from care_plans.content.citations import Evidence, Identity, Page, check, register
from care_plans.content.pathways import PathwayDefinition
from care_plans.content.sourced import Verified


@dataclass(frozen=True, slots=True)
class Cited:
    """A source, with whether its identifier is that of the work which it describes."""

    key: str
    cite: str
    doi: str | None
    pmid: str | None
    verified: Verified | Literal["mismatch"]
    identity: Identity
    why: str
    is_evidence: bool
    page: Page | None


@dataclass(frozen=True, slots=True)
class GradedClaim:
    """A claim: how well it is supported, by what, who only says it, and what was cited in vain.

    Only a claim that its authors call supported has evidence; whoever repeats another is named.
    """

    text: str
    grade: str
    evidence: tuple[Evidence, ...]
    said_by: tuple[Evidence, ...]
    is_expert_consensus: bool
    not_evidence: tuple[str, ...]


def cited(pathway: PathwayDefinition) -> Iterator[Cited]:
    """Yield every source by key; one of `mismatch` supports nothing, whoever found that out."""
    for key, record in sorted(pathway.sources.items()):
        checked, wrong = check(record, record.cite), key in pathway.mismatched
        yield Cited(
            key=key,
            cite=record.cite,
            doi=record.doi,
            pmid=record.pmid,
            verified="mismatch" if wrong else record.verified,
            identity="mismatch" if wrong else checked.identity,
            why=checked.why or (record.note or "" if wrong else ""),
            is_evidence=not wrong,
            page=register().page(record.cite),
        )


def graded_claims(pathway: PathwayDefinition) -> Iterator[GradedClaim]:
    """Yield every claim with what supports it."""
    for claim in pathway.claims:
        known, supported = pathway.evidence(claim.source), claim.grade == "supported"
        yield GradedClaim(
            text=claim.text,
            grade=claim.grade,
            evidence=known if supported else (),
            said_by=() if supported else known,
            is_expert_consensus=claim.is_consensus,
            not_evidence=tuple(key for key in claim.source if key in pathway.mismatched),
        )
