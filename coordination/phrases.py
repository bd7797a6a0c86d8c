"""The books of phrases of what this software itself says to patients."""

from collections.abc import Mapping
from pathlib import Path

from coordination.languages import ENGLISH, Language, accepted, say

_BOOKS = Path(__file__).parent / "translations" / "fr-CA"
#: what pages say (`{% say %}`), the words of their forms and of what they refuse
PAGES = _BOOKS / "pages.yaml"
#: what a patient's own access log says
ACCESS_LOG = _BOOKS / "access_log.yaml"
#: what mails to patients say
MAILS = _BOOKS / "mails.yaml"

MONTHS: Mapping[int, str] = {
    1: "janvier",
    2: "février",
    3: "mars",
    4: "avril",
    5: "mai",
    6: "juin",
    7: "juillet",
    8: "août",
    9: "septembre",
    10: "octobre",
    11: "novembre",
    12: "décembre",
}
DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")


def page_language(header: str) -> Language:
    """Return the language of a page for a browser's `Accept-Language`."""
    return accepted(header) or ENGLISH


def in_mail(text: str, language: Language) -> str:
    """Return what a mail says in the language of the patient to whom it goes."""
    return say(text, language, (MAILS,)).text


def in_access_log(text: str, language: Language) -> str:
    """Return what the access log says in the language of the patient who reads it."""
    return say(text, language, (ACCESS_LOG,)).text
