"""Files that models make, found in an answer: in fields of their own, or inside its text."""
