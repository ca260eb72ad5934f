// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {KallCoin} from "../../src/KallCoin.sol";
import {KallEscrow} from "../../src/KallEscrow.sol";
import {KallRating} from "../../src/KallRating.sol";
import {Messages} from "../../src/Messages.sol";
import {EscrowHandler} from "./EscrowHandler.sol";

/// Drives the channels as {EscrowHandler} does, rates through them, and keeps its own books of who rated when.
contract RatingHandler is EscrowHandler {
    KallRating public immutable ratings;

    mapping(uint256 client => mapping(uint256 provider => bytes32)) public lastRating;
    mapping(uint256 client => mapping(uint256 provider => uint256)) public ratedOnClaims;
    mapping(uint256 client => mapping(uint256 provider => mapping(uint256 epoch => bool))) private _ratedIn;

    constructor(KallCoin coin_, KallEscrow escrow_, KallRating ratings_) EscrowHandler(coin_, escrow_) {
        ratings = ratings_;
    }

    /// @dev Without it most ratings would be refused for want of a claim.
    function payAndRate(uint256 c, uint256 p, uint16 values) external {
        this.deposit(c, p, COIN);
        this.claim(c, p, channelAt(c, p).claimed + 1, 1);
        this.rate(c, p, values, 1);
    }

    /// @dev Now and then for another epoch or by another client.
    function rate(uint256 c, uint256 p, uint16 values, uint256 fault) external {
        Messages.Rating memory rating = _rating(c, p, values);
        if (fault % 8 == 0) rating.epoch++;
        uint256 signer = fault % 9 == 0 ? c + 1 : c;
        uint256 until = vm.getBlockTimestamp();
        bytes32 structHash = Messages.rating(rating, until);
        bytes memory signature =
            sign(FIRST_KEY + signer % CLIENTS, digest("KallRating", address(ratings), structHash));
        bool good = fault % 8 != 0 && fault % 9 != 0 && _mayRate(c, p);
        try ratings.rate(rating, until, signature) {
            vm.assertTrue(good, "took a bad rating");
            _rated(c % CLIENTS, p % PROVIDERS, rating);
        } catch {
            vm.assertFalse(good);
        }
    }

    function passEpoch() external {
        vm.warp(vm.getBlockTimestamp() + 28 days);
    }

    function fingerprint(KallRating.Latest memory latest) public pure returns (bytes32) {
        return keccak256(
            abi.encode(latest.epoch, latest.loss, latest.jitter, latest.delay, latest.mos, latest.duration)
        );
    }

    function _rating(uint256 c, uint256 p, uint16 values) private view returns (Messages.Rating memory) {
        return Messages.Rating({
            client: clientAt(c),
            service: providerAt(p),
            epoch: uint32(vm.getBlockTimestamp() / 28 days),
            loss: values % 10_001,
            jitter: values,
            delay: ~values,
            mos: values % 401 + 100,
            duration: uint32(values) + 1
        });
    }

    /// @dev By the books alone: what was claimed in this epoch of the channel, and since the last rating.
    function _mayRate(uint256 c, uint256 p) private view returns (bool) {
        (uint256 i, uint256 j) = (c % CLIENTS, p % PROVIDERS);
        return channelAt(c, p).claimed != 0 && claimedIn[i][j] > ratedOnClaims[i][j]
            && !_ratedIn[i][j][vm.getBlockTimestamp() / 28 days];
    }

    function _rated(uint256 c, uint256 p, Messages.Rating memory rating) private {
        _ratedIn[c][p][rating.epoch] = true;
        ratedOnClaims[c][p] = claimedIn[c][p];
        lastRating[c][p] = keccak256(
            abi.encode(rating.epoch, rating.loss, rating.jitter, rating.delay, rating.mos, rating.duration)
        );
    }
}
