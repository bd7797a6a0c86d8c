"""What the process reads from its environment, checked before anything else starts."""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import unquote, urlsplit

from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from coordination import usable_addresses as usable
from coordination.strength import SHORTEST_PASSWORD, SHORTEST_SECRET, weakness

PROJECT = Path(__file__).resolve().parent.parent
VAR = PROJECT / "var"
DEMO_ENVIRONMENT = VAR / "demo" / "environment.json"
_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "[::1]", "::1", "testserver"})
_SHORTEST_KEY = 50  # what Django asks of its own
_WRONG: Mapping[str, Callable[[Any], str]] = {
    "database_url": usable.wrong_database,
    "database_owner_url": usable.wrong_database,
    "database_admin_url": partial(usable.wrong_database, is_named=False),
    "redis_url": usable.wrong_redis,
    "allowed_hosts": usable.wrong_hosts,
    "public_url": usable.wrong_web,
    "email_url": usable.wrong_mail_server,
    "email_from": usable.wrong_sender,
    "mail_catcher_url": usable.wrong_web,
    "audit_heads_file": usable.wrong_file,
    "prometheus_multiproc_dir": usable.wrong_folder,
}


class Environment(BaseSettings):
    """Every setting that differs between two installations; a wrong value stops the start."""

    model_config = SettingsConfigDict(env_file=None, extra="ignore", hide_input_in_errors=True)

    database_url: str = Field("", description="PostgreSQL as the web and worker role.")
    database_owner_url: str = Field("", description="PostgreSQL as the role that migrates.")
    database_admin_url: str = Field(
        "", description="PostgreSQL as a role that may create roles and databases."
    )
    redis_url: str = Field("", description="Redis or Valkey: broker and cache.")
    secret_key: SecretStr = SecretStr("")
    debug: bool = False
    access_review_random: int = Field(
        10, ge=0, le=1000, description="Accesses drawn at random for review, a week."
    )
    access_review_per_rule: int = Field(
        5, ge=0, le=1000, description="Accesses drawn for review by each rule, a week."
    )
    access_review_many_patients: int = Field(
        60, ge=1, description="Patients opened in a day from which on a reader is drawn."
    )
    audit_heads_file: Path = Field(
        VAR / "audit-heads.jsonl", description="Where the heads of the audit chains are kept."
    )
    audit_checkpoint_key: SecretStr = Field(
        SecretStr(""), description="Signs for audit months that are dropped."
    )
    audit_retention_months: int = Field(
        0, ge=0, description="Whole months of the audit trail that are kept; 0: all of them."
    )
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        ("localhost", "127.0.0.1", "[::1]"),
        description="Names under which the server is reached, commas between them.",
    )
    public_url: str = Field("http://127.0.0.1:8000", description="Where links in mails lead.")
    rate_limit: int = Field(
        60_000, ge=0, description="Requests a minute that one login may make; 0: any number."
    )
    email_url: str = Field("", description="smtp://user:password@host:port, or smtps://…")
    email_from: str = "Continuum <no-reply@continuum.example>"
    log_format: Literal["", "json", "console"] = Field(
        "", description="Unless said: console for commands, json for servers."
    )
    metrics_token: SecretStr = Field(
        SecretStr(""), description="Bearer of /metrics; without it, only this machine may read."
    )
    override_minutes: int = Field(
        60, ge=1, le=1440, description="How long breaking the glass lasts at most."
    )
    override_review_days: int = Field(
        7, ge=1, le=90, description="Within how many days a privacy officer reviews it."
    )
    catch_up_days: int = Field(
        30, ge=1, le=3650, description="How far back a catch-up brief tells what changed."
    )
    former_member_days: int = Field(
        30,
        ge=0,
        le=3650,
        description="How long a former team member still reads their own entries.",
    )
    content_review_warning_days: int = Field(
        60,
        ge=0,
        le=365,
        description="So long before it is due a pathway's review shows as such (clinic policy).",
    )
    content_review_grace_days: int = Field(
        30,
        ge=0,
        le=365,
        description="So long after it was due courses still begin on a pathway (clinic policy).",
    )
    content_review_longest_days: int = Field(
        1095,
        ge=1,
        le=3650,
        description="The longest that one review of a pathway may hold (clinic policy).",
    )
    content_translations: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Folders with French for pathways that do not ship, commas between them."
    )
    record_request_days: int = Field(
        30, ge=1, le=365, description="Within how many days a patient's request is answered."
    )
    hand_off_hours: int = Field(
        72, gt=0, le=24 * 90, description="Until an unanswered hand-off is overdue."
    )
    hand_off_urgent_hours: int = Field(
        24,
        gt=0,
        le=24 * 90,
        description="The same, once the lead may not practise, or cannot log in.",
    )
    safety_escalation_minutes: int = Field(
        15,
        gt=0,
        le=24 * 60,
        description="Until a safety alert that nobody took up is said again, to more people.",
    )
    safety_recent_days: int = Field(
        14,
        ge=0,
        le=366,
        description="So old an imported score may be and still raise a safety alert.",
    )
    session_idle_minutes: int = Field(
        30, ge=1, le=720, description="A session unused for so long has to log in again."
    )
    trusted_proxies: int = Field(
        0, ge=0, le=10, description="How many proxies of ours write X-Forwarded-For."
    )
    hsts_subdomains: bool = Field(
        False, description="Let browsers ask every subdomain of the host for TLS too."
    )
    hsts_preload: bool = Field(
        False, description="Let browsers put the host into their lists; needs HSTS_SUBDOMAINS."
    )
    import_max_unpacked_mb: int = Field(4096, gt=0, description="The most a gzip may unpack to.")
    prometheus_multiproc_dir: str = Field("", description="Where web processes count together.")
    mail_catcher_url: str = Field("", description="Shown on the front page of a demo.")

    @field_validator("allowed_hosts", "content_translations", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """Take names with commas between them."""
        if not isinstance(value, str):
            return value
        return tuple(name.strip() for name in value.split(",") if name.strip())

    @field_validator(*_WRONG)
    @classmethod
    def _refuse_unusable(cls, value: Any, info: ValidationInfo) -> Any:
        """Take an address that can be used, or none."""
        reason = _WRONG[str(info.field_name)](value) if value or value == () else ""
        if reason:
            raise ValueError(reason)
        return value

    @property
    def is_production(self) -> bool:
        """Say whether others than this machine are served: PUBLIC_URL is https then."""
        return urlsplit(self.public_url).scheme == "https"

    @field_validator("secret_key", "metrics_token", "audit_checkpoint_key")
    @classmethod
    def _refuse_weak(cls, value: SecretStr) -> SecretStr:
        """Take a secret that cannot be guessed, or none."""
        secret = value.get_secret_value()
        reason = weakness(secret, shortest=SHORTEST_SECRET) if secret else ""
        if reason:
            raise ValueError(f"{reason} (`openssl rand -hex 32` makes a good one)")
        return value

    @model_validator(mode="after")
    def _refuse_unsafe(self) -> "Environment":
        """Refuse what only a machine of one's own may do, once others are served."""
        problems = list(self._unsafe())
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def _unsafe(self) -> Iterator[str]:
        where = urlsplit(self.public_url)
        strangers = {name for name in self.allowed_hosts if name not in _THIS_MACHINE}
        is_ours = where.scheme == "http" and where.hostname in _THIS_MACHINE
        if not self.is_production and not is_ours:
            yield "PUBLIC_URL: must begin with https:// unless it leads to this machine"
        if not self.is_production and strangers:
            yield "PUBLIC_URL: must begin with https:// when ALLOWED_HOSTS names other machines"
        if self.hsts_preload and not self.hsts_subdomains:
            yield "HSTS_PRELOAD: the lists take a host with HSTS_SUBDOMAINS only"
        if self.debug and (self.is_production or strangers):
            yield "DEBUG: shows the code's inner state to strangers; only for development"
        if self.is_production:
            yield from self._unsafe_in_production()

    def _unsafe_in_production(self) -> Iterator[str]:
        if 0 < len(self.secret_key.get_secret_value()) < _SHORTEST_KEY:
            yield f"SECRET_KEY: give it {_SHORTEST_KEY} characters or more"
        if "*" in self.allowed_hosts:
            yield "ALLOWED_HOSTS: name the hosts; * lets everybody invent one"
        for name in ("database_url", "database_owner_url", "redis_url"):
            url = urlsplit(getattr(self, name))
            # A socket or a certificate needs no password.
            if not url.hostname or "sslcert=" in url.query:
                continue
            reason = weakness(unquote(url.password or ""), shortest=SHORTEST_PASSWORD)
            if reason:
                yield f"{name.upper()}: its password is weak: {reason}"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over what a running demo left for the other commands."""
        return init_settings, env_settings, DemoEnvironment(settings_cls)


class DemoEnvironment(PydanticBaseSettingsSource):
    """Where a demo of this checkout runs, so that a second terminal finds its servers."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Return nothing: the whole file is read at once."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Return what the demo wrote, unless the environment names a database itself."""
        if os.environ.get("DATABASE_URL") or not DEMO_ENVIRONMENT.exists():
            return {}
        try:
            found: dict[str, Any] = json.loads(DEMO_ENVIRONMENT.read_text())
        except (OSError, ValueError):
            return {}
        return found


def read_environment() -> Environment:
    """Return what the environment says.

    A wrong value ends the process with 1 and one sentence for each that is wrong: which setting,
    what is wrong with it and what would be right, and never the value, which may be a secret.
    """
    try:
        return Environment()
    except ValidationError as refused:
        sys.exit("\n".join(["Continuum cannot start with this environment.", *_sentences(refused)]))


def _sentences(refused: ValidationError) -> Iterator[str]:
    shapes = Environment.model_json_schema()["properties"]
    for error in refused.errors(include_url=False, include_input=False):
        said = error["msg"].removeprefix("Value error, ")
        if not error["loc"]:  # of several settings, each named by its own sentence
            yield from (f"{one}." for one in said.splitlines())
            continue
        name = str(error["loc"][0])
        if error["type"] != "value_error":
            said = _wanted(shapes[name])
        yield f"{name.upper()}: {said}."


def _wanted(shape: Mapping[str, Any]) -> str:
    """Return what a setting must be that is a number, a choice or a switch."""
    if "enum" in shape:
        return f"it must be {' or '.join(one for one in shape['enum'] if one)}"
    if shape["type"] == "boolean":
        return "it must be true or false"
    least = shape.get("minimum", shape.get("exclusiveMinimum", -1) + 1)
    most = shape.get("maximum")
    return f"it must be a whole number from {least} " + (f"to {most}" if most else "on")
