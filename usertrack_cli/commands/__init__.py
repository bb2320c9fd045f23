"""The commands, one file each: read options, call, report."""
