"""Evaluation: from assets to decisions.

Owns the input document, the gathering of effective facts, decisions and their records, runs and chunks. Uses packs, engine,
inventory, foundation. Start at `policy_input.py`.
"""
