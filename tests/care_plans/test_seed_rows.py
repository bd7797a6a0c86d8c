"""The rows of the article's inventory that no other test holds to their words.

Each row must stand at its own place in the data with the words of the article: nothing is looked
for anywhere else, so that a row whose words went away, or moved, is missed. What rows make the
format and the software do: `test_seed_rows_followed`.
"""

from typing import Any

import pytest

from tests.care_plans.test_content_seed import ARTICLE, PATHWAY, PLACES
from tests.cast import Cast

# fmt: off

#: row, place, words that stand there
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
