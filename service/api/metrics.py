"""What Prometheus reads at `/metrics`: requests by route template, and how much work waits."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Engine, exc, func, select
from sqlmodel import Session, col

from service.foundation import clock
from service.foundation.outbox import OutboxMessage
from service.scans import runs

_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The metrics of one app: a registry of its own, so that two apps in a process do not mix."""

    def __init__(self, bind: Engine) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "allod_http_requests_total", "Requests answered", ["method", "route", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "allod_http_request_duration_seconds",
            "Time from the first byte in to the last byte out",
            ["method", "route"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.registry.register(_Waiting(bind))

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Counts one request; `status` 0 means that no answer began."""
        method = method if method in _METHODS else "other"  # a caller may invent methods, but no time series
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def text(self) -> bytes:
        """All of it in Prometheus' text format 0.0.4."""
        return generate_latest(self.registry)


class _Waiting(Collector):
    """What lies in the outbox, asked anew at each scrape; without a database only that there is none."""

    def __init__(self, bind: Engine) -> None:
        self._bind = bind

    def describe(self) -> Iterator[Metric]:
        """Nothing: registering must not ask the database."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """The depth and age of the outbox by topic, and whether the database answered."""
        waiting = GaugeMetricFamily("allod_outbox_messages", "Announcements not yet carried out", labels=["topic"])
        oldest = GaugeMetricFamily("allod_outbox_oldest_seconds", "Age of the oldest of them", labels=["topic"])
        statement = select(col(OutboxMessage.topic), func.count(), func.min(col(OutboxMessage.created_at)))
        try:
            with self._bind.connect() as connection:
                rows = connection.execute(statement.group_by(col(OutboxMessage.topic))).all()
                scans = runs.waiting(Session(bind=connection), clock.now())
        except (exc.DBAPIError, exc.TimeoutError):
            yield GaugeMetricFamily("allod_database_up", "Whether the database answered this scrape", value=0)
            return
        now = clock.now()
        for topic, count, first in rows:
            waiting.add_metric([topic], count)
            oldest.add_metric([topic], (now - first).total_seconds())
        reads = GaugeMetricFamily("allod_scans", "Scans that wait or go on, and sources overdue", labels=["state"])
        for state, count in scans.items():
            reads.add_metric([state], count)
        yield from (waiting, oldest, reads)
        yield GaugeMetricFamily("allod_database_up", "Whether the database answered this scrape", value=1)
