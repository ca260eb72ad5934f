// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {KallSpec} from "../../src/KallSpec.sol";
import {Messages} from "../../src/Messages.sol";
import {Signatures} from "../../src/Signatures.sol";
import {SpecBase} from "./SpecBase.sol";

contract InterestTest is SpecBase {
    function setUp() public override {
        super.setUp();
        giveVoter(0, 50 * COIN);
        coin.transfer(voter(1), 20 * COIN);
        openVotes();
    }

    function test_isRelayedAndAnnounced() public {
        bytes memory signature = signInterest(0, 0);
        vm.expectEmit(address(spec));
        emit KallSpec.InterestRegistered(0, voter(0), 50 * COIN);
        vm.prank(stranger);
        spec.registerInterest(voter(0), 0, deadline, signature);
        _assertInterest(0, 0, 50 * COIN);
    }

    function test_holdsForOneVoteOnly() public {
        registerInterest(0, 0);
        rollToProposing(1);
        _assertInterest(0, 1, 0);
        registerInterest(0, 1);
        _assertInterest(0, 1, 50 * COIN);
    }

    /// Neither coins nor delegations of the vote's own blocks count.
    function test_countsThePowerBeforeTheVote() public {
        giveVoter(0, 7 * COIN);
        vm.roll(ORIGIN + 1);
        registerInterest(0, 0);
        _assertInterest(0, 0, 50 * COIN);
        rollToProposing(1);
        registerInterest(0, 1);
        _assertInterest(0, 1, 57 * COIN);
    }

    function test_coinsSoldAfterTheSnapshotStillCountOnce() public {
        vm.prank(voter(0));
        coin.transfer(voter(1), 50 * COIN);
        vm.prank(voter(1));
        coin.delegate(voter(1));
        vm.roll(ORIGIN + 1);
        registerInterest(0, 0);
        _assertInterest(0, 0, 50 * COIN);
        _expectNoPower(1, 0);
    }

    function test_delegatedPowerIsTheDelegates() public {
        vm.prank(voter(1));
        coin.delegate(voter(0));
        rollToProposing(1);
        registerInterest(0, 1);
        _assertInterest(0, 1, 70 * COIN);
        _expectNoPower(1, 1);
    }

    function test_refusesCoinsThatNobodyDelegated() public {
        _expectNoPower(1, 0);
    }

    function test_refusesBeforeAndAfterProposing() public {
        _expectWrongPhase(1, 0, KallSpec.Phase.Proposing);
        vm.roll(ORIGIN + PROPOSING);
        _expectWrongPhase(0, 0, KallSpec.Phase.Voting);
        vm.roll(ORIGIN + CYCLE);
        _expectWrongPhase(0, 1, KallSpec.Phase.Proposing);
        vm.roll(ORIGIN + CYCLE + PROPOSING - 1);
        registerInterest(0, 1);
    }

    function testFuzz_refusesAnyOtherVote(uint256 vote) public {
        vm.assume(vote != 0);
        _expectWrongPhase(vote, 0, KallSpec.Phase.Proposing);
    }

    function test_refusesTwice() public {
        bytes memory signature = signInterest(0, 0);
        spec.registerInterest(voter(0), 0, deadline, signature);
        vm.expectRevert(abi.encodeWithSelector(KallSpec.AlreadyRegistered.selector, voter(0), 0));
        spec.registerInterest(voter(0), 0, deadline, signature);
    }

    function test_refusesAfterTheDeadline() public {
        bytes memory signature = signInterest(0, 0);
        vm.warp(deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(Signatures.MessageExpired.selector, deadline, deadline + 1));
        spec.registerInterest(voter(0), 0, deadline, signature);
        vm.warp(deadline);
        spec.registerInterest(voter(0), 0, deadline, signature);
    }

    function test_refusesAnotherSigner() public {
        bytes memory signature = signAs(1, Messages.interest(voter(0), 0, deadline));
        vm.expectRevert(abi.encodeWithSelector(Signatures.BadSignature.selector, voter(0), voter(1)));
        spec.registerInterest(voter(0), 0, deadline, signature);
    }

    function test_refusesMalleableSignature() public {
        bytes memory signature = malleate(signInterest(0, 0));
        vm.expectRevert(abi.encodeWithSelector(Signatures.BadSignature.selector, voter(0), address(0)));
        spec.registerInterest(voter(0), 0, deadline, signature);
    }

    function test_refusesAnotherChainAndContract() public {
        bytes memory signature = signInterest(0, 0);
        bytes32 structHash = Messages.interest(voter(0), 0, deadline);
        vm.chainId(99);
        vm.expectRevert(wrongSigner(0, structHash, signature));
        spec.registerInterest(voter(0), 0, deadline, signature);

        signature = signInterest(0, 0);
        spec = new KallSpec(coin, FIRST_SPEC, CYCLE, PROPOSING, VOTING, QUORUM);
        vm.expectRevert(wrongSigner(0, structHash, signature));
        spec.registerInterest(voter(0), 0, deadline, signature);
    }

    function test_slotIsWhereReadersProveIt() public {
        rollToProposing(3);
        registerInterest(0, 3);
        propose(0, 3, RED);
        bytes32 slot = keccak256(abi.encode(voter(0), keccak256(abi.encode(3, 5))));
        vm.assertEq(vm.load(address(spec), slot), bytes32(50 * COIN | uint256(1) << 64));
        rollToVoting(3);
        cast(0, 3, 0x2);
        vm.assertEq(vm.load(address(spec), slot), bytes32(50 * COIN | uint256(0x101) << 64));
    }

    function _assertInterest(uint256 index, uint256 vote, uint256 power) private view {
        KallSpec.Interest memory interest = spec.interest(vote, voter(index));
        vm.assertEq(interest.power, power);
        vm.assertFalse(interest.proposed || interest.cast);
    }

    function _expectNoPower(uint256 index, uint256 vote) private {
        bytes memory signature = signInterest(index, vote);
        uint256 snapshot = ORIGIN + vote * CYCLE - 1;
        vm.expectRevert(abi.encodeWithSelector(KallSpec.NoPower.selector, voter(index), snapshot));
        spec.registerInterest(voter(index), vote, deadline, signature);
    }

    function _expectWrongPhase(uint256 vote, uint256 current, KallSpec.Phase phase) private {
        bytes memory signature = signInterest(0, vote);
        vm.expectRevert(wrongPhase(vote, KallSpec.Phase.Proposing, current, phase));
        spec.registerInterest(voter(0), vote, deadline, signature);
    }
}
