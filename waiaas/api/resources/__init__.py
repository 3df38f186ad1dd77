"""Handlers, one file a noun: read the request's model, call one verb of the engine, shape the answer."""
