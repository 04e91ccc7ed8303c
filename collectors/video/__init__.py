"""Video (视频): files, recordings and cameras into numbers and candidates. A detector proposes; a person confirms."""
