"""A patient is answered, written to and shown pages in their language, and told who translated."""

import re
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django import forms
from django.test import Client
from django.utils.html import escape

from care_plans import crisis
from coordination import access_words
from coordination.api.login_page import LoginForm
from coordination.api.password_page import PasswordForm
from coordination.environment import PROJECT
from coordination.languages import LANGUAGES, NOTICES, accepted, book, language_of, say
from coordination.models import Discipline, Membership
from coordination.phrases import ACCESS_LOG, MAILS, PAGES
from notifications import kinds, letters
from notifications.models import Message
from tests.cast import NOW, Cast
from tests.matrix_scenes import a_patient

pytestmark = pytest.mark.feature("PW-15")

CHECK = "/api/v1/self-checks/pathways/hamstring-tendinopathy"
FRENCH: dict[str, Any] = {"headers": {"Accept-Language": "fr-CA,fr;q=0.9,en;q=0.5"}}
#: pages that patients meet; the first page and the documentation are for who runs the server
PAGES_MET = [
    PROJECT / "coordination/templates/coordination" / f"{name}.html"
    for name in ("page", "login", "password", "consent", "followed", "forged", "not_found")
] + [PROJECT / "notifications/templates/notifications/unsubscribe.html"]


# Self-checks


def test_a_self_check_is_in_the_language_of_the_browser_and_says_who_translated(
    cast: Cast, client: Client
) -> None:
    english, french = client.get(CHECK), client.get(CHECK, **FRENCH)
    assert (english["Content-Language"], french["Content-Language"]) == ("en-CA", "fr-CA")
    assert "Accept-Language" in french["Vary"]
    said, dit = english.json(), french.json()
    assert (said["translation"], said["translation_notice"]) == ("original", "")
    assert dit["translation"] == "machine_drafted"
    assert "aucun clinicien ne l'a révisée" in dit["translation_notice"]
    assert dit["title"] == "Tendinopathie des ischio-jambiers"
    assert "ne remplace pas un avis médical" in dit["disclaimer"]
    same = ("id", "urgency", "cites", "evidence", "evidence_grade", "is_expert_consensus")
    for one, autre in zip(said["questions"], dit["questions"], strict=True):
        assert [one[name] for name in same] == [autre[name] for name in same]
        assert one["text"] != autre["text"]
        assert one["action"] != autre["action"]
    answers = {one["id"]: False for one in said["questions"]}
    for given in (answers, answers | {"cauda-equina": True}):
        result = client.post(CHECK, {"answers": given}, content_type="application/json", **FRENCH)
        shown = result.json()
        assert shown["translation"] == "machine_drafted"
        assert "ne remplace pas" in shown["disclaimer"]
    assert "Rendez-vous à l'urgence" in shown["applies"][0]["action"]
    helped = client.post(CHECK, {"answers": answers}, content_type="application/json", **FRENCH)
    assert helped.json()["self_help"][3]["gate"] == "une fois sans douleur"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("fr", "fr-CA"),
        ("fr-FR, en;q=0.9", "fr-CA"),
        ("en, fr;q=0.9", "en-CA"),
        ("en;q=0.4, fr;q=0.9", "fr-CA"),
        ("de, fr;q=0.1", "fr-CA"),
        ("fr;q=0, en", "en-CA"),
        ("fr;q=much, en;q=0.1", "en-CA"),
        ("", None),
        ("de", None),
        ("*", None),
        ("frisian", None),
        (",;=,q", None),
    ],
)
def test_it_reads_what_a_browser_likes(header: str, language: str | None) -> None:
    assert accepted(header) == language


def test_a_record_says_its_language_as_bcp_47() -> None:
    assert [language_of(tag) for tag in ("fr", "fr-CA", "FR-fr", "en-CA", "frr", "de", "")] == [
        *["fr-CA"] * 3,
        *["en-CA"] * 4,
    ]


# Crisis lines, and what a patient's record says


def speaks_french(cast: Cast) -> None:
    with cast.acting():
        type(cast.patient).objects.filter(pk=cast.patient.pk).update(language="fr-CA")
    cast.patient.language = "fr-CA"


def test_whom_to_call_is_said_in_the_language_of_the_record(cast: Cast) -> None:
    speaks_french(cast)
    with time_machine.travel(NOW, tick=False):
        patient = a_patient(cast)
        body = {"scores": [{"measure": "phq9", "item": 9, "value": 1}]}
        answered = patient.client.post("/api/v1/me/assessments", body)
    assert "appelez maintenant" in answered.json()["crisis"]["title"]
    assert answered["Content-Language"] == "fr-CA"


def test_whom_to_call_is_said_in_the_language_of_the_browser(cast: Cast, client: Client) -> None:
    at, body = "/api/v1/self-checks/measures/phq9", {"items": {"9": 1}}
    asked: Any = {"content_type": "application/json"}
    english = client.post(at, body, **asked).json()["crisis"]
    assert "call now" in english["title"]
    assert english["translation_notice"] == ""
    french = client.post(at, body, **asked, **FRENCH).json()["crisis"]
    assert french["title"] == (
        "Vous n'êtes pas sans aide. Si vous risquez de vous faire du mal, appelez maintenant."
    )
    assert "aucun clinicien ne l'a révisée" in french["translation_notice"]
    chosen = client.post(at, body | {"language": "en-CA"}, **asked, **FRENCH).json()["crisis"]
    assert "call now" in chosen["title"]
    assert set(crisis._WORDS) == set(LANGUAGES)


# The access log


def test_every_word_of_the_access_log_is_there_in_french() -> None:
    labels = {str(label) for label in (*Discipline.labels, *Membership.Role.labels)}
    known = {phrase.en for phrase in book(ACCESS_LOG).phrases}
    assert access_words.every_text() | labels == known


