"""What rows of the article's inventory ask of the format, and make the software do."""

from typing import Any

import pytest

from care_plans import courses, plans
from care_plans.content.checks import parts
from care_plans.content.pathways import PathwayDefinition
from care_plans.content.reading import ContentInvalid, Located, parsed
from care_plans.evaluation import evaluate
from care_plans.evidence import Outcome
from care_plans.models import Activity, Course, Lane
from care_plans.suggesting import Suggestion, suggestions
from coordination import care_team
from coordination.problems import Denied, Invalid
from tests.care_plans import imagined, underway
from tests.care_plans.drafts import draft, flaws_of
from tests.care_plans.test_content_seed import ARTICLE, PATHWAY, PLACES
from tests.cast import NOW, Cast

# What single rows ask of the format


@pytest.mark.feature("seed-condition")
def test_the_condition_has_the_other_name_that_its_sources_use() -> None:
    [other] = PATHWAY.condition.synonyms
    assert "seed-condition" in other.seed
    assert other.text == "Proximal hamstring tendinopathy"
    assert (other.variant, other.source) == ("proximal", ("goom_2016", "rich_2023"))


@pytest.mark.feature("seed-ref-rio2016", "seed-ref-rio2015", "seed-claim-team")
def test_what_nobody_checked_supports_no_claim() -> None:
    grades = {row: claim.grade for claim in PATHWAY.claims for row in claim.seed}
    assert grades["seed-ref-rio2016"] == grades["seed-claim-rest"] == "unverified"
    assert grades["seed-claim-team"] == grades["seed-claim-prevention"] == "unsupported"
    [cited] = [claim for claim in PATHWAY.claims if "seed-ref-rio2016" in claim.seed]
    assert "rio_2016" in cited.source


def suggested(**known: Any) -> dict[str, Suggestion]:
    facts = imagined.facts(**known)
    return {one.rule: one for one in suggestions(PATHWAY, facts, imagined.NOW)}


@pytest.mark.feature("seed-onset")
def test_a_sudden_onset_leads_to_the_tear() -> None:
    made = suggested(answers=(imagined.said("onset", "sudden"),))["rule.sudden-onset"]
    assert "tear" in made.then
    assert "hamstring strain" in made.then
    assert "rule.sudden-onset" not in suggested(answers=(imagined.said("onset", "gradual"),))
    assert "rule.sudden-onset" not in suggested()


@pytest.mark.feature("seed-risk-metabolic")
@pytest.mark.parametrize(
    ("answer", "needed", "offered"),
    [(True, False, True), (True, True, False), (False, False, False), (None, False, False)],
)
def test_a_metabolic_condition_offers_the_nutrition_lane(
    answer: bool | None, needed: bool, offered: bool
) -> None:
    answers = () if answer is None else (imagined.said("metabolic_condition", answer),)
    lanes = {"nutrition": imagined.lane(None, needed=needed)}
    made = suggested(answers=answers, lanes=lanes).get("rule.metabolic-risk")
    assert (made is not None) is offered
    if made is not None:
        assert made.lane == "nutrition"


@pytest.mark.feature("seed-time-moderate")
@pytest.mark.parametrize(
    ("severity", "answer", "slower"),
    [("moderate", True, True), ("moderate", False, False), ("mild", True, False)],
)
def test_months_before_the_diagnosis_make_a_moderate_case_slower(
    severity: str, answer: bool, slower: bool
) -> None:
    made = suggested(severity=severity, answers=(imagined.said("symptoms_for_months", answer),))
    assert ("rule.slower-recovery" in made) is slower
    if slower:
        assert "3 to 6 months" in made["rule.slower-recovery"].then


@pytest.mark.feature("seed-sx-radiate")
def test_pain_down_the_leg_is_screened_for_and_leads_to_the_nerve() -> None:
    [flag] = [one for one in PATHWAY.redirects if "seed-sx-radiate" in one.seed]
    assert flag in PATHWAY.screened_flags()
    found = imagined.screen({flag.id: "present"})
    assert suggested(screens=(found,))[f"redirect.{flag.id}"].towards == ("lumbar-radiculopathy",)


@pytest.mark.feature("seed-see-2weeks")
def test_two_weeks_are_fourteen_days() -> None:
    [advice] = [one for one in PATHWAY.see_provider if "seed-see-2weeks" in one.seed]
    assert advice.after is not None
    assert advice.after.days == 14


def test_discharge_says_when_to_look_again_and_when_to_come_back() -> None:
    found = PATHWAY.discharge
    assert found is not None
    assert found.source == ("expert_consensus",)
    assert found.check_after.iso == "P3M"
    back = found.return_when
    assert (back.measure, back.at_least, back.lasting.days) == ("nprs", 4, 7)


def test_the_loading_programme_takes_three_to_six_months() -> None:
    [found] = PATHWAY.condition.durations
    assert (found.id, found.iso, found.source) == ("loading-programme", "P3M/P6M", ("goom_2016",))
    assert "not by time" in (found.text or "")


