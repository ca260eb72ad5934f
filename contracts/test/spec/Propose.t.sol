// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {KallSpec} from "../../src/KallSpec.sol";
import {Messages} from "../../src/Messages.sol";
import {Signatures} from "../../src/Signatures.sol";
import {SpecBase} from "./SpecBase.sol";

/// Voter i has i + 1 coins.
contract ProposeTest is SpecBase {
    uint256 private constant VOTERS = 10;

    function setUp() public override {
        super.setUp();
        for (uint256 i = 0; i < VOTERS; i++) {
            giveVoter(i, (i + 1) * COIN);
        }
        openVotes();
        for (uint256 i = 0; i < VOTERS; i++) {
            registerInterest(i, 0);
        }
    }

    function test_isRelayedAndAnnounced() public {
        propose(1, 0, RED);
        bytes memory signature = signProposal(3, 0, RED);
        vm.expectEmit(address(spec));
        emit KallSpec.Proposed(0, voter(3), RED, 4 * COIN, 6 * COIN);
        vm.prank(stranger);
        spec.propose(voter(3), 0, RED, deadline, signature);
        vm.assertTrue(spec.interest(0, voter(3)).proposed);
        vm.assertEq(spec.interest(0, voter(3)).power, 4 * COIN);
        vm.assertEq(spec.backing(0, RED), 6 * COIN);
        _assertBallot(abi.encode(RED), abi.encode(6));
    }

    function test_ballotIsInOrderOfPower() public {
        _assertBallot("", "");
        propose(4, 0, RED);
        propose(2, 0, GREEN);
        _assertBallot(abi.encode(RED, GREEN), abi.encode(5, 3));
        propose(7, 0, BLUE);
        _assertBallot(abi.encode(BLUE, RED, GREEN), abi.encode(8, 5, 3));
        propose(3, 0, WHITE);
        _assertBallot(abi.encode(BLUE, RED, WHITE, GREEN), abi.encode(8, 5, 4, 3));
        propose(6, 0, GREEN);
        _assertBallot(abi.encode(GREEN, BLUE, RED, WHITE), abi.encode(10, 8, 5, 4));
    }

    function test_strongerOneTakesTheFourthPlace() public {
        _proposeFour();
        propose(2, 0, BLACK);
        _assertBallot(abi.encode(RED, GREEN, BLUE, BLACK), abi.encode(10, 9, 8, 3));
        vm.assertEq(spec.backing(0, WHITE), 2 * COIN);
        vm.assertEq(spec.headOf(0).proposals, 4);
    }

    function test_newOneTakesTheFirstPlaceAtOnce() public {
        propose(0, 0, RED);
        propose(1, 0, GREEN);
        propose(2, 0, BLUE);
        propose(3, 0, WHITE);
        propose(9, 0, BLACK);
        _assertBallot(abi.encode(BLACK, WHITE, BLUE, GREEN), abi.encode(10, 4, 3, 2));
    }

    function test_whoLostItsPlaceComesBackWithItsPower() public {
        _proposeFour();
        propose(2, 0, BLACK);
        propose(0, 0, WHITE);
        _assertBallot(abi.encode(RED, GREEN, BLUE, BLACK), abi.encode(10, 9, 8, 3));
        propose(3, 0, WHITE);
        _assertBallot(abi.encode(RED, GREEN, BLUE, WHITE), abi.encode(10, 9, 8, 7));
        vm.assertEq(spec.backing(0, BLACK), 3 * COIN);
    }

    function test_firstOfEqualsStaysAhead() public {
        propose(2, 0, RED);
        propose(0, 0, GREEN);
        propose(1, 0, GREEN);
        _assertBallot(abi.encode(RED, GREEN), abi.encode(3, 3));
    }

    function test_equalOneTakesNoPlace() public {
        _proposeFour();
        propose(0, 0, BLACK);
        _assertBallot(abi.encode(RED, GREEN, BLUE, WHITE), abi.encode(10, 9, 8, 2));
        vm.assertEq(spec.backing(0, BLACK), COIN);
    }

    function testFuzz_ballotHasTheStrongest(uint256 seed) public {
        bytes32[6] memory hashes = [RED, GREEN, BLUE, WHITE, BLACK, bytes32("grey")];
        for (uint256 i = 0; i < VOTERS; i++) {
            propose(i, 0, hashes[uint256(keccak256(abi.encode(seed, i))) % 6]);
        }
        (bytes32[] memory listed, uint64[] memory powers) = spec.ballot(0);
        for (uint256 h = 0; h < 6; h++) {
            uint256 stronger;
            bool isListed;
            for (uint256 i = 0; i < listed.length; i++) {
                vm.assertEq(spec.backing(0, listed[i]), powers[i]);
                if (i > 0) vm.assertLe(powers[i], powers[i - 1]);
                if (powers[i] >= spec.backing(0, hashes[h])) stronger++;
                if (listed[i] == hashes[h]) isListed = true;
            }
            vm.assertTrue(isListed || stronger == 4 || spec.backing(0, hashes[h]) == 0);
        }
    }

    function test_votesAreApart() public {
        propose(0, 0, RED);
        rollToProposing(1);
        registerInterest(0, 1);
        propose(0, 1, RED);
        vm.assertEq(spec.backing(1, RED), COIN);
        vm.assertEq(spec.backing(0, RED), COIN);
    }

    function test_refusesTheZeroAndTheLatestSpecification() public {
        _expectRefusal(0, 0, abi.encodeWithSelector(KallSpec.SpecRefused.selector, bytes32(0)));
        _expectRefusal(0, FIRST_SPEC, abi.encodeWithSelector(KallSpec.SpecRefused.selector, FIRST_SPEC));
    }

    function test_refusesWhoHasNotRegistered() public {
        giveVoter(VOTERS, COIN);
        bytes memory revertData = abi.encodeWithSelector(KallSpec.NotRegistered.selector, voter(VOTERS), 0);
        _expectRefusal(VOTERS, RED, revertData);
    }

    function test_refusesASecondProposal() public {
        propose(0, 0, RED);
        bytes memory revertData = abi.encodeWithSelector(KallSpec.AlreadyProposed.selector, voter(0), 0);
        _expectRefusal(0, RED, revertData);
        _expectRefusal(0, GREEN, revertData);
    }

    function test_refusesAfterProposing() public {
        vm.roll(ORIGIN + PROPOSING - 1);
        propose(0, 0, RED);
        vm.roll(ORIGIN + PROPOSING);
        _expectRefusal(1, RED, wrongPhase(0, KallSpec.Phase.Proposing, 0, KallSpec.Phase.Voting));
        rollToProposing(1);
        _expectRefusal(1, RED, wrongPhase(0, KallSpec.Phase.Proposing, 1, KallSpec.Phase.Proposing));
    }

    function test_refusesAfterTheDeadline() public {
        vm.warp(deadline + 1);
        _expectRefusal(
            0, RED, abi.encodeWithSelector(Signatures.MessageExpired.selector, deadline, deadline + 1)
        );
    }

    function test_refusesAnotherSignerAndAnotherHash() public {
        bytes memory signature = signAs(1, Messages.proposal(voter(0), 0, RED, deadline));
        vm.expectRevert(abi.encodeWithSelector(Signatures.BadSignature.selector, voter(0), voter(1)));
        spec.propose(voter(0), 0, RED, deadline, signature);

        signature = signProposal(0, 0, RED);
        vm.expectRevert(wrongSigner(0, Messages.proposal(voter(0), 0, GREEN, deadline), signature));
        spec.propose(voter(0), 0, GREEN, deadline, signature);
    }

    function test_slotsAreWhereReadersProveThem() public {
        propose(4, 0, RED);
        propose(7, 0, GREEN);
        bytes32 slot = keccak256(abi.encode(0, 4));
        vm.assertEq(_load(slot, 0), bytes32(uint256(2) << 64));
        vm.assertEq(_load(slot, 1), bytes32(8 * COIN | 5 * COIN << 64));
        vm.assertEq(_load(slot, 2), GREEN);
        vm.assertEq(_load(slot, 3), RED);
        bytes32 backing = keccak256(abi.encode(RED, keccak256(abi.encode(0, 6))));
        vm.assertEq(_load(backing, 0), bytes32(5 * COIN));
    }

    function _proposeFour() private {
        propose(9, 0, RED);
        propose(8, 0, GREEN);
        propose(7, 0, BLUE);
        propose(1, 0, WHITE);
    }

    /// @dev Both encoded as static values one after the other; powers in whole coins.
    function _assertBallot(bytes memory hashes, bytes memory coins) private view {
        (bytes32[] memory listed, uint64[] memory powers) = spec.ballot(0);
        bytes memory whole;
        for (uint256 i = 0; i < powers.length; i++) {
            whole = abi.encodePacked(whole, powers[i] / COIN);
        }
        vm.assertEq(keccak256(abi.encodePacked(listed)), keccak256(hashes), "hashes");
        vm.assertEq(keccak256(whole), keccak256(coins), "powers");
    }

    function _expectRefusal(uint256 index, bytes32 specHash, bytes memory revertData) private {
        bytes memory signature = signProposal(index, 0, specHash);
        vm.expectRevert(revertData);
        spec.propose(voter(index), 0, specHash, deadline, signature);
    }

    function _load(bytes32 slot, uint256 offset) private view returns (bytes32) {
        return vm.load(address(spec), bytes32(uint256(slot) + offset));
    }
}
