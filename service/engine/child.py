"""The embedded engine's own process: reads requests from standard input, answers on standard output, knows nothing else.

Started by `sandbox.py` as a bare script (`python -I -S`), with an empty environment and the limits below, because what it
runs may be hostile. A request is `op (1 byte), length of head (4), length of body (8), head, body`; an answer is
`status (1), length (8), body`. Ops: `L` loads a bundle (head: digest; body: JSON list of [path, text]; the last rule of
`probe` makes the engine compile it all), `Q` queries (head: digest, space, rule; body: the input). Statuses: `A` answer,
`E` evaluation error, `R` refused, `U` no such bundle or entry, `M` out of memory, `C` the engine broke.
"""

import fcntl
import json
import os
import resource
import struct
import sys
from collections import OrderedDict
from typing import Any

ENGINES_KEPT = 4
_REQUEST = struct.Struct(">cIQ")
_ANSWER = struct.Struct(">cQ")


def _limit(memory_mib: int, life: int) -> None:  # pragma: no cover -- runs in the child alone, where nothing measures
    """Bounds memory, files and output; and lets the kernel end this process when its parent's end of `life` closes."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_mib << 20, memory_mib << 20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))  # what it may write to its standard error
    resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))
    # A query holds the GIL to its end, so no thread could watch. SIGIO, unhandled, ends the process.
    fcntl.fcntl(life, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(life, fcntl.F_SETFL, fcntl.fcntl(life, fcntl.F_GETFL) | os.O_ASYNC)


def _allow_cpu(seconds: int) -> None:  # pragma: no cover -- as above
    """Lets this request use that much processor time; SIGXCPU ends the process beyond it."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    used = int(usage.ru_utime + usage.ru_stime) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (used + seconds, resource.RLIM_INFINITY))


def _answer(error: Exception, otherwise: bytes) -> tuple[bytes, bytes]:
    """What to say of an exception."""
    if isinstance(error, MemoryError):
        return b"M", b"out of memory"
    message = str(error).partition("\n\nStack backtrace:")[0]
    if message == "not a valid rule path":
        return b"U", b"no such entry"  # whoever has not got it has another bundle than was meant
    return otherwise, message.encode()


class Host:
    """Compiled bundles, the ones used last kept."""

    def __init__(self, regorus: Any) -> None:
        self._regorus = regorus
        self._engines: OrderedDict[str, Any] = OrderedDict()

    def load(self, digest: str, body: bytes) -> tuple[bytes, bytes]:
        """Compiles a bundle."""
        engine = self._regorus.Engine()
        engine.set_gather_prints(True)
        try:
            for path, text in json.loads(body):
                engine.add_policy(path, text)
            # Regorus compiles at the first question; a package that cannot be analysed is refused now, not later.
            engine.eval_rule_as_json("data.allod.entry.revision")
        except Exception as refused:  # noqa: BLE001 -- the binding raises bare exceptions for all that Rego can do wrong
            return _answer(refused, b"R")
        self._engines[digest] = engine
        while len(self._engines) > ENGINES_KEPT:
            self._engines.popitem(last=False)
        return b"A", b"null"

    def query(self, digest: str, rule: str, body: bytes) -> tuple[bytes, bytes]:
        """Asks one rule of a bundle."""
        engine = self._engines.get(digest)
        if engine is None:
            return b"U", b""
        self._engines.move_to_end(digest)
        try:
            engine.set_input_json(body.decode())
            return b"A", engine.eval_rule_as_json(rule).encode()
        except Exception as failed:  # noqa: BLE001 -- as above
            return _answer(failed, b"E")
        finally:
            engine.take_prints()

    def answer(self, op: bytes, head: str, body: bytes) -> tuple[bytes, bytes]:
        """The answer to one request."""
        if op == b"L":
            return self.load(head, body)
        digest, _, rule = head.partition(" ")
        return self.query(digest, rule, body)


def main(memory_mib: int, cpu_seconds: int, life: int, site: str) -> None:  # pragma: no cover -- as above
    """Serves until standard input ends, memory runs out or the engine breaks."""
    _limit(memory_mib, life)
    sys.path.append(site)
    import regorus  # noqa: PLC0415 -- only now is its place on the path

    host = Host(regorus)
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    status = b"A"
    while status not in {b"M", b"C"}:
        frame = requests.read(_REQUEST.size)
        if len(frame) < _REQUEST.size:
            return
        op, head_length, body_length = _REQUEST.unpack(frame)
        _allow_cpu(cpu_seconds)
        try:
            head = requests.read(head_length).decode()
            status, body = host.answer(op, head, requests.read(body_length))
        except MemoryError:
            status, body = b"M", b"out of memory"
        except BaseException as broken:  # noqa: BLE001 -- a panic of the engine is a BaseException; the process ends below
            status, body = b"C", str(broken).encode()
        answers.write(_ANSWER.pack(status, len(body)))
        answers.write(body)
        answers.flush()


if __name__ == "__main__":  # pragma: no cover -- as above
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
