"""Auth: who is calling and what they may do.

Owns tokens, roles and principals; only the edges use it, business rooms record an `Actor`. Uses audit and foundation.
Start at `principals.py`.
"""
