"""`/api/v1/`: content, plans, courses and what is found out on them."""
