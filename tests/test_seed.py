import os
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from troth.seed import Seed

PARTS = st.lists(st.text(max_size=4) | st.binary(max_size=4) | st.integers(), max_size=4)
LABELS = st.text(max_size=8) | st.integers()


def test_draws_are_pinned():
    seed = Seed.of("troth", 1)
    assert seed.key.hex() == "b6cf7a63b9be1129f6d33f2cf4d28a99"
    assert seed.child("a", 2).key.hex() == "eb8ba48569cd6e7b6786255d38fc0ae4"
    assert (
        seed.number("a"),
        seed.below(1000, "a"),
        seed.choice("xyz", "b"),
    ) == (
        4896273576565999443,
        443,
        "x",
    )


def test_another_hash_seed_draws_the_same():
    program = "from troth.seed import Seed; print(Seed.of('a', 1).child('b').number('c'))"
    answers = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("0", "1")
    }
    assert answers == {f"{Seed.of('a', 1).child('b').number('c')}\n"}


@given(PARTS, PARTS)
def test_seeds_are_the_same_exactly_when_their_parts_read_the_same(one, other):
    def read(parts):
        return [part if isinstance(part, bytes) else str(part).encode() for part in parts]

    assert (Seed.of(*one) == Seed.of(*other)) is (read(one) == read(other))


@given(st.integers(), LABELS)
def test_draws_stay_in_their_ranges_and_repeat(value, label):
    seed = Seed.of(value)
    drawn = (
        seed.number(label),
        seed.below(7, label),
        seed.between(-3, 3, label),
        seed.choice("abc", label),
    )
    assert drawn == (
        Seed.of(value).number(label),
        Seed.of(value).below(7, label),
        Seed.of(value).between(-3, 3, label),
        Seed.of(value).choice("abc", label),
    )
    assert 0 <= drawn[0] < 2**64
    assert 0 <= drawn[1] < 7
    assert -3 <= drawn[2] <= 3
    assert drawn[3] in "abc"


def test_a_lone_surrogate_is_a_part_like_any():
    assert Seed.of("\ud800") != Seed.of("\ud801")
    assert Seed.of("a").number("\ud800") != Seed.of("a").number("\ud801")


def test_labels_and_children_draw_independently():
    seed = Seed.of("s")
    draws = {seed.number(label) for label in range(1000)}
    draws |= {seed.child(label).number() for label in range(1000)}
    assert len(draws) == 2000


def test_a_range_includes_both_its_ends():
    assert {Seed.of("ends").between(-1, 2, label) for label in range(100)} == {-1, 0, 1, 2}
    assert Seed.of("ends").between(3, 3) == 3


def test_every_value_of_a_small_range_is_drawn_about_as_often():
    counts = [0] * 8
    for label in range(8000):
        counts[Seed.of("even").below(8, label)] += 1
    assert all(850 < count < 1150 for count in counts)
