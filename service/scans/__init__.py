"""Scans: how facts are read from elsewhere and turned into manifests.

Owns sources, their runs, the connectors and the importers. Uses inventory and foundation. Start at `connector.py`.
"""
