"""The worker: what does executions for which functions are registered."""
