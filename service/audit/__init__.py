"""Audit: one row for every change, each holding the hash of the one before.

Owns the audit log and its verification. Uses foundation. Start at `log.py`.
"""
