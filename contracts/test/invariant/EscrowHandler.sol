// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {KallCoin} from "../../src/KallCoin.sol";
import {KallEscrow} from "../../src/KallEscrow.sol";
import {Messages} from "../../src/Messages.sol";
import {Base} from "../Base.sol";

/// Drives channels between three clients and two providers, and keeps its own books of what moved.
contract EscrowHandler is Base {
    uint256 public constant CLIENTS = 3;
    uint256 public constant PROVIDERS = 2;
    uint256 internal constant FIRST_KEY = 0xe5c401;

    uint256 public depositedSum;
    uint256 public claimedSum;
    uint256 public refundedSum;
    mapping(uint256 client => mapping(uint256 provider => uint256)) public depositedIn;
    mapping(uint256 client => mapping(uint256 provider => uint256)) public claimedIn;
    mapping(uint256 client => mapping(uint256 provider => uint256)) public refundedIn;
    mapping(uint256 client => mapping(uint256 provider => uint256)) public epochOf;
    address[] private _clients;
    address[] private _providers;

    constructor(KallCoin coin_, KallEscrow escrow_) {
        coin = coin_;
        escrow = escrow_;
        for (uint256 i = 0; i < CLIENTS; i++) {
            _clients.push(vm.addr(FIRST_KEY + i));
        }
        for (uint256 i = 0; i < PROVIDERS; i++) {
            _providers.push(vm.addr(FIRST_KEY + 100 + i));
        }
    }

    function setUp() public override {}

    function clientAt(uint256 index) public view returns (address) {
        return _clients[index % CLIENTS];
    }

    function providerAt(uint256 index) public view returns (address) {
        return _providers[index % PROVIDERS];
    }

    function channelAt(uint256 c, uint256 p) public view returns (KallEscrow.Channel memory) {
        return escrow.channel(clientAt(c), providerAt(p));
    }

    function deposit(uint256 c, uint256 p, uint256 amount) external {
        amount = amount % (10 * COIN) + 1;
        uint256 exitAt = channelAt(c, p).exitAt;
        coin.approve(address(escrow), amount);
        escrow.deposit(clientAt(c), providerAt(p), amount);
        _deposited(c, p, amount, exitAt);
    }

    /// @dev The client permits and deposits coins that it was given.
    function depositBySignature(uint256 c, uint256 p, uint256 amount) external {
        amount = amount % (10 * COIN) + 1;
        uint256 exitAt = channelAt(c, p).exitAt;
        address account = clientAt(c);
        coin.transfer(account, amount);
        uint256 until = vm.getBlockTimestamp();
        uint256 nonce = escrow.nonces(account);
        uint256 key = FIRST_KEY + c % CLIENTS;
        bytes32 structHash = Messages.deposit(account, providerAt(p), amount, nonce, until);
        bytes memory signature = sign(key, digest("KallEscrow", address(escrow), structHash));
        bytes memory permit = signPermit(key, address(escrow), amount, until);
        escrow.depositBySignature(account, providerAt(p), amount, nonce, until, signature, permit);
        _deposited(c, p, amount, exitAt);
    }

    /// @dev Now and then more than the deposit, less than was claimed, or for another epoch.
    function claim(uint256 c, uint256 p, uint256 cumulative, uint256 epochShift) external {
        KallEscrow.Channel memory before = channelAt(c, p);
        cumulative = cumulative % (uint256(before.deposited) * 3 / 2 + 1);
        uint256 epoch = epochShift % 8 == 0 ? uint256(before.epoch) + epochShift % 3 : before.epoch;
        Messages.Voucher memory voucher = Messages.Voucher(clientAt(c), providerAt(p), epoch, cumulative);
        bytes memory signature = signVoucher(FIRST_KEY + c % CLIENTS, voucher);
        try escrow.claim(voucher, signature) returns (uint256 paid) {
            vm.assertEq(epoch, before.epoch);
            _claimed(c, p, before, paid);
        } catch {
            uint256 payable_ = cumulative < before.deposited ? cumulative : before.deposited;
            vm.assertTrue(epoch != before.epoch || payable_ <= before.claimed, "refused a good voucher");
        }
    }

    /// @dev One voucher per client to one provider, with a forged one among them.
    function claimBatch(uint256 p, uint256 cumulative, uint256 forged) external {
        Messages.Voucher[] memory vouchers = new Messages.Voucher[](CLIENTS);
        bytes[] memory signatures = new bytes[](CLIENTS);
        KallEscrow.Channel[] memory before = new KallEscrow.Channel[](CLIENTS);
        for (uint256 c = 0; c < CLIENTS; c++) {
            before[c] = channelAt(c, p);
            vouchers[c] = Messages.Voucher(
                clientAt(c), providerAt(p), before[c].epoch, cumulative % (uint256(before[c].deposited) + 1)
            );
            signatures[c] = signVoucher(FIRST_KEY + (c == forged % 7 ? c + 1 : c), vouchers[c]);
        }
        uint256 total = escrow.claimBatch(vouchers, signatures);
        for (uint256 c = 0; c < CLIENTS; c++) {
            uint256 paid = channelAt(c, p).claimed - before[c].claimed;
            if (c == forged % 7) vm.assertEq(paid, 0, "paid a forged voucher");
            if (paid != 0) _claimed(c, p, before[c], paid);
            total -= paid;
        }
        vm.assertEq(total, 0, "paid another sum than it recorded");
    }

    function startExit(uint256 c, uint256 p) external {
        KallEscrow.Channel memory before = channelAt(c, p);
        if (before.deposited == 0 || before.exitAt != 0) return;
        signedStartExit(c, p);
    }

    function signedStartExit(uint256 c, uint256 p) public {
        uint256 until = vm.getBlockTimestamp();
        uint256 nonce = escrow.nonces(clientAt(c));
        bytes32 structHash = Messages.startExit(clientAt(c), providerAt(p), nonce, until);
        bytes memory signature =
            sign(FIRST_KEY + c % CLIENTS, digest("KallEscrow", address(escrow), structHash));
        escrow.startExit(clientAt(c), providerAt(p), nonce, until, signature);
    }

    function exit(uint256 c, uint256 p) external {
        KallEscrow.Channel memory before = channelAt(c, p);
        if (before.exitAt == 0) return;
        if (vm.getBlockTimestamp() < before.exitAt) vm.warp(before.exitAt);
        uint256 refund = escrow.exit(clientAt(c), providerAt(p));
        vm.assertEq(refund, before.deposited - before.claimed, "refund");
        refundedSum += refund;
        refundedIn[c % CLIENTS][p % PROVIDERS] += refund;
        epochOf[c % CLIENTS][p % PROVIDERS]++;
    }

    function passTime(uint256 duration) external {
        vm.warp(vm.getBlockTimestamp() + duration % (2 * EXIT_DELAY));
    }

    function _deposited(uint256 c, uint256 p, uint256 amount, uint256 exitAt) private {
        vm.assertEq(channelAt(c, p).exitAt, exitAt, "a deposit moved an exit");
        depositedSum += amount;
        depositedIn[c % CLIENTS][p % PROVIDERS] += amount;
    }

    function _claimed(uint256 c, uint256 p, KallEscrow.Channel memory before, uint256 paid) private {
        vm.assertEq(channelAt(c, p).claimed, before.claimed + paid, "claimed");
        vm.assertEq(channelAt(c, p).epoch, before.epoch, "a claim changed the epoch");
        vm.assertTrue(paid > 0);
        claimedSum += paid;
        claimedIn[c % CLIENTS][p % PROVIDERS] += paid;
    }
}
