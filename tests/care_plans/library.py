"""The pathways and stubs that ship, for tests that ask something of all of them."""

from functools import cache

from care_plans.content.files import newest, read_measures, read_pathways, read_stubs
from care_plans.content.measures import MeasureDefinition
from care_plans.content.pathways import PathwayDefinition
from care_plans.content.sourced import EXPERT_CONSENSUS
from care_plans.content.stubs import Stub
from care_plans.criteria import Compared, Criterion, Gained, SideRatio, walk

EC = EXPERT_CONSENSUS

CONDITIONS = {
    "hamstring-tendinopathy",
    "hamstring-strain",
    "lumbar-radiculopathy",
    "low-back-pain",
    "gluteal-tendinopathy",
    "achilles-tendinopathy",
    "neck-pain-wad",
    "rotator-cuff",
    "lateral-ankle-sprain",
}
STUBS = {
    "deep-gluteal-syndrome",
    "ischial-bursitis",
    "patellar-tendinopathy",
    "patellofemoral-pain",
    "knee-oa",
    "plantar-heel-pain",
    "lateral-elbow",
    "concussion",
}


@cache
def measures() -> dict[str, MeasureDefinition]:
    return {slug: file.definition for slug, file in read_measures().items()}


@cache
def library() -> dict[str, PathwayDefinition]:
    """Return the newest version of each pathway."""
    return {f.definition.pathway: f.definition for f in newest(read_pathways(measures()))}


@cache
def stubs() -> dict[str, Stub]:
    return {file.definition.id: file.definition for file in read_stubs(measures())}


def asked(criterion: Criterion) -> dict[tuple[str, str, str], set[str]]:
    """Return each threshold of a criterion on a measure with its sources."""
    found: dict[tuple[str, str, str], set[str]] = {}
    for _, node in walk(criterion):
        sources = set(node.source or ())
        match node:
            case Compared():
                found[node.measure, node.comparison, str(node.value)] = sources
            case Gained() if node.gain is not None:
                found[node.measure, "gain", str(node.gain)] = sources
            case Gained():
                found[node.measure, "gain percent", str(node.gain_percent)] = sources
            case SideRatio():
                found[node.measure, "ratio", str(node.side_ratio)] = sources
    return found
