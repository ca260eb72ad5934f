// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Damm} from "../../src/Damm.sol";
import {KallNumber} from "../../src/KallNumber.sol";
import {KallRegistry} from "../../src/KallRegistry.sol";
import {RegistryBase} from "./RegistryBase.sol";

contract NumberTest is RegistryBase {
    address private twin;
    address private otherTwin;
    uint256 private number;

    function setUp() public override {
        super.setUp();
        twin = vm.addr(TWIN_KEY);
        otherTwin = vm.addr(OTHER_TWIN_KEY);
        number = registry.numberFor(twin, 0);
        vm.assertEq(number, registry.numberFor(otherTwin, 0), "the keys are no twins");
    }

    function test_version() public view {
        vm.assertEq(registry.version(), 1);
    }

    /// Damm's own example: 572 has the check digit 4.
    function test_checkDigit() public pure {
        vm.assertEq(Damm.checkDigit(572), 4);
        vm.assertEq(Damm.checkDigit(5724), 0);
        vm.assertEq(Damm.checkDigit(0), 0);
    }

    function testFuzz_checkDigitCatchesOneWrongDigit(uint256 value, uint8 place, uint8 change) public pure {
        value %= 1e9;
        uint256 whole = value * 10 + Damm.checkDigit(value);
        uint256 unit = 10 ** (place % 10);
        uint256 digit = (whole / unit) % 10;
        uint256 wrong = whole - digit * unit + ((digit + 1 + change % 9) % 10) * unit;
        vm.assertNotEq(Damm.checkDigit(wrong), 0);
    }

    function testFuzz_checkDigitCatchesSwappedNeighbours(uint256 value, uint8 place) public pure {
        value %= 1e9;
        uint256 whole = value * 10 + Damm.checkDigit(value);
        uint256 unit = 10 ** (place % 9);
        uint256 low = (whole / unit) % 10;
        uint256 high = (whole / unit / 10) % 10;
        vm.assume(low != high);
        uint256 swapped = whole - low * unit - high * unit * 10 + high * unit + low * unit * 10;
        vm.assertNotEq(Damm.checkDigit(swapped), 0);
    }

    function testFuzz_numberHasTenDigitsAndChecks(address account, uint8 salt) public view {
        uint256 derived = registry.numberFor(account, salt % 16);
        vm.assertTrue(derived >= 2_000_000_000 && derived <= 9_999_999_999);
        vm.assertEq(Damm.checkDigit(derived), 0);
    }

    function testFuzz_refusesLargeSalt(uint256 salt) public {
        vm.assume(salt >= 16);
        vm.expectRevert(abi.encodeWithSelector(KallNumber.SaltTooLarge.selector, salt, 15));
        registry.numberFor(client, salt);
    }

    function test_refusesATakenNumber() public {
        register(TWIN_KEY, CLIENT, ENTRY, 0);
        _expectTaken();
        register(OTHER_TWIN_KEY, CLIENT, ENTRY, 1);
        vm.assertEq(registry.resolve(registry.numberFor(otherTwin, 1)), otherTwin);
    }

    function test_lapsedNumberResolvesToNobody() public {
        register(TWIN_KEY, CLIENT, ENTRY, 0);
        vm.warp(START + 365 days - 1);
        vm.assertEq(registry.resolve(number), twin);
        vm.warp(START + 365 days);
        vm.assertEq(registry.resolve(number), address(0));
    }

    function test_lapsedNumberWaitsForItsAccount() public {
        register(TWIN_KEY, CLIENT, ENTRY, 0);
        vm.warp(START + 730 days - 1);
        _expectTaken();
        register(TWIN_KEY, CLIENT, ENTRY, 5);
        vm.assertEq(registry.resolve(number), twin);
    }

    function test_numberIsFreeAfterTheGrace() public {
        register(TWIN_KEY, CLIENT, ENTRY, 0);
        vm.warp(START + 730 days);
        register(OTHER_TWIN_KEY, CLIENT, ENTRY, 0);
        vm.assertEq(registry.resolve(number), otherTwin);
        (KallRegistry.Head memory head,) = registry.query(CLIENT, twin);
        vm.assertEq(head.number, 0);
        vm.assertEq(head.nonce, 1);
    }

    function test_whoLostItsNumberGetsAnother() public {
        register(TWIN_KEY, CLIENT, ENTRY, 0);
        vm.warp(START + 730 days);
        register(OTHER_TWIN_KEY, CLIENT, ENTRY, 0);
        register(TWIN_KEY, CLIENT, ENTRY, 7);
        vm.assertEq(registry.resolve(number), otherTwin);
        vm.assertEq(registry.resolve(registry.numberFor(twin, 7)), twin);
    }

    function test_whoLostItsNumberCanReleaseWithoutHarm() public {
        register(TWIN_KEY, CLIENT, ENTRY, 0);
        vm.warp(START + 730 days);
        register(OTHER_TWIN_KEY, CLIENT, ENTRY, 0);
        release(TWIN_KEY, CLIENT);
        vm.assertEq(registry.resolve(number), otherTwin);
    }

    function test_releasedNumberIsFreeAtOnce() public {
        register(TWIN_KEY, CLIENT, ENTRY, 0);
        release(TWIN_KEY, CLIENT);
        register(OTHER_TWIN_KEY, CLIENT, ENTRY, 0);
        vm.assertEq(registry.resolve(number), otherTwin);
    }

    function _expectTaken() private {
        deadline = vm.getBlockTimestamp() + 1 days;
        bytes memory signature = signRegister(OTHER_TWIN_KEY, CLIENT, otherTwin, ENTRY, 0, 0);
        vm.expectRevert(abi.encodeWithSelector(KallRegistry.NumberTaken.selector, number, twin));
        registry.register(CLIENT, otherTwin, ENTRY, 0, 0, deadline, signature);
    }
}
