"""The end of a record's life: retention and erasure."""
