"""Self-checks without a login: whether to see a provider, and whom to call. Nothing is kept."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from care_plans import crisis, self_checks
from care_plans.api.evidence_serializers import VERIFIED, EvidenceGradeField, SupportSerializer
from care_plans.api.in_need import SHOWN_ANYWAY, Heeded, ShownAnyway, sent_in, wished
from care_plans.content.translating import Translated
from care_plans.models import RedFlagAnswer
from coordination.api.language import ACCEPT_LANGUAGE, language_for, spoken
from coordination.api.members import read_whole
from coordination.languages import LANGUAGES, NOTICES

_OUTCOMES = [
    ("emergency", "Emergency services, or an emergency department, now"),
    ("urgent", "A provider within a day"),
    ("see_provider", "A provider"),
    ("unclear", "Not everything was answered"),
    ("self_care", "Self-care may be tried"),
]
_RULES = [
    ("most_urgent_yes", "The most urgent question that was answered with yes decides"),
    ("not_all_answered", "Nothing was answered with yes, and not everything was answered"),
    ("all_no", "Every question was answered with no"),
]


class SelfCheckQuestionSerializer(serializers.Serializer[Any]):
    """One question, and what to do if the answer is yes."""

    id = serializers.CharField()
    text = serializers.CharField()
    action = serializers.CharField(
        help_text=(
            "What to do if it is so: the pathway's advice to the person, or of a red flag what its "
            "urgency asks for, in words of this software and not of a source."
        )
    )
    urgency = serializers.ChoiceField(choices=RedFlagAnswer.Urgency.choices)
    cites = serializers.ListField(child=serializers.CharField())
    evidence = SupportSerializer(
        many=True,
        help_text=(
            "What supports asking it, none of another work; it says nothing of what to do about a "
            "red flag."
        ),
    )
    evidence_grade = EvidenceGradeField(
        source="grade", help_text="How well what to do is known; of a red flag: consensus."
    )
    is_expert_consensus = serializers.BooleanField(
        source="is_consensus",
        help_text="What to do rests, in whole or in part, on opinion alone; of a red flag always.",
    )
    after_days = serializers.IntegerField(
        allow_null=True,
        help_text="It asks whether something has lasted so many days; null: it does not.",
    )


class _TranslatedSerializer(serializers.Serializer[Any]):
    """In which language something is, and what its reader has to know of the translation."""

    language = serializers.ChoiceField(choices=LANGUAGES, help_text="In which it is.")
    translation = serializers.ChoiceField(
        help_text="How far the translation may be trusted.",
        choices=[
            ("original", "No translation"),
            ("reviewed", "A clinician has reviewed the translation"),
            ("machine_drafted", "A machine translated it, and no clinician has reviewed it"),
            ("missing", "Some of it is there in English alone"),
        ],
    )
    translation_notice = serializers.CharField(
        allow_blank=True, help_text="To be shown with it, unless empty."
    )


class SelfCheckSerializer(_TranslatedSerializer):
    """What to ask about a condition."""

    pathway = serializers.CharField()
    version = serializers.CharField()
    title = serializers.CharField()
    questions = SelfCheckQuestionSerializer(many=True)
    disclaimer = serializers.CharField(help_text="To be shown with it.")


class SelfCheckAnswersSerializer(serializers.Serializer[Any]):
    """Yes (true) or no by question; one that is left out is unknown, and not no.

    A question with `after_days` may be answered under `days` instead: how many it has lasted.
    """

    answers = serializers.DictField(child=serializers.BooleanField(), default=dict)
    days = serializers.DictField(
        child=serializers.IntegerField(min_value=0, max_value=100_000),
        default=dict,
        help_text="Since how many days, by question.",
    )


class SelfHelpStepSerializer(serializers.Serializer[Any]):
    """One step at home, in order."""

    text = serializers.CharField()
    gate = serializers.CharField(allow_null=True, help_text="What must be so before it.")
    is_expert_consensus = serializers.BooleanField(
        source="is_consensus", help_text="It rests, in whole or in part, on opinion alone."
    )


class SelfCheckResultSerializer(_TranslatedSerializer):
    """What to do."""

    pathway = serializers.CharField()
    version = serializers.CharField()
    outcome = serializers.ChoiceField(choices=_OUTCOMES)
    advice = serializers.CharField(
        help_text=(
            "What to do, to be shown first: of the most urgent question that applies, and that a "
            "more urgent one was left out; or what it means that none was answered with yes. Of a "
            "question that was left out, or of none, in words of this software and not of a source."
        )
    )
    rule = serializers.ChoiceField(choices=_RULES, help_text="Why it comes to this outcome.")
    cites = serializers.ListField(
        child=serializers.CharField(), help_text="What the outcome rests on."
    )
    is_expert_consensus = serializers.BooleanField(
        source="is_consensus", help_text="It rests, in whole or in part, on opinion alone."
    )
    applies = SelfCheckQuestionSerializer(many=True)
    not_answered = serializers.ListField(child=serializers.CharField())
    left_out = SelfCheckQuestionSerializer(
        many=True, help_text="What was not answered, in words; the most urgent first."
    )
    self_help = SelfHelpStepSerializer(many=True)
    disclaimer = serializers.CharField(help_text="To be shown with it.")


class CrisisLineSerializer(serializers.Serializer[Any]):
    """A number to call."""

    number = serializers.CharField()
    text = serializers.CharField()


class CrisisSerializer(serializers.Serializer[Any]):
    """Whom to call now, and that nobody watches the answers around the clock."""

    title = serializers.CharField()
    lines = CrisisLineSerializer(many=True)
    notice = serializers.CharField()
    unreachable = serializers.CharField(
        allow_blank=True,
        help_text="Said when nobody of the clinic can be reached, or has been told.",
    )
    translation_notice = serializers.CharField(
        allow_blank=True, help_text="To be shown after the rest, unless empty."
    )


class MeasureCheckSerializer(serializers.Serializer[Any]):
    """Answers to a measure by item number, or its total; neither is kept."""

    total = serializers.DecimalField(max_digits=10, decimal_places=4, default=None, allow_null=True)
    items = serializers.DictField(
        child=serializers.DecimalField(max_digits=10, decimal_places=4), default=dict
    )
    language = serializers.ChoiceField(
        choices=LANGUAGES,
        default=None,
        allow_null=True,
        help_text="Null: as `Accept-Language` asks",
    )

    def validate_items(self, value: dict[str, Any]) -> dict[int, Any]:
        """Return the answers by number."""
        wrong = [
            name for name in value if not (name.isascii() and name.isdigit() and len(name) < 4)
        ]
        if wrong:
            raise serializers.ValidationError(dict.fromkeys(wrong, "This is no number."))
        return {int(name): answer for name, answer in value.items()}


class SafetyRuleMetSerializer(serializers.Serializer[Any]):
    """A rule that an answer or the total met, and on whose word."""

    rule = serializers.CharField(source="id")
    text = serializers.CharField()
    cite = serializers.CharField(
        source="source", allow_null=True, help_text="The source; null where none is known."
    )
    verified = serializers.ChoiceField(choices=VERIFIED)
    is_expert_consensus = serializers.BooleanField(
        source="is_consensus", help_text="It rests on opinion alone."
    )


class MeasureCheckResultSerializer(serializers.Serializer[Any]):
    """Whom to call, if an answer calls for it, and why."""

    crisis = CrisisSerializer(allow_null=True)
    measure = serializers.CharField()
    measure_version = serializers.IntegerField(help_text="The version whose rules they are.")
    rules = SafetyRuleMetSerializer(many=True, help_text="Each that calls for it.")
    is_left_out = serializers.BooleanField(
        help_text="The answer that decides it was left out, which is no no."
    )


class _WithoutLogin(APIView):
    authentication_classes: Any = ()
    permission_classes: Any = (AllowAny,)

    def body(self, shape: Any) -> dict[str, Any]:
        """Return the request's body, validated."""
        return read_whole(shape(data=self.request.data))


