"""From arrays and recordings to pictures and text."""
