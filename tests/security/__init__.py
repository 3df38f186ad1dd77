"""What a really running daemon survives of attackers, broken input and broken machines."""
