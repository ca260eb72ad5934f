// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {KallEscrow} from "./KallEscrow.sol";
import {Messages} from "./Messages.sol";
import {Signatures} from "./Signatures.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

/// What clients measured on their calls through a service. Only a client whose payment the service claimed may
/// rate it, once per epoch, and every rating stands on payments that no earlier one stood on. Of each client the
/// latest rating is kept, earlier ones are in the events; what ratings weigh is up to their readers.
contract KallRating is EIP712 {
    uint256 public constant EPOCH_LENGTH = 28 days;
    uint256 public constant MAX_LOSS = 10_000;
    uint256 public constant MIN_MOS = 100;
    uint256 public constant MAX_MOS = 500;

    /// @dev One slot; units as in {Messages-Rating}. `duration` is zero only while there is no rating.
    /// `channelEpoch` and `claimed` are those of the channel when the client rated.
    struct Latest {
        uint32 epoch;
        uint16 loss;
        uint16 jitter;
        uint16 delay;
        uint16 mos;
        uint32 duration;
        uint40 channelEpoch;
        uint88 claimed;
    }

    KallEscrow public immutable escrow;

    /// In the order of their first rating. Only grows, so that its length proves that none is withheld.
    mapping(address service => address[]) public raters;
    mapping(address service => mapping(address client => Latest)) private _latest;

    event Rated(
        address indexed client,
        address indexed service,
        uint256 epoch,
        uint256 loss,
        uint256 jitter,
        uint256 delay,
        uint256 mos,
        uint256 duration
    );

    error LossOutOfRange(uint256 loss, uint256 max);
    error MosOutOfRange(uint256 mos, uint256 min, uint256 max);
    /// Nothing was said in no time.
    error NoConversation(address client, address service);
    error WrongEpoch(uint256 expected, uint256 given);
    error AlreadyRated(address client, address service, uint256 epoch);
    error RatesItself(address account);
    error NothingClaimed(address client, address service);
    /// Nothing has been claimed since the client's last rating.
    error NothingClaimedSince(uint256 claimed);

    constructor(KallEscrow escrow_) EIP712("KallRating", "1") {
        escrow = escrow_;
    }

    function rate(Messages.Rating calldata rating, uint256 deadline, bytes calldata signature) external {
        Signatures.requireInTime(deadline);
        require(rating.client != rating.service, RatesItself(rating.client));
        _requireInRange(rating);
        Latest memory before = _latest[rating.service][rating.client];
        _requireOncePerEpoch(rating, before);
        KallEscrow.Channel memory channel = _requirePaid(rating, before);
        Signatures.requireBy(rating.client, _hashTypedDataV4(Messages.rating(rating, deadline)), signature);

        if (before.duration == 0) raters[rating.service].push(rating.client);
        _record(rating, channel);
    }

    /// The epoch that ratings must name now.
    function currentEpoch() public view returns (uint256) {
        return block.timestamp / EPOCH_LENGTH;
    }

    function raterCount(address service) external view returns (uint256) {
        return raters[service].length;
    }

    /// All zero when the client never rated the service.
    function ratingOf(address service, address client) external view returns (Latest memory) {
        return _latest[service][client];
    }

    function _requireInRange(Messages.Rating calldata rating) private pure {
        require(rating.loss <= MAX_LOSS, LossOutOfRange(rating.loss, MAX_LOSS));
        require(rating.mos >= MIN_MOS && rating.mos <= MAX_MOS, MosOutOfRange(rating.mos, MIN_MOS, MAX_MOS));
        require(rating.duration != 0, NoConversation(rating.client, rating.service));
    }

    function _requireOncePerEpoch(Messages.Rating calldata rating, Latest memory before) private view {
        // Meant: only the epoch that runs can be rated.
        // slither-disable-next-line incorrect-equality
        require(rating.epoch == currentEpoch(), WrongEpoch(currentEpoch(), rating.epoch));
        require(
            before.duration == 0 || before.epoch != rating.epoch,
            AlreadyRated(rating.client, rating.service, rating.epoch)
        );
    }

    /// @dev In another epoch of the channel all that was claimed is new.
    function _requirePaid(Messages.Rating calldata rating, Latest memory before)
        private
        view
        returns (KallEscrow.Channel memory channel)
    {
        channel = escrow.channel(rating.client, rating.service);
        require(channel.claimed != 0, NothingClaimed(rating.client, rating.service));
        require(
            before.channelEpoch != channel.epoch || channel.claimed > before.claimed,
            NothingClaimedSince(channel.claimed)
        );
    }

    function _record(Messages.Rating calldata rating, KallEscrow.Channel memory channel) private {
        _latest[rating.service][rating.client] = Latest({
            epoch: rating.epoch,
            loss: rating.loss,
            jitter: rating.jitter,
            delay: rating.delay,
            mos: rating.mos,
            duration: rating.duration,
            channelEpoch: channel.epoch,
            claimed: channel.claimed
        });
        _emitRated(rating);
    }

    function _emitRated(Messages.Rating calldata rating) private {
        emit Rated(
            rating.client,
            rating.service,
            rating.epoch,
            rating.loss,
            rating.jitter,
            rating.delay,
            rating.mos,
            rating.duration
        );
    }
}