class PathwayCheckView(ShownAnyway, _WithoutLogin):
    """Whether somebody who is no patient yet should see a provider."""

    @extend_schema(
        summary="Read what a self-check asks",
        description="In French or English, as `Accept-Language` asks.",
        auth=[],
        parameters=[ACCEPT_LANGUAGE],
        responses={200: SelfCheckSerializer},
    )
    def get(self, request: Request, slug: str) -> Response:
        """Return the questions of the newest version."""
        told = self_checks.pathway_to_check(slug, language_for(request))
        definition = told.definition
        shown = {
            **_translation(told),
            "pathway": definition.pathway,
            "version": definition.version,
            "title": definition.title,
            "questions": self_checks.questions(definition, told.language),
            "disclaimer": definition.governance.disclaimer.text,
        }
        return spoken(Response(SelfCheckSerializer(shown).data), told.language)

    @extend_schema(
        summary="Check whether to see a provider",
        description=(
            "Needs no login, and keeps nothing of the answers. In French or English, as "
            "`Accept-Language` asks. A refusal has `advice` too where something that can be read "
            "of the answers asks for it, whatever else is wrong with them."
        ),
        auth=[],
        parameters=[ACCEPT_LANGUAGE],
        request=SelfCheckAnswersSerializer,
        responses={200: SelfCheckResultSerializer},
    )
    def post(self, request: Request, slug: str) -> Response:
        """Return what to do."""
        told = self_checks.pathway_to_check(slug, language_for(request))
        sent = sent_in(request)
        if advice := self_checks.advice_anyway(told.definition, sent, language=told.language):
            self.show_anyway(advice=advice)
        data = self.body(SelfCheckAnswersSerializer)
        result = self_checks.check(
            told.definition, data["answers"], data["days"], language=told.language
        )
        shown = {name: getattr(result, name) for name in result.__slots__} | {
            **_translation(told),
            "not_answered": result.not_answered,
            "pathway": told.definition.pathway,
            "version": told.definition.version,
        }
        return spoken(Response(SelfCheckResultSerializer(shown).data), told.language)


