// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {KallRating} from "../../src/KallRating.sol";
import {Base} from "../Base.sol";
import {EscrowHandler} from "./EscrowHandler.sol";
import {RatingHandler} from "./RatingHandler.sol";

contract RatingInvariants is Base {
    KallRating private ratings;
    RatingHandler private handler;

    function setUp() public override {
        super.setUp();
        ratings = new KallRating(escrow);
        handler = new RatingHandler(coin, escrow, ratings);
        coin.transfer(address(handler), SUPPLY);
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function excludeSelectors() external view returns (FuzzSelector[] memory excluded) {
        bytes4[] memory selectors = new bytes4[](2);
        selectors[0] = EscrowHandler.signedStartExit.selector;
        selectors[1] = Base.setUp.selector;
        excluded = new FuzzSelector[](1);
        excluded[0] = FuzzSelector(address(handler), selectors);
    }

    struct FuzzSelector {
        address target;
        bytes4[] selectors;
    }

    /// Who follows the array finds every rating, and finds it once.
    function invariant_ratersAreUniqueAndComplete() public view {
        for (uint256 p = 0; p < handler.PROVIDERS(); p++) {
            address service = handler.providerAt(p);
            uint256 expected;
            for (uint256 c = 0; c < handler.CLIENTS(); c++) {
                bool hasRated = handler.lastRating(c, p) != 0;
                if (hasRated) expected++;
                vm.assertEq(_places(service, handler.clientAt(c)), hasRated ? 1 : 0, "places of a rater");
            }
            vm.assertEq(ratings.raterCount(service), expected);
        }
    }

    function invariant_theLatestRatingIsKeptAsItWasSigned() public view {
        for (uint256 p = 0; p < handler.PROVIDERS(); p++) {
            for (uint256 c = 0; c < handler.CLIENTS(); c++) {
                KallRating.Latest memory latest = _latest(c, p);
                bytes32 expected = handler.lastRating(c, p);
                if (expected == 0) vm.assertEq(latest.duration, 0);
                else vm.assertEq(handler.fingerprint(latest), expected);
            }
        }
    }

    function invariant_ratingImpliesAClaim() public view {
        for (uint256 p = 0; p < handler.PROVIDERS(); p++) {
            for (uint256 c = 0; c < handler.CLIENTS(); c++) {
                KallRating.Latest memory latest = _latest(c, p);
                if (latest.duration == 0) continue;
                vm.assertTrue(latest.claimed > 0);
                vm.assertLe(latest.claimed, handler.claimedIn(c, p));
                vm.assertLe(latest.channelEpoch, handler.epochOf(c, p));
            }
        }
    }

    function _latest(uint256 c, uint256 p) private view returns (KallRating.Latest memory) {
        return ratings.ratingOf(handler.providerAt(p), handler.clientAt(c));
    }

    function _places(address service, address account) private view returns (uint256 places) {
        for (uint256 i = 0; i < ratings.raterCount(service); i++) {
            if (ratings.raters(service, i) == account) places++;
        }
    }
}
