"""Playbooks: the library, its versions, and how they are changed."""
