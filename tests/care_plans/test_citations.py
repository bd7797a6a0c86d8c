"""A citation is the work that its identifier stands for, or supports nothing anywhere."""

import ast
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import StringIO
from json import dumps
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from care_plans.content.citations import check, grade, register
from care_plans.content.files import PATHWAYS, read_pathways
from care_plans.content.sourced import Record
from care_plans.models import Course, PathwayVersion
from coordination.environment import PROJECT
from tests.care_plans import underway
from tests.care_plans.linting import LITERAL, OUTSIDER, changed, findings_in, known_measures
from tests.care_plans.suggested import answer
from tests.cast import Cast

pytestmark = pytest.mark.feature("PW-08")

REES = "Rees, Maffulli & Cook 2009, as cited by the article: BMJ, doi 10.1136/bmj.b296"
MANAGEMENT = "10.1177/0363546508324283"
VERSION = "/api/v1/pathways/hamstring-tendinopathy/versions/1.3.0"


def cited(cite: str, doi: str | None = None, **more: Any) -> Record:
    return Record(cite=cite, doi=doi, verified="read", **more)


def identity(cite: str, doi: str | None = None, **more: Any) -> str:
    record = cited(cite, doi, **more)
    return check(record, record.cite).identity


# DOI, title and words


@pytest.mark.feature("seed-ref-rees2009")
def test_it_finds_out_by_itself_that_the_article_cites_another_work() -> None:
    record = cited(REES, "10.1136/bmj.b296")
    found = check(record, record.cite)
    assert found.identity == "mismatch"
    assert "Management of Tendinopathy" in found.why
    assert MANAGEMENT in found.why
    assert identity("Rees, Maffulli & Cook 2009, Am J Sports Med 37:1855", MANAGEMENT) == "agrees"


@pytest.mark.parametrize(
    ("cite", "doi", "more", "found"),
    [
        ("Woby 2005, Pain 117:137-144", "10.1016/j.pain.2005.05.029", {}, "agrees"),
        ("WOBY 2005, Pain", "10.1016/J.PAIN.2005.05.029", {}, "agrees"),
        ("Smith 2005, Pain 117:137-144", "10.1016/j.pain.2005.05.029", {}, "mismatch"),
        ("Woby 2006, Pain 117:137-144", "10.1016/j.pain.2005.05.029", {}, "mismatch"),
        ("Woby 2005, Spine 117:137-144", "10.1016/j.pain.2005.05.029", {}, "mismatch"),
        ("Woby 2005, Pain 117:137-144", "10.1097/BRS.0b013e3181f8f775", {}, "mismatch"),
        ("Woby 2005, Pain", "10.1016/j.pain.2005.05.029", {"pmid": "21192286"}, "mismatch"),
        ("Linton 2011", None, {"pmid": "21192286"}, "agrees"),
        ("Blanpied 2017. Neck Pain, Revision", "10.2519/jospt.2017.0302", {}, "agrees"),
        ("Rio et al. 2015, BJSM", "10.1136/bjsports-2015-095245", {}, "unchecked"),
        ("Woby 2005, Pain 117:137-144", None, {}, "none"),
        ("Rees 2009", MANAGEMENT, {"title": "Management of tendinopathy."}, "agrees"),
        ("Rees 2009", MANAGEMENT, {"title": "Tendons in sport"}, "mismatch"),
    ],
)
def test_it_compares_author_year_journal_and_title(
    cite: str, doi: str | None, more: dict[str, str], found: str
) -> None:
    assert identity(cite, doi, **more) == found


@pytest.mark.feature("seed-ref-rees2009", "seed-ref-rio2015", "seed-ref-rio2016")
def test_what_ships_is_the_work_that_it_names_but_for_what_the_article_cites() -> None:
    states = {
        key: check(record, record.cite).identity
        for file in read_pathways(known_measures())
        for key, record in file.definition.sources.items()
    }
    assert {key for key, state in states.items() if state == "mismatch"} == {"rees_2009"}
    assert states["rio_2015"] == states["rio_2016"] == "unchecked"
    for slug, measure in known_measures().items():
        for one in (*measure.change, *measure.severity, *measure.references):
            assert check(one, one.source or "").identity != "mismatch", slug
    dois = [work.doi for work in register().works if work.doi]
    assert len(dois) == len(set(dois))


