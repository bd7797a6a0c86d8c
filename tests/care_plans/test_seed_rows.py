"""The rows of the article's inventory that no other test holds to their words.

Each row must stand at its own place in the data with the words of the article: nothing is looked
for anywhere else, so that a row whose words went away, or moved, is missed. What a row makes the
software do is tested below.
"""

from typing import Any

import pytest

from care_plans import courses, plans
from care_plans.content.checks import parts
from care_plans.content.findings import name_of
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
from tests.care_plans.test_content_seed import ARTICLE, PATHWAY
from tests.cast import NOW, Cast

PLACES: dict[str, Any] = {name_of(PATHWAY, where): part for where, part in parts(PATHWAY) if where}

#: row, place, words that stand there
# fmt: off

SAYS: list[tuple[str, str, tuple[str, ...]]] = [
    (
        "seed-condition",
        "condition.definition.0",
        ("chronic", "irritation", "degeneration", "repeated load", "slow onset"),
    ),
    ("seed-anatomy", "condition.body_structures.0", ("biceps femoris",)),
    ("seed-anatomy", "condition.body_structures.1", ("semitendinosus",)),
    ("seed-anatomy", "condition.body_structures.2", ("semimembranosus",)),
    ("seed-anatomy", "condition.body_structures.3", ("ischial tuberosity", "knee")),
    (
        "seed-mechanism",
        "condition.definition.1",
        (
            "microscopic damage",
            "heals incompletely",
            "thickens",
            "functions less",
            "not purely inflammatory",
        ),
    ),
    (
        "seed-author-review",
        "governance.page",
        ("registered massage therapist", "september 2025", "never of this pathway"),
    ),
    (
        "seed-compare-tendons",
        "prognosis.course.1",
        ("slower", "achilles", "patellar", "sitting compresses"),
    ),
    ("seed-pop-athletes", "condition.populations.0", ("runners", "soccer players", "dancers")),
    (
        "seed-pop-nonathletes",
        "condition.populations.1",
        ("sit long at work", "return to exercise after a long break"),
    ),
    (
        "seed-impact-work",
        "condition.impact.work",
        ("long sitting", "firm chairs", "office workers"),
    ),
    (
        "seed-impact-sport",
        "condition.impact.sport",
        ("running", "sprinting", "kicking", "yoga", "pilates", "explosive"),
    ),
    ("seed-impact-sleep", "condition.impact.sleep", ("lying", "back", "side")),
    ("seed-impact-daily", "condition.impact.daily", ("tying shoes", "uphill", "stairs")),
    (
        "seed-impact-mood",
        "condition.impact.mood",
        ("frustration", "confidence", "motivation", "withdrawal", "fear of re-injury"),
    ),
    (
        "seed-sx-pain",
        "condition.symptoms.0",
        ("deep ache", "buttock", "upper thigh", "sitting", "running", "bending forward"),
    ),
    ("seed-sx-stiffness", "condition.symptoms.1", ("stiffness", "morning", "long rest")),
    ("seed-sx-activity", "condition.symptoms.2", ("sprinting", "lunging", "squatting")),
    ("seed-sx-tender", "condition.symptoms.3", ("tenderness", "sitting bone")),
    (
        "seed-onset",
        "condition.onset.0",
        ("gradual", "worse with continued activity", "sudden", "tear"),
    ),
    (
        "seed-risk-overuse",
        "condition.risk_factors.0",
        ("repetitive sprinting", "long-distance running", "explosive jumping"),
    ),
    (
        "seed-risk-biomech",
        "condition.risk_factors.1",
        ("weak glutes", "tight hip flexors", "poor pelvic control", "can be changed"),
    ),
    (
        "seed-risk-posture",
        "condition.risk_factors.2",
        ("prolonged sitting compresses", "blood flow", "can be changed"),
    ),
    (
        "seed-risk-imbalance",
        "condition.risk_factors.3",
        ("strong quadriceps", "weak hamstrings or glutes", "can be changed"),
    ),
    ("seed-risk-age", "condition.risk_factors.4", ("less elastic", "age")),
    ("seed-risk-occupation", "condition.risk_factors.5", ("long sitting", "repetitive bending")),
    (
        "seed-risk-training",
        "condition.risk_factors.6",
        ("sudden rise", "intensity", "speed", "distance", "can be changed"),
    ),
    (
        "seed-risk-metabolic",
        "condition.risk_factors.7",
        ("higher body weight", "diabetes", "nutrition lane"),
    ),
    ("seed-risk-menopause", "condition.risk_factors.8", ("menopause",)),
    (
        "seed-dx-history",
        "diagnosis.history.0",
        ("when it began", "worse", "gradually", "after an injury"),
    ),
    ("seed-dx-palpation", "diagnosis.examination.0", ("palpation pain", "sitting bone")),
    (
        "seed-dx-functional",
        "diagnosis.examination.1",
        (
            "forward bend",
            "single-leg bridge",
            "resisted hip extension",
            "reproduces the pain",
            "side and result",
        ),
    ),
    ("seed-dx-strength", "diagnosis.examination.2", ("hamstring tightness", "glute weakness")),
    ("seed-dx-us", "diagnosis.imaging.0", ("ultrasound", "optional", "thickening", "degeneration")),
    ("seed-dx-mri", "diagnosis.imaging.1", ("mri", "complex", "long-standing")),
    (
        "seed-dx-rootcause",
        "diagnosis.root_causes.0",
        ("pelvic stability", "glute strength", "training pattern", "sitting", "past injuries"),
    ),
    ("seed-dx-scope", "diagnosis.scope", ("physiotherapist diagnoses", "massage therapist")),
    ("seed-ddx-nonresponse", "rules.no-response", ("no improvement with rest or exercise",)),
    ("seed-time-untreated", "prognosis.course.0", ("untreated", "months", "years")),
    (
        "seed-prog-positive",
        "prognosis.positive.0",
        ("early diagnosis", "gradual load management", "strong compliance"),
    ),
    (
        "seed-prog-negative",
        "prognosis.delaying.0",
        ("high-intensity sport", "poor glute strength", "prolonged sitting", "metabolic"),
    ),
    ("seed-recurrence", "prognosis.recurrence.0", ("recur", "biomechanics", "before discharge")),
    (
        "seed-ex-glutecore",
        "treatments.0",
        ("glute and core strengthening", "stress off the tendon"),
    ),
    (
        "seed-ex-glutecore",
        "stages.subacute.lanes.kinesiology.activities.subacute-strength",
        ("glutes", "core"),
    ),
    (
        "seed-ex-stretch",
        "stages.subacute.lanes.kinesiology.activities.subacute-flexibility",
        ("gentle stretching",),
    ),
    ("seed-ex-gradual", "treatments.1", ("gradually", "flare-ups")),
    (
        "seed-ex-gradual",
        "stages.subacute.lanes.physiotherapy.activities.subacute-eccentric",
        ("raised gradually",),
    ),
    (
        "seed-tx-activity",
        "stages.acute.lanes.physiotherapy.activities.acute-activity-modification",
        ("reduce or adapt", "sprinting", "prolonged sitting"),
    ),
    (
        "seed-tx-ergonomics",
        "stages.acute.lanes.physiotherapy.activities.acute-ergonomics",
        ("standing desk", "cushion", "frequent breaks"),
    ),
    ("seed-tx-adjunct", "treatments.2", ("ice or heat", "shockwave", "acupuncture", "no lane")),
    (
        "seed-tx-adjunct",
        "stages.acute.lanes.physiotherapy.activities.acute-ice-heat",
        ("ice or heat",),
    ),
    (
        "seed-tx-adjunct",
        "stages.subacute.lanes.physiotherapy.activities.subacute-shockwave",
        ("shockwave",),
    ),
    (
        "seed-tx-meds",
        "treatments.3",
        ("for a time", "does not treat the cause", "no lane here prescribes"),
    ),
    (
        "seed-life-nutrition",
        "stages.subacute.lanes.nutrition.activities.subacute-nutrition",
        ("protein", "vitamin c"),
    ),
    (
        "seed-life-mental",
        "stages.acute.lanes.psychotherapy.activities.acute-coping",
        ("counselling", "mindfulness"),
    ),
    (
        "seed-life-social",
        "stages.maintenance.lanes.kinesiology.activities.maintenance-group",
        ("guidance", "peer group"),
    ),
    ("seed-self-1", "self_help.0", ("avoid aggravating positions", "hard chairs")),
    ("seed-self-2", "self_help.1", ("isometric", "static hamstring bridges")),
    ("seed-self-3", "self_help.2", ("eccentric", "slow single-leg deadlifts")),
    ("seed-self-4", "self_help.3", ("step-ups", "running drills")),
    ("seed-self-5", "self_help.4", ("posture", "breaks", "work", "driving")),
    ("seed-rtw", "return_to_activity.work", ("desk work", "posture", "standing breaks")),
    ("seed-rts-early", "return_to_activity.low-impact", ("low-impact", "early")),
    (
        "seed-rts-full",
        "return_to_activity.full-sport",
        ("running", "competition", "strength and flexibility", "without pain"),
    ),
    ("seed-rts-longterm", "prognosis.course.2", ("regain full function", "strength and mobility")),
    (
        "seed-psy-stress",
        "stages.subacute.lanes.psychotherapy.activities.subacute-psychotherapy",
        ("stress", "frustration", "anxiety"),
    ),
    (
        "seed-psy-coach",
        "stages.subacute.lanes.psychotherapy.activities.subacute-coaching",
        ("motivated", "engaged"),
    ),
    (
        "seed-psy-lifestyle",
        "stages.maintenance.lanes.nutrition.activities.maintenance-lifestyle",
        ("lifestyle counselling", "nutrition", "sleep", "energy"),
    ),
    ("seed-psy-allstages", "notes.1", ("every stage",)),
    ("seed-personalise", "notes.3", ("sport", "job", "daily demands")),
    ("seed-related-list", "notes.0", ("related conditions",)),
    (
        "seed-onset",
        "rules.sudden-onset",
        ("began suddenly",),
    ),
    ("seed-sx-radiate", "condition.symptoms.4", ("radiate down the leg", "sciatica")),
    ("seed-sx-radiate", "redirects.radiating-pain", ("radiates down the leg",)),
    (
        "seed-time-moderate",
        "context.symptoms_for_months",
        ("several months", "before the diagnosis"),
    ),
    ("seed-see-2weeks", "see_provider.two-weeks", ("2 weeks of rest",)),
    (
        "seed-claim-team",
        "claims.1",
        ("faster results", "shorter recovery", "fewer flare-ups", "fewer recurrences"),
    ),
    (
        "seed-claim-prevention",
        "claims.2",
        ("strengthening", "cross-training", "posture", "significantly reduce recurrence"),
    ),
    ("seed-ref-rio2016", "claims.3", ("isometric", "acute pain")),
]
#: row, id of the question, words of the answer
ANSWERS: list[tuple[str, str, tuple[str, ...]]] = [
    (
        "seed-faq-fastest",
        "fastest",
        ("irritates", "ice or heat", "isometric", "progressive loading", "for a time only"),
    ),
    (
        "seed-faq-selfheal",
        "self-heal",
        ("mild case may improve with rest", "most need structured rehabilitation"),
    ),
    (
        "seed-faq-seedoctor",
        "see-doctor",
        ("two weeks of rest", "walking, sitting or sleep", "bruising or swelling"),
    ),
    (
        "seed-faq-exercises",
        "exercises",
        ("isometric holds first", "then eccentric", "later functional", "stretching alone"),
    ),
    ("seed-faq-sitstand", "sit-stand", ("both can", "cushions", "posture", "breaks")),
    ("seed-faq-surgery", "surgery", ("rarely", "6 to 12 months", "consistent rehabilitation")),
    (
        "seed-faq-prevention",
        "prevention",
        (
            "strengthen",
            "flexible",
            "balance training loads",
            "warm up",
            "sudden increases",
            "sit well",
            "well-rounded",
        ),
    ),
    ("seed-faq-vs-strain", "versus-strain", ("gradually", "overuse", "sudden tear")),
]
#: row, id, words of the clue, the pathway that it leads to
LOOK_ALIKES: list[tuple[str, str, tuple[str, ...], str]] = [
    (
        "seed-ddx-strain",
        "hamstring-strain",
        ("sudden", "pop", "bruising", "swelling", "weeks with rest"),
        "hamstring-strain",
    ),
    (
        "seed-ddx-sciatica",
        "sciatica",
        ("nerve", "radiates", "tingling", "numbness"),
        "lumbar-radiculopathy",
    ),
    (
        "seed-ddx-piriformis",
        "piriformis",
        ("buttock muscle", "sciatic nerve"),
        "deep-gluteal-syndrome",
    ),
    ("seed-ddx-gluteal", "gluteal-tendinopathy", ("outside of the hip",), "gluteal-tendinopathy"),
    (
        "seed-ddx-bursitis",
        "ischial-bursitis",
        ("bursa", "sitting bone", "pain when sitting"),
        "ischial-bursitis",
    ),
]
# fmt: on


