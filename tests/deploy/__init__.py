"""A package, so that the browser page of its tests ends with them: pytest gives no package scope to a mere folder."""
