"""Label propagation: what the labelled rows say of the unlabelled ones near them.

Zhou et al., "Learning with Local and Global Consistency" (NIPS 2003); on the rows of a network as
in Iscen et al., CVPR 2019 (arXiv 1904.04717). N rows, C classes, n labelled rows.
"""

import numpy as np
from scipy.sparse import csr_array, identity
from scipy.sparse.linalg import cg

TOLERANCE, MOST_STEPS = 1e-5, 200


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
