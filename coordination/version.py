"""Which version of this software acts; the trail says so of all that it does by itself."""

VERSION = "0.1.0"
