"""Whether to see a provider: asked without a login, answered from the pathway, and not kept."""

import re
from typing import Any

import pytest

from care_plans import seeking_help, self_checks
from care_plans.content.safety import MOST_URGENT_FIRST, Urgency
from care_plans.models import Assessment, Pathway, RedFlagScreen
from coordination.languages import ENGLISH, LANGUAGES, Book, Language, language_of
from coordination.models import AuditEvent
from tests.cast import Cast

URL = "/api/v1/self-checks/pathways/hamstring-tendinopathy"

pytestmark = pytest.mark.feature("DP-05")


def ask(client: Any, answers: dict[str, Any]) -> Any:
    return client.post(URL, {"answers": answers}, content_type="application/json")


def every(client: Any, **yes: bool) -> dict[str, Any]:
    """Answer no to everything but what is named (with - for _)."""
    asked = client.get(URL).json()["questions"]
    said = {question["id"]: False for question in asked}
    return said | {name.replace("_", "-"): answer for name, answer in yes.items()}


def test_it_asks_each_reason_once_and_says_what_it_is_not(cast: Cast, client: Any) -> None:
    shown = client.get(URL).json()
    ids = [question["id"] for question in shown["questions"]]
    assert len(ids) == len(set(ids))
    assert {"two-weeks", "function", "bruising", "cauda-equina"} <= set(ids)
    assert "swelling-or-bruising" not in ids  # asked as `bruising` already
    assert "not a substitute for professional medical advice" in shown["disclaimer"]


