"""The API over real HTTP, with an engine that is played."""
