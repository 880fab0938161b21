"""Host applications to try Vestibule on, and to copy from."""
