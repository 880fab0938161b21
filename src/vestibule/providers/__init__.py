"""Who carries codes and notices: one folder for each, and none knows another."""
