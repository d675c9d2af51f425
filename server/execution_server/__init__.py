"""The server of the execution service: gRPC in front, Redis or Valkey behind."""
