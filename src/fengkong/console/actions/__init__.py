"""Actions on customers: asked for here, done by other systems, visible until they confirm."""
