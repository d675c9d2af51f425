"""Where executions are kept: the contract in ``port.py``, the reference in ``memory.py``, the real in ``redis/``."""
