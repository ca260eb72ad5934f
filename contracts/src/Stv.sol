// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

// The rankings of up to five options, one of nothing included.
uint256 constant PLACES = 326;

/// Single transferable vote for one seat between at most five options, of which 1 is "no change".
///
/// A tally holds the power behind each ranking at the ranking's place in the tree of rankings: depth first, the
/// rankings that go on from one after it, by rising option. So all that start alike stand side by side.
library Stv {
    uint256 internal constant NO_CHANGE = 1;

    /// @dev By the number of options, 16 bits each: T(0) = 1, T(n) = 1 + n * T(n - 1).
    uint256 private constant TREE_SIZES = 0x014600410010000500020001;

    /// A ranking has one hexadecimal digit from 1 to `options` for each preference, the first one in front,
    /// and names none twice.
    error MalformedRanking(uint256 ranking, uint256 options);

    function place(uint256 ranking, uint256 options) internal pure returns (uint256 found) {
        uint256 digits = Math.log2(ranking) / 4 + 1;
        uint256 unranked = _all(options);
        for (uint256 i = 1; i <= digits; i++) {
            uint256 option = (ranking >> (4 * (digits - i))) & 0xf;
            require(_has(unranked, option), MalformedRanking(ranking, options));
            unranked ^= _bit(option);
            found += 1 + _below(unranked, option) * _treeSize(options - i);
        }
    }

    /// The winning option; "no change" when the last two are level.
    ///
    /// @dev An option with more than half of the power that still counts is never the weakest and keeps its
    /// ballots, so that going on to the last two finds it without a look for it in each round.
    function count(uint64[PLACES] memory tally, uint256 options) internal pure returns (uint256) {
        if (options == 1) return NO_CHANGE;
        uint256[] memory sums = _runningSums(tally, _treeSize(options));
        uint256 standing = _all(options);
        uint256[6] memory powers = _powers(sums, options, standing);
        for (uint256 left = options; left > 2; left--) {
            standing ^= _bit(_weakest(powers, standing, options));
            powers = _powers(sums, options, standing);
        }
        uint256 loser = _weakest(powers, standing, options);
        uint256 winner = Math.log2(standing ^ _bit(loser));
        return powers[winner] == powers[loser] ? NO_CHANGE : winner;
    }

    /// Reads each slot once, where Solidity's own copy reads it for each of its four places.
    function load(uint64[PLACES] storage stored) internal view returns (uint64[PLACES] memory tally) {
        assembly ("memory-safe") {
            let word := 0
            for { let i := 0 } lt(i, PLACES) { i := add(i, 1) } {
                if iszero(and(i, 3)) { word := sload(add(stored.slot, shr(2, i))) }
                mstore(add(tally, shl(5, i)), and(word, 0xffffffffffffffff))
                word := shr(64, word)
            }
        }
    }

    /// @dev sums[i] is the power at the places before i, so that any subtree's is one subtraction away.
    function _runningSums(uint64[PLACES] memory tally, uint256 places)
        private
        pure
        returns (uint256[] memory sums)
    {
        sums = new uint256[](places + 1);
        uint256 sum = 0;
        unchecked {
            for (uint256 i = 0; i < places; i++) {
                sum += tally[i];
                sums[i + 1] = sum;
            }
        }
    }

    /// @dev Of the ballots, by the first standing option that each names.
    function _powers(uint256[] memory sums, uint256 options, uint256 standing)
        private
        pure
        returns (uint256[6] memory powers)
    {
        _addPowers(powers, sums, standing, 0, _all(options), options);
    }

    /// @dev For the rankings that go on from the one at `parent`, all of whose options have gone out.
    function _addPowers(
        uint256[6] memory powers,
        uint256[] memory sums,
        uint256 standing,
        uint256 parent,
        uint256 unranked,
        uint256 left
    ) private pure {
        uint256 size = _treeSize(left - 1);
        uint256 next = parent + 1;
        for (uint256 option = 1; unranked >> option != 0; option++) {
            if (!_has(unranked, option)) continue;
            uint256 end = next + size;
            if (_has(standing, option)) powers[option] += sums[end] - sums[next];
            else _addPowers(powers, sums, standing, next, unranked ^ _bit(option), left - 1);
            next = end;
        }
    }

    /// @dev Of equals the last one, so that "no change" outlasts them all.
    function _weakest(uint256[6] memory powers, uint256 standing, uint256 options)
        private
        pure
        returns (uint256 weakest)
    {
        uint256 least = type(uint256).max;
        for (uint256 option = options; option > 0; option--) {
            if (!_has(standing, option) || powers[option] >= least) continue;
            least = powers[option];
            weakest = option;
        }
    }

    function _all(uint256 options) private pure returns (uint256) {
        return 2 * _bit(options) - 2;
    }

    function _bit(uint256 option) private pure returns (uint256) {
        return uint256(1) << option;
    }

    function _has(uint256 set, uint256 option) private pure returns (bool) {
        return (set >> option) & 1 == 1;
    }

    function _below(uint256 set, uint256 option) private pure returns (uint256 members) {
        for (uint256 i = 1; i < option; i++) {
            members += (set >> i) & 1;
        }
    }

    function _treeSize(uint256 options) private pure returns (uint256) {
        return (TREE_SIZES >> (16 * options)) & 0xffff;
    }
}
