"""Tests of the channel, against a stand-in that refuses what Telegram refuses."""
