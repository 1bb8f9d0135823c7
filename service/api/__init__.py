"""API: REST at `/api/v1`, as `interfaces.md` promises it.

Owns routes, request and response schemas, problem details and the unit of work of each request. Start at `router.py`.
"""
