"""The client, written once: ../_sync is generated from here by tools/unasync_client.py."""