def test_a_patient_reads_who_looked_in_french(cast: Cast) -> None:
    speaks_french(cast)
    with time_machine.travel(NOW, tick=False):
        patient = a_patient(cast)
        cast.asha.client.get(f"/api/v1/patients/{cast.patient.id}")
        log = patient.client.get("/api/v1/me/access-log")
        english = patient.client.get("/api/v1/me/access-log", headers={"Accept-Language": "en"})
    assert log["Content-Language"] == english["Content-Language"] == "fr-CA"
    [line] = [one for one in log.json()["results"] if one["who"] == "Asha"][:1]
    assert line["done"] == "A consulté"
    assert "aucun clinicien ne l'a révisée" in line["translation_notice"]
    assert line["what"] == "votre nom, vos coordonnées et vos identifiants"
    assert line["disciplines"] == ["Physiothérapie"]
    assert line["works_as"] == ["Praticien ou praticienne"]
    assert line["why"] == "Membre de l'équipe de soins"
    assert line["purpose"] == "Soins"


# Mails


def to_patients() -> list[kinds.MessageKind]:
    return [kind for kind in kinds.registered() if re.search(r"\bthe patient\b", kind.audience)]


def test_every_mail_to_patients_is_there_in_french() -> None:
    told = to_patients()
    assert len(told) >= 2
    said = {text for kind in told for text in (kind.subject_line, kind.text)}
    known = {phrase.en for phrase in book(MAILS).phrases}
    assert said - known == set()
    around = set(re.findall(r'in_mail\("([^"]+)"', Path(letters.__file__).read_text()))
    around |= {letters._QUESTION, letters._NO_MORE}
    assert known - said == around


@pytest.mark.parametrize(("language", "hello"), [("fr-CA", "Bonjour,"), ("en-CA", "Hello,")])
def test_a_patient_is_written_to_in_their_language_and_staff_in_english(
    cast: Cast, language: str, hello: str
) -> None:
    with cast.acting():
        type(cast.patient).objects.filter(pk=cast.patient.pk).update(language=language)
        [kind, *_] = to_patients()
        message = Message(
            organization=cast.riverside, to_patient_id=cast.patient.id, due_at=NOW, kind=kind.name
        )
        letter = letters.write(message, kind, address="somebody@example.org")
        staff = Message(
            organization=cast.riverside,
            to_practitioner_role=cast.asha.practitioner_role,
            due_at=NOW,
            kind=kind.name,
            path="/courses/x",
        )
        theirs = letters.write(staff, kind, address="asha@example.org")
    assert letter.text.startswith(hello)
    assert theirs.text.startswith("Hello,")
    if language == "fr-CA":
        assert letter.subject.endswith(say(kind.subject_line, "fr-CA", (MAILS,)).text)
        assert "Depuis : lundi 23 novembre 2026, 10 h 00" in letter.text
        assert "appuyez sur le bouton" in letter.text
        assert letter.text.rstrip().endswith(NOTICES["machine_drafted"])
        assert not re.search(r"\b(the|Clinic:|Since|you)\b", letter.text.split("http")[0])


# Pages


@pytest.mark.parametrize("page", PAGES_MET, ids=lambda page: str(page.stem))
def test_every_word_of_a_page_is_there_in_french(page: Path) -> None:
    source = page.read_text()
    known = {phrase.en for phrase in book(PAGES).phrases}
    said = set(re.findall(r'{% say "([^"]*)"', source))
    assert {" ".join(text.split()) for text in said} - known == set()
    bare = re.sub(r"{%.*?%}|{{.*?}}|{#.*?#}|<[^>]*>|&\w+;", " ", source, flags=re.DOTALL)
    bare = bare.replace("Continuum", "").replace("·", "")
    assert re.findall(r"[A-Za-z]{2,}", bare) == [], "say it with {% say %}"


@pytest.mark.parametrize("form", [LoginForm, PasswordForm])
def test_every_word_of_a_form_is_there_in_french(form: type[forms.Form]) -> None:
    known = {phrase.en for phrase in book(PAGES).phrases}
    for name, field in form.base_fields.items():
        assert str(field.label or name.capitalize()) in known
        assert not field.help_text or str(field.help_text) in known


@pytest.mark.django_db
def test_a_patient_logs_in_at_a_french_page(client: Client) -> None:
    page = client.get("/login", **FRENCH)
    text = page.content.decode()
    assert '<html lang="fr-CA">' in text
    assert (page["Content-Language"], "Accept-Language" in page["Vary"]) == ("fr-CA", True)
    for words in ("Ouvrir une session", "Adresse courriel", "Mot de passe", "Aller au contenu"):
        assert words in text
    assert "Log in" not in text
    assert escape(NOTICES["machine_drafted"]) in text
    assert "machine" not in client.get("/login").content.decode()
    refused = client.post("/login", {"email": "a@example.org", "password": "x" * 12}, **FRENCH)
    assert "ne correspondent à aucun accès actif" in refused.content.decode()
    empty = client.post("/login", {}, **FRENCH)
    assert "Ce champ est obligatoire" in empty.content.decode()
    assert "Log in" in client.get("/login").content.decode()
    nowhere = client.get("/nowhere", **FRENCH)
    assert "Il n'y a rien à cette adresse".replace("'", "&#x27;") in nowhere.content.decode()


@pytest.mark.django_db
def test_the_first_page_is_in_one_language(client: Client) -> None:
    text = client.get("/", **FRENCH).content.decode()
    assert '<html lang="en-CA">' in text
    assert "Skip to content" in text
