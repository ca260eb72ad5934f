// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {KallEscrow} from "../../src/KallEscrow.sol";
import {Messages} from "../../src/Messages.sol";
import {Base} from "../Base.sol";

abstract contract EscrowBase is Base {
    function setUp() public virtual override {
        super.setUp();
        coin.transfer(client, 1000 * COIN);
        coin.approve(address(escrow), type(uint256).max);
    }

    function signDeposit(uint256 key, uint256 amount, uint256 nonce) internal view returns (bytes memory) {
        bytes32 structHash = Messages.deposit(client, provider, amount, nonce, deadline);
        return sign(key, digest("KallEscrow", address(escrow), structHash));
    }

    function signStartExit(uint256 key, uint256 nonce) internal view returns (bytes memory) {
        bytes32 structHash = Messages.startExit(client, provider, nonce, deadline);
        return sign(key, digest("KallEscrow", address(escrow), structHash));
    }

    function claim(uint256 epoch, uint256 cumulative) internal returns (uint256) {
        Messages.Voucher memory voucher = voucherOf(epoch, cumulative);
        return escrow.claim(voucher, signVoucher(CLIENT_KEY, voucher));
    }

    function startExit() internal {
        uint256 nonce = escrow.nonces(client);
        deadline = vm.getBlockTimestamp() + 1 days;
        escrow.startExit(client, provider, nonce, deadline, signStartExit(CLIENT_KEY, nonce));
    }

    function leaveChannel() internal returns (uint256) {
        startExit();
        vm.warp(vm.getBlockTimestamp() + EXIT_DELAY);
        return escrow.exit(client, provider);
    }

    function assertChannel(uint256 deposited, uint256 claimed, uint256 exitAt, uint256 epoch) internal view {
        KallEscrow.Channel memory channel = escrow.channel(client, provider);
        vm.assertEq(channel.deposited, deposited, "deposited");
        vm.assertEq(channel.claimed, claimed, "claimed");
        vm.assertEq(channel.exitAt, exitAt, "exitAt");
        vm.assertEq(channel.epoch, epoch, "epoch");
    }
}
