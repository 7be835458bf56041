"""Label propagation, and the head that learns from what it says of unlabelled rows."""

import numpy as np
import pytest
import torch
from conftest import POOL
from experiment import equal, record_of, weights_of
from hydra.utils import instantiate
from sklearn.datasets import make_moons
from sklearn.metrics.pairwise import cosine_similarity
from test_head import EVALUATION, FEATURES, rows_of, run_on_rows

from askwell.embedding import Embeddings, graph
from askwell.embedding.graph import SHARPNESS, neighbour_graph, stored_graph
from askwell.errors import UserError
from askwell.model.propagation import certainty, propagated
from askwell.pool import Pool


def graph_by_hand(rows: np.ndarray, neighbours: int) -> np.ndarray:
    likeness = cosine_similarity(rows)
    np.fill_diagonal(likeness, -np.inf)
    weights = np.zeros_like(likeness)
    for row, others in enumerate(likeness):
        near = np.argsort(-others)[:neighbours]
        weights[row, near] = np.maximum(others[near], 0) ** SHARPNESS
    weights += weights.T
    degrees = np.sqrt(weights.sum(axis=1))
    return weights / np.outer(degrees, degrees)


def test_the_graph_is_that_of_the_nearest_by_cosine():
    rows = rows_of(50)
    expected = graph_by_hand(rows.double().numpy(), 4)
    np.testing.assert_allclose(neighbour_graph(rows, 4).toarray(), expected, atol=1e-6)


def test_labels_spread_as_the_closed_form_says():
    graph, places, labels = (
        neighbour_graph(rows_of(50), 4),
        np.array([3, 7, 8]),
        np.array([0, 2, 2]),
    )
    begin = np.zeros((50, 3))
    begin[places, labels] = [1, 0.5, 0.5]
    masses = np.linalg.solve(np.eye(50) - 0.9 * graph.toarray(), begin)
    expected = masses / masses.sum(axis=1, keepdims=True)
    found = propagated(graph, places, labels, 3, 0.9)
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_one_label_for_each_of_two_moons_is_enough():
    points, truth = make_moons(400, noise=0.04, random_state=0)
    # cosines compare directions, so the points are bent onto a sphere
    rows = torch.from_numpy(np.c_[points - points.mean(axis=0), np.ones(len(points))]).float()
    places = np.array([np.flatnonzero(truth == label)[0] for label in (0, 1)])
    found = propagated(neighbour_graph(rows, 8), places, np.array([0, 1]), 2, 0.99)
    assert (found.argmax(axis=1) == truth).all()


def test_rows_that_no_label_reaches_are_undecided():
    islands = torch.eye(2).repeat_interleave(3, 0)
    found = propagated(neighbour_graph(islands, 2), np.array([0]), np.array([1]), 2, 0.9)
    assert found[:3].argmax(axis=1).tolist() == [1, 1, 1]
    assert found[3:].tolist() == [[0.5, 0.5]] * 3
    assert certainty(found[3:]).tolist() == [0, 0, 0]


@pytest.fixture
def head(composed):
    """Builds the head of conf/model/propagation.yaml for three classes."""

    def build(**settings):
        overrides = [f"model.{name}={value}" for name, value in settings.items()]
        cfg = composed("model=propagation", "protocol=head", *overrides, shrink=False)
        cfg.embedding.features, cfg.dataset.num_classes = FEATURES, 3
        return instantiate(cfg.model)

    return build


def test_the_graph_is_computed_once(tmp_path, monkeypatch):
    values, of = rows_of(20).half().numpy(), np.arange(1, 20)
    found = stored_graph(Embeddings(values, "x"), of, 4, tmp_path)
    rows = torch.from_numpy(values[1:]).float()
    assert (found != neighbour_graph(rows - rows.mean(dim=0), 4)).nnz == 0
    monkeypatch.setattr(graph, "neighbour_graph", lambda *_: pytest.fail("computed again"))
    assert (stored_graph(Embeddings(values, "x"), of, 4, tmp_path) != found).nnz == 0


def test_the_graph_of_most_rows_is_not_that_of_others(tmp_path):
    embeddings, every = Embeddings(rows_of(1200).half().numpy(), "x"), np.arange(1200)
    graphs = [stored_graph(embeddings, np.delete(every, one), 4, tmp_path) for one in (600, 700)]
    assert (graphs[0] != graphs[1]).nnz


def taught(head, pool: Pool) -> tuple[np.ndarray, torch.Tensor, torch.Tensor]:
    """The indices of the readable images, and what a head is taught of 60 rows."""
    readable = np.setdiff1d(np.arange(60), pool.held)
    rows = rows_of(60).half()[readable]
    return readable, *head.taught(rows, neighbour_graph(rows, 3), readable, pool)


def test_the_head_is_taught_its_labels_as_they_are(head):
    pool = Pool(60, held=[4, 5])
    pool.label([9, 1], [0, 2], round=0)
    readable, rows, weights = taught(head(), pool)
    assert (len(rows), bool((weights >= 0).all())) == (58, True)
    found = weights[np.searchsorted(readable, [9, 1])]
    assert found.tolist() == [[1, 0, 0], [0, 0, 1]]


def test_a_part_of_the_others_always_has_the_labelled_rows(head):
    pool = Pool(60)
    pool.label([9, 1], [0, 2], round=0)
    _, rows, _ = taught(head(most=5), pool)
    assert 5 <= len(rows) <= 7
    assert all((rows == rows_of(60).half()[index]).all(dim=1).any() for index in (9, 1))


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"neighbours": 0}, "model.neighbours=0, .*: expected at least 1"),
        ({"reach": 1.0}, "model.reach=1.0: expected a number between 0 and 1"),
    ],
)
def test_settings_that_cannot_be_are_refused(head, settings, reason):
    with pytest.raises(Exception, match=reason) as raised:
        head(**settings)
    assert isinstance(raised.value.__cause__ or raised.value, UserError)


@pytest.fixture
def on_rows(tmp_path):
    """The overrides that train on rows of classes that lie apart."""
    for name, count in (("train", POOL), ("evaluation", EVALUATION)):
        order = torch.arange(count).view(count // 3, 3).T.flatten()  # by class, as the images lie
        np.save(tmp_path / f"{name}.npy", rows_of(count)[order].half().numpy())
    files = [f"embedding.{name}={tmp_path / name}.npy" for name in ("train", "evaluation")]
    return ["model=propagation", "model.neighbours=5", "protocol=head", "embedding=file", *files]


def test_four_rounds_are_two_rounds_and_two_more(program, shrunk, on_rows, tmp_path):
    settings = ["strategy=sm", *on_rows]
    run_on_rows(program, shrunk, *settings, "name=at_once", "rounds=4")
    run_on_rows(program, shrunk, *settings, "name=in_parts", "rounds=2")
    run_on_rows(program, shrunk, *settings, "name=in_parts", "rounds=4", "resume=true")
    at_once, in_parts = (tmp_path / "outputs" / name for name in ("at_once", "in_parts"))
    assert record_of(in_parts) == record_of(at_once)
    assert equal(weights_of(in_parts), weights_of(at_once))
