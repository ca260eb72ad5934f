// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Base} from "../Base.sol";
import {KryptonBase} from "../krypton/KryptonBase.sol";
import {KryptonHandler} from "./KryptonHandler.sol";

contract KryptonInvariants is KryptonBase {
    KryptonHandler private handler;

    struct FuzzSelector {
        address target;
        bytes4[] selectors;
    }

    function setUp() public override {
        super.setUp();
        handler = new KryptonHandler(registry, krypton);
        for (uint256 i = 0; i < handler.ACCOUNTS(); i++) {
            handler.deployProvider(i, i);
            handler.registerUser(i, i / 2, i, 59 days + 1);
        }
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function excludeSelectors() external view returns (FuzzSelector[] memory excluded) {
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = Base.setUp.selector;
        excluded = new FuzzSelector[](1);
        excluded[0] = FuzzSelector(address(handler), selectors);
    }

    /// An answer is the one that the user signed last, its provider deployed now and agreed; without these, none.
    function invariant_answersAreWhatUsersAndProvidersSigned() public view {
        for (uint256 i = 0; i < handler.ACCOUNTS(); i++) {
            (bool served, bytes16 uuid, string memory hostname, address provider_) = handler.expected(i);
            _assertAnswer(i, "location", served, hostname);
            _assertAnswer(i, "provider", served, vm.toString(provider_));
            string memory ending = bytes1(uint8(uint128(uuid) >> 8)) == 0xbd ? "bd02" : "bc02";
            _assertAnswer(i, "uuid", served, string.concat("05661611-4074-4b52-a1e2-8d47cd43", ending));
        }
    }

    function _assertAnswer(uint256 index, string memory kind, bool served, string memory words) private view {
        (bool done, bytes memory answer) = handler.ask(kind, index);
        vm.assertTrue(done == served, kind);
        if (served) vm.assertEq(abi.decode(answer, (string)), words);
    }
}
