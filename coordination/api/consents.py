"""Consents, directives (the lockbox) and overrides (breaking the glass)."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from coordination import break_glass, consent
from coordination.api import consent_serializers as serializers
from coordination.api.permissions import CARE, CLINICAL, OVERSIGHT
from coordination.api.views import Listed, OfPatients, Retrieved
from coordination.disclosure import View
from coordination.models import Consent, Directive, Override

_DECIDED = ("given_by", "means", "effective_at", "evidence", "wording")


def _decided(data: dict[str, Any]) -> consent.Decided:
    return consent.Decided(**{name: data.pop(name) for name in _DECIDED})


class ConsentFilter(filters.FilterSet):
    """How a decision is looked for."""

    patient = filters.UUIDFilter(field_name="patient_id")
    category = filters.ChoiceFilter(choices=Consent.Category.choices)
    agreement = filters.UUIDFilter()

    class Meta:
        model = Consent
        fields: ClassVar[list[str]] = []


@extend_schema_view(
    list=extend_schema(summary="List what patients decided about treatment and information"),
    retrieve=extend_schema(summary="Read one decision"),
)
class ConsentViewSet(OfPatients, Listed, Retrieved):
    """Decisions of patients: permissions, refusals and withdrawals, each a version."""

    audited_as = "Consent"
    seen_in: ClassVar[View] = "directory"
    roles = dict.fromkeys(("list", "retrieve", "create"), CARE | OVERSIGHT)
    serializer_class = serializers.ConsentSerializer
    filterset_class = ConsentFilter
    queryset = Consent.objects.none()

    def get_queryset(self) -> QuerySet[Consent, Consent]:
        """Return the decisions within the actor's reach."""
        rows: QuerySet[Consent, Consent] = consent.consents_visible_to(self.actor, self.now)
        return rows

    @extend_schema(
        summary="Write down what a patient decided",
        description="A refusal is written like a permission; nothing is ever overwritten.",
        request=serializers.ConsentOfPatientSerializer,
        responses={201: serializers.ConsentSerializer},
    )
    def create(self, request: Request) -> Response:
        """Write down one decision."""
        data = self.valid(serializers.ConsentOfPatientSerializer)
        decided = _decided(data)
        row = consent.record_consent(
            data.pop("patient"), decided=decided, actor=self.actor, now=self.now, **data
        )
        return self.answer(self.get_queryset().get(pk=row.pk), status=201)


class DirectiveFilter(filters.FilterSet):
    """How a directive is looked for."""

    patient = filters.UUIDFilter(field_name="patient_id")
    in_force = filters.BooleanFilter(method="by_force", label="Whether it holds now.")

    class Meta:
        model = Directive
        fields: ClassVar[list[str]] = []

    def by_force(self, rows: Any, name: str, value: bool) -> Any:
        """Keep (or leave out) what holds."""
        request: Any = self.request
        found = Directive.objects.in_force(request.parser_context["view"].now)
        return rows.filter(pk__in=found) if value else rows.exclude(pk__in=found)


