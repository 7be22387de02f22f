"""Random words of addresses that differ in one field, for batteries that read a stream.

    python benchmarks/random_words.py replicate | RNG_test stdin32 -tlmax 32GB     (PractRand)
    python benchmarks/random_words.py force | dieharder -a -g 200                  (Dieharder)

The words are the generator's own, 32 bits each and four an address, before they become
uniforms. Where a field has less room than the stream needs, runs of it follow each other, a
replicate apart. Ends when the reader has had enough.
"""

import sys

import numba
import numpy as np

from underrecording import rng

FIELDS = ("world", "replicate", "purpose", "force", "group", "index")
ROOM = (rng.MAX_WORLDS, 2**62, rng.MAX_PURPOSES, rng.MAX_FORCES, rng.MAX_GROUPS, rng.MAX_DRAWS)
ADDRESSES = 2**16


@numba.njit
def fill(seed, field, room, first, words):
    """Words (N, 4) of addresses number *first* and the following ones along a field."""
    for i in range(words.shape[0]):
        place = np.array([2, 1_000, 3, 7, 1, 0])
        place[field] = 0
        place[1] += (first + i) // room
        place[field] += (first + i) % room
        who = rng._who(place[0], place[2], place[3])
        words[i] = rng._words(seed, place[1], who, rng._which(place[4], place[5]))


def main():
    """Write words of the field named on the command line until nobody reads them."""
    if len(sys.argv) != 2 or sys.argv[1] not in FIELDS:
        raise SystemExit(f"usage: python benchmarks/random_words.py {'|'.join(FIELDS)}")
    field = FIELDS.index(sys.argv[1])
    words, first = np.empty((ADDRESSES, 4), np.uint64), 0
    try:
        while True:
            fill(np.uint64(20_140_501), field, ROOM[field], first, words)
            sys.stdout.buffer.write(words.astype(np.uint32).tobytes())
            first += ADDRESSES
    except BrokenPipeError:
        # What is left in the buffer has no reader either.
        sys.stderr.close()


if __name__ == "__main__":
    main()
