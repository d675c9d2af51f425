"""
The service beside the queues that people use for the same: BullMQ, Celery and SAQ.

One lifecycle is the same everywhere: create with a small payload, a worker starts it, reports progress three times and
completes it, and its creator holds the result. Each peer does that in its own usual way of dispatching and waiting, by
two programs of one process each that this package holds: one creates, one works. Peers are installed from the public
registries into ``build/peers``, never into the project's own environment.
"""
