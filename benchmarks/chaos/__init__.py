"""A bounded run of everything that goes wrong with sending, and an exact count of what came of it.

Two web processes and two workers are killed, their database is restarted, their broker killed and
their carriers troubled, as a seed has it, while people log in with codes that are sent.
"""
