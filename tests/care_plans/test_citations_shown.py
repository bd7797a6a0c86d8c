"""What is shown says how far its sources may be trusted, and rests nowhere on another work."""

import ast

import pytest

from care_plans.models import Course, PathwayVersion
from coordination.environment import PROJECT
from tests.care_plans import underway
from tests.care_plans.citing import MANAGEMENT
from tests.care_plans.suggested import answer
from tests.cast import Cast

pytestmark = pytest.mark.feature("PW-08")
VERSION = "/api/v1/pathways/hamstring-tendinopathy/versions/1.3.0"


@pytest.mark.feature(
    "seed-ref-rees2009", "seed-claim-rest", "seed-claim-team", "seed-claim-prevention"
)
def test_a_version_says_of_each_claim_and_source_how_far_it_may_be_trusted(cast: Cast) -> None:
    shown = cast.asha.client.get(VERSION).json()
    sources = {one["key"]: one for one in shown["citations"]}
    assert set(sources) == set(shown["content"]["sources"])
    rees = sources["rees_2009"]
    assert (rees["verified"], rees["identity"], rees["is_evidence"]) == (
        "mismatch",
        "mismatch",
        False,
    )
    assert MANAGEMENT in rees["why"]
    assert sources["rio_2015"]["verified"] == "unverified"
    assert [key for key, one in sources.items() if not one["is_evidence"]] == ["rees_2009"]
    claims = {one["text"]: one for one in shown["claims"]}
    assert len(claims) == 6
    share = claims["Tendon injuries are 30 to 50 percent of all sports injuries"]
    assert (share["grade"], share["evidence"], share["not_evidence"]) == (
        "unverified",
        [],
        ["rees_2009"],
    )
    assert not any("Rees" in one["cite"] for one in share["said_by"])
    team = claims[
        "Team care brings faster results, a shorter recovery, fewer flare-ups and fewer recurrences"
    ]
    kept = claims[
        "Strengthening, cross-training and posture correction significantly reduce recurrence"
    ]
    assert team["grade"] == kept["grade"] == "unsupported"
    assert team["evidence"] == kept["evidence"] == []
    rest = claims["Rest alone is not effective; progressive loading is essential"]
    assert rest["grade"] == "unverified"
    assert {one["verified"] for one in rest["said_by"] if "Rio" in one["cite"]} == {"unverified"}
    assert sum("Rio" in one["cite"] for one in rest["said_by"]) == 2


@pytest.fixture
def course(cast: Cast, clock: None) -> Course:
    """A course whose rule for mild cases is met, and on which two red flags were found."""
    with cast.acting():
        course = underway.start(cast)
    answer(cast, course, only_after_exercise=True)
    said = {flag.id: "absent" for flag in underway.version().definition.screened_flags()}
    said |= {"sudden-severe-pain": "present", "numbness-or-tingling": "present"}
    body = {"course": str(course.id), "answers": said}
    assert cast.asha.client.post("/api/v1/red-flag-screens", body).status_code == 201
    return course


def everything(cast: Cast, course: Course) -> dict[str, str]:
    """Return what is shown of a course and its pathway to somebody who treats, by address."""
    of, plan = f"course={course.id}", course.care_plan_id
    addresses = [
        *(
            f"/api/v1/courses/{course.id}{end}"
            for end in ("", "/readiness", "/goals", "/activities")
        ),
        *(
            f"/api/v1/courses/{course.id}/{end}"
            for end in ("lanes", "transitions", "newer-version")
        ),
        *(f"/api/v1/{name}?{of}" for name in ("red-flag-screens", "red-flags", "recommendations")),
        f"/api/v1/care-plans/{plan}",
        f"/api/v1/patients/{course.patient_id}/brief",
        "/api/v1/rule-outcomes",
        "/api/v1/courses",
        "/api/v1/self-checks/pathways/hamstring-tendinopathy",
    ]
    found = {at: cast.asha.client.get(at) for at in addresses}
    recommended = found[f"/api/v1/recommendations?{of}"].json()["results"]
    for one in recommended:
        at = f"/api/v1/recommendations/{one['id']}"
        found[at] = cast.asha.client.get(at)
    assert {at: answer.status_code for at, answer in found.items()} == dict.fromkeys(found, 200)
    return {at: answer.content.decode() for at, answer in found.items()}


