"""In which language a request is answered, and how the answer says so."""

from django.utils.cache import patch_vary_headers
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from coordination.languages import ENGLISH, FRENCH, Language, accepted, language_of

#: of a field `language` in a body
LANGUAGE_ASKED = "Null: that of the patient's record, or else of `Accept-Language`."
ACCEPT_LANGUAGE = OpenApiParameter(
    "Accept-Language",
    {"type": "string", "pattern": "^[A-Za-z0-9*,;=. -]{1,200}$", "examples": ["fr-CA"]},
    OpenApiParameter.HEADER,
    description="French (`fr`) or English; of two, the better liked.",
)


def language_for(request: Request, preferred: str = "") -> Language:
    """Return the language to answer in.

    French where the patient's record says so; else what `Accept-Language` likes better; else
    English, which is also what a record says of whom nobody asked.
    """
    if language_of(preferred) == FRENCH:
        return FRENCH
    return accepted(request.headers.get("Accept-Language", "")) or ENGLISH


def spoken(answer: Response, language: Language) -> Response:
    """Say of an answer in which language it is, and on what that depends."""
    answer.headers["Content-Language"] = language
    patch_vary_headers(answer, ["Accept-Language"])
    return answer
