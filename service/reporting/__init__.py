"""Reporting: numbers over all rooms, read-only.

Owns nothing but questions. Start at `posture.py`.
"""
