"""Stubs: conditions that one recognizes and refers on, since no protocol of them is there."""

from functools import partial
from io import StringIO
from pathlib import Path
from shutil import copy, copytree

import pytest
import time_machine
from django.core.management import CommandError, call_command
from pytest_django import Settings

from care_plans import courses, plans
from care_plans.content.files import PATHWAYS, STUBS, read_measures, read_stubs
from care_plans.content.reading import ContentInvalid
from care_plans.content.translating import BOOKS
from care_plans.models import CarePlan, Course, Pathway, PathwayVersion
from tests.care_plans import underway
from tests.care_plans.drafts import NAME, Write, draft, flaws_of, line
from tests.cast import NOW, Cast


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write the shipped hamstring file, with replacements."""
    return partial(draft, tmp_path)


def shipped(folder: Path, *replacements: tuple[str, str]) -> Path:
    """Copy the shipped pathways, with replacements in the stubs."""
    copied = Path(copytree(PATHWAYS, folder / "pathways"))
    text = (copied / STUBS).read_text()
    for old, new in replacements:
        assert old in text, f"the shipped file has no {old!r}"
        text = text.replace(old, new, 1)
    (copied / STUBS).write_text(text)
    return copied


# What is wrong with a file


@pytest.mark.parametrize(
    ("old", "new", "flaw"),
    [
        ("[visa_p]", "[visa_q]", 'stubs[2].measures[0]: unknown measure "visa_q"'),
        ("id: knee-oa", "id: concussion", 'stubs[7].id: "concussion" is used already'),
        (
            "id: concussion",
            "id: rotator-cuff",
            'stubs[7].id: "rotator-cuff" is a pathway with versions, and no stub',
        ),
        ("source: icd_10}", "source: icd_11}", 'stubs[0].codes[0].source: unknown source "icd_11"'),
        ("    measures: unknown\n", "", "stubs[0].measures: is missing"),
        (
            "common.context.fear_or_withdrawal",
            "common.context.stress",
            'no shared mapping is called "common.context.stress"',
        ),
    ],
)
def test_it_names_what_is_wrong_with_a_stub(tmp_path: Path, old: str, new: str, flaw: str) -> None:
    folder = shipped(tmp_path, (old, new))
    measures = {slug: file.definition for slug, file in read_measures().items()}
    with pytest.raises(ContentInvalid) as raised:
        read_stubs(measures, folder)
    (found,) = [str(flaw) for flaw in raised.value.flaws]
    assert flaw in found
    assert found.startswith(f"{folder}/{STUBS}:")
    if new.startswith("["):
        assert int(found.split(":")[1]) == line((folder / STUBS).read_text(), new)


@pytest.mark.parametrize(
    ("old", "new", "flaw"),
    [
        (
            "pathway: hamstring-strain,",
            "pathway: hamstring-sprain,",
            (
                'differentials[0].pathway: unknown pathway "hamstring-sprain"; '
                'did you mean "hamstring-strain"?'
            ),
        ),
        (
            "towards: [lumbar-radiculopathy]",
            "towards: [lumbar-radiculopaty]",
            (
                'redirects[0].towards[0]: unknown pathway "lumbar-radiculopaty"; '
                'did you mean "lumbar-radiculopathy"?'
            ),
        ),
    ],
)
def test_it_refuses_to_lead_to_a_pathway_that_does_not_exist(
    write: Write, old: str, new: str, flaw: str
) -> None:
    folder = write((old, new))
    where = line((folder / NAME).read_text(), new)
    assert flaws_of(folder) == [f"{NAME}:{where}: {flaw}"]


# Loading


def run(*args: object) -> str:
    out = StringIO()
    call_command("load_pathways", *map(str, args), stdout=out)
    return out.getvalue()


@pytest.mark.django_db(transaction=True)
def test_it_stores_a_changed_stub_and_finds_it_unchanged_then(tmp_path: Path) -> None:
    folder = shipped(tmp_path, ("name: Lateral elbow", "name: Lateral elbow pain"))
    assert "updated: lateral-elbow (stub)\n" in run(folder)
    row = Pathway.objects.get(slug="lateral-elbow")
    assert row.title == "Lateral elbow pain"
    assert row.stub is not None
    assert row.stub["measures"] == ["grip_kg", "quickdash"]
    assert set(row.stub["sources"]) >= {"icd_10", "snomed_ct", "ces_guidance"}
    assert "unchanged: lateral-elbow (stub)\n" in run(folder)


@pytest.mark.django_db(transaction=True)
def test_it_makes_a_pathway_of_a_stub_and_never_a_stub_of_a_pathway(
    tmp_path: Path, settings: Settings
) -> None:
    folder, books = shipped(tmp_path), tmp_path / "books"
    books.mkdir()
    copy(BOOKS / "rotator-cuff.yaml", books / "lateral-elbow.yaml")
    settings.CONTENT_TRANSLATIONS = (str(books),)
    text = (folder / "rotator-cuff" / "1.0.0.yaml").read_text()
    (folder / "lateral-elbow").mkdir()
    elbow = text.replace("pathway: rotator-cuff\n", "pathway: lateral-elbow\n")
    (folder / "lateral-elbow" / "1.0.0.yaml").write_text(elbow)
    stubs = (folder / STUBS).read_text()
    start = stubs.index("  - id: lateral-elbow")
    (folder / STUBS).write_text(stubs[:start] + stubs[stubs.index("  - id: concussion") :])
    assert "loaded: lateral-elbow 1.0.0\n" in run(folder)
    assert not Pathway.objects.get(slug="lateral-elbow").is_stub
    with pytest.raises(CommandError, match=r"stubs\.yaml: lateral-elbow is a published pathway"):
        run()
    assert not Pathway.objects.get(slug="lateral-elbow").is_stub


# The API


def test_it_lists_stubs_among_the_pathways(cast: Cast) -> None:
    rows = cast.asha.client.get("/api/v1/pathways", {"limit": 100}).json()["results"]
    stubs = {row["slug"] for row in rows if row["is_stub"]}
    assert len(rows) == 17
    assert len(stubs) == 8
    assert all(row["is_stub"] is not bool(row["versions"]) for row in rows)


def test_it_shows_what_is_known_of_a_stub(cast: Cast) -> None:
    row = cast.asha.client.get("/api/v1/pathways/knee-oa").json()
    assert row["is_stub"] is True
    assert row["stub"]["clue"]["text"] == "unknown"
    assert {"system": "icd10", "code": "M17.9", "source": "icd_10"} in row["stub"]["codes"]
    assert len(row["stub"]["red_flags"]) == 8
    full = cast.asha.client.get("/api/v1/pathways/rotator-cuff").json()
    assert (full["is_stub"], full["stub"]) == (False, None)


def test_it_refuses_to_apply_a_stub_and_says_to_refer_on(cast: Cast) -> None:
    with cast.acting():
        plan, _ = plans.open_plan(cast.patient.id, actor=cast.asha.actor(), now=NOW)
        stub = Pathway.objects.get(slug="concussion")
    with time_machine.travel(NOW, tick=False):
        answer = cast.asha.client.post(
            f"/api/v1/care-plans/{plan.id}/courses",
            {"pathway_version": str(stub.id), "severity": "mild"},
        )
    problem = answer.json()
    assert answer.status_code == 400
    assert problem["type"].endswith("pathway-is-a-stub")
    assert "Concussion is a stub" in problem["detail"]
    assert "Refer the patient on" in problem["detail"]
    assert problem["errors"][0]["pointer"] == "/pathway_version"
    with cast.acting():
        assert CarePlan.objects.count() == 1
        assert not Course.objects.exists()


# Applying what says less


def test_it_says_unknown_where_no_source_says_how_long_a_course_takes(cast: Cast) -> None:
    with cast.acting():
        plan, _ = plans.open_plan(cast.patient.id, actor=cast.asha.actor(), now=NOW)
        version = PathwayVersion.objects.newest("low-back-pain")
        course, _ = courses.apply_pathway(
            plan.id,
            pathway_version_id=version.id,
            severity="moderate",
            actor=cast.asha.actor(),
            now=NOW,
        )
        underway.screen(course, who=cast.asha)
        underway.move(cast, course, "start", now=NOW)
        until = underway.stay(course).expected_until
        assert (until - NOW).days == 28
        lanes = {lane.discipline: lane.needed for lane in course.lanes.all()}
        assert lanes["physiotherapy"] == "needed"
    with time_machine.travel(NOW, tick=False):
        data = cast.asha.client.get(f"/api/v1/courses/{course.id}").json()
    assert data["expected"] == {
        "duration": "unknown",
        "earliest": None,
        "latest": None,
        "open_ended": True,
        "is_expert_consensus": False,
        "cites": [],
    }
