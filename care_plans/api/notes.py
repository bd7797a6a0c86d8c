"""Visits, clinical notes, and what crosses lanes by agreement."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from care_plans import encounters, notes, summaries
from care_plans.api import note_serializers as serializers
from care_plans.models import CareSummary, ClinicalNote, Encounter
from coordination.api.concurrency import expected_version
from coordination.api.permissions import CLINICAL
from coordination.api.records import MomentFilter, OfPatientFilter
from coordination.api.views import Listed, OfPatients, Retrieved
from coordination.models import Discipline


def _ids(data: dict[str, Any]) -> dict[str, Any]:
    """Return a request's fields as the domain names them."""
    named = ("location", "course", "lane", "encounter", "author")
    return {f"{key}_id" if key in named else key: value for key, value in data.items()}


class EncounterFilter(filters.FilterSet):
    """How an encounter is looked for."""

    patient = OfPatientFilter(field_name="patient_id")
    course = filters.UUIDFilter(field_name="course_id")
    status = filters.ChoiceFilter(choices=Encounter.Status.choices)
    started_from = MomentFilter(field_name="started_at", lookup_expr="gte")
    started_until = MomentFilter(field_name="started_at", lookup_expr="lt")

    class Meta:
        model = Encounter
        fields: list[str] = []


_ENCOUNTER = {200: serializers.EncounterSerializer}
_NOTE = {200: serializers.ClinicalNoteSerializer}


@extend_schema_view(
    list=extend_schema(summary="List encounters"),
    retrieve=extend_schema(summary="Read an encounter"),
)
class EncounterViewSet(OfPatients, Listed, Retrieved):
    """Visits that happened."""

    audited_as = "Encounter"
    roles = {
        "list": CLINICAL,
        "retrieve": CLINICAL,
        "create": CLINICAL,
        "finish": CLINICAL,
        "cancel": CLINICAL,
        "mark_in_error": CLINICAL,
    }
    ordering: ClassVar[tuple[str, ...]] = ("-started_at", "-id")
    serializer_class = serializers.EncounterSerializer
    filterset_class = EncounterFilter
    queryset = Encounter.objects.none()

    def get_queryset(self) -> QuerySet[Encounter, Encounter]:
        """Return the encounters within the actor's reach."""
        return encounters.encounters_visible_to(self.actor, self.now, narrow=self.narrow)

    @extend_schema(
        summary="Record an encounter of your own",
        request=serializers.EncounterRecordingSerializer,
        responses={201: serializers.EncounterSerializer},
    )
    def create(self, request: Request) -> Response:
        """Record a visit."""
        data = _ids(self.valid(serializers.EncounterRecordingSerializer))
        row = encounters.record_encounter(
            data.pop("patient"), **data, actor=self.actor, now=self.now
        )
        return self.answer(row, status=201)

    @extend_schema(
        summary="Finish an encounter",
        request=serializers.EncounterFinishSerializer,
        responses=_ENCOUNTER,
    )
    @action(detail=True, methods=["post"])
    def finish(self, request: Request, pk: str) -> Response:
        """Finish a visit."""
        return self._move("finish", pk, serializers.EncounterFinishSerializer)

    @extend_schema(
        summary="Cancel an encounter that was broken off before any care",
        request=serializers.WithReasonSerializer,
        responses=_ENCOUNTER,
    )
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Cancel a visit."""
        return self._move("cancel", pk, serializers.WithReasonSerializer)

    @extend_schema(
        summary="Mark an encounter as entered in error",
        request=serializers.WithReasonSerializer,
        responses=_ENCOUNTER,
    )
    @action(detail=True, methods=["post"], url_path="mark-in-error")
    def mark_in_error(self, request: Request, pk: str) -> Response:
        """Take a visit back."""
        return self._move("mark-in-error", pk, serializers.WithReasonSerializer)

    def _move(self, name: str, pk: str, serializer_class: Any) -> Response:
        given = self.valid(serializer_class)
        row = encounters.move_encounter(UUID(pk), name, **given, actor=self.actor, now=self.now)
        return self.answer(row)


class ClinicalNoteFilter(filters.FilterSet):
    """How a note is looked for: never by its words."""

    patient = OfPatientFilter(field_name="patient_id")
    course = filters.UUIDFilter(field_name="course_id")
    encounter = filters.UUIDFilter(field_name="encounter_shown")
    discipline = filters.ChoiceFilter(choices=Discipline.choices)
    status = filters.ChoiceFilter(choices=ClinicalNote.Status.choices)

    class Meta:
        model = ClinicalNote
        fields: list[str] = []


@extend_schema_view(
    list=extend_schema(
        summary="List the notes that you may read",
        description=(
            "Psychotherapy notes are for their author and the psychotherapists in the patient's "
            "circle of care; nobody else is told that there are any."
        ),
    ),
    retrieve=extend_schema(summary="Read a note"),
)
class ClinicalNoteViewSet(OfPatients, Listed, Retrieved):
    """What was written. A signed note never changes; an amendment stands beside it."""

    audited_as = "ClinicalNote"
    roles = {
        "list": CLINICAL,
        "retrieve": CLINICAL,
        "create": CLINICAL,
        "partial_update": CLINICAL,
        "sign": CLINICAL,
        "amend": CLINICAL,
        "mark_in_error": CLINICAL,
    }
    ordering: ClassVar[tuple[str, ...]] = ("-written_at", "-id")
    serializer_class = serializers.ClinicalNoteSerializer
    filterset_class = ClinicalNoteFilter
    queryset = ClinicalNote.objects.none()

    def get_queryset(self) -> QuerySet[ClinicalNote, ClinicalNote]:
        """Return the notes that the actor may read."""
        return notes.notes_visible_to(self.actor, self.now, narrow=self.narrow)

    @extend_schema(
        summary="Write a note",
        request=serializers.NoteWritingSerializer,
        responses={201: serializers.ClinicalNoteSerializer},
    )
    def create(self, request: Request) -> Response:
        """Write a note, as a draft or signed at once."""
        data = _ids(self.valid(serializers.NoteWritingSerializer))
        note = notes.write_note(data.pop("patient"), **data, actor=self.actor, now=self.now)
        return self._as_read(note, status=201)

    @extend_schema(summary="Edit a draft", request=serializers.NoteEditSerializer, responses=_NOTE)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change a draft of the version that If-Match names."""
        version = expected_version(request)
        note = notes.edit_note(
            UUID(pk),
            version=version,
            fields=self.valid(serializers.NoteEditSerializer, partial=True),
            actor=self.actor,
            now=self.now,
        )
        return self._as_read(note)

    @extend_schema(summary="Sign a draft", request=None, responses=_NOTE)
    @action(detail=True, methods=["post"])
    def sign(self, request: Request, pk: str) -> Response:
        """Sign a draft: from then on it never changes."""
        return self._as_read(notes.move_note(UUID(pk), "sign", actor=self.actor, now=self.now))

    @extend_schema(
        summary="Amend a signed note; the original stays readable",
        request=serializers.NoteAmendingSerializer,
        responses={201: serializers.ClinicalNoteSerializer},
    )
    @action(detail=True, methods=["post"])
    def amend(self, request: Request, pk: str) -> Response:
        """Sign a new note beside the one that it amends."""
        data = self.valid(serializers.NoteAmendingSerializer)
        note = notes.amend_note(UUID(pk), **data, actor=self.actor, now=self.now)
        return self._as_read(note, status=201)

    @extend_schema(
        summary="Mark a note as entered in error",
        request=serializers.WithReasonSerializer,
        responses=_NOTE,
    )
    @action(detail=True, methods=["post"], url_path="mark-in-error")
    def mark_in_error(self, request: Request, pk: str) -> Response:
        """Mark a note as written by mistake; it stays readable."""
        because = self.valid(serializers.WithReasonSerializer)["because"]
        note = notes.move_note(
            UUID(pk), "mark-in-error", because=because, actor=self.actor, now=self.now
        )
        return self._as_read(note)

    def _as_read(self, note: ClinicalNote, *, status: int = 200) -> Response:
        return self.answer(self.get_queryset().get(pk=note.pk), status=status)


