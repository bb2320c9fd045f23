"""The demo: a shop of our own and visitors for it, live in Chromium or recorded earlier."""
