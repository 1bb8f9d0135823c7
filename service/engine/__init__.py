"""Engine: runs Rego, whatever engine does it.

Owns the two-method protocol, the OPA server adapter, the embedded engine in its child process, the generated entry points
and the isolation of a failing rule. Uses foundation alone and knows no database. Start at `protocol.py`.
"""
