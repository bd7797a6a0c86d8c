"""A pathway printed for whoever reads it for the care: all of it, and who says so."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from ruamel.yaml import YAML

from care_plans.content.printing import CONSENSUS, NO_ACTIVITIES
from tests.care_plans.drafts import draft

pytestmark = pytest.mark.feature("PW-01")


def shown(asked: str, **options: Path) -> str:
    out = StringIO()
    call_command("print_pathway", asked, stdout=out, **options)
    return out.getvalue()


def test_it_has_what_is_shared_in_its_place() -> None:
    text = shown("low-back-pain")
    assert "include:" not in text
    assert "<<" not in text
    found = YAML(typ="safe").load(text)
    flags = {flag["id"]: flag for flag in found["red_flags"]}
    assert flags["cauda-equina"]["action"].startswith("Emergency department")
    assert found["stages"]["acute"]["entry"]["all_of"][0]["no_open"] == "red_flag"
    assert found["stages"]["subacute"]["review"] == found["stages"]["maintenance"]["review"]
    lines = [line.strip() for line in text.splitlines() if not line.startswith("#")]
    assert not [line for line in lines if line.startswith(("&", "*", "- &", "- *"))]


def test_each_statement_says_on_what_it_rests_and_how_well_that_is_known() -> None:
    found = YAML(typ="safe").load(shown("hamstring-tendinopathy"))
    exit_ = {one["id"]: one for one in found["stages"]["acute"]["exit"]["all_of"]}
    assert exit_["pain"]["source"] == CONSENSUS
    assert exit_["load-response"]["source"] == ["goom_2016 (from memory or a summary)", CONSENSUS]
    assert found["severities"]["mild"]["source"] == "carespace_2025 (its text was read)"
    assert "seed" not in found["severities"]["mild"]
    assert found["sources"]["goom_2016"]["cite"].startswith("Goom")
    assert "fabq_cutoffs_2008" in found["sources"]


def test_measures_have_their_names_and_what_is_unknown_no_source() -> None:
    found = YAML(typ="safe").load(shown("rotator-cuff"))
    acute = found["stages"]["acute"]
    assert acute["measures_at_entry"][0] == "nprs (Numeric Pain Rating Scale (NPRS / NRS, 0-10))"
    pain = {one["id"]: one for one in acute["exit"]["all_of"]}["pain-at-most-4"]
    assert pain["measure"] == acute["measures_at_entry"][0]
    distress = {one["id"]: one for one in found["yellow_flags"]["triggers"]}["distress"]
    assert [one.split()[0] for one in distress["follow_with"]] == ["phq9", "gad7"]
    assert found["severities"]["mild"] == {"text": "unknown", "duration": "unknown"}
    assert acute["lanes"]["physiotherapy"]["activities"] == NO_ACTIVITIES
    assert isinstance(acute["lanes"]["massage_therapy"]["activities"], list)


def test_it_is_the_newest_or_the_one_that_is_named() -> None:
    assert YAML(typ="safe").load(shown("hamstring-tendinopathy"))["version"] == "1.3.0"
    assert YAML(typ="safe").load(shown("hamstring-tendinopathy@1.0.0"))["version"] == "1.0.0"


@pytest.mark.parametrize("asked", ["nothing", "low-back-pain@9.0.0", "common", "../pathways"])
def test_it_says_what_there_is_not(asked: str) -> None:
    with pytest.raises(CommandError, match="There is no"):
        shown(asked)


def test_it_reads_a_draft_and_says_what_is_wrong_with_it(tmp_path: Path) -> None:
    folder = draft(tmp_path)
    assert "Reduce pain" in shown("hamstring-tendinopathy", folder=folder)
    draft(tmp_path, ("measure: nprs", "measure: nrps"))
    with pytest.raises(CommandError, match="unknown measure"):
        shown("hamstring-tendinopathy", folder=folder)
