"""What sees images for the strategies, and for heads: an encoder, or the network itself."""

from askwell.embedding.base import Embedding, Embeddings, Encoder, Fingerprint
from askwell.embedding.own import Own

__all__ = ["Embedding", "Embeddings", "Encoder", "Fingerprint", "Own"]
