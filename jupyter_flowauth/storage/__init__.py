"""Where tokens rest, and where kernel and server meet: one file each."""
