"""Pages of the reference, each made from the code or the schemas that it describes."""
