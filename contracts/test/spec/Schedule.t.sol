// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {KallSpec} from "../../src/KallSpec.sol";
import {SpecBase} from "./SpecBase.sol";

contract ScheduleTest is SpecBase {
    function setUp() public override {
        super.setUp();
        openVotes();
    }

    function test_startsWithTheFirstSpecification() public view {
        vm.assertEq(spec.latestVersion(), 1);
        vm.assertEq(spec.specOf(1), FIRST_SPEC);
        vm.assertEq(spec.specOf(0), bytes32(0));
        vm.assertEq(spec.specOf(2), bytes32(0));
        vm.assertEq(spec.nextVote(), 0);
    }

    function test_keepsItsSchedule() public view {
        vm.assertEq(address(spec.coin()), address(coin));
        vm.assertEq(spec.origin(), ORIGIN);
        vm.assertEq(spec.cycle(), CYCLE);
        vm.assertEq(spec.proposing(), PROPOSING);
        vm.assertEq(spec.voting(), VOTING);
        vm.assertEq(spec.quorum(), QUORUM);
        vm.assertEq(spec.snapshotOf(0), ORIGIN - 1);
        vm.assertEq(spec.snapshotOf(3), ORIGIN + 3 * CYCLE - 1);
    }

    function test_phasesChangeToTheBlock() public {
        _assertPhase(ORIGIN, 0, KallSpec.Phase.Proposing);
        _assertPhase(ORIGIN + 29, 0, KallSpec.Phase.Proposing);
        _assertPhase(ORIGIN + 30, 0, KallSpec.Phase.Voting);
        _assertPhase(ORIGIN + 69, 0, KallSpec.Phase.Voting);
        _assertPhase(ORIGIN + 70, 0, KallSpec.Phase.Counting);
        _assertPhase(ORIGIN + 99, 0, KallSpec.Phase.Counting);
        _assertPhase(ORIGIN + 100, 1, KallSpec.Phase.Proposing);
        _assertPhase(ORIGIN + 770, 7, KallSpec.Phase.Counting);
    }

    function testFuzz_everyBlockHasOneVote(uint32 block_) public {
        uint256 number = ORIGIN + block_;
        vm.roll(number);
        (uint256 vote,) = spec.currentVote();
        vm.assertTrue(spec.snapshotOf(vote) < number && number <= spec.snapshotOf(vote + 1));
    }

    function test_refusesAScheduleThatDoesNotFit() public {
        _expectScheduleInvalid(100, 0, 40);
        _expectScheduleInvalid(100, 30, 0);
        _expectScheduleInvalid(100, 60, 40);
        _expectScheduleInvalid(100, 100, 1);
        _expectScheduleInvalid(0, 1, 1);
        _expectScheduleInvalid(uint256(1) << 32, 30, 40);
        _expectScheduleInvalid(100, type(uint256).max, type(uint256).max);
        _expectScheduleInvalid(100, 30, type(uint256).max);
        new KallSpec(coin, FIRST_SPEC, 100, 60, 39, QUORUM);
        new KallSpec(coin, FIRST_SPEC, type(uint32).max, 1, 1, QUORUM);
    }

    function test_refusesAQuorumAboveTheWhole() public {
        vm.expectRevert(abi.encodeWithSelector(KallSpec.QuorumOutOfRange.selector, 10_001, 10_000));
        new KallSpec(coin, FIRST_SPEC, CYCLE, PROPOSING, VOTING, 10_001);
        new KallSpec(coin, FIRST_SPEC, CYCLE, PROPOSING, VOTING, 10_000);
    }

    function test_refusesNoSpecification() public {
        vm.expectRevert(abi.encodeWithSelector(KallSpec.SpecRefused.selector, bytes32(0)));
        new KallSpec(coin, 0, CYCLE, PROPOSING, VOTING, QUORUM);
    }

    function _assertPhase(uint256 number, uint256 vote, KallSpec.Phase phase) private {
        vm.roll(number);
        (uint256 current, KallSpec.Phase currentPhase) = spec.currentVote();
        vm.assertEq(current, vote);
        vm.assertEq(uint256(currentPhase), uint256(phase));
    }

    function _expectScheduleInvalid(uint256 cycle, uint256 proposing, uint256 voting) private {
        vm.expectRevert(abi.encodeWithSelector(KallSpec.ScheduleInvalid.selector, cycle, proposing, voting));
        new KallSpec(coin, FIRST_SPEC, cycle, proposing, voting, QUORUM);
    }
}
