"""Other libraries doing the same work. Each file is a program of its own that runs in the peers' environment."""
