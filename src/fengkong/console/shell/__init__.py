"""The look: page frame, components, vendored assets, languages."""
