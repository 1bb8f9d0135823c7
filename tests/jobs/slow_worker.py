"""A real worker whose judge is slow and leaves a mark for each asset: `python -m tests.jobs.slow_worker`.

The mark is written in the chunk's own transaction, as results are, so marks show what was applied and how often.
"""

import os
import time
from collections import Counter

from sqlalchemy import text
from sqlmodel import Session

from service.evaluation.run_leases import Lease
from service.jobs import evaluate
from service.jobs.task import QUEUES, celery
from service.pipeline import PipelineResult


def mark(session: Session, lease: Lease) -> PipelineResult:
    """Writes a mark for each asset, then takes its time before the chunk can be finished."""
    session.connection().execute(
        text("INSERT INTO mark (asset_id) SELECT unnest(CAST(:ids AS bigint[]))"), {"ids": list(lease.asset_ids)}
    )
    time.sleep(float(os.environ["SLOW_SECONDS"]))
    return PipelineResult(len(lease.asset_ids), 0, Counter({"pass": len(lease.asset_ids)}))


if __name__ == "__main__":
    evaluate.judge = mark
    celery.worker_main(
        ["worker", f"--queues={','.join(QUEUES)}", "--concurrency=2", "--without-gossip", "--without-mingle"]
    )
