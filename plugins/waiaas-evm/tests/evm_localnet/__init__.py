"""Tests of the local network: the node's process, its faucet, and what of both the adapter offers."""
