"""From a row in the outbox to a text on its way: what is due, what it says, when to retry."""
