"""Foundation: what every room stands on and nothing in it knows the business.

Owns settings, the database session, the outbox, errors, actors, the clock, identifiers, canonical JSON, paging and logs.
Uses no other room. Start at `database.py` and `errors.py`.
"""
