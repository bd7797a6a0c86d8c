"""Why a safety alert was raised: the rule in the version that raised it, and the scores."""

from functools import cache
from typing import Any

from django.db.models import OuterRef, Prefetch, QuerySet, Subquery

from care_plans.content.measures import OPINION, MeasureDefinition, SafetyRule
from care_plans.criteria import Subject
from care_plans.evidence import Evidence, Finding, Outcome
from care_plans.models import MeasureVersion, SafetyAlert, Score
from care_plans.questioned import in_digits


def with_rules(alerts: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
    """Fetch with alerts what `rule_of` and `asked` ask."""
    version = MeasureVersion.objects.filter(
        measure__slug=OuterRef("measure"), version=OuterRef("measure_version")
    )
    found: QuerySet[Any, Any] = alerts.annotate(rule_sha256=Subquery(version.values("sha256")[:1]))
    return found


def with_reasons(alerts: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
    """Fetch with alerts what `rule_of` and `why_raised` ask, in queries that do not grow."""
    scores = Score.objects.select_related("measure").order_by("item", "side", "id")
    return with_rules(alerts).prefetch_related("assessment", Prefetch("assessment__scores", scores))


def rule_of(alert: Any) -> SafetyRule | None:
    """Return the safety rule as the version that raised the alert says it."""
    known = _definition(alert.rule_sha256) if alert.rule_sha256 else None
    rules = known.safety if known is not None else ()
    return next((rule for rule in rules if rule.id == alert.rule), None)


def asked(alert: Any) -> str:
    """Return the measure and the rule that was met, in the words of the version that raised it."""
    rule = rule_of(alert)
    if rule is None:
        return f"{alert.measure}: {alert.rule}".replace("_", " ")
    return f"{_definition(alert.rule_sha256).name}: {rule.text}"


def why_raised(alert: Any) -> Finding | None:
    """Return the trace of an alert: what was asked, and each score that it was met by.

    Where the item that is asked about, or the total, was left out, the others prove it together.
    """
    rule = rule_of(alert)
    if rule is None:
        return None
    every = [
        score
        for score in alert.assessment.scores.all()
        if score.measure.slug == alert.measure and not score.subscale
    ]
    asked = [score for score in every if score.item == rule.item]
    met = [score for score in asked if rule.is_met_by(score.value)]
    rows = met or every
    said = ", ".join(_said(score) for score in rows)
    what = "a total" if rule.item is None else f"an answer to item {rule.item}"
    limit = " or ".join(
        f"{words} {in_digits(value)}"
        for words, value in (("above", rule.above), ("of at least", rule.at_least))
        if value is not None
    )
    proof = "" if asked else " What was left out cannot be less."
    return Finding(
        kind="SafetyRule",
        outcome=Outcome.MET,
        sentence=f"{said}. Asked for is {what} {limit}.{proof}",
        id=rule.id,
        text=rule.text,
        evidence=tuple(Evidence("score", score.pk) for score in rows),
        source=(rule.source,) if rule.source else (),
        about=(Subject("measure", alert.measure),),
    )


def is_opinion(alert: SafetyAlert) -> bool:
    """Say whether the rule rests on opinion alone."""
    return OPINION in alert.source.casefold()


def _said(score: Score) -> str:
    what = "The total" if score.item is None else f"Item {score.item}"
    side = f" ({score.side})" if score.side else ""
    return f"{what}{side} was {in_digits(score.value)}"


@cache
def _definition(sha256: str) -> MeasureDefinition:
    """Return what the version with this hash says; a hash never changes."""
    return MeasureVersion.objects.filter(sha256=sha256)[0].definition
