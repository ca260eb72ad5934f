// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {KallRegistry} from "../../src/KallRegistry.sol";
import {Base} from "../Base.sol";
import {RegistryHandler} from "./RegistryHandler.sol";

contract RegistryInvariants is Base {
    RegistryHandler private handler;

    struct FuzzSelector {
        address target;
        bytes4[] selectors;
    }

    function setUp() public override {
        super.setUp();
        handler = new RegistryHandler(registry);
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function excludeSelectors() external view returns (FuzzSelector[] memory excluded) {
        bytes4[] memory selectors = new bytes4[](2);
        selectors[0] = RegistryHandler.registerAs.selector;
        selectors[1] = Base.setUp.selector;
        excluded = new FuzzSelector[](1);
        excluded[0] = FuzzSelector(address(handler), selectors);
    }

    function invariant_numbersAreUnique() public view {
        for (uint256 i = 0; i < handler.ACCOUNTS(); i++) {
            for (uint256 j = 0; j < i; j++) {
                (KallRegistry.Head memory one,) = registry.query(1, handler.accountAt(i));
                (KallRegistry.Head memory other,) = registry.query(1, handler.accountAt(j));
                vm.assertTrue(one.number == 0 || one.number != other.number);
            }
        }
    }

    function invariant_liveNumbersResolveToTheirAccount() public view {
        for (uint256 i = 0; i < handler.ACCOUNTS(); i++) {
            (KallRegistry.Head memory head,) = registry.query(1, handler.accountAt(i));
            if (head.number == 0) continue;
            bool live = vm.getBlockTimestamp() < head.expiry;
            vm.assertEq(registry.resolve(head.number), live ? handler.accountAt(i) : address(0));
        }
    }

    function invariant_aNonceForEveryChange() public view {
        for (uint256 i = 0; i < handler.ACCOUNTS(); i++) {
            (KallRegistry.Head memory head,) = registry.query(1, handler.accountAt(i));
            vm.assertEq(head.nonce, handler.changes(i));
        }
    }
}
