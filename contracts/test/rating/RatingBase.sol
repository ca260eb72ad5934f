// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {KallRating} from "../../src/KallRating.sol";
import {Messages} from "../../src/Messages.sol";
import {EscrowBase} from "../escrow/EscrowBase.sol";

abstract contract RatingBase is EscrowBase {
    uint256 internal constant EPOCH = START / 28 days;

    KallRating internal ratings;

    function setUp() public virtual override {
        super.setUp();
        ratings = new KallRating(escrow);
    }

    function ratingOf(address by, uint256 epoch) internal view returns (Messages.Rating memory) {
        return Messages.Rating({
            client: by,
            service: provider,
            epoch: uint32(epoch),
            loss: 125,
            jitter: 12,
            delay: 80,
            mos: 412,
            duration: 3600
        });
    }

    function signRating(uint256 key, Messages.Rating memory rating) internal view returns (bytes memory) {
        return sign(key, digest("KallRating", address(ratings), Messages.rating(rating, deadline)));
    }

    function rate(Messages.Rating memory rating) internal {
        ratings.rate(rating, deadline, signRating(CLIENT_KEY, rating));
    }

    function pay(uint256 cumulative) internal {
        escrow.deposit(client, provider, 10 * COIN);
        claim(escrow.channel(client, provider).epoch, cumulative);
    }

    /// @dev To the first second of a later epoch.
    function passEpochs(uint256 count) internal {
        vm.warp((vm.getBlockTimestamp() / 28 days + count) * 28 days);
        deadline = vm.getBlockTimestamp() + 1 days;
    }
}
