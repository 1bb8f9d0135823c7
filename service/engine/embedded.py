"""The embedded engine: regorus in child processes, so that nothing a rule does reaches this one.

Requests of several threads run side by side, each in a child of its own, up to `pool` of them. A child is started when it is
first needed, ended after `recycle` requests, and replaced when it crashed, ran too long or took too much memory.
"""

import os
import queue
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from service.engine import entry as entries
from service.engine.protocol import Bundle, EngineFailure, FailureKind
from service.engine.sandbox import Sandbox
from service.foundation import canonical

BUNDLES_KEPT = 32


@dataclass
class _Seat:
    """One place in the pool: its child, what that child has loaded, how often it was asked."""

    sandbox: Sandbox | None = None
    loaded: set[str] = field(default_factory=set)
    asked: int = 0

    def empty(self) -> None:
        if self.sandbox is not None:
            self.sandbox.close()
        self.sandbox, self.loaded, self.asked = None, set(), 0


class EmbeddedEngine:
    """An `Engine` on regorus. Safe to use from several threads, and after a fork.

    Args:
        timeout: wall clock of one request, in seconds.
        memory_mib: address space of one child.
        pool: how many requests may run at the same time.
        recycle: after how many requests a child is replaced.
    """

    def __init__(self, *, timeout: float = 20.0, memory_mib: int = 2048, pool: int = 2, recycle: int = 2000) -> None:
        self._timeout, self._memory_mib, self._pool, self._recycle = timeout, memory_mib, pool, recycle
        self._name = f"regorus {version('gordon-to-regorus')}"
        self._bundles: OrderedDict[str, bytes] = OrderedDict()
        self._furnish()

    def _furnish(self) -> None:
        self._owner = os.getpid()
        self._lock = threading.Lock()
        self._all = [_Seat() for _ in range(self._pool)]
        self._seats: queue.LifoQueue[_Seat] = queue.LifoQueue()
        for seat in self._all:
            self._seats.put(seat)

    @property
    def name(self) -> str:
        """`regorus` and its version."""
        return self._name

    def activate(self, bundle: Bundle) -> None:
        """Compiles the bundle, unless that was done before."""
        self._after_fork()
        with self._lock:
            if bundle.digest in self._bundles:
                self._bundles.move_to_end(bundle.digest)
                return
        prepared = entries.prepare(bundle, at_once=True)
        texts = canonical.encode([[m.path, m.text] for m in prepared.modules])
        self._use(bundle.digest, texts, None, b"")
        with self._lock:
            self._bundles[bundle.digest] = texts
            while len(self._bundles) > BUNDLES_KEPT:
                self._bundles.popitem(last=False)

    def query(self, digest: str, entry: str, documents: Sequence[dict[str, Any]]) -> list[Any]:
        """One report for each document; see `entry.py`."""
        self._after_fork()
        with self._lock:
            texts = self._bundles.get(digest)
        if texts is None:
            raise EngineFailure(FailureKind.REVISION, f"revision {digest[:16]} is not active")
        try:
            body = canonical.encode({"documents": documents})
        except TypeError as error:
            raise EngineFailure(FailureKind.EVALUATION, f"a document is no JSON: {error}") from error
        answer = self._use(digest, texts, f"data.{entries.answer_path(entry)}", body)
        return entries.reports_in(canonical.decode(answer), digest, len(documents))

    def close(self) -> None:
        """Ends all children; the engine can still be used and starts new ones."""
        for seat in self._all:
            seat.empty()

    def _use(self, digest: str, texts: bytes, rule: str | None, body: bytes) -> bytes:
        """Asks one child, loading the bundle first where it has not got it; `rule` None means load only."""
        try:
            # Every request ahead of this one ends within the timeout; waiting longer than that is our own overload.
            seat = self._seats.get(timeout=self._timeout * 2)
        except queue.Empty:
            raise EngineFailure(FailureKind.UNREACHABLE, "all of the embedded engine's processes are busy") from None
        try:
            sandbox = self._seated(seat)
            if digest not in seat.loaded:
                sandbox.ask(b"L", digest, texts)
                seat.loaded.add(digest)
            if rule is None:
                return b""
            seat.asked += 1
            try:
                return sandbox.ask(b"Q", f"{digest} {rule}", body)
            except EngineFailure as failure:
                if failure.kind is not FailureKind.REVISION:
                    raise
            # The child keeps only the bundles used last, and let this one go.
            sandbox.ask(b"L", digest, texts)
            return sandbox.ask(b"Q", f"{digest} {rule}", body)
        finally:
            self._seats.put(seat)

    def _seated(self, seat: _Seat) -> Sandbox:
        if seat.sandbox is not None and (not seat.sandbox.alive or seat.asked >= self._recycle):
            seat.empty()
        if seat.sandbox is None:
            seat.empty()
            seat.sandbox = Sandbox(timeout=self._timeout, memory_mib=self._memory_mib)
        return seat.sandbox

    def _after_fork(self) -> None:
        """A forked process (a Celery worker's) must not talk to its parent's children: it leaves them and gets its own."""
        if self._owner == os.getpid():
            return
        for seat in self._all:
            if seat.sandbox is not None:
                seat.sandbox.abandon()
        self._furnish()
