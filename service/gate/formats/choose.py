"""Which formats there are, by the name that `--format` takes."""

from collections.abc import Callable, Mapping
from typing import Final

from service.gate.formats.github import as_github
from service.gate.formats.github_summary import as_github_summary
from service.gate.formats.gitlab import as_gitlab
from service.gate.formats.json_report import as_json
from service.gate.formats.junit import as_junit
from service.gate.formats.markdown import as_markdown
from service.gate.formats.parts import Decision
from service.gate.formats.sarif import as_sarif

FORMATS: Final[Mapping[str, Callable[[Decision], str]]] = {
    "json": as_json,
    "sarif": as_sarif,
    "junit": as_junit,
    "github": as_github,
    "github-summary": as_github_summary,
    "gitlab": as_gitlab,
    "markdown": as_markdown,
}
