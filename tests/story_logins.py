"""The chapter about one's own login: the way in, second factors, sessions, tokens, the way out."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from rest_framework.test import APIClient

from coordination.actors import Role
from coordination.login_fence import write_login
from coordination.second_factors import totp_code
from tests.cast import Cast, Person, make_person
from tests.coordination.passkey import Passkey

if TYPE_CHECKING:
    from tests.story import Teller

PASSWORD = "continuum-demo-clinic"
#: what the passkeys are bound to: `PUBLIC_URL` while this is told
ORIGIN = "https://continuum.example"
FACTORS = "/me/second-factors"


def log_in_and_out(cast: Cast, tell: "Teller", clock: Any) -> None:
    """Tell everything about logins; `clock` is moved on, for each code of an app counts once."""
    kim = someone(cast, "Kim", Role.SCHEDULER)
    key = enrol(kim, tell)
    come_back(kim, tell, key)
    kai = someone(cast, "Kai", Role.SCHEDULER)
    work_with_tokens(kai, tell)
    end_everything(kai, tell)
    lou = someone(cast, "Lou", Role.ADMINISTRATOR)
    browser = log_in(lou, tell)
    prove_app(browser, tell)
    clock.shift(timedelta(minutes=1))
    tell(browser, "post", "/logins/{id}/end-access", id=kai.user.id)


def someone(cast: Cast, name: str, hat: Role) -> Person:
    """Make somebody with a password."""
    who = make_person(cast.riverside, name, hat=hat)
    who.user.set_password(PASSWORD)
    write_login(who.user, "password")
    return who


def log_in(who: Person, tell: "Teller") -> Person:
    """Return the same person at another browser, logged in by password."""
    browser = Person(who.user, who.organization, who.role, [APIClient()])
    tell(browser, "post", "/session", {"email": who.user.email, "password": PASSWORD})
    return browser


def prove_app(browser: Person, tell: "Teller") -> None:
    """Enrol an authenticator app."""
    secret = tell(browser, "post", f"{FACTORS}/totp")["secret"]
    body = {"code": totp_code(secret, timezone.now())}
    tell(browser, "post", f"{FACTORS}/totp/confirm", body)


def enrol(kim: Person, tell: "Teller") -> Passkey:
    """Kim enrols an app and a passkey, and makes new codes for paper."""
    browser = log_in(kim, tell)
    prove_app(browser, tell)
    key = Passkey(ORIGIN, "continuum.example", bytes(32))
    options = tell(browser, "post", f"{FACTORS}/passkey")["options"]["publicKey"]
    made = {"name": "Key on my ring", "credential": key.register(options)}
    tell(browser, "post", f"{FACTORS}/passkey/confirm", made)
    tell(browser, "post", "/me/recovery-codes")
    return key


def come_back(kim: Person, tell: "Teller", key: Passkey) -> None:
    """Kim logs in with the passkey, removes the app, ends another session and leaves."""
    left_open, browser = log_in(kim, tell), log_in(kim, tell)
    options = tell(browser, "post", "/session/passkey-challenge")["options"]["publicKey"]
    proof = {"credential": key.prove(options)}
    tell(browser, "post", "/session/second-factor", proof)
    tell(browser, "get", "/session")
    factors = tell(browser, "get", FACTORS)
    app = next(row for row in factors if row["type"] == "totp")
    tell(browser, "delete", f"{FACTORS}/{{number}}", number=app["id"])
    if left_open.client.get("/api/v1/session").status_code == 401:
        left_open = log_in(kim, tell)
    sessions = tell(browser, "get", "/me/sessions")
    other = next(row for row in sessions if not row["is_this"])
    tell(browser, "delete", "/me/sessions/{id}", id=other["id"])
    tell(browser, "delete", "/session")


def work_with_tokens(kai: Person, tell: "Teller") -> None:
    """A program of Kai's gets a token; another one may only read, and is stopped."""
    program = Person(kai.user, kai.organization, None, [APIClient()])
    wanted = {"email": kai.user.email, "password": PASSWORD, "name": "my portal"}
    tell(program, "post", "/tokens", wanted)
    browser = log_in(kai, tell)
    fewer = {"name": "nightly report", "scopes": ["patient:read", "referral:read"]}
    one = tell(browser, "post", "/me/tokens", fewer)
    tell(browser, "get", "/me/tokens")
    tell(browser, "delete", "/me/tokens/{id}", id=one["id"])


def end_everything(kai: Person, tell: "Teller") -> None:
    """Kai logs out everywhere, and changes the password."""
    tell(log_in(kai, tell), "post", "/me/log-out-everywhere")
    change = {"current": PASSWORD, "new": "a longer demo passphrase"}
    tell(log_in(kai, tell), "post", "/me/password", change)