def _row(row: str, *values: Any) -> Any:
    return pytest.param(row, *values, id=f"{row}-{values[0]}", marks=pytest.mark.feature(row))


@pytest.mark.parametrize(("row", "place", "words"), [_row(*case) for case in SAYS])
def test_it_says_what_the_article_says_where_it_belongs(
    row: str, place: str, words: tuple[str, ...]
) -> None:
    part: Any = PLACES[place]
    assert row in part.seed
    assert part.source[0] == ARTICLE
    missing = [word for word in words if word not in part.text.lower()]
    assert missing == [], part.text


@pytest.mark.parametrize(("row", "name", "words"), [_row(*case) for case in ANSWERS])
def test_it_answers_as_the_article_does(row: str, name: str, words: tuple[str, ...]) -> None:
    [one] = [each for each in PATHWAY.questions if row in each.seed]
    assert one.id == name
    assert one.question.endswith("?")
    assert [word for word in words if word not in one.answer.lower()] == [], one.answer
    assert len(PATHWAY.questions) == len(ANSWERS)


@pytest.mark.django_db
@pytest.mark.parametrize(("row", "name", "words", "to"), [_row(*case) for case in LOOK_ALIKES])
def test_it_tells_look_alikes_apart_and_leads_to_their_pathway(
    cast: Cast, row: str, name: str, words: tuple[str, ...], to: str
) -> None:
    [one] = [each for each in PATHWAY.differentials if row in each.seed]
    assert (one.id, one.pathway) == (name, to)
    assert [word for word in words if word not in one.clue.lower()] == [], one.clue
    assert cast.asha.client.get(f"/api/v1/pathways/{to}").status_code == 200


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
