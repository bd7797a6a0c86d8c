"""PostgreSQL and Valkey without an installation: started, found again, and ended cleanly."""
