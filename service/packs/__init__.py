"""Packs: rules, the packs that bind them, and the parameters a workspace sets.

Owns the reading of `policies/`, METADATA, and what is in force where. Uses engine, inventory, audit, foundation. Start at
`source.py`.
"""
