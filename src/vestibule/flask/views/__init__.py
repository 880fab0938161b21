"""One view per interaction; each tells one step of one story."""
