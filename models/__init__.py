"""What learns: encoders, learning rules, data. Needs torch and numpy, no server."""