def test_a_grade_is_that_of_the_best_that_counts() -> None:
    [file] = [f for f in read_pathways(known_measures()) if f.definition.version == "1.3.0"]
    known = file.definition
    assert known.grade(["goom_2016", "abbott_2014"]) == "read"
    assert known.grade(["goom_2016", "expert_consensus"]) == "recall"
    assert known.grade(["rio_2015"]) == "unverified"
    assert known.grade(["rees_2009", "expert_consensus"]) == "consensus"
    assert known.grade(["rees_2009"]) == "unsupported"
    assert grade([], ()) == "unsupported"


# The lint


@pytest.mark.feature("seed-ref-rees2009")
def test_a_file_that_trusts_the_citation_is_refused(tmp_path: Path) -> None:
    trusting = changed(
        LITERAL,
        tmp_path,
        (
            "doi: 10.1136/bmj.b296\n    verified: mismatch",
            "doi: 10.1136/bmj.b296\n    verified: read",
        ),
    )
    found = {f.rule: f for f in findings_in(trusting) if "rees_2009" in str(f)}
    assert set(found) == {"mismatched-citation", "unsupported-claim"}
    assert {f.level for f in found.values()} == {"error"}
    assert found["mismatched-citation"].at.path == "sources.rees_2009"


@pytest.mark.parametrize(
    "planted",
    [
        pytest.param(("source: [page, rio_2015]", "source: [page, rees_2009]"), id="in part"),
        pytest.param(
            (
                "grade: supported\n    source: rees_2009",
                "grade: supported\n    source: [page, rees_2009]",
            ),
            id="claim",
        ),
    ],
)
def test_nothing_rests_on_another_work_even_in_part(
    tmp_path: Path, planted: tuple[str, str]
) -> None:
    old, new = planted
    mended = ("grade: unverified", "grade: supported") if "rio" in old else ("x", "x")
    found = findings_in(changed(LITERAL, tmp_path, (old, new), mended))
    assert "mismatch-as-evidence" in {f.rule for f in found if "rees_2009" in f.at.detail}


# Wherever something is shown


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


# The command


class _Registry(BaseHTTPRequestHandler):
    """Answers for two DOIs as doi.org does for programs, and knows no other."""

    works = {
        "10.1136/bmj.b296": {
            "title": "A made-up title",
            "author": [{"family": "Somebody", "given": "E."}],
            "issued": {"date-parts": [[2010, 2]]},
            "container-title": "A made-up journal",
        },
        "10.1136/bjsports-2015-095245": {
            "title": "Another made-up title",
            "author": [{"family": "Else", "given": "S."}],
            "issued": {"date-parts": [[2015]]},
            "container-title": "BJSM",
        },
    }

    def do_GET(self) -> None:
        found = self.works.get(self.path.removeprefix("/"))
        wanted = "application/vnd.citationstyles.csl+json"
        self.send_response(200 if found and self.headers["Accept"] == wanted else 404)
        self.end_headers()
        self.wfile.write(dumps(found).encode() if found else b"")

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def registry() -> Iterator[str]:
    """Serve a registry of works on this machine."""
    server = HTTPServer(("127.0.0.1", 0), _Registry)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_command_names_each_citation_and_its_state() -> None:
    out = StringIO()
    call_command("check_citations", stdout=out)
    said = out.getvalue().splitlines()
    assert any(row.startswith("mismatch hamstring-tendinopathy 1.3.0: rees_2009: ") for row in said)
    assert "unchecked hamstring-tendinopathy 1.3.0: rio_2015" in said
    assert "agrees tsk11: Woby 2005 Pain 117:137-144" in said


