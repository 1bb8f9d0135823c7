"""Files that nobody should have to store: large, deep, endless. Made when they are asked for, the same bytes each time."""

from collections.abc import Callable, Mapping
from typing import Final

from service.gate.reading.text import SIZE_MAX

_POD: Final = b"apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"
_JSON: Final = b'{"apiVersion": "v1", "kind": "Pod", "metadata": {}, '
_LOCK: Final = b'version = 1\nrequires-python = ">=3.11"\n'


def _deployments(count: int) -> bytes:
    one = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d%d}\n"
        'spec: {template: {spec: {containers: [{name: a, image: "vllm/vllm-openai:v0.11.0", args: [--model, a/m%d]}]}}}\n'
    )
    return "---\n".join(one % (number, number) for number in range(count)).encode()


# Name -> name of the file, and its bytes.
GENERATORS: Final[Mapping[str, tuple[str, Callable[[], bytes]]]] = {
    "ten-mebibytes": ("large.yaml", lambda: _POD + b"# x\n" * (10 * 2**18)),
    "too-large-by-a-byte": ("large.json", lambda: b"{" + b" " * SIZE_MAX),
    "lists-without-end": ("deep.json", lambda: _JSON + b'"a": ' + b"[" * 100_000),
    "deep-and-closed": (
        "closed.json",
        lambda: _JSON + b'"a": ' + b"[" * 900 + b"]" * 900 + b"}",
    ),
    "brackets-in-yaml": ("deep.yaml", lambda: _POD + b"a: " + b"[" * 100_000),
    "chain-of-aliases": (
        "chain.yaml",
        lambda: (
            _POD + b"a0: &a0 {x: 1}\n" + b"".join(b"a%d: &a%d {x: *a%d}\n" % (n, n, n - 1) for n in range(1, 1_000))
        ),
    ),
    "many-digits": ("digits.json", lambda: _JSON + b'"a": ' + b"9" * 100_000 + b"}"),
    "beyond-a-double": ("infinite.yaml", lambda: _POD + b"a: 1e999\n"),
    "line-of-a-mebibyte": ("requirements.txt", lambda: b"a" * 2**20),
    "line-that-goes-on": ("requirements.txt", lambda: b"torch==2.9.0 \\\n" * 20_000),
    "many-requirements": ("requirements.txt", lambda: b"torch==2.9.0\n" * 20_001),
    "key-of-many-parts": ("uv.lock", lambda: _LOCK + b"[[package]]\n" + b"a." * 40_000 + b"b = 1\n"),
    "deep-toml": ("uv.lock", lambda: _LOCK + b"a = " + b"[" * 5_000),
    "many-digits-in-toml": ("uv.lock", lambda: _LOCK + b"a = " + b"9" * 5_000),
    "too-many-assets": ("deployments.yaml", lambda: _deployments(2_500)),
    "metadata-without-end": ("acme/bot/README.md", lambda: b"---\nlicense: mit\n" + b"a: b\n" * 2**18),
    "null-device": ("bytes.yaml", lambda: b"\0" * 4_096),
    "every-byte": ("bytes.json", lambda: bytes(range(256))),
}
