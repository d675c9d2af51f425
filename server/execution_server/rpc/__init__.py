"""The gRPC edge: requests checked, calls bounded, problems told. Nothing here decides about executions."""