@pytest.mark.parametrize(
    ("yes", "outcome"),
    [
        pytest.param("two_weeks", "see_provider", marks=pytest.mark.feature("seed-see-2weeks")),
        pytest.param("function", "see_provider", marks=pytest.mark.feature("seed-see-function")),
        pytest.param("bruising", "urgent", marks=pytest.mark.feature("seed-see-bruise")),
        ("cauda_equina", "emergency"),
        ("numbness_or_tingling", "see_provider"),
    ],
)
def test_it_says_how_soon(cast: Cast, client: Any, yes: str, outcome: str) -> None:
    result = ask(client, every(client, **{yes: True})).json()
    assert result["outcome"] == outcome
    assert [one["id"] for one in result["applies"]] == [yes.replace("_", "-")]
    assert result["self_help"] == []
    assert result["disclaimer"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_tells_lay_people_what_to_do_and_never_the_team(
    cast: Cast, client: Any, language: str
) -> None:
    spoken: dict[str, Any] = {"headers": {"Accept-Language": language}}
    for slug in self_checks.checkable():
        definition = self_checks.version_to_check(slug).definition
        at = f"/api/v1/self-checks/pathways/{slug}"
        asked = {one["id"]: one for one in client.get(at, **spoken).json()["questions"]}
        advised = {advice.id for advice in definition.see_provider}
        flags = [flag for flag in definition.screened_flags() if flag.id in asked]
        assert flags
        for flag in flags:
            if flag.id not in advised:
                said = seeking_help.what_to_do(flag.urgency, language_of(language))
                assert asked[flag.id]["action"] == said != flag.action
        body = {"answers": dict.fromkeys(asked, True)}
        told = client.post(at, body, content_type="application/json", **spoken).json()
        assert {one["id"]: one["action"] for one in told["applies"]} == {
            name: one["action"] for name, one in asked.items()
        }


@pytest.mark.feature("DP-06")
def test_no_source_of_the_pathway_supports_what_to_do_about_a_red_flag(
    cast: Cast, client: Any
) -> None:
    for slug in self_checks.checkable():
        definition = self_checks.version_to_check(slug).definition
        at = f"/api/v1/self-checks/pathways/{slug}"
        asked = {one["id"]: one for one in client.get(at).json()["questions"]}
        advised = {advice.id for advice in definition.see_provider}
        flags = [one for one in definition.screened_flags() if one.id in asked.keys() - advised]
        assert flags
        for flag in flags:
            shown = asked[flag.id]
            assert (shown["is_expert_consensus"], shown["evidence_grade"]) == (True, "consensus")
            assert shown["cites"] == [one.cite for one in definition.evidence(flag.source)]
            body = {"answers": {flag.id: True}}
            told = client.post(at, body, content_type="application/json").json()
            assert told["is_expert_consensus"] is True
            assert told["applies"] == [shown]


def test_each_urgency_has_words_in_both_languages() -> None:
    for urgency in Urgency:
        english, french = (seeking_help.what_to_do(urgency, one) for one in LANGUAGES)
        assert english != french
        assert re.findall(r"[0-9]+", english) == re.findall(r"[0-9]+", french)
    assert "9-1-1" in seeking_help.what_to_do(Urgency.EMERGENCY, ENGLISH)
    assert "do not exercise" in seeking_help.what_to_do(Urgency.URGENT_24H, ENGLISH)


def test_its_french_is_no_better_than_the_words_of_this_software(
    cast: Cast, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Book, "state", "reviewed")
    french: dict[str, Any] = {"headers": {"Accept-Language": "fr-CA"}}
    assert client.get(URL, **french).json()["translation"] == "machine_drafted"
    assert client.get(URL).json()["translation"] == "original"


@pytest.mark.feature("seed-see-2weeks")
def test_days_alone_are_an_answer(cast: Cast, client: Any) -> None:
    sent: dict[str, Any] = {"content_type": "application/json"}
    told = client.post(URL, {"days": {"two-weeks": 20}}, **sent)
    assert told.status_code == 200, told.content
    assert told.json()["outcome"] == "see_provider"
    assert [one["id"] for one in told.json()["applies"]] == ["two-weeks"]
    empty: list[dict[str, Any]] = [{}, {"answers": {}}, {"answers": {}, "days": {}}]
    for nothing in empty:
        told = client.post(URL, nothing, **sent)
        assert (told.status_code, told.json()["outcome"]) == (200, "unclear"), told.content


@pytest.mark.feature("seed-see-2weeks")
@pytest.mark.parametrize(("days", "outcome"), [(13, "self_care"), (14, "see_provider")])
def test_it_reckons_how_long_rest_has_not_helped(
    cast: Cast, client: Any, days: int, outcome: str
) -> None:
    asked = {one["id"]: one["after_days"] for one in client.get(URL).json()["questions"]}
    assert {name: after for name, after in asked.items() if after is not None} == {"two-weeks": 14}
    answers = every(client)
    del answers["two-weeks"]
    body = {"answers": answers, "days": {"two-weeks": days}}
    result = client.post(URL, body, content_type="application/json").json()
    assert result["outcome"] == outcome
    twice = {"answers": {**answers, "two-weeks": True}, "days": {"two-weeks": 1, "function": 2}}
    refused = client.post(URL, twice, content_type="application/json")
    assert refused.status_code == 400
    pointers = [error["pointer"] for error in refused.json()["errors"]]
    assert pointers == ["/days/two-weeks", "/days/function"]


def test_the_most_urgent_counts(cast: Cast, client: Any) -> None:
    result = ask(client, every(client, two_weeks=True, dvt=True, bruising=True)).json()
    assert result["outcome"] == "emergency"
    assert [one["id"] for one in result["applies"]] == ["dvt", "bruising", "two-weeks"]


def test_self_care_is_said_only_when_everything_was_answered(cast: Cast, client: Any) -> None:
    answers = every(client)
    result = ask(client, answers).json()
    assert (result["outcome"], len(result["self_help"])) == ("self_care", 5)
    del answers["bruising"]
    result = ask(client, answers).json()
    assert (result["outcome"], result["not_answered"]) == ("unclear", ["bruising"])
    assert result["self_help"] == []
    asked = {one["id"]: one for one in client.get(URL).json()["questions"]}
    assert result["left_out"] == [asked["bruising"]], "in words, and not by a name alone"


def test_of_what_was_left_out_the_most_urgent_is_named_first(cast: Cast, client: Any) -> None:
    left_out = ask(client, {}).json()["left_out"]
    asked = client.get(URL).json()["questions"]
    order = [MOST_URGENT_FIRST.index(Urgency(one["urgency"])) for one in left_out]
    assert order == sorted(order)
    assert sorted(one["id"] for one in left_out) == sorted(one["id"] for one in asked)


def test_of_a_condition_without_a_protocol_it_says_so(cast: Cast, client: Any) -> None:
    stub = Pathway.objects.filter(stub__isnull=False, versions=None)[0]
    refused = client.get(f"/api/v1/self-checks/pathways/{stub.slug}")
    assert refused.status_code == 404
    assert stub.title in refused.json()["detail"]
    assert "no protocol yet" in refused.json()["detail"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_whatever_was_answered_it_says_what_to_do(
    cast: Cast, client: Any, language: Language
) -> None:
    def advised(answers: dict[str, bool]) -> str:
        told: Any = client.post(
            URL,
            {"answers": answers},
            content_type="application/json",
            headers={"Accept-Language": language},
        ).json()
        assert told["is_expert_consensus"] or told["applies"]
        return str(told["advice"])

    everything = every(client)
    urgent = advised({**everything, "two-weeks": True, "dvt": True})
    assert urgent == seeking_help.what_to_do(Urgency.EMERGENCY, language)
    said = [seeking_help.what_nothing_means(language, is_all_answered=one) for one in (True, False)]
    assert [advised(everything), advised({})] == said
    assert len({urgent, *said}) == 3
    del everything["bruising"]
    assert advised(everything) == said[1]
    # one that is answered with yes is not the end of it while a more urgent one is left out
    soon = {**everything, "two-weeks": True}
    rest = f" {seeking_help.what_was_left_out(language)}"
    assert advised(soon).endswith(rest)
    assert advised({**soon, "bruising": False}) == advised(soon).removesuffix(rest)
    assert advised({**soon, "dvt": True}) == urgent


@pytest.mark.parametrize(
    ("answers", "pointer"),
    [({"bruises": True}, "/answers/bruises"), ({"bruising": "perhaps"}, "/answers/bruising")],
)
def test_it_names_the_wrong_answer(
    cast: Cast, client: Any, answers: dict[str, Any], pointer: str
) -> None:
    refused = ask(client, answers)
    assert refused.status_code == 400
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "body",
    [
        {"answers": {"bruise": True, "cauda-equina": True}},
        {"answer": {"cauda-equina": True, "two-weeks": "yes"}},
        {"answers": {"cauda-equina": True}, "days": {"two-weeks": -1}},
        {"answers": {"CAUDA_EQUINA": "Yes"}},
        {"cauda-equina": True},
    ],
)
def test_what_is_refused_takes_no_advice_from_what_was_said(
    cast: Cast, client: Any, body: dict[str, Any], language: Language
) -> None:
    sent: dict[str, Any] = {"headers": {"Accept-Language": language}}
    refused = client.post(URL, body, content_type="application/json", **sent)
    assert refused.status_code == 400
    assert refused.json()["errors"]
    assert refused.json()["advice"] == seeking_help.what_to_do(Urgency.EMERGENCY, language)


@pytest.mark.feature("DP-05")
@pytest.mark.parametrize(
    ("days", "has_advice"),
    [
        (1, False),
        (13, False),
        (14, True),
        ("20", True),
        (10**30, True),
        (True, False),
        ("", False),
    ],
)
def test_what_is_refused_reads_days_as_days(
    cast: Cast, client: Any, days: Any, has_advice: bool
) -> None:
    body = {"answers": {"bruise": True}, "days": {"two-weeks": days}}
    refused = client.post(URL, body, content_type="application/json")
    assert refused.status_code == 400
    assert ("advice" in refused.json()) is has_advice
    if has_advice:
        assert refused.json()["advice"] == seeking_help.what_to_do(Urgency.ROUTINE, "en-CA")


@pytest.mark.parametrize(
    "body", [{"answers": {"bruise": True, "cauda-equina": False}}, {"answers": []}, []]
)
def test_what_says_nothing_is_refused_without_advice(cast: Cast, client: Any, body: Any) -> None:
    refused = client.post(URL, body, content_type="application/json")
    assert refused.status_code == 400
    assert "advice" not in refused.json()


@pytest.mark.parametrize("slug", ["nothing", "lumbar-radiculopathy-x"])
def test_it_knows_no_other_pathway(cast: Cast, client: Any, slug: str) -> None:
    at = f"/api/v1/self-checks/pathways/{slug}"
    assert client.get(at).status_code == 404
    assert (
        client.post(at, {"answers": {"a": True}}, content_type="application/json").status_code
        == 404
    )


def test_nothing_is_kept(cast: Cast, client: Any) -> None:
    with cast.acting():
        before = AuditEvent.objects.count()
    ask(client, every(client, cauda_equina=True))
    with cast.acting():
        assert AuditEvent.objects.count() == before
        assert not Assessment.objects.exists()
        assert not RedFlagScreen.objects.exists()


def test_an_outcome_says_by_which_rule_of_which_version_and_on_whose_word(
    cast: Cast, client: Any
) -> None:
    asked = client.get(URL).json()
    told = ask(client, every(client)).json()
    assert (told["pathway"], told["version"]) == (asked["pathway"], asked["version"])
    assert (told["outcome"], told["rule"]) == ("self_care", "all_no")
    assert told["cites"]
    assert told["is_expert_consensus"] is True
