"""The expression language, the register machine that runs it, and what is written in it."""
