"""Label propagation: what the labelled rows say of the unlabelled ones near them.

Zhou et al., "Learning with Local and Global Consistency" (NIPS 2003); on the rows of a network as
in Iscen et al., CVPR 2019 (arXiv 1904.04717). N rows, D features, C classes, n labelled rows.
"""

import numpy as np
import torch
from scipy.sparse import coo_array, csr_array, identity
from scipy.sparse.linalg import cg
from torch import Tensor
from torch.nn.functional import normalize

BLOCK = 1024  # rows compared with all others at a time
SHARPNESS = 3  # the power of the cosine, as in Iscen et al.
TOLERANCE, MOST_STEPS = 1e-5, 200


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


def propagated(
    graph: csr_array, places: np.ndarray, labels: np.ndarray, classes: int, reach: float
) -> np.ndarray:
    """The probability of each class for each row, [N, C], from labels [n] at `places` [n].

    Solves (1 - `reach` `graph`) F = Y by conjugate gradients. Every class that has labels begins
    with the same mass, since how many of a class were queried says little of how many there are.
    Rows that no label reaches get equal probabilities.
    """
    system = identity(graph.shape[0], format="csr") - reach * graph
    masses = np.zeros((graph.shape[0], classes))
    for number in np.unique(labels):
        begin = np.zeros(graph.shape[0])
        begin[places[labels == number]] = 1 / (labels == number).sum()
        masses[:, number], _ = cg(system, begin, rtol=TOLERANCE, maxiter=MOST_STEPS)
    masses = np.maximum(masses, 0)
    totals = masses.sum(axis=1, keepdims=True)
    return np.divide(masses, totals, out=np.full_like(masses, 1 / classes), where=totals > 0)


def certainty(probabilities: np.ndarray) -> np.ndarray:
    """1 less the entropy as a share of the largest one, of probabilities [N, C]: from 0 to 1, [N].

    >>> certainty(np.array([[0.5, 0.5], [1.0, 0.0]])).tolist()
    [0.0, 1.0]
    """
    logs = np.log(np.maximum(probabilities, np.finfo(float).tiny))
    entropies = -(probabilities * logs).sum(axis=1)
    return np.clip(1 - entropies / np.log(probabilities.shape[1]), 0, 1)