class CareSummaryFilter(filters.FilterSet):
    """How a summary is looked for."""

    patient = OfPatientFilter(field_name="patient_id")
    course = filters.UUIDFilter(field_name="course_id")
    kind = filters.ChoiceFilter(choices=CareSummary.Kind.choices)

    class Meta:
        model = CareSummary
        fields: list[str] = []


@extend_schema_view(
    list=extend_schema(summary="List what disciplines told the team"),
    retrieve=extend_schema(summary="Read a summary"),
)
class CareSummaryViewSet(OfPatients, Listed, Retrieved):
    """Summaries and goals that their authors wrote for the team, agreed with the patient."""

    audited_as = "CareSummary"
    roles = {"list": CLINICAL, "retrieve": CLINICAL, "create": CLINICAL, "withdraw": CLINICAL}
    ordering: ClassVar[tuple[str, ...]] = ("-written_at", "-id")
    serializer_class = serializers.CareSummarySerializer
    filterset_class = CareSummaryFilter
    queryset = CareSummary.objects.none()

    def get_queryset(self) -> QuerySet[CareSummary, CareSummary]:
        """Return the summaries that the actor may read."""
        return summaries.summaries_visible_to(self.actor, self.now, narrow=self.narrow)

    @extend_schema(
        summary="Tell the team something that the patient agreed to",
        request=serializers.SummaryWritingSerializer,
        responses={201: serializers.CareSummarySerializer},
    )
    def create(self, request: Request) -> Response:
        """Write a summary or a goal for the team."""
        data = _ids(self.valid(serializers.SummaryWritingSerializer))
        row = summaries.write_summary(data.pop("patient"), **data, actor=self.actor, now=self.now)
        return self.answer(row, status=201)

    @extend_schema(
        summary="Close a summary because the patient took the agreement back",
        request=None,
        responses={200: serializers.CareSummarySerializer},
    )
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """Close a summary to the team."""
        row = summaries.withdraw_summary(UUID(pk), actor=self.actor, now=self.now)
        return self.answer(row)
