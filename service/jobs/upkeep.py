"""What happens by the clock: the outbox, sources that are due, what dead workers held, the new day's date."""

import structlog

from service.evaluation import run_leases, runs
from service.foundation import clock, database
from service.foundation.actor import SCHEDULER
from service.foundation.database import unit_of_work
from service.inventory import workspaces
from service.jobs import dispatch, scan
from service.jobs.task import celery
from service.scans import leases
from service.scans import runs as scan_runs
from service.violations import waivers

DAILY = "daily"
log = structlog.get_logger(__name__)


@celery.task(name="allod.dispatch")  # type: ignore[untyped-decorator]  # Celery ships no types
def dispatch_outbox() -> None:
    """Carries out what was announced and hands on what is due."""
    dispatch.dispatch(database.engine())


@celery.task(name="allod.reap")  # type: ignore[untyped-decorator]  # likewise
def reap() -> None:
    """Frees chunks and scans whose worker fell silent; the next dispatch hands them on."""
    with unit_of_work() as session:
        run_leases.reap(session, clock.now())
        leases.reap(session, clock.now())


@celery.task(name="allod.evaluate_daily")  # type: ignore[untyped-decorator]  # likewise
def evaluate_daily() -> None:
    """A new date alone can change an outcome (a law in force, a test too old): every workspace once a day."""
    with unit_of_work() as session:
        for workspace in workspaces.listing(session):
            if not runs.asked_on(session, workspace.id, DAILY, clock.today()):
                runs.request(session, workspace.id, DAILY, None, SCHEDULER)
    tell_expiring_waivers()


def tell_expiring_waivers() -> None:
    """Tells once of each waiver that ends soon: in a line of the log, where alerts come from, and in the audit log."""
    with unit_of_work() as session:
        for workspace in workspaces.listing(session):
            for waiver in waivers.tell_expiring(session, workspace):
                log.info(
                    "waiver.expiring",
                    workspace=workspace.name,
                    waiver=str(waiver.id),
                    rule=waiver.rule,
                    asset=waiver.asset,
                    expires_at=waiver.expires_at.isoformat(),
                )


@celery.task(name="allod.scan_due")  # type: ignore[untyped-decorator]  # likewise
def scan_due() -> None:
    """Has the sources read that are due, the longest overdue first, a bounded number at once."""
    scan.take_due(database.engine())


@celery.task(name="allod.sweep_scans")  # type: ignore[untyped-decorator]  # likewise
def sweep_scans() -> None:
    """Forgets runs that nobody asks about any longer."""
    with unit_of_work() as session:
        scan_runs.sweep(session)
