"""Web: pages for people, served without any outside host.

Owns the documentation pages and the dashboard. Start at `pages.py`.
"""
