"""
What Prometheus is told: the numbers that the parts of a process count, on a port of their own.

The parts count in plain integers as they work, and nothing but this package looks at them; where no port is set, the
library is not even loaded. Names follow gRPC's own (``grpc_server_call_duration_seconds``) and Prometheus's rules for
units. This file imports nothing, so that ``parts`` can be had without the library.
"""
