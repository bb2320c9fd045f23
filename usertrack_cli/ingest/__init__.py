"""From what a browser reports to a batch in the inbox."""
