"""The versions of a registered model: which one counts, and what the others are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

from service.scans.plain_text import line

LISTED: Final = 50


@dataclass(slots=True)
class Versions:
    """The versions of a model: the one that counts (`best`), and a line on each of the newest.

    `aliases` are those that count, first wins; `named` says which version has which.
    """

    aliases: Sequence[str]
    named: Mapping[str, Sequence[str]]
    best: Mapping[str, Any] | None = None
    rank: tuple[int, int] = (-1, -1)
    lines: dict[int, str] = field(default_factory=dict)
    count: int = 0

    @classmethod
    def of(cls, entries: Any, aliases: Sequence[str]) -> Self:
        """None yet; `entries` are the aliases of the model, as it lists them: `[{alias, version}]`."""
        named: dict[str, list[str]] = {}
        for entry in entries if isinstance(entries, list) else []:
            if isinstance(entry, dict) and (alias := line(entry.get("alias"))):
                named.setdefault(str(entry.get("version")), []).append(alias)
        return cls(aliases, named)

    def add(self, entry: Any) -> None:
        """Takes the next version: an alias that counts wins, then the stage Production, then the highest number."""
        if not isinstance(entry, dict) or not str(entry.get("version")).isdecimal():
            return
        number, stage = int(entry["version"]), line(entry.get("current_stage"))
        named = self.named.get(str(number), ())
        known = {alias.lower() for alias in named}
        wanted = [len(self.aliases) - at for at, alias in enumerate(self.aliases) if alias.lower() in known]
        rank = (max(wanted, default=0) * 2 + (stage == "Production"), number)
        self.count += 1
        status = line(entry.get("status")) or "READY"
        if status == "READY" and rank > self.rank:
            self.best, self.rank = entry, rank
        parts = [stage if stage != "None" else "", *(f"@{alias}" for alias in sorted(named))]
        parts += [status] if status != "READY" else []
        self.lines[number] = " ".join(filter(None, (str(number), *parts)))
        if len(self.lines) > LISTED:
            del self.lines[min(self.lines)]

    def listed(self) -> str:
        """All versions, newest first, a line each; of those beyond the newest only how many."""
        lines = [text for _, text in sorted(self.lines.items(), reverse=True)]
        more = [f"and {self.count - len(lines)} older ones"] if self.count > len(lines) else []
        return "\n".join(lines + more)
