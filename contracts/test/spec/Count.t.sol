// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {KallSpec} from "../../src/KallSpec.sol";
import {SpecBase} from "./SpecBase.sol";

/// The voters have one unit less than the quorum, one unit, the quorum, and two units. Options: 2 green, 3 red.
contract CountTest is SpecBase {
    uint256 private constant NEEDED = SUPPLY / 10;

    function setUp() public override {
        super.setUp();
        giveVoter(0, NEEDED - 1);
        giveVoter(1, 1);
        giveVoter(2, NEEDED);
        giveVoter(3, 2);
        openVotes();
    }

    function test_winnerIsTheNextVersion() public {
        _propose(0);
        cast(2, 0, 0x3);
        cast(0, 0, 0x2);
        rollToCounting(0);
        vm.expectEmit(address(spec));
        emit KallSpec.Counted(0, RED, 2, 2 * NEEDED - 1);
        vm.prank(stranger);
        vm.assertEq(spec.count(0), RED);
        vm.assertEq(spec.latestVersion(), 2);
        vm.assertEq(spec.specOf(1), FIRST_SPEC);
        vm.assertEq(spec.specOf(2), RED);
        vm.assertEq(spec.nextVote(), 1);
        vm.assertEq(spec.headOf(0).version, 2);
    }

    function test_ballotsMoveOnFromProposalsThatWentOut() public {
        _propose(0);
        cast(2, 0, 0x1);
        cast(0, 0, 0x2);
        cast(3, 0, 0x32);
        rollToCounting(0);
        vm.assertEq(spec.count(0), GREEN);
    }

    function test_lastPlaceOfTheTallyIsCounted() public {
        bytes32[4] memory hashes = [RED, GREEN, BLUE, WHITE];
        for (uint256 i = 0; i < 4; i++) {
            registerInterest(i, 0);
            propose(i, 0, hashes[i]);
        }
        rollToVoting(0);
        cast(2, 0, 0x54321);
        rollToCounting(0);
        vm.assertEq(spec.tally(0)[325], NEEDED);
        vm.assertEq(spec.count(0), GREEN);
    }

    function test_noChangeLeavesTheVersion() public {
        _propose(0);
        cast(2, 0, 0x1);
        cast(0, 0, 0x2);
        rollToCounting(0);
        vm.expectEmit(address(spec));
        emit KallSpec.Counted(0, 0, 1, 2 * NEEDED - 1);
        vm.assertEq(spec.count(0), bytes32(0));
        vm.assertEq(spec.latestVersion(), 1);
        vm.assertEq(spec.specOf(2), bytes32(0));
        vm.assertEq(spec.headOf(0).version, 1);
    }

    function test_quorumIsReachedToTheUnit() public {
        _propose(0);
        cast(0, 0, 0x2);
        cast(1, 0, 0x2);
        rollToCounting(0);
        vm.assertEq(spec.count(0), GREEN);
    }

    function test_oneUnitBelowTheQuorumChangesNothing() public {
        _propose(0);
        cast(0, 0, 0x2);
        rollToCounting(0);
        vm.expectEmit(address(spec));
        emit KallSpec.Counted(0, 0, 1, NEEDED - 1);
        vm.assertEq(spec.count(0), bytes32(0));
    }

    /// "No change" is a vote as well.
    function test_powerForNoChangeIsInTheQuorum() public {
        _propose(0);
        cast(0, 0, 0x2);
        cast(1, 0, 0x1);
        rollToCounting(0);
        vm.assertEq(spec.count(0), GREEN);
    }

    function test_withoutAQuorumOneUnitDecides() public {
        spec = new KallSpec(coin, FIRST_SPEC, CYCLE, PROPOSING, VOTING, 0);
        _propose(0);
        cast(1, 0, 0x3);
        rollToCounting(0);
        vm.assertEq(spec.count(0), RED);
    }

    function test_withoutBallotsNothingChanges() public {
        spec = new KallSpec(coin, FIRST_SPEC, CYCLE, PROPOSING, VOTING, 0);
        _propose(0);
        rollToCounting(0);
        vm.assertEq(spec.count(0), bytes32(0));
    }

    function test_withoutProposalsNothingChanges() public {
        for (uint256 i = 0; i < 3; i++) {
            registerInterest(i, 0);
        }
        rollToVoting(0);
        for (uint256 i = 0; i < 3; i++) {
            cast(i, 0, 0x1);
        }
        rollToCounting(0);
        vm.expectEmit(address(spec));
        emit KallSpec.Counted(0, 0, 1, 2 * NEEDED);
        vm.assertEq(spec.count(0), bytes32(0));
        vm.assertEq(spec.nextVote(), 1);
    }

    function test_versionsFollowEachOther() public {
        _play(0, RED);
        _play(1, GREEN);
        rollToCounting(2);
        spec.count(2);
        _play(3, FIRST_SPEC);
        vm.assertEq(spec.latestVersion(), 4);
        vm.assertEq(spec.specOf(2), RED);
        vm.assertEq(spec.specOf(3), GREEN);
        vm.assertEq(spec.specOf(4), FIRST_SPEC);
    }

    /// Whatever a vote decides, its head has the latest version after it.
    function test_aCountKeepsTheLatestVersionWithTheVote() public {
        _play(0, RED);
        _play(1, GREEN);
        rollToCounting(2);
        spec.count(2);
        vm.assertEq(spec.headOf(1).version, 3);
        vm.assertEq(spec.headOf(2).version, 3);
    }

    function test_latestSpecificationIsNoProposalAnyMore() public {
        _play(0, RED);
        rollToProposing(1);
        registerInterest(2, 1);
        bytes memory signature = signProposal(2, 1, RED);
        vm.expectRevert(abi.encodeWithSelector(KallSpec.SpecRefused.selector, RED));
        spec.propose(voter(2), 1, RED, deadline, signature);
        propose(2, 1, FIRST_SPEC);
    }

    /// An earlier count that comes late must not give one specification two versions in a row.
    function test_winnerThatIsTheLatestAlreadyChangesNothing() public {
        _vote(0, RED);
        _vote(1, RED);
        rollToCounting(1);
        vm.assertEq(spec.count(0), RED);
        vm.assertEq(spec.count(1), bytes32(0));
        vm.assertEq(spec.latestVersion(), 2);
        vm.assertEq(spec.specOf(3), bytes32(0));
    }

    function test_lateCountIsGoodUntilALaterOne() public {
        _vote(0, RED);
        rollToCounting(5);
        vm.assertEq(spec.count(0), RED);
        spec.count(5);
        _expectAlreadyCounted(3, 6);
        _expectAlreadyCounted(0, 6);
    }

    function test_laterCountEndsEarlierVotes() public {
        _vote(0, RED);
        rollToCounting(1);
        spec.count(1);
        _expectAlreadyCounted(0, 2);
        vm.assertEq(spec.latestVersion(), 1);
        vm.assertEq(spec.headOf(0).version, 0);
    }

    function test_refusesTwice() public {
        _play(0, RED);
        _expectAlreadyCounted(0, 1);
        vm.assertEq(spec.latestVersion(), 2);
    }

    function test_refusesBeforeTheEndOfVoting() public {
        vm.roll(ORIGIN);
        _expectWrongPhase(0, 0, KallSpec.Phase.Proposing);
        vm.roll(ORIGIN + PROPOSING + VOTING - 1);
        _expectWrongPhase(0, 0, KallSpec.Phase.Voting);
        vm.roll(ORIGIN + PROPOSING + VOTING);
        _expectWrongPhase(1, 0, KallSpec.Phase.Counting);
        _expectWrongPhase(type(uint256).max, 0, KallSpec.Phase.Counting);
        spec.count(0);
    }

    function test_slotsAreWhereReadersProveThem() public {
        _play(0, RED);
        vm.assertEq(vm.load(address(spec), bytes32(uint256(2))), bytes32(2 | uint256(1) << 64));
        vm.assertEq(vm.load(address(spec), keccak256(abi.encode(2, 3))), RED);
        bytes32 head = vm.load(address(spec), keccak256(abi.encode(0, 4)));
        vm.assertEq(head, bytes32(NEEDED | uint256(1) << 64 | uint256(2) << 72));
    }

    function _propose(uint256 vote) private {
        rollToProposing(vote);
        for (uint256 i = 0; i < 4; i++) {
            registerInterest(i, vote);
        }
        propose(2, vote, GREEN);
        propose(0, vote, RED);
        rollToVoting(vote);
    }

    /// @dev Ends with a clear majority for `specHash`, not yet counted.
    function _vote(uint256 vote, bytes32 specHash) private {
        rollToProposing(vote);
        registerInterest(2, vote);
        propose(2, vote, specHash);
        rollToVoting(vote);
        cast(2, vote, 0x2);
    }

    function _play(uint256 vote, bytes32 specHash) private {
        _vote(vote, specHash);
        rollToCounting(vote);
        vm.assertEq(spec.count(vote), specHash);
    }

    function _expectAlreadyCounted(uint256 vote, uint256 nextVote) private {
        vm.expectRevert(abi.encodeWithSelector(KallSpec.AlreadyCounted.selector, vote, nextVote));
        spec.count(vote);
    }

    function _expectWrongPhase(uint256 vote, uint256 current, KallSpec.Phase phase) private {
        vm.expectRevert(wrongPhase(vote, KallSpec.Phase.Counting, current, phase));
        spec.count(vote);
    }
}
