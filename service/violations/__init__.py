"""Violations: what is wrong, since when, and what became of it.

Owns findings, their events and lifecycle. Uses evaluation's decisions, audit and foundation. Start at `plan.py`.
"""
