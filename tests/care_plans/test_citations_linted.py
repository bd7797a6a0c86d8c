"""The lint refuses a file that trusts a citation of another work, wherever in it that stands."""

from pathlib import Path

import pytest

from tests.care_plans.citing import MANAGEMENT
from tests.care_plans.linting import LITERAL, OUTSIDER, changed, findings_in

pytestmark = pytest.mark.feature("PW-08")


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
