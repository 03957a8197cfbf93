"""RFC 6962, section 2.1, word by word: recursive, slow, with nothing kept but subtree roots."""

from collections.abc import Sequence

from fengkong.ledger.hashes import Hash


def split_of(count: int) -> int:
    """The largest power of two smaller than a count."""
    return 1 << ((count - 1).bit_length() - 1)


class MerkleDefinition:
    """Roots and proofs of any part of a list of leaf hashes."""

    def __init__(self, leaves: Sequence[bytes], hashing: Hash) -> None:
        self.leaves = leaves
        self.hashing = hashing
        self._roots: dict[tuple[int, int], bytes] = {}

    def root(self, start: int, stop: int) -> bytes:
        """MTH(D[start:stop])."""
        if start == stop:
            return self.hashing.digest(b"")
        if stop - start == 1:
            return self.leaves[start]
        if (start, stop) not in self._roots:
            split = start + split_of(stop - start)
            pair = self.root(start, split) + self.root(split, stop)
            self._roots[start, stop] = self.hashing.digest(b"\x01" + pair)
        return self._roots[start, stop]

    def inclusion(self, leaf: int, start: int, stop: int) -> list[bytes]:
        """PATH(m, D[n])."""
        if stop - start == 1:
            return []
        split = start + split_of(stop - start)
        if leaf < split:
            return [*self.inclusion(leaf, start, split), self.root(split, stop)]
        return [*self.inclusion(leaf, split, stop), self.root(start, split)]

    def consistency(self, old: int, new: int) -> list[bytes]:
        """PROOF(m, D[n])."""
        return self._subproof(old, 0, new, whole=True)

    def _subproof(self, old: int, start: int, stop: int, *, whole: bool) -> list[bytes]:
        if old == stop - start:
            return [] if whole else [self.root(start, stop)]
        split = split_of(stop - start)
        if old <= split:
            left = self._subproof(old, start, start + split, whole=whole)
            return [*left, self.root(start + split, stop)]
        right = self._subproof(old - split, start + split, stop, whole=False)
        return [*right, self.root(start, start + split)]
