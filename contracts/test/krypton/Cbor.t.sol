// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Cbor} from "../../src/Cbor.sol";
import {Entries} from "../../src/Entries.sol";
import {Vm} from "../Vm.sol";

contract CborHarness {
    function open(bytes memory data) external pure {
        Cbor.open(data);
    }

    function readUint(bytes memory data) external pure returns (uint256) {
        return Cbor.readUint(Cbor.open(data));
    }

    function readBytes(bytes memory data, uint256 length) external pure returns (bytes memory) {
        return Cbor.readBytes(Cbor.open(data), length);
    }

    function readText(bytes memory data) external pure returns (string memory) {
        return Cbor.readText(Cbor.open(data));
    }

    function readArray(bytes memory data) external pure returns (uint256) {
        return Cbor.readArray(Cbor.open(data));
    }

    function find(bytes memory data, bytes memory key) external pure returns (bool found, uint256 offset) {
        Cbor.Cursor memory cursor = Cbor.open(data);
        found = Cbor.find(cursor, key);
        return (found, cursor.offset);
    }

    function readUser(bytes memory entry) external pure returns (Entries.User memory) {
        return Entries.readUser(entry);
    }

    function readProvider(bytes memory entry) external pure returns (Entries.Provider memory) {
        return Entries.readProvider(entry);
    }
}

