"""A mail server that keeps what it is given and delivers nothing, for demos and tests."""
