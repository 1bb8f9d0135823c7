"""The guard of `allod up`: outlives it whatever becomes of it, and takes its children down when it is gone.

A program of its own with nothing but the standard library. Standard input is a pipe that only `allod up` holds. Each line
names a process group, the signal that ends it and its tier (`+1234 15 1`), or a group that has ended (`-1234`). When the
pipe closes, the groups that are left are ended, the highest tier first (services stand on servers), and whatever does not
end is killed. The guard inherits the lock of the data directory, so a new start waits until nothing of the former is left.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

GRACE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Group:
    """A process group, the signal that asks it to end, and its tier."""

    number: int
    signal: int
    tier: int


def signal_group(group: int, number: int) -> bool:
    """Whether process group `group` was there to take signal `number` (0: only ask)."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def read(lines: Iterable[str]) -> list[Group]:
    """The groups that were running when the pipe closed."""
    groups: dict[int, Group] = {}
    for line in lines:
        numbers = [int(word) for word in line[1:].split()]
        if line.startswith("+"):
            groups[numbers[0]] = Group(*numbers)
        else:
            groups.pop(numbers[0], None)
    return list(groups.values())


def end(groups: Iterable[Group], send: Callable[[int, int], bool] = signal_group, grace: float = GRACE_SECONDS) -> None:
    """Ends every group with its own signal, tier by tier, and kills what is left of a tier after `grace` seconds."""
    groups = list(groups)
    for tier in sorted({group.tier for group in groups}, reverse=True):
        left = [group for group in groups if group.tier == tier and send(group.number, group.signal)]
        deadline = time.monotonic() + grace
        while left and time.monotonic() < deadline:
            time.sleep(0.05)
            left = [group for group in left if send(group.number, 0)]
        for group in left:
            send(group.number, signal.SIGKILL)


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    end(read(sys.stdin))
