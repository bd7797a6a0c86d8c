"""Loading content: safe to repeat, safe at the same time, and never against what is published."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from shutil import copytree

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, connections, transaction

from care_plans.content.files import COMMON, MEASURES, PATHWAYS, read_measures, read_pathways
from care_plans.content.stored import ContentTampered, pathway_of
from care_plans.models import Measure, Pathway, PathwayVersion
from care_plans.publication import changes, publish_pathways

NAME = "hamstring-tendinopathy/1.0.0.yaml"
NEXT = "hamstring-tendinopathy/1.9.0.yaml"
VERSIONS = len([file for file in PATHWAYS.glob("*/*.yaml") if file.parent.name != COMMON])
NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


def run(command: str, *args: object) -> str:
    out = StringIO()
    call_command(command, *map(str, args), stdout=out)
    return out.getvalue()


@pytest.fixture
def empty(committed_db: None, admin_connection: psycopg.Connection) -> None:
    """Offer a database as migrations leave it, without the content of the test template."""
    with admin_connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # triggers guard these tables
        cursor.execute("DELETE FROM care_plans_pathwayversion")
        cursor.execute("DELETE FROM care_plans_pathway")
        cursor.execute("DELETE FROM care_plans_measureversion")
        cursor.execute("DELETE FROM care_plans_measure")
    admin_connection.commit()
    admin_connection.close()


def stored() -> dict[str, list[tuple[object, ...]]]:
    """Return all content, row for row."""
    return {
        model.__name__: sorted(model.objects.values_list())
        for model in (Measure, Pathway, PathwayVersion)
    }


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    """Copy the shipped pathways, to be changed."""
    return Path(copytree(PATHWAYS, tmp_path / "pathways"))


def test_it_loads_once_and_then_finds_everything_unchanged(empty: None) -> None:
    assert "40 measures, 0 of them unchanged." in run("load_measures")
    first = run("load_pathways")
    assert "loaded: hamstring-tendinopathy 1.0.0\n" in first
    before = stored()
    assert run("load_measures") == "40 measures, 40 of them unchanged.\n"
    assert run("load_pathways") == first.replace("loaded: ", "unchanged: ")
    assert stored() == before


def test_it_may_be_loaded_by_several_at_once(empty: None) -> None:
    def load(_: int) -> str:
        try:
            return run("load_measures") + run("load_pathways")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        said = list(pool.map(load, range(6)))
    assert sum(", 0 of them unchanged" in text for text in said) == 1
    assert sum("\nloaded: hamstring-tendinopathy 1.0.0" in text for text in said) == 1
    assert Measure.objects.count() == 40
    assert PathwayVersion.objects.count() == VERSIONS


@pytest.mark.django_db(transaction=True)
def test_it_refuses_a_changed_file_under_a_published_version(shipped: Path) -> None:
    before = stored()
    file = shipped / NAME
    file.write_text(
        file.read_text().replace("at_most: 3\n          how", "at_most: 4\n          how")
    )
    with pytest.raises(CommandError) as refused:
        run("load_pathways", shipped)
    said = str(refused.value)
    assert str(file) in said
    assert "hamstring-tendinopathy 1.0.0 was published on" in said
    assert said.endswith("changed: stages.acute.exit.all_of[0].at_most")
    assert stored() == before


@pytest.mark.django_db(transaction=True)
def test_it_refuses_a_change_that_comes_from_a_shared_block(shipped: Path) -> None:
    before = stored()
    shared = shipped / "common" / "1.0.0.yaml"
    shared.write_text(shared.read_text().replace("No massage.", "Massage."))
    with pytest.raises(CommandError, match=r"changed: red_flags\[9\]\.action"):
        run("load_pathways", shipped)
    assert stored() == before


@pytest.mark.django_db(transaction=True)
def test_it_publishes_a_change_as_a_new_version_and_keeps_the_old(shipped: Path) -> None:
    text = (shipped / NAME).read_text()
    (shipped / NEXT).write_text(text.replace("\nversion: 1.0.0", "\nversion: 1.9.0"))
    said = run("load_pathways", shipped).splitlines()
    assert [row for row in said if "unchanged" not in row] == [
        "loaded: hamstring-tendinopathy 1.9.0"
    ]
    assert PathwayVersion.objects.newest("hamstring-tendinopathy").version == "1.9.0"
    versions = Pathway.objects.get(slug="hamstring-tendinopathy").versions
    assert set(versions.values_list("version", flat=True)) == {
        "1.0.0",
        "1.1.0",
        "1.2.0",
        "1.3.0",
        "1.9.0",
    }


@pytest.mark.django_db(transaction=True)
def test_it_loads_nothing_when_one_file_is_wrong(shipped: Path) -> None:
    before = stored()
    text = (shipped / NAME).read_text()
    (shipped / NEXT).write_text(text.replace("\nversion: 1.0.0", "\nversion: 1.9.0"))
    (shipped / "broken").mkdir()
    (shipped / "broken" / "1.0.0.yaml").write_text("title: x\ncommon: 1.0.0\n")
    with pytest.raises(CommandError, match=r"broken/1\.0\.0\.yaml:1: stages: is missing"):
        run("load_pathways", shipped)
    assert stored() == before


@pytest.mark.django_db(transaction=True)
def test_it_checks_without_publishing(shipped: Path) -> None:
    before = stored()
    text = (shipped / NAME).read_text()
    (shipped / NEXT).write_text(text.replace("\nversion: 1.0.0", "\nversion: 1.9.0"))
    said = run("load_pathways", shipped, "--check")
    assert said.startswith(f"{VERSIONS + 1} pathway versions are valid.\n")
    assert stored() == before


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("slug", "old", "new", "refusal"),
    [
        (
            "nprs",
            "licence: free",
            "licence: unclear",
            "version 2 is stored already; changed: licence",
        ),
        ("nprs", "version: 2", "version: 0", "version: is less than 1"),
        ("nprs", "minimum: 0", "minimum: -10", "minimum must not change: write a new measure"),
        # one without bands, which would run the wrong way then
        ("rmdq", "better: lower", "better: higher", "better must not change: write a new measure"),
    ],
)
def test_it_refuses_to_change_a_measure_in_place(
    tmp_path: Path, slug: str, old: str, new: str, refusal: str
) -> None:
    before = stored()
    folder = Path(copytree(MEASURES, tmp_path / "measures"))
    file = folder / f"{slug}.yaml"
    file.write_text(file.read_text().replace(old, new, 1))
    with pytest.raises(CommandError) as refused:
        run("load_measures", folder)
    assert refusal in str(refused.value)
    assert str(file) in str(refused.value)
    assert stored() == before


@pytest.mark.django_db(transaction=True)
def test_it_refuses_another_range_of_a_subscale_even_with_a_new_version(tmp_path: Path) -> None:
    before = stored()
    folder = Path(copytree(MEASURES, tmp_path / "measures"))
    file = folder / "womac.yaml"
    text = file.read_text().replace("version: 2", "version: 3")
    file.write_text(text.replace("pain: [0, 20]", "pain: [0, 21]"))
    with pytest.raises(CommandError, match="subscales must not change: write a new measure"):
        run("load_measures", folder)
    assert stored() == before


@pytest.mark.django_db(transaction=True)
def test_it_stores_a_measure_whose_version_rises(tmp_path: Path) -> None:
    folder = Path(copytree(MEASURES, tmp_path / "measures"))
    file = folder / "nprs.yaml"
    text = file.read_text().replace("version: 2", "version: 3")
    file.write_text(text.replace("licence: free", "licence: free to use"))
    assert "updated: nprs" in run("load_measures", folder)
    assert Measure.objects.get(slug="nprs").definition.licence == "free to use"


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO care_plans_pathway (id, slug, title) VALUES (uuidv7(), 'x', 'x')",
        "UPDATE care_plans_pathwayversion SET title = 'x'",
        "DELETE FROM care_plans_pathwayversion",
        "TRUNCATE care_plans_pathwayversion CASCADE",
        "UPDATE care_plans_measure SET name = 'x'",
    ],
)
@pytest.mark.django_db
def test_it_gives_the_runtime_role_no_way_to_write_content(statement: str) -> None:
    before = stored()
    with (
        pytest.raises(DatabaseError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert stored() == before


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE care_plans_pathwayversion SET content = '{}'",
        "DELETE FROM care_plans_pathwayversion",
        "TRUNCATE care_plans_pathwayversion CASCADE",
        "UPDATE care_plans_pathway SET slug = 'x'",
        "UPDATE care_plans_measure SET maximum = 11 WHERE slug = 'nprs'",
        "DELETE FROM care_plans_measure",
    ],
)
@pytest.mark.django_db
def test_it_lets_not_even_the_owner_rewrite_what_is_published(
    owner_connection: psycopg.Connection, statement: str
) -> None:
    with pytest.raises(psycopg.DatabaseError, match="pgtrigger"), owner_connection.cursor() as at:
        at.execute(statement)
    owner_connection.rollback()


@pytest.mark.django_db
def test_it_gives_back_the_definition_that_was_published() -> None:
    measures = {slug: file.definition for slug, file in read_measures().items()}
    file = next(f for f in read_pathways(measures) if f.definition.version == "1.3.0")
    version = PathwayVersion.objects.newest("hamstring-tendinopathy")
    assert version.definition == file.definition
    assert version.sha256 == file.sha256
    again = PathwayVersion.objects.newest("hamstring-tendinopathy")
    assert again.definition is version.definition, "it is parsed once"
    assert Measure.objects.get(slug="lefs").definition == measures["lefs"]


@pytest.mark.django_db
def test_it_notices_content_that_no_longer_matches_its_hash() -> None:
    version = PathwayVersion.objects.newest("hamstring-tendinopathy")
    with pytest.raises(ContentTampered):
        pathway_of("0" * 64, version.content)


@pytest.mark.django_db
def test_it_finds_the_newest_by_number(empty: None) -> None:
    measures = {slug: file.definition for slug, file in read_measures().items()}
    file = next(f for f in read_pathways(measures) if f.definition.version == "1.3.0")
    for number in ("1.10.0", "1.9.0"):
        content = file.content | {"version": number}
        definition = file.definition.model_copy(update={"version": number})
        publish_pathways([type(file)(file.file, content, definition)], now=NOW)
    assert PathwayVersion.objects.newest("hamstring-tendinopathy").version == "1.10.0"
    with pytest.raises(PathwayVersion.DoesNotExist):
        PathwayVersion.objects.newest("unheard-of")


def test_it_names_what_changed_by_path() -> None:
    old = {"a": [{"b": 1}, {"b": 2}], "c": 1, "e": [1]}
    new = {"a": [{"b": 1}, {"b": 3}], "d": 1, "e": [1, 2]}
    assert changes(old, new) == ["a[1].b", "c", "d", "e"]
