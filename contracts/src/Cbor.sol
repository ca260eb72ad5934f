// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Bytes} from "@openzeppelin/contracts/utils/Bytes.sol";

/// Reads deterministic CBOR (RFC 8949, 4.2.1) of what entries have: integers from zero up, byte and text strings,
/// arrays and maps. Anything else is refused, and every step is bounded by the bytes that are there.
library Cbor {
    uint256 internal constant UINT = 0;
    uint256 internal constant BYTES = 2;
    uint256 internal constant TEXT = 3;
    uint256 internal constant ARRAY = 4;
    uint256 internal constant MAP = 5;
    uint256 internal constant MAX_DEPTH = 8;

    /// @dev `offset` is where the item that is read next begins.
    struct Cursor {
        bytes data;
        uint256 offset;
    }

    error Truncated(uint256 offset, uint256 wanted, uint256 size);
    error TrailingBytes(uint256 offset, uint256 size);
    /// @dev An indefinite length or one of the reserved values (additional information 28 to 31).
    error NoDefiniteLength(uint256 offset, uint256 information);
    error NotShortest(uint256 offset, uint256 value);
    error KeysDoNotRise(uint256 offset);
    error TooDeep(uint256 offset, uint256 max);
    error Unsupported(uint256 offset, uint256 majorType);
    error WrongType(uint256 offset, uint256 wanted, uint256 majorType);
    error WrongLength(uint256 offset, uint256 wanted, uint256 length);

    /// Checks that `data` is one item from end to end.
    function open(bytes memory data) internal pure returns (Cursor memory cursor) {
        cursor.data = data;
        skip(cursor);
        require(cursor.offset == data.length, TrailingBytes(cursor.offset, data.length));
        cursor.offset = 0;
    }

    function skip(Cursor memory cursor) internal pure {
        _skip(cursor, 0);
    }

    function readUint(Cursor memory cursor) internal pure returns (uint256) {
        return _expect(cursor, UINT);
    }

    function readBytes(Cursor memory cursor, uint256 length) internal pure returns (bytes memory value) {
        uint256 start = cursor.offset;
        uint256 size = _expect(cursor, BYTES);
        require(size == length, WrongLength(start, length, size));
        return _take(cursor, size);
    }

    function readText(Cursor memory cursor) internal pure returns (string memory) {
        return string(_take(cursor, _expect(cursor, TEXT)));
    }

    /// Enters the array: the next `count` items are its own.
    function readArray(Cursor memory cursor) internal pure returns (uint256 count) {
        return _expect(cursor, ARRAY);
    }

    /// Moves to the value of the encoded `key` in the map at the cursor, or behind the map when it has none.
    function find(Cursor memory cursor, bytes memory key) internal pure returns (bool) {
        for (uint256 left = _expect(cursor, MAP); left > 0; left--) {
            uint256 start = cursor.offset;
            skip(cursor);
            if (Bytes.equal(Bytes.slice(cursor.data, start, cursor.offset), key)) return true;
            skip(cursor);
        }
        return false;
    }

    function _skip(Cursor memory cursor, uint256 depth) private pure {
        uint256 start = cursor.offset;
        (uint256 majorType, uint256 argument) = _head(cursor);
        if (majorType == UINT) return;
        if (majorType == BYTES || majorType == TEXT) {
            _advance(cursor, argument);
            return;
        }
        require(majorType == ARRAY || majorType == MAP, Unsupported(start, majorType));
        require(depth < MAX_DEPTH, TooDeep(start, MAX_DEPTH));
        if (majorType == MAP) return _skipPairs(cursor, argument, depth + 1);
        for (; argument > 0; argument--) {
            _skip(cursor, depth + 1);
        }
    }

    function _skipPairs(Cursor memory cursor, uint256 count, uint256 depth) private pure {
        uint256 previous = 0;
        uint256 previousEnd = 0;
        for (uint256 i = 0; i < count; i++) {
            uint256 start = cursor.offset;
            _skip(cursor, depth);
            require(i == 0 || _rises(cursor.data, previous, previousEnd, start), KeysDoNotRise(start));
            (previous, previousEnd) = (start, cursor.offset);
            _skip(cursor, depth);
        }
    }

    /// @dev No encoded item begins with another: two that differ do so before either ends.
    function _rises(bytes memory data, uint256 lower, uint256 lowerEnd, uint256 upper)
        private
        pure
        returns (bool)
    {
        while (lower < lowerEnd && data[lower] == data[upper]) {
            lower++;
            upper++;
        }
        return lower < lowerEnd && data[lower] < data[upper];
    }

    function _expect(Cursor memory cursor, uint256 wanted) private pure returns (uint256 argument) {
        uint256 start = cursor.offset;
        uint256 majorType;
        (majorType, argument) = _head(cursor);
        require(majorType == wanted, WrongType(start, wanted, majorType));
    }

    function _head(Cursor memory cursor) private pure returns (uint256 majorType, uint256 argument) {
        uint256 start = cursor.offset;
        uint256 initial = _number(cursor, 1);
        majorType = initial >> 5;
        argument = initial & 31;
        if (argument < 24) return (majorType, argument);
        require(argument < 28, NoDefiniteLength(start, argument));
        uint256 size = 2 ** (argument - 24);
        argument = _number(cursor, size);
        require(argument >= (size == 1 ? 24 : 2 ** (4 * size)), NotShortest(start, argument));
    }

    function _number(Cursor memory cursor, uint256 size) private pure returns (uint256 value) {
        bytes memory data = cursor.data;
        uint256 start = cursor.offset;
        _advance(cursor, size);
        assembly ("memory-safe") {
            value := shr(sub(256, mul(8, size)), mload(add(add(data, 32), start)))
        }
    }

    function _take(Cursor memory cursor, uint256 size) private pure returns (bytes memory) {
        uint256 start = cursor.offset;
        _advance(cursor, size);
        return Bytes.slice(cursor.data, start, cursor.offset);
    }

    function _advance(Cursor memory cursor, uint256 size) private pure {
        uint256 length = cursor.data.length;
        require(size <= length - cursor.offset, Truncated(cursor.offset, size, length));
        cursor.offset += size;
    }
}
