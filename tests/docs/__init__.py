"""The documentation, held against the code: nothing undocumented, nothing untrue, every example run."""
