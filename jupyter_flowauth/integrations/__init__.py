"""What other libraries take: one file each, named after them."""
