// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {KallSpec} from "../../src/KallSpec.sol";
import {Messages} from "../../src/Messages.sol";
import {Signatures} from "../../src/Signatures.sol";
import {Stv} from "../../src/Stv.sol";
import {SpecBase} from "./SpecBase.sol";

/// Voter i has i + 1 coins. Options: 1 no change, 2 green, 3 red.
contract CastTest is SpecBase {
    function setUp() public override {
        super.setUp();
        for (uint256 i = 0; i < 4; i++) {
            giveVoter(i, (i + 1) * COIN);
        }
        openVotes();
        for (uint256 i = 0; i < 3; i++) {
            registerInterest(i, 0);
        }
        propose(1, 0, RED);
        propose(2, 0, GREEN);
        rollToVoting(0);
    }

    function test_isRelayedAndAnnounced() public {
        bytes memory signature = signBallot(1, 0, 0x32);
        bytes32 options = optionsOf(0);
        vm.expectEmit(address(spec));
        emit KallSpec.Cast(0, voter(1), 0x32, 2 * COIN);
        vm.prank(stranger);
        spec.cast(voter(1), 0, options, 0x32, deadline, signature);
        vm.assertTrue(spec.interest(0, voter(1)).cast);
        vm.assertEq(spec.headOf(0).castPower, 2 * COIN);
    }

    /// Of three options: 1 12 123 13 132, 2 21 213 23 231, 3 31 312 32 321 at 1 to 15.
    function test_ballotsOfOneRankingAreOneSum() public {
        cast(0, 0, 0x132);
        cast(1, 0, 0x321);
        cast(2, 0, 0x321);
        uint64[326] memory tally = spec.tally(0);
        vm.assertEq(tally[5], COIN);
        vm.assertEq(tally[15], 5 * COIN);
        vm.assertEq(spec.headOf(0).castPower, 6 * COIN);
        bytes32 slot = keccak256(abi.encode(0, 4));
        vm.assertEq(vm.load(address(spec), slot), bytes32(6 * COIN | uint256(2) << 64));
        // Place 15 is the last of the tally's fourth slot.
        bytes32 fourth = vm.load(address(spec), bytes32(uint256(slot) + 6 + 3));
        vm.assertEq(fourth, bytes32(5 * COIN << 192));
    }

    function test_whoOnlyRegisteredMayCast() public {
        cast(0, 0, 0x1);
        vm.assertEq(spec.headOf(0).castPower, COIN);
    }

    function test_refusesWhatIsNoRanking() public {
        uint256[9] memory rankings =
            [uint256(0), 0x4, 0x22, 0x232, 0x30, 0x302, 0x1234, 0x1231, type(uint256).max];
        for (uint256 i = 0; i < rankings.length; i++) {
            _expectRefusal(
                0, rankings[i], abi.encodeWithSelector(Stv.MalformedRanking.selector, rankings[i], 3)
            );
        }
    }

    function test_noChangeIsTheOnlyOptionWithoutProposals() public {
        rollToProposing(1);
        registerInterest(0, 1);
        rollToVoting(1);
        bytes memory signature = signBallot(0, 1, 0x2);
        vm.expectRevert(abi.encodeWithSelector(Stv.MalformedRanking.selector, 0x2, 1));
        spec.cast(voter(0), 1, keccak256(""), 0x2, deadline, signature);
        cast(0, 1, 0x1);
    }

    function test_refusesWhoHasNotRegistered() public {
        _expectRefusal(3, 0x1, abi.encodeWithSelector(KallSpec.NotRegistered.selector, voter(3), 0));
    }

    function test_refusesTwice() public {
        cast(0, 0, 0x2);
        bytes memory revertData = abi.encodeWithSelector(KallSpec.AlreadyCast.selector, voter(0), 0);
        _expectRefusal(0, 0x2, revertData);
        _expectRefusal(0, 0x31, revertData);
        vm.assertEq(spec.headOf(0).castPower, COIN);
    }

    function test_refusesOutsideVoting() public {
        vm.roll(ORIGIN + PROPOSING - 1);
        _expectRefusal(0, 0x1, wrongPhase(0, KallSpec.Phase.Voting, 0, KallSpec.Phase.Proposing));
        vm.roll(ORIGIN + PROPOSING + VOTING);
        _expectRefusal(0, 0x1, wrongPhase(0, KallSpec.Phase.Voting, 0, KallSpec.Phase.Counting));
        rollToVoting(1);
        _expectRefusal(0, 0x1, wrongPhase(0, KallSpec.Phase.Voting, 1, KallSpec.Phase.Voting));
        vm.roll(ORIGIN + PROPOSING + VOTING - 1);
        cast(0, 0, 0x1);
    }

    function test_refusesAfterTheDeadline() public {
        vm.warp(deadline + 1);
        _expectRefusal(
            0, 0x1, abi.encodeWithSelector(Signatures.MessageExpired.selector, deadline, deadline + 1)
        );
    }

    function test_refusesAnotherSignerAndAnotherRanking() public {
        bytes32 options = optionsOf(0);
        bytes memory signature = signAs(1, Messages.ballot(voter(0), 0, options, 0x2, deadline));
        vm.expectRevert(abi.encodeWithSelector(Signatures.BadSignature.selector, voter(0), voter(1)));
        spec.cast(voter(0), 0, options, 0x2, deadline, signature);

        signature = signBallot(0, 0, 0x2);
        vm.expectRevert(wrongSigner(0, Messages.ballot(voter(0), 0, options, 0x3, deadline), signature));
        spec.cast(voter(0), 0, options, 0x3, deadline, signature);
    }

    /// Who relays can't bring a ballot onto the options that it was not signed over.
    function test_refusesTheRightOptionsThatWereNotSigned() public {
        bytes32 options = optionsOf(0);
        bytes memory signature = signAs(0, Messages.ballot(voter(0), 0, RED, 0x2, deadline));
        vm.expectRevert(wrongSigner(0, Messages.ballot(voter(0), 0, options, 0x2, deadline), signature));
        spec.cast(voter(0), 0, options, 0x2, deadline, signature);
    }

    function test_optionsAreTheHashesInTheBallotsOrder() public {
        vm.assertEq(optionsOf(0), keccak256(abi.encodePacked(GREEN, RED)));
        _expectOptionsDiffer(keccak256(abi.encodePacked(RED, GREEN)));
        _expectOptionsDiffer(keccak256(abi.encodePacked(GREEN)));
        _expectOptionsDiffer(keccak256(abi.encodePacked(GREEN, RED, BLUE)));
        _expectOptionsDiffer(keccak256(abi.encode(GREEN, RED, bytes32(0), bytes32(0))));
        _expectOptionsDiffer(keccak256(""));
        _expectOptionsDiffer(0);
        cast(0, 0, 0x2);
    }

    function test_optionsOfAFullBallotAreItsFourHashes() public {
        rollToProposing(1);
        bytes32[4] memory hashes = [BLACK, WHITE, BLUE, GREEN];
        for (uint256 i = 0; i < 4; i++) {
            registerInterest(i, 1);
            propose(i, 1, hashes[i]);
        }
        rollToVoting(1);
        bytes32 options = keccak256(abi.encodePacked(GREEN, BLUE, WHITE, BLACK));
        bytes memory signature = signAs(0, Messages.ballot(voter(0), 1, options, 0x5, deadline));
        spec.cast(voter(0), 1, options, 0x5, deadline, signature);
        vm.assertEq(spec.headOf(1).castPower, COIN);
    }

    /// One signature, two histories: what was signed for red must not elect green.
    function test_aReorganisedProposalDoesNotInheritBallots() public {
        rollToProposing(1);
        registerInterest(1, 1);
        registerInterest(2, 1);
        uint256 fork = vm.snapshotState();
        propose(1, 1, RED);
        bytes32 options = optionsOf(1);
        bytes memory signature = signBallot(1, 1, 0x2);
        rollToVoting(1);
        spec.cast(voter(1), 1, options, 0x2, deadline, signature);

        vm.revertToState(fork);
        propose(2, 1, GREEN);
        propose(1, 1, RED);
        rollToVoting(1);
        bytes32 expected = keccak256(abi.encodePacked(GREEN, RED));
        vm.expectRevert(abi.encodeWithSelector(KallSpec.OptionsDiffer.selector, expected, options));
        spec.cast(voter(1), 1, options, 0x2, deadline, signature);
    }

    function _expectOptionsDiffer(bytes32 given) private {
        bytes memory signature = signAs(0, Messages.ballot(voter(0), 0, given, 0x2, deadline));
        bytes32 expected = keccak256(abi.encodePacked(GREEN, RED));
        vm.expectRevert(abi.encodeWithSelector(KallSpec.OptionsDiffer.selector, expected, given));
        spec.cast(voter(0), 0, given, 0x2, deadline, signature);
    }

    function _expectRefusal(uint256 index, uint256 ranking, bytes memory revertData) private {
        bytes memory signature = signBallot(index, 0, ranking);
        bytes32 options = optionsOf(0);
        vm.expectRevert(revertData);
        spec.cast(voter(index), 0, options, ranking, deadline, signature);
    }
}
