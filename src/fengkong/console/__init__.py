"""The console: where a risk department works. Django, one app per part of the desk work."""
