"""`python -m service.cli`: the same command line, for a process that knows its interpreter and not its PATH."""

from service.cli.main import run

run()
