"""The shapes in which people and places are read and written."""

from typing import Any
from zoneinfo import available_timezones

from django.db.models import F, TextField, Value
from django.db.models.functions import Coalesce, Concat, NullIf
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from coordination.api.projection import Written
from coordination.models import (
    CareTeamMember,
    Discipline,
    Event,
    Location,
    Membership,
    Patient,
    PatientIdentifier,
    Practitioner,
    PractitionerRole,
)
from coordination.organizations import is_holiday_calendar


class CredentialsSerializer(serializers.Serializer[Any]):
    """What somebody logs in with."""

    email = serializers.EmailField()
    password = serializers.CharField(trim_whitespace=False, write_only=True)
    organization = serializers.UUIDField(
        required=False, help_text="Which one to act in, for a login with several."
    )
    code = serializers.CharField(
        required=False,
        max_length=20,
        write_only=True,
        help_text="The second factor's code, from the app or from paper; it may also follow.",
    )


@extend_schema_serializer(component_name="Token")  # the request: `TokenRequest`
class TokenRequestSerializer(CredentialsSerializer):
    """What a program asks a token with."""

    name = serializers.CharField(max_length=200, help_text="To recognize the token by.")
    code = serializers.CharField(
        required=False,
        max_length=20,
        write_only=True,
        help_text="The second factor's code, from the app or from paper, of a login that has one.",
    )


class TokenSerializer(serializers.Serializer[Any]):
    """A fresh token; the secret is shown this once."""

    id = serializers.UUIDField()
    token = serializers.CharField(help_text="Send it as `Authorization: Bearer …`.")
    organization = serializers.UUIDField()
    expires_at = serializers.DateTimeField()


class OwnRoleSerializer(serializers.ModelSerializer[PractitionerRole]):
    """One hat of the person who is logged in."""

    class Meta:
        model = PractitionerRole
        fields = ["id", "discipline", "location"]


class SessionSerializer(serializers.Serializer[Any]):
    """Who is logged in, where, and as what."""

    user = serializers.UUIDField()
    email = serializers.EmailField()
    name = serializers.CharField()
    organization = serializers.UUIDField()
    organization_name = serializers.CharField()
    roles = serializers.ListField(child=serializers.ChoiceField(Membership.Role.choices))
    practitioner_roles = OwnRoleSerializer(many=True)
    second_factor = serializers.ChoiceField(
        ["not_needed", "enrol", "give", "proven"],
        help_text="`enrol` and `give`: nothing else is answered until that is done.",
    )
    must_change_password = serializers.BooleanField(
        help_text="Somebody else chose the password: nothing is answered but "
        "`POST /api/v1/me/password` and logging out until it is changed.",
    )


#: in the database of zones, and yet no place: the machine's own clock, and what stands for none
_NO_PLACE = frozenset({"localtime", "Factory", "posixrules"})


class LocationSerializer(serializers.ModelSerializer[Location]):
    """A site."""

    class Meta:
        model = Location
        fields = [
            "id",
            "name",
            "time_zone",
            "holiday_calendar",
            "address",
            "phone",
            "is_active",
        ]
        extra_kwargs = {"name": {"max_length": 200}, "address": {"max_length": 1000}}

    def validate_time_zone(self, value: str) -> str:
        """Take IANA names only."""
        if value not in available_timezones() - _NO_PLACE:
            raise serializers.ValidationError("Not an IANA time zone such as America/Toronto.")
        return value

    def validate_holiday_calendar(self, value: str) -> str:
        """Take countries and their parts, by ISO 3166, of which holidays are known."""
        if value and not is_holiday_calendar(value):
            raise serializers.ValidationError("Not a calendar of holidays such as CA-ON.")
        return value


_REGISTRATION_LIMITS: dict[str, Any] = {
    "college": {"max_length": 200},
    "registration_number": {"max_length": 60},
    "services": {"max_length": 50, "child": serializers.CharField(max_length=200)},
}


class RegistrationSerializer(serializers.ModelSerializer[PractitionerRole]):
    """A practitioner as one discipline at one location."""

    location_name = serializers.CharField(source="location.name", read_only=True)
    is_registered = serializers.SerializerMethodField(
        help_text="Whether the registration is valid today, by the day of the location."
    )

    class Meta:
        model = PractitionerRole
        fields = [
            "id",
            "discipline",
            "location",
            "location_name",
            "college",
            "registration_number",
            "registered_from",
            "registered_until",
            "services",
            "is_active",
            "is_registered",
            "capacity",
        ]
        extra_kwargs = _REGISTRATION_LIMITS

    def get_is_registered(self, role: PractitionerRole) -> bool:
        """Say whether this person may practise now."""
        return role.is_registered(timezone.now())


class RegistrationChangeSerializer(serializers.ModelSerializer[PractitionerRole]):
    """What may change of a registration."""

    class Meta:
        model = PractitionerRole
        fields = list(PractitionerRole.editable)
        extra_kwargs = {
            name: limit
            for name, limit in _REGISTRATION_LIMITS.items()
            if name in PractitionerRole.editable
        }


class LoginSerializer(serializers.Serializer[Any]):
    """Whose login it is."""

    login = serializers.EmailField(help_text="The address that this person logs in with.")


