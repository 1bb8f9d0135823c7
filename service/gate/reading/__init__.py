"""Reading: from the files that teams have to the assets that would exist after their deployment. Pure: bytes in, values out.

Owns the types of files, what is proposed in them and what is missing. Uses scans (pure readers), inventory (manifests).
Start at `read.py`.
"""
