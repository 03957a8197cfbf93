"""Insider watch: what staff do in unusual measure is seen by those who watch over them."""
