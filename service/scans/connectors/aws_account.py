"""An AWS account as the readers of its services see it: clients that use the source's credentials and nothing else.

The SDK would also look into profiles, variables, `~/.aws`, proxies and the metadata service of the machine it runs on. All
of these are taken out of its session before it makes a client.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from service.scans.connector import Context, Event, Refused
from service.scans.connectors.aws_settings import REGION, AwsSettings
from service.scans.failures import SourceFailure

CONNECT_SECONDS: Final = 5
ANSWER_SECONDS: Final = 30
TRIES: Final = 3
BUCKETS_KEPT: Final = 10_000  # regions of buckets that are remembered while a reading runs


@dataclass(slots=True)
class Account:
    """Clients by service and region, and the regions that buckets were found in."""

    settings: AwsSettings
    context: Context
    _session: Any = None
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict)
    _buckets: dict[str, str | None] = field(default_factory=dict)

    def client(self, service: str, region: str) -> Any:
        """The SDK's client of a service in a region.

        Raises:
            SourceFailure: the SDK is not installed, or a secret or file that the settings name is not there.
        """
        key = (service, region)
        if key not in self._clients:
            self._clients[key] = self._client(self._opened(), service, region)
        return self._clients[key]

    def offers(self, service: str, region: str) -> bool:
        """Whether the SDK knows of `service` in `region`."""
        session = self._opened()
        partition = session.get_partition_for_region(region)
        return region in session.get_available_regions(service, partition_name=partition)

    def pages(self, service: str, region: str, operation: str, **given: Any) -> Iterator[Mapping[str, Any]]:
        """Answer by answer of an operation that has pages."""
        for page in self.client(service, region).get_paginator(operation).paginate(**given):
            self.context.pause()
            yield page

    def bucket_region(self, bucket: str) -> str | None:
        """Where a bucket lies, whoever it belongs to; None where S3 does not tell."""
        if bucket not in self._buckets and len(self._buckets) < BUCKETS_KEPT:
            self._buckets[bucket] = self._found(bucket)
        return self._buckets[bucket] if bucket in self._buckets else self._found(bucket)

    def _found(self, bucket: str) -> str | None:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer = self.client("s3", self.settings.home).head_bucket(Bucket=bucket)
        except ClientError as error:
            # S3 names the region even to those whom it refuses.
            answer = error.response
        except BotoCoreError:
            return None
        found = str(answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("x-amz-bucket-region", ""))
        return found if REGION.fullmatch(found) else None

    def _client(self, session: Any, service: str, region: str) -> Any:
        from botocore.config import Config

        config = Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=ANSWER_SECONDS,
            retries={"total_max_attempts": TRIES, "mode": "standard"},
            proxies={},
            # Named, because the SDK prefers a bearer token from the environment to what is not.
            signature_version="s3v4" if service == "s3" else "v4",
            ignore_configured_endpoint_urls=True,
            s3={"addressing_style": "path", "us_east_1_regional_endpoint": "regional"},
        )
        verify = str(self.context.path(self.settings.ca_file)) if self.settings.ca_file else True
        return session.create_client(
            service, region_name=region, endpoint_url=self.settings.endpoint_url, verify=verify, config=config
        )

    def _opened(self) -> Any:
        if self._session is None:
            session = _session()
            from botocore.credentials import Credentials, RefreshableCredentials

            secret = self.context.secret(self.settings.secret_access_key)
            token = self.context.secret(self.settings.session_token) if self.settings.session_token else None
            session.register_component(
                "credential_provider", _Held(Credentials(self.settings.access_key_id, secret, token))
            )
            if self.settings.role_arn:
                sts = self._client(session, "sts", self.settings.home)
                assumed = RefreshableCredentials.create_from_metadata(
                    self._assumed(sts), refresh_using=lambda: self._assumed(sts), method="sts-assume-role"
                )
                session = _session()
                session.register_component("credential_provider", _Held(assumed))
            self._session = session
        return self._session

    def _assumed(self, sts: Any) -> dict[str, str]:
        external = {"ExternalId": self.settings.external_id} if self.settings.external_id else {}
        answer = sts.assume_role(RoleArn=self.settings.role_arn, RoleSessionName="allod", **external)["Credentials"]
        return {
            "access_key": answer["AccessKeyId"],
            "secret_key": answer["SecretAccessKey"],
            "token": answer["SessionToken"],
            "expiry_time": answer["Expiration"].isoformat(),
        }


@dataclass(slots=True)
class _Held:
    """Takes the place of the SDK's chain of credential providers: it has these credentials and looks for no others."""

    credentials: Any

    def load_credentials(self) -> Any:
        return self.credentials


def _session() -> Any:
    try:
        from botocore.session import Session
    except ImportError as error:
        raise SourceFailure("botocore is not installed: pip install 'allod[aws]'") from error
    # Every variable keeps its default and loses the names under which files and the environment would set it.
    blind = {name: (None, None, default, how) for name, (_, _, default, how) in Session.SESSION_VARIABLES.items()}
    blind["config_file"] = blind["credentials_file"] = (None, None, None, None)
    session = Session(session_vars=blind)
    session.register_component("data_loader", _loader())
    return session


@cache
def _loader() -> Any:
    """The SDK's descriptions of services, each read once; the SDK's own list would begin with ~/.aws/models."""
    from botocore.loaders import Loader

    return Loader(extra_search_paths=[Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)


def tried(part: str, name: str | None, ask: Callable[[], Any]) -> tuple[Any, list[Event]]:
    """What one question of many answers, or None and the refusal that it ended in."""
    try:
        return ask(), []
    except Exception as error:  # noqa: BLE001 -- as above
        return None, [Refused(part, name, words(error))]


def words(error: Exception) -> str:
    """What went wrong, for people."""
    if isinstance(error, SourceFailure):
        return error.detail
    answer = getattr(error, "response", None)
    if isinstance(answer, Mapping) and isinstance(answer.get("Error"), Mapping):
        code, message = (str(answer["Error"].get(key, "")) for key in ("Code", "Message"))
        said = f"AWS answers {code} to {getattr(error, 'operation_name', 'the call')}"
        # What stands before AWS (a proxy, a captive portal) answers with a page of its own.
        return f"{said}: {'a web page' if '<' in message else ' '.join(message.split())}"[:1000]
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:1000]


def tags(given: Any) -> dict[str, str]:
    """Tags as AWS lists them, whichever way a service spells their keys."""
    pairs = (one for one in given or () if isinstance(one, Mapping))
    found = {str(one.get("Key", one.get("key", ""))): str(one.get("Value", one.get("value", ""))) for one in pairs}
    return {key: value for key, value in found.items() if key}
