"""The judgement of a submission: what is asked of each variant, and what came of it."""