/// The examples are of RFC 8949, appendix A, where it has one.
contract CborTest {
    Vm private constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    CborHarness private cbor;

    function setUp() public {
        cbor = new CborHarness();
    }

    function test_readsIntegers() public view {
        vm.assertEq(cbor.readUint(hex"00"), 0);
        vm.assertEq(cbor.readUint(hex"17"), 23);
        vm.assertEq(cbor.readUint(hex"1818"), 24);
        vm.assertEq(cbor.readUint(hex"18ff"), 255);
        vm.assertEq(cbor.readUint(hex"190100"), 256);
        vm.assertEq(cbor.readUint(hex"1a00010000"), 65_536);
        vm.assertEq(cbor.readUint(hex"1b0000000100000000"), 2 ** 32);
        vm.assertEq(cbor.readUint(hex"1b000000e8d4a51000"), 1_000_000_000_000);
        vm.assertEq(cbor.readUint(hex"1bffffffffffffffff"), type(uint64).max);
    }

    function test_readsStrings() public view {
        vm.assertEq(keccak256(cbor.readBytes(hex"4401020304", 4)), keccak256(hex"01020304"));
        vm.assertEq(keccak256(cbor.readBytes(hex"40", 0)), keccak256(""));
        vm.assertEq(cbor.readText(hex"6449455446"), "IETF");
        vm.assertEq(cbor.readText(hex"62c3bc"), unicode"ü");
        vm.assertEq(cbor.readText(hex"60"), "");
    }

    function test_readsArrays() public view {
        vm.assertEq(cbor.readArray(hex"80"), 0);
        vm.assertEq(cbor.readArray(hex"83010203"), 3);
        vm.assertEq(cbor.readArray(hex"8301820203820405"), 3);
    }

    function test_findsKeys() public view {
        _assertFound(hex"a201020304", hex"01", 2);
        _assertFound(hex"a201020304", hex"03", 4);
        _assertFound(hex"a26161016162820203", hex"6162", 6);
        (bool found, uint256 offset) = cbor.find(hex"a26161016162820203", hex"6163");
        vm.assertFalse(found);
        vm.assertEq(offset, 9);
        (found, offset) = cbor.find(hex"a0", hex"01");
        vm.assertFalse(found);
    }

    function test_doesNotTakeAValueForAKey() public view {
        (bool found,) = cbor.find(hex"a20102a0182a", hex"02");
        vm.assertFalse(found);
        (found,) = cbor.find(hex"a101a10304", hex"03");
        vm.assertFalse(found);
    }

    function test_refusesTruncation() public {
        _expectRefusal("", abi.encodeWithSelector(Cbor.Truncated.selector, 0, 1, 0));
        _expectRefusal(hex"18", abi.encodeWithSelector(Cbor.Truncated.selector, 1, 1, 1));
        _expectRefusal(hex"1b00000001000000", abi.encodeWithSelector(Cbor.Truncated.selector, 1, 8, 8));
        _expectRefusal(hex"420a", abi.encodeWithSelector(Cbor.Truncated.selector, 1, 2, 2));
        _expectRefusal(hex"8201", abi.encodeWithSelector(Cbor.Truncated.selector, 2, 1, 2));
        _expectRefusal(hex"a101", abi.encodeWithSelector(Cbor.Truncated.selector, 2, 1, 2));
        _expectRefusal(
            hex"5bffffffffffffffff00",
            abi.encodeWithSelector(Cbor.Truncated.selector, 9, type(uint64).max, 10)
        );
        _expectRefusal(hex"9bffffffffffffffff00", abi.encodeWithSelector(Cbor.Truncated.selector, 10, 1, 10));
        _expectRefusal(
            hex"bbffffffffffffffff0000", abi.encodeWithSelector(Cbor.Truncated.selector, 11, 1, 11)
        );
    }

    function test_refusesTrailingBytes() public {
        _expectRefusal(hex"0000", abi.encodeWithSelector(Cbor.TrailingBytes.selector, 1, 2));
        _expectRefusal(hex"a000", abi.encodeWithSelector(Cbor.TrailingBytes.selector, 1, 2));
    }

    function test_refusesIndefiniteAndReservedLengths() public {
        bytes[6] memory items = [bytes(hex"1c"), hex"1f", hex"5f4100ff", hex"7fff", hex"9fff", hex"bfff"];
        for (uint256 i = 0; i < items.length; i++) {
            uint256 information = uint8(items[i][0]) & 31;
            _expectRefusal(items[i], abi.encodeWithSelector(Cbor.NoDefiniteLength.selector, 0, information));
        }
        _expectRefusal(hex"811d", abi.encodeWithSelector(Cbor.NoDefiniteLength.selector, 1, 29));
    }

    function test_refusesLongerFormsThanNeeded() public {
        _expectRefusal(hex"1817", abi.encodeWithSelector(Cbor.NotShortest.selector, 0, 23));
        _expectRefusal(hex"1900ff", abi.encodeWithSelector(Cbor.NotShortest.selector, 0, 255));
        _expectRefusal(hex"1a0000ffff", abi.encodeWithSelector(Cbor.NotShortest.selector, 0, 65_535));
        _expectRefusal(
            hex"1b00000000ffffffff", abi.encodeWithSelector(Cbor.NotShortest.selector, 0, type(uint32).max)
        );
        _expectRefusal(hex"81580100", abi.encodeWithSelector(Cbor.NotShortest.selector, 1, 1));
    }

    function test_refusesKeysThatDoNotRise() public {
        _expectRefusal(hex"a203000100", abi.encodeWithSelector(Cbor.KeysDoNotRise.selector, 3));
        _expectRefusal(hex"a201000100", abi.encodeWithSelector(Cbor.KeysDoNotRise.selector, 3));
        _expectRefusal(hex"a201000101", abi.encodeWithSelector(Cbor.KeysDoNotRise.selector, 3));
        _expectRefusal(hex"a2616200616100", abi.encodeWithSelector(Cbor.KeysDoNotRise.selector, 4));
        _expectRefusal(hex"a2616100616100", abi.encodeWithSelector(Cbor.KeysDoNotRise.selector, 4));
        _expectRefusal(hex"81a262616100616200", abi.encodeWithSelector(Cbor.KeysDoNotRise.selector, 6));
        cbor.open(hex"a3182a00616200626161a0");
    }

    function test_refusesWhatIsTooDeep() public {
        cbor.open(hex"818181818181818100");
        _expectRefusal(hex"81818181818181818100", abi.encodeWithSelector(Cbor.TooDeep.selector, 8, 8));
        cbor.open(hex"a100a100a100a100a100a100a100a10000");
        _expectRefusal(
            hex"a100a100a100a100a100a100a100a100a10000", abi.encodeWithSelector(Cbor.TooDeep.selector, 16, 8)
        );
        bytes memory tower = new bytes(4096);
        for (uint256 i = 0; i < tower.length; i++) {
            tower[i] = 0x81;
        }
        _expectRefusal(tower, abi.encodeWithSelector(Cbor.TooDeep.selector, 8, 8));
    }

    function test_refusesWhatEntriesNeverHave() public {
        _expectRefusal(hex"20", abi.encodeWithSelector(Cbor.Unsupported.selector, 0, 1));
        _expectRefusal(hex"c100", abi.encodeWithSelector(Cbor.Unsupported.selector, 0, 6));
        _expectRefusal(hex"f5", abi.encodeWithSelector(Cbor.Unsupported.selector, 0, 7));
        _expectRefusal(hex"82f6f6", abi.encodeWithSelector(Cbor.Unsupported.selector, 1, 7));
        _expectRefusal(hex"a1f600", abi.encodeWithSelector(Cbor.Unsupported.selector, 1, 7));
    }

    function test_refusesAnotherType() public {
        vm.expectRevert(abi.encodeWithSelector(Cbor.WrongType.selector, 0, Cbor.UINT, Cbor.BYTES));
        cbor.readUint(hex"4100");
        vm.expectRevert(abi.encodeWithSelector(Cbor.WrongType.selector, 0, Cbor.BYTES, Cbor.TEXT));
        cbor.readBytes(hex"6161", 1);
        vm.expectRevert(abi.encodeWithSelector(Cbor.WrongType.selector, 0, Cbor.TEXT, Cbor.BYTES));
        cbor.readText(hex"4161");
        vm.expectRevert(abi.encodeWithSelector(Cbor.WrongType.selector, 0, Cbor.ARRAY, Cbor.MAP));
        cbor.readArray(hex"a0");
        vm.expectRevert(abi.encodeWithSelector(Cbor.WrongType.selector, 0, Cbor.MAP, Cbor.UINT));
        cbor.find(hex"00", hex"00");
        vm.expectRevert(abi.encodeWithSelector(Cbor.WrongLength.selector, 0, 2, 1));
        cbor.readBytes(hex"4100", 2);
    }

    function _assertFound(bytes memory data, bytes memory key, uint256 wanted) private view {
        (bool found, uint256 offset) = cbor.find(data, key);
        vm.assertTrue(found);
        vm.assertEq(offset, wanted);
    }

    function _expectRefusal(bytes memory data, bytes memory error_) private {
        vm.expectRevert(error_);
        cbor.open(data);
    }
}
