"""What sees images for the strategies, and for heads: an encoder, or the network itself."""
