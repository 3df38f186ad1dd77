"""Tests of the adapter, on the localnet where a chain is needed."""
