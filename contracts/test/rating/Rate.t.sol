// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {KallRating} from "../../src/KallRating.sol";
import {Messages} from "../../src/Messages.sol";
import {RatingBase} from "./RatingBase.sol";

contract RateTest is RatingBase {
    function setUp() public override {
        super.setUp();
        pay(2 * COIN);
    }

    function test_keepsTheRatingAndTheRater() public {
        Messages.Rating memory rating = ratingOf(client, EPOCH);
        bytes memory signature = signRating(CLIENT_KEY, rating);
        vm.expectEmit(address(ratings));
        emit KallRating.Rated(client, provider, EPOCH, 125, 12, 80, 412, 3600);
        vm.prank(stranger);
        ratings.rate(rating, deadline, signature);

        KallRating.Latest memory latest = ratings.ratingOf(provider, client);
        vm.assertEq(latest.epoch, EPOCH);
        vm.assertEq(latest.loss, 125);
        vm.assertEq(latest.jitter, 12);
        vm.assertEq(latest.delay, 80);
        vm.assertEq(latest.mos, 412);
        vm.assertEq(latest.duration, 3600);
        vm.assertEq(latest.channelEpoch, 0);
        vm.assertEq(latest.claimed, 2 * COIN);
        vm.assertEq(ratings.raterCount(provider), 1);
        vm.assertEq(ratings.raters(provider, 0), client);
        vm.assertEq(address(ratings.escrow()), address(escrow));
    }

    function test_nothingIsThereBefore() public view {
        KallRating.Latest memory latest = ratings.ratingOf(provider, client);
        vm.assertEq(latest.duration, 0);
        vm.assertEq(latest.epoch, 0);
        vm.assertEq(ratings.raterCount(provider), 0);
    }

    function test_laterRatingReplacesTheFirstAndTheRaterStaysOne() public {
        rate(ratingOf(client, EPOCH));
        claim(0, 3 * COIN);
        passEpochs(1);
        Messages.Rating memory rating = ratingOf(client, EPOCH + 1);
        rating.mos = 300;
        rating.duration = 1;
        rate(rating);

        KallRating.Latest memory latest = ratings.ratingOf(provider, client);
        vm.assertEq(latest.epoch, EPOCH + 1);
        vm.assertEq(latest.mos, 300);
        vm.assertEq(latest.duration, 1);
        vm.assertEq(latest.claimed, 3 * COIN);
        vm.assertEq(ratings.raterCount(provider), 1);
    }

    function test_ratersStandInTheirOrder() public {
        address second = vm.addr(STRANGER_KEY);
        escrow.deposit(second, provider, COIN);
        Messages.Voucher memory voucher = Messages.Voucher(second, provider, 0, COIN);
        escrow.claim(voucher, signVoucher(STRANGER_KEY, voucher));
        Messages.Rating memory rating = ratingOf(second, EPOCH);
        ratings.rate(rating, deadline, signRating(STRANGER_KEY, rating));
        rate(ratingOf(client, EPOCH));
        vm.assertEq(ratings.raterCount(provider), 2);
        vm.assertEq(ratings.raters(provider, 0), second);
        vm.assertEq(ratings.raters(provider, 1), client);
    }

    function test_servicesAreApart() public {
        escrow.deposit(client, stranger, COIN);
        Messages.Voucher memory voucher = Messages.Voucher(client, stranger, 0, COIN);
        escrow.claim(voucher, signVoucher(CLIENT_KEY, voucher));
        rate(ratingOf(client, EPOCH));
        Messages.Rating memory rating = ratingOf(client, EPOCH);
        rating.service = stranger;
        rating.mos = 200;
        rate(rating);
        vm.assertEq(ratings.ratingOf(provider, client).mos, 412);
        vm.assertEq(ratings.ratingOf(stranger, client).mos, 200);
        vm.assertEq(ratings.raters(stranger, 0), client);
        vm.assertEq(ratings.raterCount(provider), 1);
    }

    function test_takesTheBounds() public {
        Messages.Rating memory rating = ratingOf(client, EPOCH);
        (rating.loss, rating.mos, rating.duration) = (10_000, 100, 1);
        (rating.jitter, rating.delay) = (type(uint16).max, type(uint16).max);
        rate(rating);
        claim(0, 3 * COIN);
        passEpochs(1);
        rating = ratingOf(client, EPOCH + 1);
        (rating.loss, rating.mos, rating.duration) = (0, 500, type(uint32).max);
        rate(rating);
        KallRating.Latest memory latest = ratings.ratingOf(provider, client);
        vm.assertEq(latest.loss, 0);
        vm.assertEq(latest.mos, 500);
        vm.assertEq(latest.duration, type(uint32).max);
    }

    /// Light clients prove these slots: another layout would make them "prove" that nobody rated.
    function test_ratingIsOneSlotAndRatersAnArray() public {
        leaveChannel();
        pay(3 * COIN);
        passEpochs(1);
        rate(ratingOf(client, EPOCH + 1));
        uint256 expected = (EPOCH + 1) | 125 << 32 | 12 << 48 | 80 << 64 | 412 << 80 | 3600 << 96 | uint256(1)
            << 128 | (3 * COIN) << 168;
        bytes32 slot = keccak256(abi.encode(client, keccak256(abi.encode(provider, 3))));
        vm.assertEq(vm.load(address(ratings), slot), bytes32(expected));
        bytes32 length = keccak256(abi.encode(provider, 2));
        vm.assertEq(vm.load(address(ratings), length), bytes32(uint256(1)));
        bytes32 first = keccak256(abi.encode(length));
        vm.assertEq(vm.load(address(ratings), first), bytes32(uint256(uint160(client))));
    }

    function testFuzz_keepsWhateverIsInRange(
        uint16 loss,
        uint16 jitter,
        uint16 delay,
        uint16 mos,
        uint32 duration,
        uint64 paid
    ) public {
        Messages.Rating memory rating = ratingOf(client, EPOCH);
        (rating.loss, rating.jitter, rating.delay) = (loss % 10_001, jitter, delay);
        (rating.mos, rating.duration) = (mos % 401 + 100, duration == 0 ? 1 : duration);
        claim(0, 2 * COIN + 1 + paid % (8 * COIN));
        rate(rating);
        KallRating.Latest memory latest = ratings.ratingOf(provider, client);
        vm.assertEq(latest.loss, rating.loss);
        vm.assertEq(latest.jitter, jitter);
        vm.assertEq(latest.delay, delay);
        vm.assertEq(latest.mos, rating.mos);
        vm.assertEq(latest.duration, rating.duration);
        vm.assertEq(latest.claimed, escrow.channel(client, provider).claimed);
    }
}
