"""Takes runs as a worker does, without a broker, until it is ended: `python -m tests.cli.scan_worker`.

A program of its own, since a reading binds the whole process that it runs in.
"""

import time
from datetime import timedelta

from service.foundation import clock, database
from service.foundation.database import unit_of_work
from service.jobs import scan
from service.scans import leases

TERM = timedelta(seconds=20)

if __name__ == "__main__":
    while True:
        with unit_of_work() as session:
            due = leases.due(session, clock.now(), TERM)
        for one in due:
            scan.work(one.run, database.engine(), TERM)
        time.sleep(0.1)
