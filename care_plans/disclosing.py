"""What of a course's explanation a reader may know.

The engine weighs all facts; whoever reads why sees a withheld input as withheld, with its effect
only. That a red flag stops a course is always said, where it was found only to those who may know.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    Model,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from care_plans.evidence import Finding
from care_plans.models import (
    Activity,
    ComplexityScreen,
    Course,
    CourseAnswer,
    Goal,
    Lane,
    LaneDecision,
    LaneSignOff,
    PathwayVersion,
    RedFlag,
    RedFlagScreen,
    Score,
    StageStay,
)
from care_plans.resting import with_version
from coordination.access import IsAnyOf
from coordination.actors import Actor
from coordination.disclosure import (
    directed_at,
    disclosed_to,
    is_doer_shown,
    named_to,
    something_withheld,
)
from coordination.models import Patient
from referrals.models import Referral

WITHHELD = "Something that counts here is withheld."
WITHHELD_WORDS = "What was said of it is withheld."
STOPPED = "A red flag is open; where it was found is withheld."

_RECORDS: Mapping[str, type[Model]] = {
    "score": Score,
    "answer": CourseAnswer,
    "screen": RedFlagScreen,
    "red_flag": RedFlag,
    "sign_off": LaneSignOff,
    "lane": Lane,
    "stay": StageStay,
    "course": Course,
    "complexity": ComplexityScreen,
    "activity": Activity,
}
#: what people record, and a lane's condition asks for
_DECIDING = ("score", "answer", "screen", "red_flag", "sign_off", "lane", "complexity")


def disclose[M: Model](rows: QuerySet[M, M], actor: Actor, now: datetime) -> QuerySet[M, M]:
    """Keep the rows of a course, itself within reach, that nothing withholds from the actor."""
    return rows.filter(disclosed_to(rows.model, actor, now))


def shown(courses: QuerySet[Any, Any], actor: Actor, now: datetime) -> QuerySet[Any, Any]:
    """Fetch what a list of courses shows to a reader, so that its number of queries is constant.

    Each course carries its present stay as `open_stays`, and that, as `holding`, the lanes that
    hold it up as far as the reader may know. A version's content is large, so each is fetched
    once and not with every course. `previous_shown` is the course before, unless it is withheld,
    and `earlier_shown` how often the condition was treated before.
    """
    holding = disclose(
        Lane.objects.filter(
            IsAnyOf(F("discipline"), OuterRef("blocked_by")), course=OuterRef("course_id")
        ),
        actor,
        now,
    )
    stays = (
        StageStay.objects.filter(left_at=None)
        .select_related("course")
        .annotate(holding=ArraySubquery(holding.order_by("discipline").values("discipline")))
    )
    named: QuerySet[Any, Any] = courses.annotate(
        previous_shown=named_to(Course, actor, now, at="previous_id"),
        earlier_shown=_earlier(actor, now),
    )
    return named.select_related("patient", "pathway").prefetch_related(
        Prefetch("pathway_version", PathwayVersion.objects.defer("content")),
        Prefetch("stays", stays, to_attr="open_stays"),
    )


def naming_versions(rows: QuerySet[Any, Any], actor: Actor, now: datetime) -> QuerySet[Any, Any]:
    """Add which version of a record each one `replaces`, and which replaced it, unless withheld."""
    found: QuerySet[Any, Any] = rows.annotate(
        replaces_shown=named_to(rows.model, actor, now, at="replaces_id"),
        replaced_by_shown=named_to(rows.model, actor, now, at="replaced_by__pk"),
    )
    return found


def _earlier(actor: Actor, now: datetime) -> Coalesce:
    """Return how many courses on the same pathway and side ended before one, as far as told.

    The records merged into the patient's are theirs; what never began did not come back.
    """
    here = OuterRef(OuterRef("patient_id"))
    # as one set of patients: joined by "or", every course of the organization would be looked at
    same = Course.objects.filter(
        disclosed_to(Course, actor, now),
        patient__in=Patient.objects.filter(Q(pk=here) | Q(merged_into_id=here)).values("pk"),
        pathway_id=OuterRef("pathway_id"),
        side=OuterRef("side"),
        discharged_at__lte=OuterRef("applied_at"),
    )
    ended = same.exclude(Q(outcome="never_started") | Q(pk=OuterRef("pk")))
    counted = ended.order_by().values("pathway_id").annotate(found=Count("pk")).values("found")
    return Coalesce(Subquery(counted), 0)


def lanes_shown(lanes: QuerySet[Any, Any], actor: Actor, now: datetime) -> QuerySet[Any, Any]:
    """Fetch what is shown of lanes to a reader: who does each, its referral, its words.

    `course_shown` is the course, unless it is withheld from whoever does the lane.
    Each lane carries as `words` what it said in the present stay, the latest last, and its
    referral as `shown_referral`, None also where that is withheld. `reason_shown` is its reason
    without the words of a decision that rests on something withheld.
    """
    words = disclose(LaneSignOff.objects.filter(stay__left_at=None), actor, now)
    referrals = disclose(Referral.objects.only("id", "status"), actor, now)
    kept = LaneDecision.objects.filter(
        lane=OuterRef("pk"), decided_by=Lane.DecidedBy.PERSON, reason=OuterRef("reason")
    )
    words_shown = ~Q(Exists(kept.filter(~_is_decider_shown(actor, now))))
    locked = directed_at(actor, now, Q(patient_id=OuterRef("course__patient_id")))
    if locked is not None:
        words_shown &= Q(Exists(kept)) | ~Q(Exists(locked))
    told: QuerySet[Any, Any] = lanes.annotate(
        reason_shown=_reason_shown(actor, now, words=words_shown),
        course_shown=named_to(Course, actor, now, at="course_id"),
    )
    return told.select_related("course", "practitioner_role__practitioner").prefetch_related(
        Prefetch("sign_offs", words.order_by("effective_at", "recorded_at", "id"), to_attr="words"),
        Prefetch("referral", referrals, to_attr="shown_referral"),
    )


def decisions_shown(
    decisions: QuerySet[Any, Any], actor: Actor, now: datetime
) -> QuerySet[Any, Any]:
    """Keep what was decided about lanes that the reader may know of.

    `decider_shown` is the role of whoever decided it, and `reason_shown` why, as far as the reader
    may know them.
    """
    decider = _is_decider_shown(actor, now)
    told: QuerySet[Any, Any] = decisions.filter(
        disclosed_to(Lane, actor, now, at="lane__")
    ).annotate(
        decider_shown=Case(When(decider, then=F("practitioner_role_id"))),
        reason_shown=_reason_shown(actor, now, words=decider),
    )
    return told.select_related("lane")


def _is_decider_shown(actor: Actor, now: datetime) -> Q:
    """Select the decisions about lanes whose decider the reader may know of.

    Who decided was not always kept: then whatever is withheld from the reader may be theirs.
    """
    shown = is_doer_shown(actor, now, at="practitioner_role", patient="course__patient_id")
    locked = directed_at(actor, now, Q(patient_id=OuterRef("course__patient_id")))
    if locked is None:
        return shown
    nobody = Q(practitioner_role=None, decided_by=Lane.DecidedBy.PERSON)
    return shown & ~(nobody & Q(Exists(locked)))


def activities_shown(rows: QuerySet[Any, Any], actor: Actor, now: datetime) -> QuerySet[Any, Any]:
    """Fetch what is shown of activities: `course_shown` and `goal_shown`, unless withheld."""
    named: QuerySet[Any, Any] = rows.annotate(
        course_shown=named_to(Course, actor, now, at="course_id"),
        goal_shown=named_to(Goal, actor, now, at="goal_id"),
    )
    return with_version(named.select_related("lane"))


def doers_shown(
    rows: QuerySet[Any, Any], actor: Actor, now: datetime, *, said_by: str, **at: str
) -> QuerySet[Any, Any]:
    """Add who did something to each row, by the name each is given, null where that is withheld.

    `reason_shown` is the row's reason in the words of whoever `said_by` names.
    """
    is_shown = {name: is_doer_shown(actor, now, at=path) for name, path in at.items()}
    named: QuerySet[Any, Any] = rows.annotate(
        **{name: Case(When(is_shown[name], then=F(f"{at[name]}_id"))) for name in at},
        reason_shown=Case(
            When(is_shown[said_by], then=F("reason")),
            default=Value(WITHHELD_WORDS),
            output_field=TextField(),
        ),
    )
    return named


def rests_on_hidden(actor: Actor, now: datetime, *, patient: str) -> list[Any]:
    """Return conditions on rows with `rests_on`: one is met where a row below is withheld.

    `patient` leads to the patient. What was decided before its rows were kept (null) may rest on
    anything.
    """
    rows: Iterable[QuerySet[Any, Any]] = (QuerySet(_RECORDS[kind]) for kind in _DECIDING)
    hidden: list[Any] = [
        Exists(
            found.filter(IsAnyOf(F("pk"), OuterRef("rests_on"))).exclude(
                disclosed_to(found.model, actor, now)
            )
        )
        for found in rows
    ]
    locked = directed_at(actor, now, Q(patient_id=OuterRef(patient)))
    if locked is not None:
        hidden.append(Exists(locked) & Q(rests_on=None))
    return hidden


def _reason_shown(actor: Actor, now: datetime, *, words: Q) -> Case:
    """Return why a lane is needed or not, as far as the reader may know what decided it.

    `words` selects what the reader may be told of a person's words.
    """
    hidden = rests_on_hidden(actor, now, patient="course__patient_id")
    decided = Q(decided_by=Lane.DecidedBy.PERSON)
    cases = [
        When(decided & words, then=F("reason")),
        When(decided, then=Value(WITHHELD_WORDS)),
        *(When(one, then=Value(WITHHELD)) for one in hidden),
    ]
    return Case(*cases, default=F("reason"), output_field=TextField())


def hidden_evidence(
    findings: Iterable[Mapping[str, Any] | None], *patient_ids: UUID, actor: Actor, now: datetime
) -> set[str]:
    """Return the ids that these traces, of these patients, rest on and that the actor may not see.

    Takes a number of queries that does not depend on how many traces or patients there are.
    """
    if not something_withheld(actor, now, patient_ids):
        return set()
    wanted: dict[str, set[str]] = defaultdict(set)
    for finding in findings:
        for kind, row_id in _evidence(finding):
            wanted[kind].add(row_id)
    hidden: set[str] = set()
    for kind, ids in wanted.items():
        rows: QuerySet[Any, Any] = QuerySet(_RECORDS[kind])
        shown = disclose(rows.filter(pk__in=ids), actor, now).values_list("pk", flat=True)
        hidden |= ids - {str(row_id) for row_id in shown}
    return hidden


def evidence_in(finding: Mapping[str, Any] | None) -> set[str]:
    """Return the ids of all rows that a trace rests on."""
    return {row_id for _, row_id in _evidence(finding)}


def explain(
    findings: Iterable[Finding], patient_id: UUID, *, actor: Actor, now: datetime
) -> list[dict[str, Any]]:
    """Return findings as a refusal tells them to the actor: what is withheld keeps its effect."""
    told = [finding.as_json() for finding in findings]
    hidden = hidden_evidence(told, patient_id, actor=actor, now=now)
    return [withhold(finding, hidden) for finding in told]


def withhold(finding: Mapping[str, Any], hidden: set[str]) -> dict[str, Any]:
    """Return a trace without what is hidden: its outcome stays, its words and sources go."""
    shown = dict(finding)
    if any(row["id"] in hidden for row in finding["evidence"]):
        is_safety = finding["kind"] == "NoOpen" and finding["outcome"] == "not_met"
        shown |= {
            "id": finding["id"] if is_safety else None,
            "kind": finding["kind"] if is_safety else "Withheld",
            "text": None,
            "sentence": STOPPED if is_safety else WITHHELD,
            "about": [],
            "evidence": [],
            "source": [],
            "parts": [],
        }
        return shown
    shown["parts"] = [withhold(part, hidden) for part in finding["parts"]]
    return shown


def withhold_all(evidence: Any, hidden: set[str]) -> Any:
    """Return whatever a move kept as its evidence, each trace in it without what is hidden."""
    if not hidden:
        return evidence
    if isinstance(evidence, list):
        return [withhold_all(part, hidden) for part in evidence]
    if not isinstance(evidence, dict):
        return evidence
    if "evidence" in evidence and "parts" in evidence:
        return withhold(evidence, hidden)
    return {name: withhold_all(part, hidden) for name, part in evidence.items()}


def traces(evidence: Any) -> Iterator[Mapping[str, Any]]:
    """Yield each trace in what a move kept as its evidence."""
    if isinstance(evidence, list):
        for part in evidence:
            yield from traces(part)
    elif isinstance(evidence, dict):
        if "evidence" in evidence and "parts" in evidence:
            yield evidence
        else:
            for part in evidence.values():
                yield from traces(part)


def _evidence(finding: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    if finding is None:
        return
    for row in finding["evidence"]:
        yield row["kind"], row["id"]
    for part in finding["parts"]:
        yield from _evidence(part)
