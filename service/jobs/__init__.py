"""Jobs: work that happens after the answer was given.

Owns the Celery tasks and the one table from outbox topic to job. Start at `dispatch.py`.
"""
