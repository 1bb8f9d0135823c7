"""Shared ground of all tests: real servers, started once, and a fresh database for whoever asks."""

import os

# Before anything of the service is imported: a test never reads the developer's own settings.
for name in [name for name in os.environ if name.startswith("ALLOD_") and not name.startswith("ALLOD_TEST_")]:
    del os.environ[name]

pytest_plugins = ["tests.fixtures.postgres", "tests.fixtures.broker", "tests.fixtures.opa", "tests.fixtures.connectors"]
