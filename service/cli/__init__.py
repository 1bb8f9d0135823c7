"""The command line `allod`.

Owns arguments, progress bars, tables and exit codes; remote commands speak REST, nothing else. Start at `main.py`.
"""
