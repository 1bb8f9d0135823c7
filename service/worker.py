"""The worker's edge: the Celery application under the name that `celery -A service.worker` and other tools expect."""

from service.jobs.task import celery

__all__ = ["celery"]
