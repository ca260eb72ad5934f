// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {KallCoin} from "./KallCoin.sol";
import {Messages} from "./Messages.sol";
import {Signatures} from "./Signatures.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// Channels between one client and one provider each. The client deposits and signs vouchers over a rising
/// cumulative sum; the contract pays the provider the difference to what it paid before, so that one claim
/// settles any number of calls. The client leaves by an exit, whose delay gives the provider time to claim.
contract KallEscrow is EIP712, Nonces {
    using SafeERC20 for KallCoin;

    uint256 public constant MAX_EXIT_DELAY = 30 days;

    /// @dev One slot. `deposited` and `claimed` are totals of this epoch.
    struct Channel {
        uint88 deposited;
        uint88 claimed;
        uint40 exitAt; // zero while no exit runs
        uint40 epoch; // an exit ends an epoch, and with it every voucher of it
    }

    KallCoin public immutable coin;
    /// In seconds.
    uint256 public immutable exitDelay;

    mapping(address client => mapping(address provider => Channel)) private _channels;

    event Deposited(
        address indexed client, address indexed provider, uint256 epoch, uint256 amount, uint256 deposited
    );
    event Claimed(
        address indexed client, address indexed provider, uint256 epoch, uint256 claimed, uint256 paid
    );
    event ExitStarted(address indexed client, address indexed provider, uint256 exitAt);
    event Exited(address indexed client, address indexed provider, uint256 epoch, uint256 refund);

    error ExitDelayOutOfRange(uint256 exitDelay, uint256 max);
    /// Coins paid out to `account` would be lost.
    error InvalidParty(address account);
    error NothingToDeposit(address client, address provider);
    error WrongEpoch(uint256 expected, uint256 given);
    error NothingToClaim(uint256 claimed, uint256 cumulative);
    error LengthMismatch(uint256 vouchers, uint256 signatures);
    error NothingToExit(address client, address provider);
    error ExitAlreadyStarted(uint256 exitAt);
    error ExitNotStarted(address client, address provider);
    error ExitTooEarly(uint256 exitAt, uint256 timestamp);

    constructor(KallCoin coin_, uint256 exitDelay_) EIP712("KallEscrow", "1") {
        require(
            exitDelay_ > 0 && exitDelay_ <= MAX_EXIT_DELAY, ExitDelayOutOfRange(exitDelay_, MAX_EXIT_DELAY)
        );
        coin = coin_;
        exitDelay = exitDelay_;
    }

    /// Adds the sender's coins to the client's channel. An exit that runs goes on as it was.
    function deposit(address client, address provider, uint256 amount) external {
        _deposit(client, provider, amount, msg.sender);
    }

    /// The client's own deposit, submitted by anyone. `permitSignature` is the client's permit of the same
    /// amount and deadline, or empty when the allowance stands already.
    function depositBySignature(
        address client,
        address provider,
        uint256 amount,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature,
        bytes calldata permitSignature
    ) external {
        Signatures.requireInTime(deadline);
        _useCheckedNonce(client, nonce);
        bytes32 structHash = Messages.deposit(client, provider, amount, nonce, deadline);
        Signatures.requireBy(client, _hashTypedDataV4(structHash), signature);
        // The coin's permit calls nobody, and the nonce is used up.
        // slither-disable-next-line reentrancy-benign,reentrancy-events
        if (permitSignature.length != 0) _permit(client, amount, deadline, permitSignature);
        _deposit(client, provider, amount, client);
    }

    /// Pays the provider what the voucher adds to earlier ones, as far as the deposit reaches.
    function claim(Messages.Voucher calldata voucher, bytes calldata signature)
        external
        returns (uint256 paid)
    {
        Channel storage channel_ = _channels[voucher.client][voucher.provider];
        Channel memory before = channel_;
        require(voucher.epoch == before.epoch, WrongEpoch(before.epoch, voucher.epoch));
        paid = _due(before, voucher);
        require(paid != 0, NothingToClaim(before.claimed, voucher.cumulative));
        Signatures.requireBy(voucher.client, _hashTypedDataV4(Messages.voucher(voucher)), signature);

        _recordClaim(channel_, before, voucher, paid);
        coin.safeTransfer(voucher.provider, paid);
    }

    /// Claims many vouchers and skips those that {claim} would refuse.
    function claimBatch(Messages.Voucher[] calldata vouchers, bytes[] calldata signatures)
        external
        returns (uint256 total)
    {
        require(vouchers.length == signatures.length, LengthMismatch(vouchers.length, signatures.length));
        address payee = address(0);
        uint256 owed = 0;
        for (uint256 i = 0; i < vouchers.length; i++) {
            uint256 paid = _tryClaim(vouchers[i], signatures[i]);
            if (paid == 0) continue;
            if (vouchers[i].provider != payee) {
                if (owed != 0) coin.safeTransfer(payee, owed);
                payee = vouchers[i].provider;
                owed = 0;
            }
            owed += paid;
            total += paid;
        }
        if (owed != 0) coin.safeTransfer(payee, owed);
    }

    /// Announces that the client leaves: after `exitDelay` anyone may call {exit}. Until then, and for as long
    /// as nobody has called it, the provider can claim.
    function startExit(
        address client,
        address provider,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) external {
        Signatures.requireInTime(deadline);
        _useCheckedNonce(client, nonce);
        bytes32 structHash = Messages.startExit(client, provider, nonce, deadline);
        Signatures.requireBy(client, _hashTypedDataV4(structHash), signature);
        Channel storage channel_ = _channels[client][provider];
        require(channel_.deposited != 0, NothingToExit(client, provider));
        require(channel_.exitAt == 0, ExitAlreadyStarted(channel_.exitAt));

        uint256 exitAt = block.timestamp + exitDelay;
        channel_.exitAt = SafeCast.toUint40(exitAt);
        emit ExitStarted(client, provider, exitAt);
    }

    /// Returns what is left to the client and opens the next epoch.
    function exit(address client, address provider) external returns (uint256 refund) {
        Channel memory before = _channels[client][provider];
        require(before.exitAt != 0, ExitNotStarted(client, provider));
        require(block.timestamp >= before.exitAt, ExitTooEarly(before.exitAt, block.timestamp));
        refund = before.deposited - before.claimed;

        _channels[client][provider] = Channel({deposited: 0, claimed: 0, exitAt: 0, epoch: before.epoch + 1});
        emit Exited(client, provider, before.epoch, refund);
        if (refund != 0) coin.safeTransfer(client, refund);
    }

    function channel(address client, address provider) external view returns (Channel memory) {
        return _channels[client][provider];
    }

    function _deposit(address client, address provider, uint256 amount, address payer) private {
        require(amount != 0, NothingToDeposit(client, provider));
        _requirePayable(client);
        _requirePayable(provider);
        Channel storage channel_ = _channels[client][provider];
        Channel memory before = channel_;

        uint88 deposited = SafeCast.toUint88(before.deposited + amount);
        channel_.deposited = deposited;
        emit Deposited(client, provider, before.epoch, amount, deposited);
        coin.safeTransferFrom(payer, address(this), amount);
    }

    function _requirePayable(address account) private view {
        require(
            account != address(0) && account != address(this) && account != address(coin),
            InvalidParty(account)
        );
    }

    /// @dev A permit that anyone submitted first has set the allowance all the same; where it has not, the
    /// transfer says what is missing.
    function _permit(address owner, uint256 amount, uint256 deadline, bytes calldata signature) private {
        (uint8 v, bytes32 r, bytes32 s) = ECDSA.parseCalldata(signature);
        try coin.permit(owner, address(this), amount, deadline, v, r, s) {} catch {}
    }

    function _tryClaim(Messages.Voucher calldata voucher, bytes calldata signature)
        private
        returns (uint256 paid)
    {
        Channel storage channel_ = _channels[voucher.client][voucher.provider];
        Channel memory before = channel_;
        if (voucher.epoch != before.epoch) return 0;
        paid = _due(before, voucher);
        bytes32 digest = _hashTypedDataV4(Messages.voucher(voucher));
        if (paid == 0 || !Signatures.isBy(voucher.client, digest, signature)) return 0;
        _recordClaim(channel_, before, voucher, paid);
    }

    function _due(Channel memory before, Messages.Voucher calldata voucher) private pure returns (uint256) {
        return Math.saturatingSub(Math.min(voucher.cumulative, before.deposited), before.claimed);
    }

    function _recordClaim(
        Channel storage channel_,
        Channel memory before,
        Messages.Voucher calldata voucher,
        uint256 paid
    ) private {
        uint88 claimed = SafeCast.toUint88(before.claimed + paid);
        channel_.claimed = claimed;
        emit Claimed(voucher.client, voucher.provider, before.epoch, claimed, paid);
    }
}
