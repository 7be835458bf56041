"""Which rows are near each other: the graph over which labels travel, computed once."""

import io
from pathlib import Path

import numpy as np
import torch
from scipy.sparse import coo_array, csr_array, load_npz, save_npz
from torch import Tensor
from torch.nn.functional import normalize

from askwell.embedding.base import Embeddings
from askwell.embedding.store import AGAIN
from askwell.files import write_whole
from askwell.images.fingerprint import digest

FOLDER = "graphs"
BLOCK = 1024  # rows compared with all others at a time
SHARPNESS = 3  # the power of the cosine (Iscen et al., CVPR 2019, arXiv 1904.04717)


def stored_graph(
    embeddings: Embeddings, of: np.ndarray, neighbours: int, cache_dir: Path
) -> csr_array:
    """The graph of the rows at the indices `of` [n], about their mean, sparse [n, n]; computed
    where `cache_dir` does not have it.
    """
    known = digest(embeddings.fingerprint, *of, neighbours, SHARPNESS)
    file = cache_dir / FOLDER / f"{known}.npz"
    if not file.exists():
        rows = embeddings.rows(torch.from_numpy(of))
        content = io.BytesIO()
        save_npz(content, neighbour_graph(rows - rows.mean(dim=0), neighbours), compressed=False)
        write_whole(file, content.getvalue(), AGAIN)
    return csr_array(load_npz(file))


def neighbour_graph(rows: Tensor, neighbours: int) -> csr_array:
    """The weights between rows [N, D] and their nearest `neighbours` by cosine: symmetric, scaled
    by the roots of the degrees, sparse [N, N].

    >>> neighbour_graph(torch.tensor([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0], [0.0, 3.0]]), 1).toarray()
    array([[0., 1., 0., 0.],
           [1., 0., 0., 0.],
           [0., 0., 0., 1.],
           [0., 0., 1., 0.]])
    """
    directions, count = normalize(rows.float()), len(rows)
    kept = min(neighbours, count - 1)
    near, places = [], []
    for start in range(0, count, BLOCK):
        likeness = directions[start : start + BLOCK] @ directions.T
        own = torch.arange(len(likeness))
        likeness[own, own + start] = -torch.inf
        values, columns = likeness.topk(kept, dim=1)
        near.append(values.clamp(min=0) ** SHARPNESS)
        places.append(columns)
    weighed = torch.cat(near).double().numpy().ravel()
    ends = (np.arange(count).repeat(kept), torch.cat(places).numpy().ravel())
    weights = coo_array((weighed, ends), shape=(count, count)).tocsr()
    weights = weights + weights.T
    scale = 1 / np.sqrt(np.maximum(weights.sum(axis=1), np.finfo(float).tiny))
    scaled = weights.tocoo()
    scaled.data = scaled.data * scale[scaled.coords[0]] * scale[scaled.coords[1]]
    return scaled.tocsr()
