"""From the bytes of a request to rows of numbers, or a sentence about what is wrong in it."""
