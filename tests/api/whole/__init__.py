"""The API of a real daemon: the engine behind the doors is the real one."""