@pytest.mark.feature("OM-04")
@pytest.mark.parametrize(("now_is", "held"), [(5, True), (4, False), (1, False)])
def test_pain_worse_by_two_than_when_the_stage_began_holds(now_is: int, held: bool) -> None:
    known = (imagined.score("nprs", 3, days_ago=20), imagined.score("nprs", now_is))
    made = suggested(scores=known)
    assert ("rule.worse-pain" in made) is held
    if held:
        assert "go back one step" in made["rule.worse-pain"].then


@pytest.mark.feature("seed-condition", "seed-anatomy", "seed-compare-tendons", "seed-site-variant")
def test_the_condition_is_chronic_has_a_side_a_family_and_one_site() -> None:
    assert PATHWAY.condition.kind == "chronic_overuse"
    assert PATHWAY.condition.side_required
    assert PATHWAY.condition.family == "tendinopathy"
    site: Any = PATHWAY.condition.site
    assert "seed-site-variant" in site.seed
    assert {v.id: v.covered for v in site.variants} == {"proximal": True, "distal": False}
    assert "knee" in PLACES["condition.site.variants.distal"].text
    # nothing that is about the sitting bone is about the other attachment
    about = {getattr(part, "variant", None) for _, part in parts(PATHWAY)}
    assert about == {None, "proximal"}


@pytest.mark.feature("seed-psy-allstages")
def test_psychotherapy_has_a_lane_in_every_stage() -> None:
    for stage in PATHWAY.stages.values():
        assert "seed-psy-allstages" in stage.lanes["psychotherapy"].seed
        assert stage.lanes["psychotherapy"].activities


@pytest.mark.feature("seed-self-1", "seed-self-2", "seed-self-3", "seed-self-4", "seed-self-5")
def test_self_help_has_five_steps_in_order_and_the_fourth_a_gate() -> None:
    assert [step.seed for step in PATHWAY.self_help] == [(f"seed-self-{n}",) for n in range(1, 6)]
    assert [step.gate for step in PATHWAY.self_help] == [
        None,
        None,
        None,
        "once free of pain",
        None,
    ]


@pytest.mark.feature("seed-tx-adjunct", "seed-dx-mri", "seed-life-social")
def test_what_may_help_is_optional() -> None:
    for end in (
        "acute.lanes.physiotherapy.activities.acute-ice-heat",
        "subacute.lanes.physiotherapy.activities.subacute-shockwave",
        "maintenance.lanes.kinesiology.activities.maintenance-group",
    ):
        assert PLACES[f"stages.{end}"].optional
    assert "acupuncture" not in {name for s in PATHWAY.stages.values() for name in s.lanes}


@pytest.mark.feature("seed-rts-full", "seed-ex-functional")
@pytest.mark.parametrize(
    ("said", "outcome"),
    [(None, Outcome.UNKNOWN), (False, Outcome.NOT_MET), (True, Outcome.MET)],
)
def test_full_sport_waits_for_strength_and_flexibility_without_pain(
    said: bool | None, outcome: Outcome
) -> None:
    [full] = [one for one in PATHWAY.return_to_activity if one.id == "full-sport"]
    assert full.when is not None
    sport = PLACES["stages.maintenance.lanes.physiotherapy.activities.maintenance-return-to-sport"]
    assert sport.when == full.when
    question = "pain_free_strength_and_flexibility"
    facts = imagined.facts(answers=() if said is None else (imagined.said(question, said),))
    assert evaluate(full.when, PATHWAY, facts, imagined.NOW).outcome is outcome


@pytest.mark.feature("seed-recurrence", "seed-rts-longterm")
def test_nobody_leaves_the_last_stage_with_a_weak_side() -> None:
    way_out: Any = PATHWAY.stages["maintenance"].exit
    last = {leaf.id: leaf for leaf in way_out.all_of}
    assert (last["strength-ratio"].measure, str(last["strength-ratio"].side_ratio)) == (
        "slhb_reps",
        "0.95",
    )


# What they make the software do


@pytest.mark.feature("seed-disclaimer")
def test_a_pathway_without_a_disclaimer_is_no_pathway(tmp_path: Any) -> None:
    folder = draft(tmp_path, ("  disclaimer:\n", "  claimer:\n"))
    assert any("governance.disclaimer: is missing" in flaw for flaw in flaws_of(folder))
    content = PATHWAY.model_dump(mode="json", by_alias=True)
    content["governance"]["disclaimer"]["text"] = " "
    with pytest.raises(ContentInvalid, match=r"disclaimer\.text: is blank"):
        parsed(PathwayDefinition, Located(tmp_path, content, {}))


@pytest.mark.feature("seed-disclaimer", "seed-faq-seedoctor")
def test_the_disclaimer_comes_with_everything_that_a_patient_reads(cast: Cast, client: Any) -> None:
    at = "/api/v1/self-checks/pathways/hamstring-tendinopathy"
    said = PATHWAY.governance.disclaimer.text
    assert "not a substitute for professional medical advice" in said
    shown = client.get(at).json()
    assert shown["disclaimer"] == said
    calm = {question["id"]: False for question in shown["questions"]}
    for answers in (calm, calm | {"cauda-equina": True}, {"two-weeks": True}):
        result = client.post(at, {"answers": answers}, content_type="application/json").json()
        assert result["disclaimer"] == said


