"""What commands that only print are made of: they load little."""
