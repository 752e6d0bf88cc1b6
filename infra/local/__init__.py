"""Stack `local`: the embedded AWS, its resource provider and the machine that plays the host."""
