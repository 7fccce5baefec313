"""The authorization servers: one file each."""
