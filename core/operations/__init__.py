"""What operators do to a running bot: pause and resume its answers, try questions again or drop them."""
