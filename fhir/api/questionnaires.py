"""`/questionnaires`, `/questionnaire-responses`: measures and sittings in the words of FHIR R4."""

from typing import Any

from django.db.models import Prefetch, QuerySet
from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from care_plans import assessing
from care_plans.api.in_need import SAID_ANYWAY, HeededOfOthers, sent_in
from care_plans.models import AbsentScore, Assessment, MeasureVersion, Score
from coordination.api.permissions import ANY_ROLE, CLINICAL
from coordination.api.views import Listed, OfPatients, Retrieved
from coordination.problems import Invalid
from fhir import answering
from fhir.answering import COMPLETE
from fhir.questionnaires import CANONICAL, questionnaire, response

ID = OpenApiParameter("questionnaire", str, OpenApiParameter.PATH, description="Such as `phq4.v3`.")
MEASURE = OpenApiParameter(
    "measure", str, description="Which measure, of a sitting that has several."
)


class QuestionnaireSerializer(serializers.Serializer[MeasureVersion]):
    """A Questionnaire of R4: numbered items without the words of any question."""

    resourceType = serializers.CharField(help_text="Questionnaire.")  # noqa: N815 – FHIR's names
    id = serializers.CharField(help_text="Measure and version, such as `phq4.v3`.")
    url = serializers.CharField(help_text="How a response names it, before `|` and the version.")
    version = serializers.CharField(help_text="Of the measure.")
    title = serializers.CharField(help_text="The measure's name.")
    status = serializers.CharField(help_text="FHIR's publication status: active.")
    copyright = serializers.CharField(help_text="The licence, as far as it is known.")
    item = serializers.ListField(
        child=serializers.DictField(), help_text="Numbered items, subscales and the total."
    )

    def to_representation(self, instance: MeasureVersion) -> dict[str, Any]:
        """Return the resource."""
        return questionnaire(instance)


class SubjectSerializer(serializers.Serializer[Any]):
    """A reference of R4 to the patient."""

    keeps_more = True  # FHIR's other elements

    reference = serializers.RegexField(
        r"^Patient/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", help_text="`Patient/{id}`."
    )


class NewQuestionnaireResponseSerializer(serializers.Serializer[Any]):
    """A complete QuestionnaireResponse of R4; what is not read of it is kept and given back."""

    keeps_more = True

    resourceType = serializers.ChoiceField(  # noqa: N815 - FHIR's own name
        ["QuestionnaireResponse"], help_text="QuestionnaireResponse."
    )
    questionnaire = serializers.RegexField(
        rf"^{CANONICAL}[a-z][a-z0-9_]*(\|[1-9][0-9]{{0,5}})?$",
        help_text=f"`{CANONICAL}phq4|3`; without a number, the present version.",
    )
    subject = SubjectSerializer(help_text="Whose answers they are.")
    status = serializers.ChoiceField(COMPLETE, help_text="A sitting is recorded when complete.")
    authored = serializers.DateTimeField(
        required=False, help_text="When it was answered, with its zone."
    )
    extension = serializers.ListField(
        child=serializers.DictField(),
        required=False,
        help_text="Course, collection point and stage; others are kept.",
    )
    item = serializers.ListField(child=serializers.DictField(), help_text="The answers.")


class QuestionnaireResponseSerializer(NewQuestionnaireResponseSerializer):
    """A QuestionnaireResponse of R4, as it came or in FHIR's words."""

    id = serializers.CharField(help_text="Of the assessment.")
    status = serializers.ChoiceField(
        (*COMPLETE, "entered-in-error"), help_text="As it came; entered-in-error once corrected."
    )

    def to_representation(self, instance: Any) -> dict[str, Any]:
        """Return the resource."""
        resource: dict[str, Any] = instance
        return resource