class MeasureCheckView(Heeded, _WithoutLogin):
    """Whom to call, for an answer to a questionnaire that calls for it."""

    # whoever misspells the questionnaire came for the same
    unread = (*Heeded.unread, self_checks.NoSuchMeasure)

    @extend_schema(
        summary="Check whether answers call for help now",
        description=f"Needs no login, and keeps nothing of the answers. {SHOWN_ANYWAY}",
        auth=[],
        request=MeasureCheckSerializer,
        responses={200: MeasureCheckResultSerializer},
    )
    def post(self, request: Request, slug: str) -> Response:
        """Return whom to call, if somebody should."""
        self.heed(
            [{"measure": slug, **answer} for answer in _answers(sent_in(request))],
            language=wished(sent_in(request), language_for(request)),
        )
        data = self.body(MeasureCheckSerializer)
        found = self_checks.check_measure(slug, total=data["total"], items=data["items"])
        # nobody knows of which clinic this person is, so that nobody there can be told
        language = data["language"] or language_for(request)
        told_to_nobody = crisis.crisis_in(language, reachable=False, is_recorded=False)
        shown = told_to_nobody if found.calls else None
        told = {
            "crisis": asdict(shown) if shown else None,
            "measure": found.measure,
            "measure_version": found.version,
            "rules": found.rules,
            "is_left_out": found.is_left_out,
        }
        return spoken(Response(MeasureCheckResultSerializer(told).data), language)


def _answers(sent: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the answers of a body, as they were sent, one by one."""
    yield {"value": sent.get("total")}
    items = sent.get("items")
    for number, value in items.items() if isinstance(items, Mapping) else ():
        yield {"item": number, "value": value}


def _translation(told: Translated) -> dict[str, str]:
    return {
        "language": told.language,
        "translation": told.state,
        "translation_notice": NOTICES[told.state],
    }
