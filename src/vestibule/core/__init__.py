"""The rules of two-factor login. Knows no web, no SQL and no carrier."""
