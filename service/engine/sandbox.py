"""One child process that may be hostile: started bare, watched by the clock, killed without regret. See `child.py`.

The child gets an empty environment, limits on memory and processor time, three pipes and nothing else. It dies with this
process, however this process dies. A `Sandbox` is used by one thread at a time.
"""

import contextlib
import math
import os
import select
import signal
import struct
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

from service.engine.protocol import EngineFailure, FailureKind

_REQUEST = struct.Struct(">cIQ")
_ANSWER = struct.Struct(">cQ")
_CHUNK = 1 << 20
_SCRIPT = Path(__file__).with_name("child.py")
_FAILURES = {
    b"E": FailureKind.EVALUATION,
    b"R": FailureKind.REFUSED,
    b"U": FailureKind.REVISION,
    b"M": FailureKind.MEMORY,
    b"C": FailureKind.CRASH,
}


class Sandbox:
    """A child process that answers requests, each within `timeout` seconds and the child's `memory_mib`.

    Attributes:
        pid: the child's process id, for tests and logs.
    """

    def __init__(self, *, timeout: float, memory_mib: int) -> None:
        self._timeout = timeout
        spec = find_spec("regorus")
        if spec is None or spec.origin is None:
            raise EngineFailure(FailureKind.UNREACHABLE, "the embedded engine is not installed")
        site = Path(spec.origin).parent.parent
        life, self._life = os.pipe()
        self._errors = os.memfd_create("engine-errors")
        try:
            # No environment and no site packages but the one directory named: nothing of ours is there to be read.
            self._process = subprocess.Popen(  # noqa: S603 -- our own interpreter, our own script
                [
                    sys.executable,
                    "-I",
                    "-S",
                    str(_SCRIPT),
                    str(memory_mib),
                    str(math.ceil(timeout)),
                    str(life),
                    str(site),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env={},
                cwd="/",
                pass_fds=(life,),
                start_new_session=True,  # Ctrl-C in a terminal is for the parent to handle
            )
        except OSError as error:
            os.close(self._life)
            os.close(self._errors)
            raise EngineFailure(FailureKind.UNREACHABLE, f"the embedded engine cannot be started: {error}") from error
        finally:
            os.close(life)
        self.pid = self._process.pid
        assert self._process.stdin is not None  # noqa: S101 -- PIPE was asked for
        assert self._process.stdout is not None  # noqa: S101 -- as above
        self._to, self._from = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._to, False)
        os.set_blocking(self._from, False)
        self._closed = False

    @property
    def alive(self) -> bool:
        """Whether the child still runs."""
        return not self._closed and self._process.poll() is None

    def ask(self, op: bytes, head: str, body: bytes) -> bytes:
        """The child's answer.

        Raises:
            EngineFailure: whatever went wrong; unless the child could say so itself, it is gone afterwards.
        """
        deadline = time.monotonic() + self._timeout
        heading = head.encode()
        try:
            # In one piece: the child wakes up once for each write.
            self._write(b"".join((_REQUEST.pack(op, len(heading), len(body)), heading, body)), deadline)
            status, length = _ANSWER.unpack(self._read(_ANSWER.size, deadline))
            answer = self._read(length, deadline)
        except (BrokenPipeError, EOFError):
            raise self._post_mortem() from None
        except BaseException:
            # Also an interrupt: half an exchange must never be continued by the next request.
            self.close()
            raise
        if status == b"A":
            return answer
        kind = _FAILURES[status]
        if kind in {FailureKind.MEMORY, FailureKind.CRASH}:
            self.close()
        raise EngineFailure(kind, _essence(answer.decode(errors="replace")))

    def close(self) -> None:
        """Ends the child at once."""
        if self._closed:
            return
        self._closed = True
        self._process.kill()
        self._process.wait()
        self._release()

    def abandon(self) -> None:
        """Forgets a child that belongs to the process we were forked from, without ending it."""
        self._closed = True
        self._process.returncode = 0  # not ours to wait for
        self._release()

    def _release(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        os.close(self._life)
        os.close(self._errors)

    def _wait(self, descriptor: int, event: int, deadline: float) -> None:
        poll = select.poll()
        poll.register(descriptor, event)
        if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise EngineFailure(FailureKind.TIMEOUT, f"no answer within {self._timeout:g} s")

    def _write(self, data: bytes, deadline: float) -> None:
        view = memoryview(data)
        while view:
            self._wait(self._to, select.POLLOUT, deadline)
            view = view[os.write(self._to, view[:_CHUNK]) :]

    def _read(self, size: int, deadline: float) -> bytes:
        parts = []
        while size:
            self._wait(self._from, select.POLLIN, deadline)
            part = os.read(self._from, min(size, _CHUNK))
            if not part:
                raise EOFError
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def _post_mortem(self) -> EngineFailure:
        """What the child died of."""
        code = self._process.wait()  # its end of the pipe closes only when it ends
        said = os.pread(self._errors, 4096, 0).decode(errors="replace").strip()
        self.close()
        if code == -signal.SIGXCPU:
            return EngineFailure(FailureKind.TIMEOUT, f"more than {self._timeout:g} s of processor time")
        if "memory allocation" in said or "MemoryError" in said:
            return EngineFailure(FailureKind.MEMORY, "more memory than a rule may use")
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        last = said.splitlines()[-1] if said else "no last words"
        return EngineFailure(FailureKind.CRASH, f"the engine's process ended with {how}: {last}"[:500])


def _essence(message: str) -> str:
    """Where and what, out of the picture that regorus draws of an error."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    place = next((line.removeprefix("--> ") for line in lines if line.startswith("--> ")), "")
    what = next(
        (line.removeprefix("error: ") for line in lines if line.startswith("error: ")), lines[-1] if lines else ""
    )
    return f"{place}: {what}"[:500] if place else what[:500]
