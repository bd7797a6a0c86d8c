"""What the process reads from its environment, checked before anything else starts."""

import json
import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

PROJECT = Path(__file__).resolve().parent.parent
VAR = PROJECT / "var"
DEMO_ENVIRONMENT = VAR / "demo" / "environment.json"


class Environment(BaseSettings):
    """Every setting that differs between two installations; a wrong value stops the start."""

    model_config = SettingsConfigDict(env_file=None, extra="ignore", hide_input_in_errors=True)

    database_url: str = Field("", description="PostgreSQL as the web and worker role.")
    database_owner_url: str = Field("", description="PostgreSQL as the role that migrates.")
    redis_url: str = Field("", description="Redis or Valkey: broker and cache.")
    secret_key: SecretStr = SecretStr("")
    debug: bool = False
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        ("localhost", "127.0.0.1", "[::1]"),
        description="Names under which the server is reached, commas between them.",
    )
    public_url: str = Field("http://127.0.0.1:8000", description="Where links in mails lead.")
    email_url: str = Field("", description="smtp://user:password@host:port, or smtps://…")
    email_from: str = "Continuum <no-reply@continuum.example>"
    log_format: Literal["", "json", "console"] = Field(
        "", description="Unless said: console for commands, json for servers."
    )
    metrics_token: SecretStr = Field(
        SecretStr(""), description="Bearer of /metrics; without it, only this machine may read."
    )
    mail_catcher_url: str = Field("", description="Shown on the front page of a demo.")

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """Take host names with commas between them."""
        if not isinstance(value, str):
            return value
        return tuple(name.strip() for name in value.split(",") if name.strip())

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
