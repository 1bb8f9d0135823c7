"""Gate: may this ship?

Owns candidates, verdicts and their formats. Uses pipeline, evaluation, packs, inventory. Start at `check.py`.
"""
