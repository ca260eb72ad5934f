// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Base} from "../Base.sol";
import {CoinHandler} from "./CoinHandler.sol";

contract CoinInvariants is Base {
    CoinHandler private handler;

    function setUp() public override {
        super.setUp();
        handler = new CoinHandler(coin);
        for (uint256 i = 0; i < handler.HOLDERS(); i++) {
            coin.transfer(handler.holderAt(i), SUPPLY / handler.HOLDERS());
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

    struct FuzzSelector {
        address target;
        bytes4[] selectors;
    }

    function invariant_supplyIsWhatTheHoldersHave() public view {
        uint256 sum;
        for (uint256 i = 0; i < handler.HOLDERS(); i++) {
            sum += coin.balanceOf(handler.holderAt(i));
        }
        vm.assertEq(sum, SUPPLY);
        vm.assertEq(coin.totalSupply(), SUPPLY);
    }

    function invariant_theCoinItselfHasNothing() public view {
        vm.assertEq(coin.balanceOf(address(coin)), 0);
    }

    function invariant_balancesAgreeWithTheBooks() public view {
        for (uint256 i = 0; i < handler.HOLDERS(); i++) {
            vm.assertEq(coin.balanceOf(handler.holderAt(i)), handler.balanceOf(i));
        }
    }

    /// Each delegated coin votes once, by the one it was delegated to; others don't vote.
    function invariant_votesAreTheDelegatedCoins() public view {
        for (uint256 d = 0; d < handler.HOLDERS(); d++) {
            uint256 votes;
            for (uint256 i = 0; i < handler.HOLDERS(); i++) {
                if (handler.delegateOf(i) == handler.holderAt(d)) votes += handler.balanceOf(i);
            }
            vm.assertEq(coin.getVotes(handler.holderAt(d)), votes);
        }
    }
}
