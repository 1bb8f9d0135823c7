"""`allod migrate`: the schema at its newest revision, and the reference catalogue as this release ships it."""

import typer

from service.foundation.settings import MIGRATIONS, settings


def migrate() -> None:
    """Bring the database to the newest revision and load the reference catalogue.

    Safe to run at any time and from several places at once: one waits for the other, and what is done stays.
    """
    settings()  # says what is missing before anything is touched
    from alembic import command
    from alembic.config import Config

    from service.foundation import database

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    command.upgrade(config, "head")
    from service.inventory import reference_load

    with database.unit_of_work() as session:
        reference_load.sync(session)
    typer.echo("The database is at the newest revision.")
