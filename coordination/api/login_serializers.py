"""How logins, their second factors, sessions and tokens look."""

from typing import Any

from allauth.mfa.models import Authenticator
from rest_framework import serializers

from coordination.models import ApiToken, LoginSession


class CodeSerializer(serializers.Serializer[Any]):
    """A second factor given: a code, or what a passkey answered."""

    code = serializers.CharField(max_length=20, required=False, write_only=True)
    credential = serializers.JSONField(required=False, write_only=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Ask for one of the two."""
        if len(attrs) != 1:
            raise serializers.ValidationError("Give `code` or `credential`.")
        return attrs


class PublicKeySerializer(serializers.Serializer[Any]):
    """Options for the browser's `navigator.credentials`."""

    options = serializers.JSONField(help_text="As `PublicKeyCredential.parse…FromJSON` takes them.")


class SecondFactorSerializer(serializers.Serializer[Any]):
    """One second factor of one's own login."""

    id = serializers.IntegerField(source="pk")
    type = serializers.ChoiceField(Authenticator.Type.choices)
    name = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(allow_null=True)

    def get_name(self, row: Authenticator) -> str:
        """Return what its owner called it, or its kind."""
        return str(row.data.get("name") or row.get_type_display())


class TotpOfferSerializer(serializers.Serializer[Any]):
    """A secret for an authenticator app; it counts once a code of it has been confirmed."""

    secret = serializers.CharField()
    url = serializers.CharField(help_text="`otpauth://…`, to show as a QR code.")


class TotpConfirmSerializer(serializers.Serializer[Any]):
    """The code that the app shows."""

    code = serializers.CharField(max_length=20, write_only=True)


class PasskeyConfirmSerializer(serializers.Serializer[Any]):
    """What the browser answered to the options, and what to call the passkey."""

    name = serializers.CharField(max_length=100)
    credential = serializers.JSONField(write_only=True)


class RecoveryCodesSerializer(serializers.Serializer[Any]):
    """Codes for paper, each good once, shown this once; empty when there are some already."""

    recovery_codes = serializers.ListField(child=serializers.CharField())


class OwnSessionSerializer(serializers.ModelSerializer[LoginSession]):
    """A browser in which one is logged in."""

    is_this = serializers.SerializerMethodField()

    class Meta:
        model = LoginSession
        fields = ("id", "agent", "started_at", "last_used_at", "expires_at", "is_this")

    def get_is_this(self, row: LoginSession) -> bool:
        """Say whether it is the one that asks."""
        return bytes(row.digest) == self.context.get("digest")


class OwnTokenSerializer(serializers.ModelSerializer[ApiToken]):
    """A token of one's own, without its secret."""

    class Meta:
        model = ApiToken
        fields = ("id", "name", "scopes", "created_at", "expires_at")


class NewTokenSerializer(serializers.Serializer[Any]):
    """What a token is for, and what it may do."""

    name = serializers.CharField(max_length=200, help_text="To recognize the token by.")
    scopes = serializers.ListField(
        child=serializers.CharField(max_length=100),
        required=False,
        help_text="Such as `patient:read`; without, it may do whatever its login may.",
    )


class PasswordSerializer(serializers.Serializer[Any]):
    """The present password, and the one that takes its place."""

    current = serializers.CharField(trim_whitespace=False, write_only=True)
    new = serializers.CharField(trim_whitespace=False, write_only=True)