@pytest.mark.feature("seed-author-review")
def test_the_reviewer_of_the_page_is_told_and_never_as_one_of_the_pathway(cast: Cast) -> None:
    shown = cast.asha.client.get("/api/v1/pathways/hamstring-tendinopathy/versions/1.3.0").json()
    [page] = [one["page"] for one in shown["citations"] if one["key"] == ARTICLE]
    assert page == {
        "reviewer": "Jessica Sealey, RMT",
        "discipline": "massage_therapy",
        "scope": "the page itself",
        "last_updated": "2025-09",
        "next_review_due": None,
    }
    assert [one["key"] for one in shown["citations"] if one["page"]] == [ARTICLE]
    assert "reviewer" not in shown["content"]["governance"]
    assert shown["review_status"] == "unknown"


@pytest.mark.feature("seed-dx-scope")
def test_only_a_discipline_that_may_diagnose_begins_the_pathway(cast: Cast) -> None:
    assert PATHWAY.diagnosis.may_diagnose == ("physiotherapy",)
    with cast.acting():
        plan, _ = plans.open_plan(cast.patient.id, actor=cast.asha.actor(), now=NOW)
        asked: dict[str, Any] = {
            "pathway_version_id": underway.version().id,
            "severity": "mild",
            "side": "left",
            "answers": {},
        }
        care_team.join(
            cast.patient.id,
            practitioner_role_id=cast.chloe.practitioner_role.id,  # who does massage therapy
            actor=cast.asha.actor(),
            now=NOW,
        )
        with pytest.raises(Denied):
            courses.apply_pathway(plan.id, actor=cast.chloe.actor(), now=NOW, **asked)
        assert not Course.objects.exists()
        assert courses.apply_pathway(plan.id, actor=cast.asha.actor(), now=NOW, **asked)[1]


@pytest.mark.feature("seed-anatomy")
def test_a_course_names_a_side(cast: Cast) -> None:
    with cast.acting():
        plans.open_plan(cast.patient.id, actor=cast.asha.actor(), now=NOW)
        with pytest.raises(Invalid) as refused:
            underway.apply(cast, side="")
        assert [error.pointer for error in refused.value.errors] == ["/side"]


@pytest.mark.feature("seed-personalise", "seed-dx-history", "seed-onset")
def test_a_plan_keeps_what_sport_work_and_daily_life_demand(cast: Cast, clock: None) -> None:
    with cast.acting():
        course = underway.start(cast)
    answers = {"sport": "Soccer, twice a week", "job": "Eight hours at a desk", "onset": "gradual"}
    body = {"course": str(course.id), "answers": answers | {"daily_demands": "Two small children"}}
    sent = cast.asha.client.post("/api/v1/course-answers", body)
    assert sent.status_code == 201, sent.content
    kept = cast.asha.client.get(f"/api/v1/course-answers?course={course.id}").json()["results"]
    said = {one["question"]: one["answer"] for one in kept}
    assert said.items() >= (answers | {"daily_demands": "Two small children"}).items()


@pytest.mark.feature("seed-ex-stretch")
def test_whoever_stretches_is_told_how_far(cast: Cast) -> None:
    stretch: Any = PLACES["stages.subacute.lanes.kinesiology.activities.subacute-flexibility"]
    assert stretch.caution == (
        "Aggressive stretching may worsen symptoms, and stretching alone does not resolve them."
    )
    asked: Any = PLACES["questions.exercises"]
    assert "Stretching alone often does not help" in asked.answer
    loading = " ".join(one.text for stage in PATHWAY.stages.values() for one in stage.loading)
    assert "no aggressive stretching" in loading


@pytest.mark.feature("seed-risk-metabolic", "seed-prog-negative")
def test_metabolic_disease_is_asked_about(cast: Cast) -> None:
    asked = PATHWAY.context["metabolic_condition"]
    assert set(asked.seed) == {"seed-risk-metabolic", "seed-prog-negative"}
    assert "diabetes" in asked.text


@pytest.mark.feature("seed-tx-activity", "seed-tx-ergonomics", "seed-life-mental")
def test_what_the_first_stage_does_stands_on_the_plan(cast: Cast) -> None:
    with cast.acting():
        course = underway.start(
            cast, answers={"sitting_aggravates": True, "stress_affects_sleep": True}
        )
        lanes = {lane.discipline: lane.needed for lane in Lane.objects.filter(course=course)}
        done = {row.key: row.text for row in Activity.objects.filter(course=course)}
    assert (
        lanes["chiropractic"] == lanes["psychotherapy"] == "needed" or lanes["chiropractic"] is True
    )
    for key in ("acute-activity-modification", "acute-ergonomics", "acute-coping"):
        place = next(name for name in PLACES if name.endswith(f".activities.{key}"))
        assert done[key] == PLACES[place].text
