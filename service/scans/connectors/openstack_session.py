"""Who speaks to an OpenStack cloud, and how: a session made of the settings alone, with limits to every answer.

The SDK would look into `clouds.yaml`, `OS_*` variables and keyrings, and the HTTP library into proxies, `.netrc` and
certificates of the environment. None of these is asked here.
"""

from collections.abc import Iterator
from typing import Any

from service.scans import limits
from service.scans.connector import Context
from service.scans.connectors.openstack_settings import OpenStackSettings
from service.scans.failures import SourceFailure
from service.scans.limits import pieces


def api(url: str) -> str:
    """Keystone's third API, whether its address says so or not."""
    plain = url.rstrip("/")
    return plain if plain.endswith("/v3") else f"{plain}/v3"


def open_session(settings: OpenStackSettings, context: Context) -> Any:
    """A keystoneauth session that has not signed in yet.

    Raises:
        SourceFailure: the SDK is not installed, or a secret or file that the settings name is not there.
    """
    try:
        import openstack  # noqa: F401 -- the extra is there as a whole, or it is not
        import requests
        from keystoneauth1 import session as sessions
        from keystoneauth1.identity import v3
    except ImportError as error:
        raise SourceFailure("openstacksdk is not installed: pip install 'allod[openstack]'") from error

    class Bounded(requests.Session):
        """Every answer is read to a limit of size and time."""

        def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
            answer = super().send(request, **{**kwargs, "stream": True})
            answer.raw = _Bounded(answer.raw)
            answer.content  # noqa: B018 -- reads it here, where what breaks off is asked for again
            return answer

    transport = Bounded()
    transport.trust_env = False  # no proxies, .netrc or certificates of the environment
    if settings.application_credential_id:
        auth: Any = v3.ApplicationCredential(
            api(settings.auth_url),
            application_credential_id=settings.application_credential_id,
            application_credential_secret=context.secret(settings.application_credential_secret or ""),
        )
    else:
        auth = v3.Password(
            api(settings.auth_url),
            username=settings.username,
            user_domain_name=settings.user_domain,
            password=context.secret(settings.password or ""),
            project_id=settings.project_id,
            project_name=None if settings.project_id else settings.project,
            project_domain_name=None if settings.project_id else settings.project_domain,
        )
    verify = str(context.path(settings.ca_file)) if settings.ca_file else True
    return sessions.Session(
        auth=auth,
        session=transport,
        verify=verify,
        timeout=limits.ANSWER_SECONDS,
        redirect=False,
        connect_retries=1,
        app_name="allod",
    )


class _Bounded:
    """A raw answer of `requests` that ends in a failure where it is too long or takes too long."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    def stream(self, size: int, decode_content: bool | None = None) -> Iterator[bytes]:
        """The pieces, as urllib3 gives them."""
        try:
            yield from pieces(self._raw.stream(size, decode_content=decode_content), "The cloud")
        except SourceFailure:
            self._raw.close()
            raise
