"""The example estate: data, and how it is loaded."""
