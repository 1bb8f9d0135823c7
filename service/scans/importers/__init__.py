"""Importers: collections that others keep, read as manifests.

Each importer is one file with `read(directory) -> ImportResult` and touches neither database nor network: the same
directory always gives the same bytes. `result.py` says what comes out, `organisations.yaml` and `dependencies.yaml` hold
what the collections leave to the reader's knowledge. Start at `ecosystem_graph.py`.

The name spaces do not meet, so two imports never overwrite each other: `model:meta/llama-2` is the ecosystem graph's,
`model:mof/meta/llama-2-7b` the Model Openness Framework's; an organisation of the table is the same vendor in both.
"""