@extend_schema_view(
    list=extend_schema(summary="List the measures' versions as FHIR Questionnaires"),
    retrieve=extend_schema(
        summary="Read a version of a measure as a FHIR Questionnaire", parameters=[ID]
    ),
)
class QuestionnaireViewSet(Listed, Retrieved):
    """Every version of every measure as a Questionnaire of FHIR R4."""

    roles = {"list": ANY_ROLE, "retrieve": ANY_ROLE}
    lookup_url_kwarg = "questionnaire"
    lookup_value_regex = r"[a-z][a-z0-9-]{0,59}\.v\d{1,6}"
    serializer_class = QuestionnaireSerializer
    queryset = MeasureVersion.objects.select_related("measure")

    def get_object(self) -> MeasureVersion:
        """Return the version that the id names."""
        slug, _, number = self.kwargs["questionnaire"].rpartition(".v")
        asked = self.get_queryset().filter(
            measure__slug=slug.replace("-", "_"), version=int(number)
        )
        found: MeasureVersion | None = asked.first()
        if found is None:
            raise Http404
        return found


class QuestionnaireResponseViewSet(HeededOfOthers, OfPatients):
    """Sittings as QuestionnaireResponses of FHIR R4, to read and to record."""

    audited_as = "Assessment"
    roles = {"retrieve": CLINICAL, "create": CLINICAL}
    parameters = {"retrieve": {"measure"}}
    serializer_class = QuestionnaireResponseSerializer
    queryset = Assessment.objects.none()

    def get_queryset(self) -> QuerySet[Any, Any]:
        """Return the sittings within reach."""
        scores = Score.objects.select_related("measure").order_by("id")
        absent = AbsentScore.objects.select_related("measure").order_by("id")
        rows = Assessment.objects.select_related("replaced_by").prefetch_related(
            Prefetch("scores", scores), Prefetch("absent", absent)
        )
        found: QuerySet[Any, Any] = self.narrow(rows, self.actor, self.now)
        return found

    @extend_schema(
        summary="Read a sitting as a FHIR QuestionnaireResponse",
        parameters=[MEASURE],
        responses={200: QuestionnaireResponseSerializer},
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        """Return it as it came, or in FHIR's words; withdrawn ones say so."""
        row = self.get_object()
        self.audit_disclosure([row], searched=False)
        return self.answer(response(row, self._version(row, request)))

    @extend_schema(
        summary="Record a FHIR QuestionnaireResponse",
        description=(
            "It becomes an assessment, scored by the version that it names. What is not read of it "
            "is kept and given back; what would change its meaning is refused. Its status is "
            f"completed, or amended. {SAID_ANYWAY}"
        ),
        request=NewQuestionnaireResponseSerializer,
        responses={
            200: QuestionnaireResponseSerializer,
            201: QuestionnaireResponseSerializer,
        },
    )
    def create(self, request: Request) -> Response:
        """Record what was answered."""
        self.heed(answering.as_sent(sent_in(request)))
        sitting: answering.Sitting = answering.sitting(self.body())
        try:
            row, created = assessing.record_assessment(
                sitting.patient_id,
                scores=sitting.scores,
                absent=sitting.absent,
                occasion=sitting.occasion,
                received=sitting.received,
                course_id=sitting.course_id,
                effective_at=sitting.effective_at,
                key=request.headers.get("Idempotency-Key", ""),
                actor=self.actor,
                now=self.now,
            )
        except Invalid as error:
            raise sitting.found_in(error) from error
        found = self.get_queryset().get(pk=row.pk)
        if not created:
            self.audit_disclosure([found], searched=False)
        resource = response(found, self._version(found, request))
        return self.answer(resource, status=201 if created else 200)

    def _version(self, row: Assessment, request: Request) -> MeasureVersion:
        """Return the version of the one measure that is meant; raises `Invalid` for several."""
        parts: list[Any] = [*row.scores.all(), *row.absent.all()]
        named = {(one.measure_id, one.measure_version): one.measure.slug for one in parts}
        asked = request.query_params.get("measure")
        meant = [key for key, slug in named.items() if asked in (None, slug)]
        if not meant:
            raise Http404
        if len({measure for measure, _ in meant}) > 1:
            slugs = ", ".join(sorted(set(named.values())))
            raise Invalid.field("/measure", f"This sitting has several measures: {slugs}.")
        measure_id, version = meant[0]
        rows = MeasureVersion.objects.filter(measure_id=measure_id).select_related("measure")
        # a score from before versions were kept is told by the first that there is
        named_version = rows.filter(version=version).first() if version else None
        return named_version or rows.order_by("version")[0]
