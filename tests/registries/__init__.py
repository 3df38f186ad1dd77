"""Every registry of the house walked on a running daemon: no route, policy type, event, code or setting is dead."""
