"""Inventory: what there is, what rests on what, and what the world knows about it.

Owns assets, their edges and revisions, manifests, the reference catalogue and the licence resolver. Uses audit and
foundation. Start at `ingest.py`.
"""
