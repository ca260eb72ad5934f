// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {PLACES} from "../../src/Stv.sol";
import {SpecBase} from "../spec/SpecBase.sol";
import {SpecHandler} from "./SpecHandler.sol";

contract SpecInvariants is SpecBase {
    SpecHandler private handler;

    struct FuzzSelector {
        address target;
        bytes4[] selectors;
    }

    function setUp() public override {
        super.setUp();
        for (uint256 i = 0; i < 8; i++) {
            giveVoter(i, SUPPLY / 16 * (1 + i % 3));
        }
        openVotes();
        handler = new SpecHandler(coin, spec);
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function excludeSelectors() external view returns (FuzzSelector[] memory excluded) {
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = this.setUp.selector;
        excluded = new FuzzSelector[](1);
        excluded[0] = FuzzSelector(address(handler), selectors);
    }

    function invariant_tallyIsWhatWasCast() public view {
        for (uint256 vote = 0; vote < handler.votesBegun(); vote++) {
            uint256 cast;
            uint64[PLACES] memory tally = spec.tally(vote);
            for (uint256 i = 0; i < PLACES; i++) {
                cast += tally[i];
            }
            vm.assertEq(cast, spec.headOf(vote).castPower);
            vm.assertEq(cast, handler.castSum(vote));
            vm.assertLe(cast, handler.registeredSum(vote));
            vm.assertLe(handler.registeredSum(vote), SUPPLY);
            vm.assertEq(tally[0], 0, "a ballot for nobody");
        }
    }

    function invariant_ballotHasTheFourStrongestInOrder() public view {
        for (uint256 vote = 0; vote < handler.votesBegun(); vote++) {
            (bytes32[] memory hashes, uint64[] memory powers) = spec.ballot(vote);
            vm.assertLe(hashes.length, 4);
            for (uint256 i = 0; i < hashes.length; i++) {
                vm.assertTrue(powers[i] > 0 && powers[i] == handler.backed(vote, hashes[i]), "power");
                if (i > 0) vm.assertLe(powers[i], powers[i - 1]);
            }
            _assertNoneIsMissing(vote, hashes, powers);
        }
    }

    function invariant_nobodyCastsTwiceAndNoVoteIsCountedTwice() public view {
        for (uint256 vote = 0; vote < handler.votesBegun(); vote++) {
            vm.assertLe(handler.counts(vote), 1);
            for (uint256 i = 0; i < handler.VOTERS(); i++) {
                vm.assertLe(handler.casts(vote, i), 1);
                vm.assertTrue(spec.interest(vote, voter(i)).cast == (handler.casts(vote, i) == 1));
            }
        }
    }

    function invariant_versionsOnlyRise() public view {
        vm.assertEq(spec.latestVersion(), handler.versions());
        for (uint256 version = 1; version <= handler.versions(); version++) {
            vm.assertEq(spec.specOf(version), handler.specs(version));
            vm.assertTrue(handler.specs(version) != handler.specs(version - 1), "no new specification");
        }
        vm.assertEq(spec.specOf(handler.versions() + 1), bytes32(0));
    }

    function _assertNoneIsMissing(uint256 vote, bytes32[] memory hashes, uint64[] memory powers)
        private
        view
    {
        for (uint256 s = 0; s < handler.SPECS(); s++) {
            bytes32 specHash = handler.specAt(s);
            uint256 backed = handler.backed(vote, specHash);
            bool listed;
            for (uint256 i = 0; i < hashes.length; i++) {
                listed = listed || hashes[i] == specHash;
            }
            vm.assertEq(spec.backing(vote, specHash), backed);
            vm.assertTrue(listed || backed == 0 || (hashes.length == 4 && backed <= powers[3]), "missing");
        }
    }
}