def test_a_source_of_another_work_is_shown_nowhere_as_evidence(
    cast: Cast, course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The article itself, on which nearly all rests, turns out to be another work."""
    cite = "CARESPACE, Hamstring Tendinopathy"
    before = everything(cast, course)
    assert sum(cite in text or '"carespace_2025"' in text for text in before.values()) >= 5
    kept = vars(underway.version().definition)
    wrong = kept["mismatched"] | {"carespace_2025"}
    monkeypatch.setitem(kept, "mismatched", wrong)
    monkeypatch.setitem(kept, "_supporting", {})  # what was answered by what was known before
    after = everything(cast, course)
    assert [at for at, text in after.items() if cite in text or "carespace_2025" in text] == []
    rule = cast.asha.client.get(f"/api/v1/recommendations?course={course.id}&kind=rule").json()
    assert {one["evidence_grade"] for one in rule["results"]} == {"unsupported"}
    assert {(*one["cites"], *one["evidence"]) for one in rule["results"]} == {()}


def test_only_the_modules_of_citations_read_a_citation() -> None:
    """So that nothing is shown of one without asking whether it is the work it says it is."""
    readers = set()
    for app in ("care_plans", "coordination", "fhir", "notifications", "referrals"):
        for file in (PROJECT / app).rglob("*.py"):
            read = {
                n.attr
                for n in ast.walk(ast.parse(file.read_text()))
                if isinstance(n, ast.Attribute)
            }
            if "cite" in read:
                readers.add(str(file.relative_to(PROJECT)))
    assert readers == {
        "care_plans/content/citations.py",
        "care_plans/content/grading.py",
        "care_plans/content/supporting.py",
        "care_plans/management/commands/check_citations.py",
        # these show what `PathwayDefinition.evidence` returned
        "care_plans/api/citing.py",
        "care_plans/red_flags.py",
        "care_plans/self_checks.py",
        # and these the sources of the table of scopes, which are statutes
        "coordination/scope_table.py",
    }


# Consensus


def test_what_is_consensus_says_so_wherever_it_is_shown(cast: Cast, course: Course) -> None:
    get = cast.asha.client.get
    at = f"/api/v1/courses/{course.id}"
    shown = get(at).json()
    assert shown["expected"]["is_expert_consensus"] is False  # six to eight weeks are the article's
    assert shown["stay"]["is_expert_consensus"] is True  # the weeks of the stage are nobody's
    readiness = get(f"{at}/readiness").json()
    assert readiness["is_expert_consensus"] is True
    criteria = {part["id"]: part["source"] for part in readiness["exit"]["parts"]}
    assert criteria["pain"] == ["expert_consensus"]
    goals = {one["key"]: one["is_expert_consensus"] for one in get(f"{at}/goals").json()}
    assert goals["reduce-pain"] is True  # its target: at most 3 of 10
    assert goals["avoid-aggravators"] is False
    doing = {one["key"]: one["is_expert_consensus"] for one in get(f"{at}/activities").json()}
    assert doing["acute-isometric"] is False
    whole = get(f"/api/v1/care-plans/{course.care_plan_id}").json()
    assert {one["key"]: one["is_expert_consensus"] for one in whole["goals"]}["reduce-pain"] is True
    [screen] = get(f"/api/v1/red-flag-screens?course={course.id}").json()["results"][:1]
    found = {one["flag"]: one for one in screen["found"]}
    assert found["sudden-severe-pain"]["is_expert_consensus"] is True
    assert found["sudden-severe-pain"]["evidence_grade"] == "consensus"
    assert "Clinic policy" in found["sudden-severe-pain"]["notice"]
    asked = get("/api/v1/self-checks/pathways/hamstring-tendinopathy").json()["questions"]
    said = {one["id"]: (one["is_expert_consensus"], one["evidence_grade"]) for one in asked}
    assert said["infection"] == (True, "consensus")
    assert said["cauda-equina"] == (True, "consensus")  # what to do is nobody's but ours
    assert said["two-weeks"] == (False, "read")  # the article's advice


@pytest.mark.django_db
def test_every_figure_of_a_shipped_exit_that_no_source_gives_is_marked() -> None:
    for version in PathwayVersion.objects.all():
        for stage in version.definition.stages.values():
            for _, criterion in stage.criteria():
                source = getattr(criterion, "source", None)
                assert source is None or version.definition.grade(source) != "unsupported"
