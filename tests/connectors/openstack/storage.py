"""Swift and Cinder as their API references describe them, as far as listing goes: a small server in a thread.

https://docs.openstack.org/api-ref/object-store/ and https://docs.openstack.org/api-ref/block-storage/v3/
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit


class Storage:
    """Containers and volumes; tests change them, and read what was asked for."""

    def __init__(self) -> None:
        self.containers: dict[str, dict[str, str]] = {}
        self.volumes: list[Any] = []
        self.types: list[Any] = []
        self.asked: list[str] = []
        storage = self

        class Handler(BaseHTTPRequestHandler):
            wbufsize = -1  # head and body in one piece

            def do_GET(self) -> None:
                storage.answer(self)

            def do_HEAD(self) -> None:
                storage.answer(self)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port: int = self.server.server_address[1]

    def __enter__(self) -> Self:
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """One call."""
        self.asked.append(f"{handler.command} {handler.path}")
        url = urlsplit(handler.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        parts = [unquote(part) for part in url.path.strip("/").split("/")]
        match parts:
            case ["swift", "v1", _]:
                names = [name for name in sorted(self.containers) if name > query.get("marker", "")]
                page = names[: int(query.get("limit", "10000"))]
                self.send(handler, [{"name": name, "count": 1, "bytes": len(self.asked)} for name in page])
            case ["swift", "v1", _, container]:
                headers = self.containers.get(container)
                status = int((headers or {}).get("X-Status", "204" if headers is not None else "404"))
                self.send(handler, None, headers or {}, status)
            case ["volume", "v3", _, "volumes", "detail"]:
                self.send(handler, self.page(query, handler))
            case ["volume", "v3", _, "types"]:
                self.send(handler, {"volume_types": self.types})
            case ["volume", "v3"]:
                version = {"id": "v3.0", "status": "CURRENT", "version": "3.71", "min_version": "3.0", "links": []}
                self.send(handler, {"versions": [version]})
            case ["network", *_]:
                self.send(handler, {"security_groups": [], "ports": []})
            case _:
                self.send(handler, {"message": "not found"}, status=404)

    def page(self, query: dict[str, str], handler: BaseHTTPRequestHandler) -> dict[str, Any]:
        """A page of volumes, with the link to the next where there is one."""
        ids = [volume["id"] if isinstance(volume, dict) else str(volume) for volume in self.volumes]
        start = ids.index(query["marker"]) + 1 if "marker" in query else 0
        limit = int(query.get("limit", "1000"))
        body: dict[str, Any] = {"volumes": self.volumes[start : start + limit]}
        if start + limit < len(ids):
            href = (
                f"http://elsewhere.example{urlsplit(handler.path).path}?limit={limit}&marker={ids[start + limit - 1]}"
            )
            body["volumes_links"] = [{"rel": "next", "href": href}]
        return body

    def send(
        self, handler: BaseHTTPRequestHandler, body: Any, headers: dict[str, str] | None = None, status: int = 200
    ) -> None:
        """The answer; Swift writes headers in UTF-8."""
        content = b"" if body is None else json.dumps(body).encode()
        handler.send_response(status)
        for key, value in (headers or {}).items():
            handler.send_header(key, value.encode().decode("latin-1"))
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)
