"""One folder per factor; none knows another."""
