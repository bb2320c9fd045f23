"""The store on disk: catalog, batches, segments, and who may touch them."""