def test_the_command_asks_a_registry_and_fails_for_what_is_trusted(registry: str) -> None:
    out = StringIO()
    with pytest.raises(CommandError, match="4 citations belong to other works"):
        call_command("check_citations", PATHWAYS, resolver=registry, stdout=out)
    rio = [row for row in out.getvalue().splitlines() if "rio_2015" in row]
    assert len(rio) == 4  # in each version of the pathway
    assert all("mismatch (error)" in row and "does not name Else" in row for row in rio)


# An identifier that is known to be cited by mistake


@pytest.mark.feature("seed-ref-rees2009")
@pytest.mark.parametrize(
    ("cite", "doi"),
    [
        ("Rees, Maffulli & Cook 2009, BMJ", "10.1136/bmj.b296"),
        ("Smith 2011, A guide to running", "10.1136/bmj.b296"),
        ("Something else", "https://doi.org/10.1136/BMJ.b296"),
        ("10.1136/bmj.b296", None),
        ("See https://doi.org/10.1136/bmj.b296.", None),
    ],
)
def test_the_wrong_identifier_of_the_article_is_found_whatever_is_said_of_it(
    cite: str, doi: str | None
) -> None:
    found = check(cited(cite, doi), cite)
    assert found.identity == "mismatch"
    assert MANAGEMENT in found.why


def test_an_identifier_that_only_looks_like_it_is_not_found() -> None:
    assert identity("Smith 2011", "10.1136/bmj.b2961") == "unchecked"
    assert identity("Woby 2005, Pain. doi:10.1016/j.pain.2005.05.029.") == "agrees"
    assert identity("Woby 2006, Pain. doi:10.1016/j.pain.2005.05.029.") == "mismatch"


@pytest.mark.parametrize(
    ("cite", "found"),
    [
        ("Farrar 2001, Pain. doi:10.1016/S0304-3959(01)00349-9", "agrees"),
        ("Farrar 2001, Pain (doi:10.1016/S0304-3959(01)00349-9).", "agrees"),
        ("Farrar 1999, Pain. doi:10.1016/S0304-3959(01)00349-9", "mismatch"),
        ("Woby 2005, Pain (10.1016/j.pain.2005.05.029)", "agrees"),
        ("Woby 2005, Pain (see 10.1016/j.pain.2005.05.029), 117", "agrees"),
    ],
)
def test_an_identifier_in_words_ends_with_its_own_parentheses(cite: str, found: str) -> None:
    assert identity(cite) == found


@pytest.mark.feature("seed-ref-rees2009")
def test_a_note_and_a_resolution_may_name_the_wrong_identifier_to_explain_it(
    tmp_path: Path,
) -> None:
    told = "The article cites 10.1136/bmj.b296, which is another work"
    resolved = (
        "resolutions:\n  - {id: rees, rule: weak-citation, about: [claims.0], "
        f'text: "{told}", source: page}}\n'
    )
    noted = ("    grade: unverified\n", f'    grade: unverified\n    note: "{told}"\n')
    file = changed(OUTSIDER, tmp_path, noted, ("\nclaims:\n", f"\n{resolved}\nclaims:\n"))
    found = {one.at.path for one in findings_in(file) if one.rule == "mismatched-citation"}
    assert found == {"sources.rees"}


@pytest.mark.feature("seed-ref-rees2009")
@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        (
            '    cite: "Rees, Maffulli & Cook, 2009, BMJ"\n    doi: 10.1136/bmj.b296\n',
            '    cite: "Smith, A guide to running, doi:10.1136/bmj.b296"\n',
            "sources.rees",
        ),
        ("    source: rees\n", "    source: 10.1136/bmj.b296\n", "claims[0].source"),
        ("    source: rees\n", "    source: [page, 10.1136/bmj.b296]\n", "claims[0].source[1]"),
        (
            "percent of all sports injuries",
            "percent of all sports injuries (10.1136/bmj.b296)",
            "claims[0].text",
        ),
    ],
)
def test_it_is_found_wherever_it_stands_in_a_file(
    tmp_path: Path, old: str, new: str, place: str
) -> None:
    found = findings_in(changed(OUTSIDER, tmp_path, (old, new)))
    [one] = [one for one in found if one.at.path.startswith(place) and MANAGEMENT in str(one)]
    assert one.level == "error"
