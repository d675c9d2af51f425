"""The rules, pure: status table, transitions, problems. No I/O, no clock, no gRPC, no Redis."""
