"""Writing the audit log: a chain of hashes, numbered from 1 without a gap, in the transaction of what it tells.

`record` only remembers; the rows are written when the transaction commits, after everything else in it. The lock that
keeps the numbers without a gap is therefore always the last one taken and held for one insert: it can neither hold up a
long transaction nor deadlock with one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from sqlalchemy import event, func, select, text
from sqlalchemy.orm import Session as AnySession
from sqlalchemy.orm import SessionTransaction
from sqlmodel import Session, col

from service.audit.tables import AuditEntry
from service.foundation import canonical, clock
from service.foundation.actor import Actor

GENESIS = "0" * 64  # `previous` of the first row

_LOCK = 0x617564697431  # "audit1"
_PENDING = "audit.pending"
_INT64 = 2**63


_INSERT = text("""
    INSERT INTO audit_entry (number, at, actor, action, workspace, target, detail, previous, hash)
    SELECT number, at, actor, action, workspace, target, detail, previous, hash
    FROM jsonb_to_recordset(CAST(:rows AS jsonb))
         AS row (number bigint, at timestamptz, actor text, action text, workspace text, target text, detail jsonb,
                 previous text, hash text)
""")


@dataclass(frozen=True, slots=True)
class _Noted:
    at: datetime
    actor: str
    action: str
    target: str
    workspace: str | None
    detail: Mapping[str, Any]
    scope: tuple[SessionTransaction, ...]  # the savepoint it was noted in, and all that enclose it


def record(
    session: Session, actor: Actor, action: str, target: str, workspace: str | None, detail: Mapping[str, Any]
) -> None:
    """Tells of one change in the caller's transaction; `workspace` None where it belongs to none.

    `detail` is a JSON object of at most a few KiB, without secrets.
    """
    record_many(session, actor, action, workspace, [(target, detail)])


def record_many(
    session: Session,
    actor: Actor,
    action: str,
    workspace: str | None,
    changes: Iterable[tuple[str, Mapping[str, Any]]],
) -> None:
    """Tells of several changes of one sort, given as target and detail, in order, in the caller's transaction."""
    now = clock.now()
    session.connection()  # begins the transaction that these entries live and die with
    scope = _scope(session)
    pending: list[_Noted] = session.info.setdefault(_PENDING, [])
    pending.extend(_Noted(now, str(actor), action, target, workspace, detail, scope) for target, detail in changes)


def position(session: Session) -> int | None:
    """How far the log is: it grows with every change and with nothing else. None once this transaction changed something.

    What was computed from the inventory at one position holds for as long as the position is the same.
    """
    if session.info.get(_PENDING):
        return None
    last = session.connection().execute(select(func.max(col(AuditEntry.number)))).scalar_one()
    return int(last or 0)


def seal(row: Mapping[str, Any]) -> str:
    """The hash of a row: SHA-256 over the canonical JSON of every column but the hash itself, `at` as a string."""
    return canonical.digest(
        {
            "number": row["number"],
            "at": row["at"],
            "actor": row["actor"],
            "action": row["action"],
            "workspace": row["workspace"],
            "target": row["target"],
            "detail": row["detail"],
            "previous": row["previous"],
        }
    )


def spell_time(at: datetime) -> str:
    """A time as it is hashed and exported: UTC, to the microsecond, which is what the database keeps."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _scope(session: AnySession) -> tuple[SessionTransaction, ...]:
    innermost = session.get_nested_transaction() or session.get_transaction()
    chain = []
    while innermost is not None:
        chain.append(innermost)
        innermost = innermost.parent
    return tuple(chain)


def _plain(value: Any) -> Any:
    """`value` as it comes back from the database, so that the hash of what is written is the hash of what is read."""
    if isinstance(value, Enum):
        return _plain(value.value)
    if isinstance(value, str):
        return value.replace("\0", "\N{REPLACEMENT CHARACTER}")
    if value is None or isinstance(value, bool) or (isinstance(value, int) and -_INT64 <= value < _INT64):
        return value
    if isinstance(value, Mapping):
        return {_plain(str(key)): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return str(value)  # numbers with a fraction, dates, UUIDs: one spelling, whatever the database makes of them


@event.listens_for(AnySession, "before_commit")
def _write(session: AnySession) -> None:
    if session.in_nested_transaction() or not session.info.get(_PENDING):
        return
    session.flush()  # all other locks first
    noted: list[_Noted] = session.info.pop(_PENDING)
    connection = session.connection()
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    head = connection.execute(
        select(col(AuditEntry.number), col(AuditEntry.hash)).order_by(col(AuditEntry.number).desc()).limit(1)
    ).first()
    number, previous = (head[0], head[1]) if head else (0, GENESIS)
    rows = []
    for one in noted:
        number += 1
        row = {
            "number": number,
            "at": spell_time(one.at),
            "actor": one.actor,
            "action": one.action,
            "workspace": one.workspace,
            "target": _plain(one.target),
            "detail": _plain(one.detail),
            "previous": previous,
        }
        previous = row["hash"] = seal(row)
        rows.append(row)
    connection.execute(_INSERT, {"rows": canonical.encode(rows).decode()})


@event.listens_for(AnySession, "after_soft_rollback")
def _forget(session: AnySession, ended: SessionTransaction) -> None:
    if _PENDING in session.info:
        session.info[_PENDING] = [one for one in session.info[_PENDING] if ended not in one.scope]
