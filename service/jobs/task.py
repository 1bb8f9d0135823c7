"""The Celery application: loses nothing, wedges on nothing, and needs no settings to be imported.

The broker only wakes workers up. What is to be done lies in the database (outbox and chunks), so a broker that forgets
everything costs a few seconds.
"""

from datetime import timedelta
from typing import Any

from celery import Celery
from celery.schedules import crontab
from celery.signals import setup_logging
from kombu import Queue

from service.foundation import logs
from service.foundation.settings import settings

QUEUES = ("interactive", "scan", "evaluate", "upkeep")
SOFT_LIMIT_SECONDS = 540
HARD_LIMIT_SECONDS = 600


def configuration() -> dict[str, Any]:
    """What Celery is told, read when it is first needed."""
    return {
        "broker_url": settings().redis_url.get_secret_value(),
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,  # a broker that is away comes back; a worker that gave up does not
        "broker_transport_options": {
            # Longer than any task runs. What a killed worker held comes back sooner: leases decide, not the broker.
            "visibility_timeout": 2 * HARD_LIMIT_SECONDS,
            "socket_connect_timeout": 2,
            "socket_keepalive": True,
        },
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "worker_prefetch_multiplier": 1,
        "task_soft_time_limit": SOFT_LIMIT_SECONDS,
        "task_time_limit": HARD_LIMIT_SECONDS,
        "task_ignore_result": True,
        "result_backend": None,
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_queues": [Queue(name, routing_key=name) for name in QUEUES],
        "task_default_queue": "upkeep",
        "task_create_missing_queues": False,
        "worker_redirect_stdouts": False,
        "timezone": "UTC",
        # In memory: a half-written file of past runs would stop the scheduler for good.
        "beat_scheduler": "celery.beat:Scheduler",
        "beat_schedule": SCHEDULE,
    }


def _every(seconds: float, task: str) -> dict[str, Any]:
    # A tick that nobody took before the next one is due is worth nothing: they must not pile up.
    return {"task": task, "schedule": timedelta(seconds=seconds), "options": {"queue": "upkeep", "expires": seconds}}


SCHEDULE: dict[str, dict[str, Any]] = {
    "dispatch": _every(1, "allod.dispatch"),
    "reap": _every(5, "allod.reap"),
    "scans": _every(60, "allod.scan_due"),
    "sweep": {
        "task": "allod.sweep_scans",
        "schedule": crontab(hour="3", minute="0"),
        "options": {"queue": "upkeep"},
    },
    "daily": {
        "task": "allod.evaluate_daily",
        "schedule": crontab(hour="2", minute="0"),
        "options": {"queue": "upkeep"},
    },
}

celery = Celery(
    "allod", include=["service.jobs.evaluate", "service.jobs.scan", "service.jobs.upkeep"], set_as_current=False
)
celery.add_defaults(configuration)


@setup_logging.connect(weak=False)  # type: ignore[untyped-decorator]  # Celery ships no types
def configure_logs(**_: Any) -> None:
    """Celery's lines look like ours."""
    logs.configure(settings().log_format)
