"""A measure's version as an R4 Questionnaire, and a sitting as a QuestionnaireResponse.

Pure mapping. No item has the words of a question: an instrument's items are its numbers. What a
response says beside its answers stands in extensions named `urn:continuum:…`, and the collection
point in the one that New Zealand's ACC has for it as well (implementation guide of its integrated
care pathways, version 1.1.0: read).
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from care_plans.content.measures import MeasureDefinition
from care_plans.models import AbsentScore, Assessment, MeasureVersion, Score

Resource = dict[str, Any]

LOINC = "http://loinc.org"
CANONICAL = "urn:continuum:questionnaire:"
COURSE = "urn:continuum:course"
POINT = "urn:continuum:collection-point"
STAGE = "urn:continuum:stage"
REASON = "urn:continuum:absent-reason"
ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
ACC_STAGE = "http://hl7.org.nz/fhir/StructureDefinition/acc-icp-recorded-outcome-stage"
#: our collection points by the codes of ACC; a sitting for a stage of the pathway has none there
ACC_STAGES = {
    "baseline": Assessment.CollectionPoint.BASELINE,
    "mid-point": Assessment.CollectionPoint.MID_POINT,
    "exit": Assessment.CollectionPoint.EXIT,
    "adhoc": Assessment.CollectionPoint.AD_HOC,
}
#: what R4's value set has no code for, by the nearest that it has
_NEAREST = {
    AbsentScore.Reason.UNABLE_TO_TEST: "not-performed",
    AbsentScore.Reason.ITEMS_MISSING: "unknown",
}
_LIMITS = "http://hl7.org/fhir/StructureDefinition/"
_SIDES = ("left", "right")


def questionnaire(version: MeasureVersion) -> Resource:
    """Return what a version of a measure asks, as a Questionnaire of its own version."""
    of = version.definition
    sides = _SIDES if of.side_required else ("",)
    resource: Resource = {
        "resourceType": "Questionnaire",
        "id": identity(of.id, version.version),
        "url": f"{CANONICAL}{of.id}",
        "version": str(version.version),
        "name": of.id,
        "title": of.name,
        "status": "active",
        "subjectType": ["Patient"],
        "purpose": of.assesses,
        "copyright": of.licence,
        "item": [item for side in sides for item in _items(of, side)],
    }
    if of.loinc is not None and of.loinc.panel:
        resource["code"] = [{"system": LOINC, "code": of.loinc.panel}]
    return resource


def identity(slug: str, version: int) -> str:
    """Return the id of a version's Questionnaire: FHIR's ids have no underscores."""
    return f"{slug.replace('_', '-')}.v{version}"


def canonical(slug: str, version: int) -> str:
    """Return how a response names the version that it answers."""
    return f"{CANONICAL}{slug}|{version}"


def link(side: str, *parts: str | int) -> str:
    """Return the linkId of an item: `item.3`, `left.total`, `subscale.gad2`."""
    return ".".join(str(part) for part in ([side] if side else []) + list(parts))


def _items(of: MeasureDefinition, side: str) -> Iterator[Resource]:
    scoring = of.scoring
    if scoring is not None:
        kind = "integer" if scoring.step == 1 else "decimal"
        limits = _limits(kind, scoring.lowest, scoring.highest)
        for number in range(1, scoring.items + 1):
            item = {"linkId": link(side, "item", number), "type": kind, "extension": limits}
            item |= _coded(of, number)
            yield item
            if scoring.named_by_patient:
                yield {"linkId": link(side, "item", number, "label"), "type": "string"}
    for name, (low, high) in sorted(of.subscales.items()):
        yield {
            "linkId": link(side, "subscale", name),
            "type": "decimal",
            "extension": _limits("decimal", low, high),
        }
    kind = "integer" if of.step == 1 else "decimal"
    total: Resource = {
        "linkId": link(side, "total"),
        "type": kind,
        "extension": _limits(kind, of.minimum, of.maximum),
    }
    if of.loinc is not None:
        total["code"] = [{"system": LOINC, "code": of.loinc.code, "display": of.loinc.display}]
    yield total
    if not of.self_reported:
        yield _said(link(side, "method"), required=of.taking.method_required)
        yield _said(link(side, "instrument"), required=of.taking.instrument_required)


def _said(link_id: str, *, required: bool) -> Resource:
    return {"linkId": link_id, "type": "string", **({"required": True} if required else {})}


def _coded(of: MeasureDefinition, number: int) -> Resource:
    code = of.loinc.items.get(number) if of.loinc is not None else None
    return {"code": [{"system": LOINC, "code": code}]} if code else {}


def _limits(kind: str, low: Decimal, high: Decimal | None) -> list[Resource]:
    name = "valueInteger" if kind == "integer" else "valueDecimal"
    found = [{"url": f"{_LIMITS}minValue", name: _number(low)}]
    if high is not None:
        found.append({"url": f"{_LIMITS}maxValue", name: _number(high)})
    return found


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


def response(assessment: Assessment, version: MeasureVersion) -> Resource:
    """Return what a sitting says of one measure: as it came, or in the same words.

    The caller has fetched it through the circle of care, with its scores and what is absent.
    """
    if assessment.received is not None:
        return {**assessment.received, "id": str(assessment.id), **_withdrawn(assessment)}
    of = version.definition
    resource: Resource = {
        "resourceType": "QuestionnaireResponse",
        "id": str(assessment.id),
        "extension": list(_occasion(assessment)),
        "questionnaire": canonical(of.id, version.version),
        "status": "completed",
        "subject": {"reference": f"Patient/{assessment.patient_id}"},
        "authored": assessment.effective_at.isoformat().replace("+00:00", "Z"),
        "item": list(_answers(assessment, of)),
    }
    resource |= _withdrawn(assessment)
    return {name: value for name, value in resource.items() if value != []}


def _withdrawn(assessment: Assessment) -> Resource:
    return {"status": "entered-in-error"} if assessment.entered_in_error else {}


def _occasion(assessment: Assessment) -> Iterator[Resource]:
    if assessment.course_id is not None:
        reference = {"reference": f"EpisodeOfCare/{assessment.course_id}"}
        yield {"url": COURSE, "valueReference": reference}
    yield {"url": POINT, "valueCode": assessment.collection_point}
    if assessment.stage:
        yield {"url": STAGE, "valueCode": assessment.stage}
    for code, point in ACC_STAGES.items():
        if point == assessment.collection_point:
            yield {"url": ACC_STAGE, "valueCode": code}


def _answers(assessment: Assessment, of: MeasureDefinition) -> Iterator[Resource]:
    mine = [one for one in assessment.scores.all() if one.measure.slug == of.id]
    for side in _SIDES if of.side_required else ("",):
        for score in (one for one in mine if one.side == side):
            yield from _answer(score, of)
        for absent in assessment.absent.all():
            if (absent.measure.slug, absent.side) == (of.id, side):
                parts = ("subscale", absent.subscale) if absent.subscale else ("total",)
                yield {"linkId": link(side, *parts), "extension": list(_reason(absent))}
        total = next((one for one in mine if one.side == side and one.item is None), None)
        for name in ("method", "instrument"):
            if total is not None and (said := getattr(total, name)):
                yield {"linkId": link(side, name), "answer": [{"valueString": said}]}


def _answer(score: Score, of: MeasureDefinition) -> Iterator[Resource]:
    whole = of.step == 1
    at: tuple[str | int, ...] = ("total",)
    if score.item is not None:
        at, whole = ("item", score.item), of.scoring is not None and of.scoring.step == 1
    elif score.subscale:
        at, whole = ("subscale", score.subscale), False
    value = {"valueInteger" if whole else "valueDecimal": _number(score.value)}
    yield {"linkId": link(score.side, *at), "answer": [value]}
    if score.label:
        yield {
            "linkId": link(score.side, *at, "label"),
            "answer": [{"valueString": score.label}],
        }


def _reason(absent: AbsentScore) -> Iterator[Resource]:
    nearest = _NEAREST.get(AbsentScore.Reason(absent.reason))
    yield {"url": ABSENT, "valueCode": nearest or absent.reason}
    if nearest is not None:
        yield {"url": REASON, "valueCode": absent.reason}
