"""The second factor of a login: codes from an app, codes on paper, and passkeys.

The library keeps and computes them; here stands who needs one and that a code counts once.
"""

from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from allauth.mfa.utils import decrypt
from django.db import transaction

from coordination.actors import Role
from coordination.login_fence import of_login
from coordination.models import User
from coordination.problems import NotAllowed, Problem

PERIOD = 30  # seconds that a code from an app is shown
NEEDED_BY = frozenset({Role.ADMINISTRATOR, Role.PRIVACY_OFFICER})
Type = Authenticator.Type
ENROL_AT = "/api/v1/me/second-factors/totp"
PROVE_AT = "/api/v1/session/second-factor"
PROGRAM_AT = "/api/v1/tokens"


class SecondFactorRequired(Problem):
    """A password alone does not suffice here; `at` says where to enrol, or to give, the factor."""

    type = "second-factor-required"
    title = "A second factor is required"
    status = 403


class WrongCode(Problem):
    """The code, or the passkey's answer, is not right, or was used before."""

    type = "wrong-code"
    title = "Not the right code"
    status = 401


class LastFactor(NotAllowed):
    """Roles that need a second factor keep at least one."""

    type = "last-second-factor"


@dataclass(frozen=True, slots=True)
class Standing:
    """What a login has proven, and what it still has to."""

    is_enrolled: bool
    is_proven: bool

    def demand(self, roles: frozenset[Role]) -> None:
        """Raise `SecondFactorRequired` unless a password was enough or more was proven."""
        if self.is_proven:
            return
        if self.is_enrolled:
            raise SecondFactorRequired(
                "Give the second factor of this login first.", rule="login.prove", at=PROVE_AT
            )
        if roles & NEEDED_BY:
            raise SecondFactorRequired(
                "Administrators and privacy officers need a second factor: enrol one first.",
                rule="login.enrol",
                at=ENROL_AT,
            )


@of_login
def factors_of(user: User) -> list[Authenticator]:
    """Return a login's second factors, oldest first."""
    return list(Authenticator.objects.filter(user=user).order_by("created_at", "pk"))


@of_login
def is_enrolled(user: User) -> bool:
    """Say whether a login has an app or a passkey; codes on paper come with either."""
    mine = Authenticator.objects.filter(user=user, type__in=(Type.TOTP, Type.WEBAUTHN))
    return bool(mine.exists())


@of_login
def take_turn(user: User) -> None:
    """Hold the login until the transaction ends, and read it as it is now.

    So of two who change the same login, the second sees what the first one did.
    """
    user.refresh_from_db(from_queryset=User.objects.select_for_update(no_key=True))


@of_login
def forget_factors(user: User) -> None:
    """Remove every second factor of a login, the codes on paper too."""
    Authenticator.objects.filter(user=user).delete()


@of_login
def prove_code(user: User, code: str, *, now: datetime) -> str:
    """Accept a code from the app or from paper, once. Returns its type; raises `WrongCode`."""
    typed = "".join(code.split())
    if _accepts_totp(user, typed, now=now):
        return str(Type.TOTP)
    paper = Authenticator.objects.filter(user=user, type=Type.RECOVERY_CODES).first()
    if paper is not None and typed and RecoveryCodes(paper).validate_code(typed):
        return str(Type.RECOVERY_CODES)
    raise WrongCode("This code is wrong, or was used before.")


@of_login
@transaction.atomic
def enrol_totp(user: User, secret: str, code: str, *, now: datetime) -> list[str]:
    """Take an app's secret once its code is right; returns codes for paper if they are new.

    Raises `WrongCode`, `NotAllowed` when the login has an app already.
    """
    if Authenticator.objects.filter(user=user, type=Type.TOTP).exists():
        raise NotAllowed("This login has an authenticator app already; remove it first.")
    counter = _matching(secret, "".join(code.split()), now)
    if counter is None:
        raise WrongCode("This code is not the one that the app shows for this secret.")
    row = TOTP.activate(user, secret).instance
    Authenticator.objects.filter(pk=row.pk).update(data={**row.data, "counter": counter})
    return paper_codes(user)


@of_login
@transaction.atomic
def paper_codes(user: User, *, anew: bool = False) -> list[str]:
    """Return recovery codes if the login has none yet, or fresh ones; otherwise nothing."""
    mine = Authenticator.objects.filter(user=user, type=Type.RECOVERY_CODES)
    if anew:
        mine.delete()
    elif mine.exists():
        return []
    codes: list[str] = RecoveryCodes.activate(user).generate_codes()
    return codes


@of_login
@transaction.atomic
def remove_factor(user: User, factor_id: int, *, roles: frozenset[Role]) -> str | None:
    """Remove one factor and, with the last, the codes on paper. Returns its type, None: unknown.

    Raises `LastFactor` where the roles need one.
    """
    User.objects.select_for_update().get(pk=user.pk)
    row = Authenticator.objects.filter(user=user, pk=factor_id).first()
    if row is None:
        return None
    others = Authenticator.objects.filter(user=user, type__in=(Type.TOTP, Type.WEBAUTHN))
    is_last = row.type != Type.RECOVERY_CODES and not others.exclude(pk=row.pk).exists()
    if is_last and roles & NEEDED_BY:
        raise LastFactor("Your role needs a second factor: enrol another one first.")
    row.delete()
    if is_last:
        Authenticator.objects.filter(user=user).delete()
    return str(row.type)


def totp_code(secret: str, now: datetime) -> str:
    """Return what an app with this secret shows now."""
    shown: str = format_hotp_value(hotp_value(secret, int(now.timestamp()) // PERIOD))
    return shown


def _accepts_totp(user: User, code: str, *, now: datetime) -> bool:
    with transaction.atomic():
        mine = Authenticator.objects.filter(user=user, type=Type.TOTP)
        row = mine.select_for_update().first()
        if row is None:
            return False
        counter = _matching(decrypt(row.data["secret"]), code, now)
        if counter is None or counter <= row.data.get("counter", 0):
            return False
        mine.update(data={**row.data, "counter": counter}, last_used_at=now)
    return True


def _matching(secret: str, code: str, now: datetime) -> int | None:
    # One step either way: a phone's clock may be half a minute off.
    current = int(now.timestamp()) // PERIOD
    for counter in (current, current - 1, current + 1):
        if compare_digest(format_hotp_value(hotp_value(secret, counter)).encode(), code.encode()):
            return counter
    return None
