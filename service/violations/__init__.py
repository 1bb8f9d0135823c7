"""Violations: what is wrong, since when, and what became of it.

Owns findings, their events and lifecycle, and the waivers that stand beside them. Uses evaluation's decisions, packs, audit
and foundation. Start at `plan.py`; for waivers at `waiver_terms.py`.
"""
