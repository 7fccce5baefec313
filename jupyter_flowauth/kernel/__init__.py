"""What a notebook shows: magics, card and sentences."""
