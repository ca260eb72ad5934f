// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {KallRating} from "../../src/KallRating.sol";
import {Messages} from "../../src/Messages.sol";
import {Signatures} from "../../src/Signatures.sol";
import {RatingBase} from "./RatingBase.sol";

contract RefuseRatingTest is RatingBase {
    function setUp() public override {
        super.setUp();
        pay(2 * COIN);
    }

    function test_refusesLossOfMoreThanAll() public {
        Messages.Rating memory rating = ratingOf(client, EPOCH);
        rating.loss = 10_001;
        _expectRefusal(rating, abi.encodeWithSelector(KallRating.LossOutOfRange.selector, 10_001, 10_000));
    }

    function test_refusesMosOffTheScale() public {
        Messages.Rating memory rating = ratingOf(client, EPOCH);
        rating.mos = 99;
        _expectRefusal(rating, abi.encodeWithSelector(KallRating.MosOutOfRange.selector, 99, 100, 500));
        rating.mos = 501;
        _expectRefusal(rating, abi.encodeWithSelector(KallRating.MosOutOfRange.selector, 501, 100, 500));
    }

    function test_refusesWithoutConversation() public {
        Messages.Rating memory rating = ratingOf(client, EPOCH);
        rating.duration = 0;
        _expectRefusal(rating, abi.encodeWithSelector(KallRating.NoConversation.selector, client, provider));
    }

    function test_epochHasItsBounds() public {
        vm.warp((EPOCH + 1) * 28 days - 1);
        deadline = vm.getBlockTimestamp() + 1 days;
        vm.assertEq(ratings.currentEpoch(), EPOCH);
        bytes memory tooEarly = abi.encodeWithSelector(KallRating.WrongEpoch.selector, EPOCH, EPOCH + 1);
        _expectRefusal(ratingOf(client, EPOCH + 1), tooEarly);
        uint256 state = vm.snapshotState();
        rate(ratingOf(client, EPOCH));
        vm.revertToState(state);

        vm.warp((EPOCH + 1) * 28 days);
        bytes memory tooLate = abi.encodeWithSelector(KallRating.WrongEpoch.selector, EPOCH + 1, EPOCH);
        _expectRefusal(ratingOf(client, EPOCH), tooLate);
        rate(ratingOf(client, EPOCH + 1));
    }

    function testFuzz_refusesAnotherEpoch(uint32 epoch) public {
        vm.assume(epoch != EPOCH);
        _expectRefusal(
            ratingOf(client, epoch), abi.encodeWithSelector(KallRating.WrongEpoch.selector, EPOCH, epoch)
        );
    }

    function test_refusesReplay() public {
        Messages.Rating memory rating = ratingOf(client, EPOCH);
        rate(rating);
        claim(0, 3 * COIN);
        _expectRefusal(rating, _alreadyRated());
    }

    function test_refusesASecondRatingInTheEpoch() public {
        rate(ratingOf(client, EPOCH));
        claim(0, 3 * COIN);
        Messages.Rating memory rating = ratingOf(client, EPOCH);
        rating.mos = 100;
        _expectRefusal(rating, _alreadyRated());
        leaveChannel();
        pay(9 * COIN);
        _expectRefusal(rating, _alreadyRated());
    }

    /// Chains that start at time zero have an epoch 0, which is also what an empty slot holds.
    function test_theFirstEpochOfTimeIsNoException() public {
        vm.warp(28 days - 1);
        Messages.Rating memory rating = ratingOf(client, 0);
        (rating.loss, rating.jitter, rating.delay) = (0, 0, 0);
        rate(rating);
        claim(0, 3 * COIN);
        _expectRefusal(
            ratingOf(client, 0), abi.encodeWithSelector(KallRating.AlreadyRated.selector, client, provider, 0)
        );
        passEpochs(1);
        rate(ratingOf(client, 1));
        vm.assertEq(ratings.raterCount(provider), 1);
    }

    function test_refusesAnAccountThatRatesItself() public {
        escrow.deposit(client, client, COIN);
        Messages.Voucher memory voucher = Messages.Voucher(client, client, 0, COIN);
        escrow.claim(voucher, signVoucher(CLIENT_KEY, voucher));
        Messages.Rating memory rating = ratingOf(client, EPOCH);
        rating.service = client;
        _expectRefusal(rating, abi.encodeWithSelector(KallRating.RatesItself.selector, client));
        vm.assertEq(ratings.raterCount(client), 0);
    }

    function test_refusesWhoNeverPaid() public {
        bytes memory refusal = abi.encodeWithSelector(KallRating.NothingClaimed.selector, stranger, provider);
        Messages.Rating memory rating = ratingOf(stranger, EPOCH);
        bytes memory signature = signRating(STRANGER_KEY, rating);
        vm.expectRevert(refusal);
        ratings.rate(rating, deadline, signature);
        escrow.deposit(stranger, provider, COIN);
        vm.expectRevert(refusal);
        ratings.rate(rating, deadline, signature);
    }

    function test_refusesWhoPaidAnotherService() public {
        Messages.Rating memory rating = ratingOf(client, EPOCH);
        rating.service = stranger;
        _expectRefusal(rating, abi.encodeWithSelector(KallRating.NothingClaimed.selector, client, stranger));
    }

    function test_refusesOnTheClaimsOfAnEarlierChannel() public {
        leaveChannel();
        escrow.deposit(client, provider, COIN);
        _expectRefusal(
            ratingOf(client, EPOCH),
            abi.encodeWithSelector(KallRating.NothingClaimed.selector, client, provider)
        );
        claim(1, 1);
        rate(ratingOf(client, EPOCH));
        vm.assertEq(ratings.ratingOf(provider, client).channelEpoch, 1);
    }

    function test_secondRatingNeedsNewPayments() public {
        rate(ratingOf(client, EPOCH));
        passEpochs(1);
        Messages.Rating memory rating = ratingOf(client, EPOCH + 1);
        bytes memory refusal = abi.encodeWithSelector(KallRating.NothingClaimedSince.selector, 2 * COIN);
        _expectRefusal(rating, refusal);
        escrow.deposit(client, provider, COIN);
        _expectRefusal(rating, refusal);
        claim(0, 2 * COIN + 1);
        rate(rating);
    }

    function test_anExitMakesSmallerClaimsNewPayments() public {
        rate(ratingOf(client, EPOCH));
        leaveChannel();
        passEpochs(1);
        Messages.Rating memory rating = ratingOf(client, EPOCH + 1);
        _expectRefusal(rating, abi.encodeWithSelector(KallRating.NothingClaimed.selector, client, provider));
        pay(1);
        rate(rating);
        vm.assertEq(ratings.ratingOf(provider, client).claimed, 1);
    }

    function test_refusesAfterTheDeadline() public {
        Messages.Rating memory rating = ratingOf(client, EPOCH);
        bytes memory signature = signRating(CLIENT_KEY, rating);
        vm.warp(deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(Signatures.MessageExpired.selector, deadline, deadline + 1));
        ratings.rate(rating, deadline, signature);
        vm.warp(deadline);
        ratings.rate(rating, deadline, signature);
    }

    function test_refusesAnotherSigner() public {
        Messages.Rating memory rating = ratingOf(client, EPOCH);
        bytes memory signature = signRating(PROVIDER_KEY, rating);
        vm.expectRevert(abi.encodeWithSelector(Signatures.BadSignature.selector, client, provider));
        ratings.rate(rating, deadline, signature);
    }

    function testFuzz_refusesWhatWasNotSigned(uint8 field, uint16 by) public {
        vm.assume(by != 0);
        Messages.Rating memory rating = ratingOf(client, EPOCH);
        bytes memory signature = signRating(CLIENT_KEY, rating);
        uint256 until = deadline;
        if (field % 6 == 0) rating.loss = uint16((uint256(rating.loss) + by % 10_000 + 1) % 10_001);
        if (field % 6 == 1) rating.jitter ^= by;
        if (field % 6 == 2) rating.delay ^= by;
        if (field % 6 == 3) rating.mos = (rating.mos - 100 + by % 400 + 1) % 401 + 100;
        if (field % 6 == 4) rating.duration += by;
        if (field % 6 == 5) until += by;
        address other =
            recovered(digest("KallRating", address(ratings), Messages.rating(rating, until)), signature);
        vm.expectRevert(abi.encodeWithSelector(Signatures.BadSignature.selector, client, other));
        ratings.rate(rating, until, signature);
    }

    function test_refusesTheSignatureForAnotherContract() public {
        Messages.Rating memory rating = ratingOf(client, EPOCH);
        bytes memory signature = signRating(CLIENT_KEY, rating);
        ratings = new KallRating(escrow);
        _expectForeign(rating, signature);
    }

    function test_refusesTheSignatureForAnotherChain() public {
        Messages.Rating memory rating = ratingOf(client, EPOCH);
        bytes memory signature = signRating(CLIENT_KEY, rating);
        vm.chainId(block.chainid + 1);
        _expectForeign(rating, signature);
    }

    function test_refusesMalleableSignature() public {
        Messages.Rating memory rating = ratingOf(client, EPOCH);
        bytes memory signature = malleate(signRating(CLIENT_KEY, rating));
        vm.expectRevert(abi.encodeWithSelector(Signatures.BadSignature.selector, client, address(0)));
        ratings.rate(rating, deadline, signature);
    }

    function _expectForeign(Messages.Rating memory rating, bytes memory signature) private {
        bytes32 here = digest("KallRating", address(ratings), Messages.rating(rating, deadline));
        address other = recovered(here, signature);
        vm.expectRevert(abi.encodeWithSelector(Signatures.BadSignature.selector, client, other));
        ratings.rate(rating, deadline, signature);
    }

    function _alreadyRated() private view returns (bytes memory) {
        return abi.encodeWithSelector(KallRating.AlreadyRated.selector, client, provider, EPOCH);
    }

    function _expectRefusal(Messages.Rating memory rating, bytes memory refusal) private {
        bytes memory signature = signRating(CLIENT_KEY, rating);
        vm.expectRevert(refusal);
        ratings.rate(rating, deadline, signature);
    }
}
