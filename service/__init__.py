"""Allod: sovereignty policy-as-code for AI. Read `pipeline.py` first: it tells the flow on one screen."""
