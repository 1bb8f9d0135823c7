"""Scans: how facts are read from elsewhere and turned into manifests.

Owns the importers. Uses inventory and foundation. Start at `importers/`.
"""
