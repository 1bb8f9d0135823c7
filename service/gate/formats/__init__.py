"""Formats: a decision of the gate as other programs read it. One pure function for each, decision in, text out.

Owns what each tool expects of a report and how hostile text is kept from acting in it. Uses nothing but the decision.
Start at `choose.py`; what a person reads at a terminal is the command line's own affair (`cli/gate_table.py`).
"""
