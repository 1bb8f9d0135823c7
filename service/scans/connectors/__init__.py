"""Connectors: each reads one kind of system, knows no other connector, and is named in `registry.py`.

A connector touches neither the database nor the queue, and reaches out only through the `Context` that it is given or
through an SDK of its own, under `outbound`. What SDK it needs is an extra of the package. Start at `../connector.py`.
"""
