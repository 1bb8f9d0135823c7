"""Every room's tables in one import, for migrations and for tests that compare models with the database."""

from service.audit import tables as audit
from service.auth import tables as auth
from service.evaluation import tables as evaluation
from service.foundation import database, outbox
from service.inventory import tables as inventory
from service.packs import tables as packs
from service.scans import tables as scans
from service.violations import tables as violations

__all__ = ["METADATA", "audit", "auth", "evaluation", "inventory", "outbox", "packs", "scans", "violations"]

METADATA = database.metadata()
