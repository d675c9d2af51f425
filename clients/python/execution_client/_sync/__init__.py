# Made from ../_async/__init__.py by tools/unasync_client.py. Do not edit.
"""The client, written once: ../_sync is generated from here by tools/unasync_client.py."""
