"""Settings: everything that comes from the environment, typed, under the prefix `ALLOD_`. A secret has no default."""

from enum import StrEnum
from functools import cache
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent.parent
POLICIES = ROOT / "policies"
MIGRATIONS = ROOT / "migrations"
EXAMPLE = ROOT / "service" / "example"


class LogFormat(StrEnum):
    """How log lines look: JSON for machines, text for a terminal."""

    JSON = "json"
    TEXT = "text"


class Settings(BaseSettings):
    """What one process of the service is told by its environment."""

    model_config = SettingsConfigDict(env_prefix="ALLOD_", extra="ignore", frozen=True)

    database_url: SecretStr = Field(description="PostgreSQL, for instance postgresql://user:password@host:5432/allod")
    redis_url: SecretStr = Field(description="Celery's broker, for instance redis://host:6379/0")
    opa_url: str | None = Field(default=None, description="An OPA server; unset: the embedded engine")
    opa_token: SecretStr | None = Field(default=None, description="Bearer token for that OPA server")
    port: int = Field(default=8000, ge=0, le=65535)
    data_dir: Path = Field(default=Path("var"))
    policies_dir: Path = Field(default=POLICIES)
    bootstrap_token: SecretStr | None = Field(default=None, min_length=20)
    log_format: LogFormat = LogFormat.JSON
    lease_seconds: int = Field(default=60, ge=2, le=3600, description="How long a silent worker keeps a chunk")
    engine_timeout_seconds: float = Field(default=20.0, gt=0, le=600, description="Wall clock of one engine call")
    engine_memory_mib: int = Field(default=2048, ge=256, description="Address space of the embedded engine's process")
    gate_seconds: float = Field(
        default=30.0, gt=0, le=600, description="After so long the gate says that it cannot decide"
    )
    chunk_size: int = Field(default=250, ge=1, le=5000, description="Assets judged in one transaction")
    scan_roots: str = Field(default="", description="Directories that sources may read, with ':' between")
    source_secrets: str = Field(
        default="ALLOD_SECRET_*", description="Environment variables that sources may use, patterns with ',' between"
    )
    secrets_dir: Path = Field(default=Path("/run/secrets"), description="Where the files lie that sources may use")
    scans_in_flight: int = Field(default=4, ge=1, le=1000, description="Scheduled scans at once")
    admission_file: Path | None = Field(default=None, description="Which workspaces a cluster's namespaces belong to")
    admission_anonymous: bool = Field(default=False, description="Whether a cluster may ask without a token")
    tls_cert: Path | None = Field(default=None, description="Certificate chain in PEM that the API is served with")
    tls_key: Path | None = Field(default=None, description="Private key of that certificate, in PEM")


@cache
def settings() -> Settings:
    """The settings of this process, read once.

    Raises:
        pydantic.ValidationError: a variable is missing or malformed.
    """
    return Settings()
