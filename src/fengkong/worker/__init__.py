"""A second process beside the service: what takes long is done here, from the journal alone."""