class PractitionerSerializer(serializers.ModelSerializer[Practitioner]):
    """A person who treats, with every role."""

    roles = RegistrationSerializer(many=True, read_only=True)
    has_login = serializers.SerializerMethodField(help_text="Whether this person can log in.")
    login = serializers.EmailField(
        write_only=True, required=False, help_text="The address that this person logs in with."
    )

    class Meta:
        model = Practitioner
        fields = ["id", "name", "languages", "has_login", "login", "roles"]
        extra_kwargs = {"name": {"max_length": 200}}

    def get_has_login(self, practitioner: Practitioner) -> bool:
        """Say whether a login belongs to this person."""
        return practitioner.user_id is not None

    def validate_languages(self, value: Any) -> Any:
        """Take a list of language tags."""
        tags = value if isinstance(value, list) and len(value) <= 20 else [None]
        if not all(isinstance(tag, str) and 0 < len(tag) <= 35 for tag in tags):
            raise serializers.ValidationError(
                "A list of BCP 47 tags such as en-CA, twenty at most."
            )
        return value


class PractitionerChangeSerializer(PractitionerSerializer):
    """What can be corrected of a practitioner; a login is given at its own address."""

    class Meta(PractitionerSerializer.Meta):
        fields = ["name", "languages"]

    login = None  # type: ignore[assignment] # DRF's way to leave an inherited field out
    roles = None  # type: ignore[assignment] # likewise
    has_login = None  # type: ignore[assignment] # likewise


@extend_schema_field(OpenApiTypes.STR)
class PatientNameField(Written):
    """A patient's name as lists show it: the family name, then the name that they go by."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"read_only": True, "source": "patient", **kwargs})

    def to_representation(self, value: Any) -> str:
        """Print the name."""
        return str(value)

    def expression(self, path: str) -> Any:
        """Write what `Patient.__str__` returns."""
        nothing, comma = (Value(text, output_field=TextField()) for text in ("", ", "))
        preferred = NullIf(F(f"{path}__preferred_name"), nothing)
        known_as = Coalesce(preferred, F(f"{path}__given_name"))
        return Concat(F(f"{path}__family_name"), comma, known_as)


class IdentifierSerializer(serializers.ModelSerializer[PatientIdentifier]):
    """A number that somebody gave the patient."""

    class Meta:
        model = PatientIdentifier
        fields = ["kind", "system", "value", "version_code"]
        extra_kwargs = {
            "system": {"allow_blank": False, "max_length": 200},
            "value": {"allow_blank": False, "max_length": 200},
        }


class PatientSerializer(serializers.ModelSerializer[Patient]):
    """Identity and contacts: what the directory view shows."""

    identifiers = IdentifierSerializer(many=True, read_only=True)

    class Meta:
        model = Patient
        fields = [
            "id",
            *Patient.editable,
            "identifiers",
            "deceased_at",
            "is_synthetic",
            "registered_at",
            "merged_into",
        ]
        read_only_fields = ["id", "deceased_at", "is_synthetic", "registered_at", "merged_into"]
        extra_kwargs = {
            "family_name": {"max_length": 200, "allow_blank": False},
            "given_name": {"max_length": 200},
            "preferred_name": {"max_length": 200},
            "address": {"max_length": 1000},
            "emergency_contact_name": {"max_length": 200},
            "emergency_contact_relationship": {"max_length": 200},
        }

    def validate_birth_date(self, value: Any) -> Any:
        """Refuse a birth date in the future."""
        if value and value > timezone.now().date():
            raise serializers.ValidationError("This day is in the future.")
        return value


class PatientRegistrationSerializer(PatientSerializer):
    """A new patient; naming the lead opens intake."""

    identifiers = IdentifierSerializer(many=True, required=False)
    lead = serializers.UUIDField(
        write_only=True, help_text="The practitioner role accountable from now on."
    )

    class Meta(PatientSerializer.Meta):
        fields = [*PatientSerializer.Meta.fields, "lead"]


class LeadSerializer(serializers.Serializer[Any]):
    """Who is to lead."""

    lead = serializers.UUIDField(help_text="A practitioner role.")


class JoinSerializer(serializers.Serializer[Any]):
    """Who is to join."""

    practitioner_role = serializers.UUIDField()


class LeaveSerializer(serializers.Serializer[Any]):
    """Why a member leaves."""

    because = serializers.CharField(max_length=500)


class CareTeamMemberSerializer(serializers.ModelSerializer[CareTeamMember]):
    """One membership with its period."""

    name = serializers.CharField(source="practitioner_role.practitioner.name", read_only=True)
    discipline = serializers.ChoiceField(
        Discipline.choices, source="practitioner_role.discipline", read_only=True
    )

    class Meta:
        model = CareTeamMember
        fields = [
            "id",
            "patient",
            "practitioner_role",
            "name",
            "discipline",
            "role",
            "since",
            "until",
            "ended_because",
        ]


class EventSerializer(serializers.ModelSerializer[Event]):
    """One thing that happened: ids only."""

    class Meta:
        model = Event
        fields = ["id", "recorded_at", "type", "subject", "subject_id", "patient"]
