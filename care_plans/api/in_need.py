"""Whoever answers a questionnaire is shown whom to call, also where the answers are refused."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from care_plans import crisis, self_checks
from coordination.api.language import language_for
from coordination.languages import LANGUAGES, Language

#: said of an operation that takes answers
SHOWN_ANYWAY = (
    "A refusal has `crisis` too where what can be read of the answers calls for it, whatever else "
    "is wrong with them, and where nothing can be read; nothing is recorded then and nobody of the "
    "clinic called, as it says."
)


#: likewise, of one that whoever treats sends answers to
SAID_ANYWAY = (
    "A refusal has `not_called` where what can be read of the answers may call for help now: "
    "nothing is recorded then, and nobody called."
)


class ShownAnyway(APIView):
    """A view that takes answers: where it refuses them, it still says what must not be missed."""

    _shown: Mapping[str, Any] = {}

    def show_anyway(self, **shown: Any) -> None:
        """Show this beside what is wrong, if the answers are refused."""
        self._shown = {**self._shown, **shown}

    def handle_exception(self, exc: Exception) -> Response:
        """Say beside what is wrong what must not be missed."""
        answer = super().handle_exception(exc)
        if isinstance(answer.data, dict):
            answer.data.update(self._shown)
        return answer


class Heeded(ShownAnyway):
    """A view that takes a person's own answers to a questionnaire, and hears what calls for help.

    What is refused is not recorded and calls nobody, which the person is told. A body that nobody
    can read may say anything: whoever sent it is shown whom to call, too.
    """

    #: what is refused before an answer is read
    unread: tuple[type[Exception], ...] = (ParseError, UnsupportedMediaType)
    #: what whoever answers reads, once that is known; until then what the request asks for
    speaks: Language | None = None

    def heed(self, scores: Any, *, language: Language) -> None:
        """Read answers as they were sent, before anything is checked and can be refused."""
        self.speaks = language
        if not isinstance(scores, list) or self_checks.calls_for_help(scores):
            self._show_lines(language)

    def handle_exception(self, exc: Exception) -> Response:
        """Show whom to call, too, where nothing could be read."""
        if isinstance(exc, self.unread):
            self._show_lines(self.speaks or language_for(self.request))
        return super().handle_exception(exc)

    def _show_lines(self, language: Language) -> None:
        told = crisis.crisis_in(language, reachable=False, is_recorded=False)
        self.show_anyway(crisis=asdict(told))


def sent_in(request: Request) -> Mapping[str, Any]:
    """Return the body of a request as it came; nothing for one that is no object."""
    return request.data if isinstance(request.data, Mapping) else {}


def wished(sent: Mapping[str, Any], otherwise: Language) -> Language:
    """Return the language that a body names, if it is one, or else the other."""
    return next((known for known in LANGUAGES if known == sent.get("language")), otherwise)


class HeededOfOthers(ShownAnyway):
    """A view that takes what whoever treats wrote down of somebody's answers."""

    def heed(self, scores: Any) -> None:
        """Say, should these answers be refused, that they may call for help and called nobody."""
        if self_checks.calls_for_help(scores if isinstance(scores, list) else []):
            self.show_anyway(not_called=crisis.NOT_CALLED)
