"""The demo: a fictional clinic chain, its people and its synthetic patients."""
