"""Tests of the localnet, with this package's own JSON-RPC client and with clients that others wrote."""
