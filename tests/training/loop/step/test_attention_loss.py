"""The loss on attention outside boxes, against sums over fine samples."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
import torch

from fashionsdk_training.loop.step.attention_loss import attention_loss, covered

NOWHERE = [math.nan] * 4
FINE = 240  # samples a side; a multiple of the maps' sides, and of a tenth


def maps(seed: int = 0) -> torch.Tensor:
    """Return attention ``(3, 2, 6, 5)`` whose maps sum to 1."""
    generator = torch.Generator().manual_seed(seed)
    return torch.softmax(3 * torch.randn(3, 2, 30, generator=generator), dim=-1).reshape(3, 2, 6, 5)


def inside(attention: np.ndarray, box: Sequence[float]) -> float:
    """Return the share of attention in a box by summing the values of 240 x 240 places."""
    height, width = attention.shape
    total = within = 0.0
    for row in range(FINE):
        for column in range(FINE):
            y, x = (row + 0.5) / FINE, (column + 0.5) / FINE
            value = float(attention[int(y * height), int(x * width)])
            total += value
            within += value if box[0] < x < box[2] and box[1] < y < box[3] else 0.0
    return within / total


def test_it_is_minus_the_log_of_the_share_inside_by_photo():
    boxes = torch.tensor(
        [[[0.1, 0.2, 0.6, 0.7], NOWHERE], [NOWHERE, NOWHERE], [[0.0, 0, 1, 0.5], [0.7, 0.7, 0.8, 0.9]]]
    )
    attention = maps()
    pairs = [(0, 0), (2, 0), (2, 1)]
    expected = -sum(math.log(inside(attention[pair].double().numpy(), boxes[pair].tolist())) for pair in pairs) / 3
    assert float(attention_loss(attention, boxes)) == pytest.approx(expected, rel=1e-5)


def test_attention_is_compared_with_its_own_sum():
    boxes = torch.tensor([[[0.1, 0.2, 0.6, 0.7]] * 2] * 3)
    torch.testing.assert_close(attention_loss(0.3 * maps(), boxes), attention_loss(maps(), boxes))


def test_all_inside_costs_nothing_and_a_box_of_the_whole_map_never_does():
    attention = torch.zeros(1, 1, 4, 4)
    attention[0, 0, 1, 2] = 1
    assert float(attention_loss(attention, torch.tensor([[[0.5, 0.25, 0.75, 0.5]]]))) == pytest.approx(0, abs=1e-6)
    assert float(attention_loss(maps(), torch.tensor([[[0.0, 0, 1, 1]] * 2] * 3))) == pytest.approx(0, abs=1e-5)


def test_without_any_box_it_is_zero_and_moves_nothing():
    attention = maps().requires_grad_()
    loss = attention_loss(attention, torch.full((3, 2, 4), math.nan))
    loss.backward()
    assert float(loss.detach()) == 0
    assert attention.grad is not None
    assert not attention.grad.any()


def test_attention_that_is_all_outside_costs_much_but_is_finite():
    scores = torch.tensor([[[[300.0, 0], [0, 0]]]], requires_grad=True)
    attention = torch.softmax(scores.flatten(2), dim=-1).reshape(scores.shape)
    loss = attention_loss(attention, torch.tensor([[[0.5, 0.5, 1, 1]]]))
    loss.backward()
    assert 80 < float(loss.detach()) < 100
    assert scores.grad is not None
    assert torch.isfinite(scores.grad).all()


def test_steps_against_its_gradient_move_attention_into_a_box_smaller_than_a_cell():
    scores = torch.zeros(1, 1, 36, requires_grad=True)
    box = torch.tensor([[[0.35, 0.36, 0.45, 0.44]]])  # in the third row of six, and the third column
    for _ in range(50):
        loss = attention_loss(torch.softmax(scores, dim=-1).reshape(1, 1, 6, 6), box)
        (gradient,) = torch.autograd.grad(loss, scores)
        scores = (scores - 5 * gradient).detach().requires_grad_()
    assert int(scores.argmax()) == 2 * 6 + 2


@pytest.mark.parametrize("cells", [1, 5, 13])
def test_cells_are_covered_by_what_is_shared(cells: int):
    low, high = torch.tensor([0.0, 0.13, 0.5]), torch.tensor([1.0, 0.21, 0.9])
    got = covered(low, high, cells)
    for n, (begin, end) in enumerate(zip(low.tolist(), high.tolist(), strict=True)):
        for cell in range(cells):
            shared = max(0.0, min(end, (cell + 1) / cells) - max(begin, cell / cells)) * cells
            assert float(got[n, cell]) == pytest.approx(shared, abs=1e-5)
