"""Commands about how good answers are: what people think of them, and how gateways compare."""
