"""A citation is the work that its identifier stands for, and a command says whether it is."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import StringIO
from json import dumps
from threading import Thread
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from care_plans.content.citations import check, grade, register
from care_plans.content.files import PATHWAYS, read_pathways
from tests.care_plans.citing import MANAGEMENT, cited, identity
from tests.care_plans.linting import known_measures

pytestmark = pytest.mark.feature("PW-08")

REES = "Rees, Maffulli & Cook 2009, as cited by the article: BMJ, doi 10.1136/bmj.b296"


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
