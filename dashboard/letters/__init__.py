"""Letters about violations (公文): Word files from templates that a company can replace."""