@extend_schema_view(
    list=extend_schema(summary="List what patients had locked away"),
    retrieve=extend_schema(summary="Read one directive"),
)
class DirectiveViewSet(OfPatients, Listed, Retrieved):
    """The lockbox. Whoever meets the patient writes down their word; oversight alone reads it."""

    audited_as = "Directive"
    seen_in: ClassVar[View] = "oversight"
    roles = {
        "list": OVERSIGHT,
        "retrieve": OVERSIGHT,
        "create": CARE | OVERSIGHT,
        "end": CARE | OVERSIGHT,
    }
    serializer_class = serializers.DirectiveSerializer
    filterset_class = DirectiveFilter
    queryset = Directive.objects.none()

    def get_queryset(self) -> QuerySet[Directive, Directive]:
        """Return the directives within the actor's reach."""
        rows: QuerySet[Directive, Directive] = consent.directives_visible_to(self.actor, self.now)
        return rows

    @extend_schema(
        summary="Lock something away, at the patient's word",
        description="It holds at once, on every path, for everybody but whoever wrote the record "
        "or is a party to it: who asked for a referral and who works on it, who hands over and "
        "who takes over, who does a lane. A record is withheld in all its versions, what corrects "
        "it later included. A discipline, or a practitioner, is withheld with what they write and "
        "what they ask of others. `everything` leaves open who the patient is, how they are "
        "reached and who acts for them, without which nobody could treat them, and a safety "
        "alert. Only what its writer may read can be named. Sent again while it "
        "holds, it changes nothing, and 200 answers with the one that is there; but whoever "
        "repeats what somebody else wrote down is not told of that, unless they guard privacy.",
        request=serializers.DirectiveOfPatientSerializer,
        responses={201: serializers.DirectiveSerializer, 200: serializers.DirectiveSerializer},
    )
    def create(self, request: Request) -> Response:
        """Set one directive, or find the very same."""
        data = self.valid(serializers.DirectiveOfPatientSerializer)
        decided, patient_id = _decided(data), data.pop("patient")
        for name in ("target_practitioner", "audience_practitioner"):
            data[f"{name}_id"] = data.pop(name)
        row, is_new = consent.set_directive(
            patient_id, consent.Locked(**data), decided=decided, actor=self.actor, now=self.now
        )
        if not is_new:
            self.audit_disclosure([row], searched=False)
        return self.answer(row, status=201 if is_new else 200)

    @extend_schema(
        summary="Open again what was locked away, at the patient's word",
        description="Whoever wrote it down ends it, unless it withholds something from them too; "
        "a privacy officer ends any, together with whatever says the same of the patient.",
        request=serializers.DecidedSerializer,
        responses={200: serializers.DirectiveSerializer},
    )
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: str) -> Response:
        """End one directive."""
        decided = _decided(self.valid(serializers.DecidedSerializer))
        row = consent.end_directive(UUID(pk), decided=decided, actor=self.actor, now=self.now)
        return self.answer(row)


class OverrideFilter(filters.FilterSet):
    """How an override is looked for."""

    patient = filters.UUIDFilter(field_name="patient_id")
    reviewed = filters.BooleanFilter(
        field_name="reviewed_at", lookup_expr="isnull", exclude=True, label="Whether it was."
    )

    class Meta:
        model = Override
        fields: ClassVar[list[str]] = []


@extend_schema_view(
    list=extend_schema(summary="List who broke the glass: all for oversight, else one's own"),
    retrieve=extend_schema(summary="Read one override"),
)
class OverrideViewSet(OfPatients, Listed, Retrieved):
    """Breaking the glass. It ends by itself and always waits for a privacy officer's review."""

    audited_as = "Override"
    seen_in: ClassVar[View] = "oversight"
    roles = {
        "list": CLINICAL | OVERSIGHT,
        "retrieve": CLINICAL | OVERSIGHT,
        "create": CLINICAL,
        "end": CLINICAL | OVERSIGHT,
        "review": OVERSIGHT,
    }
    serializer_class = serializers.OverrideSerializer
    filterset_class = OverrideFilter
    queryset = Override.objects.none()

    def get_queryset(self) -> QuerySet[Override, Override]:
        """Return the overrides within the actor's reach."""
        rows: QuerySet[Override, Override] = break_glass.overrides_visible_to(self.actor, self.now)
        return rows

    @extend_schema(
        summary="Break the glass: see a patient in need",
        description=(
            "It opens the patient's record to you for a limited time; the privacy officers are "
            "told at once, and one of them reviews it."
        ),
        request=serializers.OverrideRequestSerializer,
        responses={201: serializers.OverrideSerializer},
    )
    def create(self, request: Request) -> Response:
        """Open a record for a reason."""
        data = self.valid(serializers.OverrideRequestSerializer)
        patient_id = data.pop("patient")
        identifier, birth_date = data.pop("identifier"), data.pop("birth_date")
        row = break_glass.break_glass(
            patient_id or break_glass.identified(identifier, birth_date),
            practitioner_role_id=data.pop("practitioner_role"),
            actor=self.actor,
            now=self.now,
            **data,
        )
        return self.answer(row, status=201)

    @extend_schema(
        summary="Close the glass before its time",
        request=None,
        responses={200: serializers.OverrideSerializer},
    )
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: str) -> Response:
        """End it now."""
        row = break_glass.end_override(self.get_object().pk, actor=self.actor, now=self.now)
        return self.answer(row)

    @extend_schema(
        summary="Review an override, once",
        request=serializers.OverrideReviewSerializer,
        responses={200: serializers.OverrideSerializer},
    )
    @action(detail=True, methods=["post"])
    def review(self, request: Request, pk: str) -> Response:
        """Say what to make of it."""
        row = break_glass.review_override(
            self.get_object().pk,
            actor=self.actor,
            now=self.now,
            **self.valid(serializers.OverrideReviewSerializer),
        )
        return self.answer(row)
