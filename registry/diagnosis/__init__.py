"""What may be wrong with a set-up: one module a subject, each looks and never changes anything."""
