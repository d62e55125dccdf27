"""Plain numbers at the door: what is refused, and what the refusal says."""

import numpy as np
import pytest

from portlib.ranges import number, numbers


class Mine(ValueError):
    """An error of the caller's own."""


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, "5%", None, [1.0], 1.0, 0.0])
def test_what_is_no_share_is_refused_by_name(value):
    with pytest.raises(Mine, match=r"^share (is|\[)"):
        number("share", value, above=0, below=1, error=Mine)


def test_a_percentage_is_told_how_to_be_written():
    with pytest.raises(ValueError, match=r"level is 95: .* in percent\? Write 0.95 for 95%"):
        number("level", 95, above=0, below=1)
    with pytest.raises(ValueError, match=r"years is -3: give a number above 0$"):
        number("years", -3, above=0)


def test_arrays_keep_their_shape_and_name_the_first_that_is_wrong():
    assert numbers("x", [[1, 2], [3, 4]], least=0).shape == (2, 2)
    with pytest.raises(ValueError, match="x is nan"):
        numbers("x", [[1, np.nan], [3, -4]], least=0)
