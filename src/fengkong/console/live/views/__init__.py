"""The screens of now: requests are read, queries asked, templates filled in."""
