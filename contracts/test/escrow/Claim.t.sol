// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {KallEscrow} from "../../src/KallEscrow.sol";
import {Messages} from "../../src/Messages.sol";
import {Signatures} from "../../src/Signatures.sol";
import {EscrowBase} from "./EscrowBase.sol";

contract ClaimTest is EscrowBase {
    function setUp() public override {
        super.setUp();
        escrow.deposit(client, provider, 10 * COIN);
    }

    function test_paysTheDifferenceToTheProvider() public {
        vm.expectEmit(address(escrow));
        emit KallEscrow.Claimed(client, provider, 0, 3 * COIN, 3 * COIN);
        vm.assertEq(claim(0, 3 * COIN), 3 * COIN);
        vm.expectEmit(address(escrow));
        emit KallEscrow.Claimed(client, provider, 0, 4 * COIN, COIN);
        vm.prank(stranger);
        vm.assertEq(claim(0, 4 * COIN), COIN);
        assertChannel(10 * COIN, 4 * COIN, 0, 0);
        vm.assertEq(coin.balanceOf(provider), 4 * COIN);
        vm.assertEq(coin.balanceOf(address(escrow)), 6 * COIN);
    }

    function test_paysInPartWhenUnderfunded() public {
        vm.assertEq(claim(0, 12 * COIN), 10 * COIN);
        assertChannel(10 * COIN, 10 * COIN, 0, 0);
        vm.expectRevert(_nothingToClaim(10 * COIN, 12 * COIN));
        this.claimAgain(0, 12 * COIN);
        escrow.deposit(client, provider, COIN);
        vm.assertEq(claim(0, 12 * COIN), COIN);
        vm.assertEq(coin.balanceOf(provider), 11 * COIN);
    }

    function test_takesTheLargestVoucher() public {
        vm.assertEq(claim(0, type(uint256).max), 10 * COIN);
    }

    function test_refusesWhatWasClaimed() public {
        claim(0, 3 * COIN);
        vm.expectRevert(_nothingToClaim(3 * COIN, 3 * COIN));
        this.claimAgain(0, 3 * COIN);
        vm.expectRevert(_nothingToClaim(3 * COIN, 2 * COIN));
        this.claimAgain(0, 2 * COIN);
    }

    function test_refusesAnotherEpoch() public {
        vm.expectRevert(abi.encodeWithSelector(KallEscrow.WrongEpoch.selector, 0, 1));
        this.claimAgain(1, COIN);
        vm.expectRevert(abi.encodeWithSelector(KallEscrow.WrongEpoch.selector, 0, uint256(1) << 40));
        this.claimAgain(uint256(1) << 40, COIN);
    }

    function test_refusesReplayInTheNextEpoch() public {
        Messages.Voucher memory voucher = voucherOf(0, 3 * COIN);
        bytes memory signature = signVoucher(CLIENT_KEY, voucher);
        escrow.claim(voucher, signature);
        leaveChannel();
        escrow.deposit(client, provider, 10 * COIN);
        vm.expectRevert(abi.encodeWithSelector(KallEscrow.WrongEpoch.selector, 1, 0));
        escrow.claim(voucher, signature);

        voucher.epoch = 1;
        vm.expectRevert(_badSignature(voucher, signature));
        escrow.claim(voucher, signature);
        vm.assertEq(claim(1, 2 * COIN), 2 * COIN);
    }

    function test_refusesReplayOnAnotherContract() public {
        Messages.Voucher memory voucher = voucherOf(0, 3 * COIN);
        bytes memory signature = signVoucher(CLIENT_KEY, voucher);
        escrow = new KallEscrow(coin, EXIT_DELAY);
        coin.approve(address(escrow), COIN);
        escrow.deposit(client, provider, COIN);
        vm.expectRevert(_badSignature(voucher, signature));
        escrow.claim(voucher, signature);
    }

    function test_refusesReplayOnAnotherChain() public {
        Messages.Voucher memory voucher = voucherOf(0, 3 * COIN);
        bytes memory signature = signVoucher(CLIENT_KEY, voucher);
        vm.chainId(99);
        vm.expectRevert(_badSignature(voucher, signature));
        escrow.claim(voucher, signature);
    }

    function test_refusesAnotherSigner() public {
        Messages.Voucher memory voucher = voucherOf(0, COIN);
        bytes memory signature = signVoucher(PROVIDER_KEY, voucher);
        vm.expectRevert(abi.encodeWithSelector(Signatures.BadSignature.selector, client, provider));
        escrow.claim(voucher, signature);
    }

    function test_refusesMalleableSignature() public {
        Messages.Voucher memory voucher = voucherOf(0, COIN);
        bytes memory signature = malleate(signVoucher(CLIENT_KEY, voucher));
        vm.expectRevert(abi.encodeWithSelector(Signatures.BadSignature.selector, client, address(0)));
        escrow.claim(voucher, signature);
    }

    function testFuzz_refusesMoreThanWasSigned(uint256 signed, uint256 given) public {
        vm.assume(signed != given && given != 0);
        Messages.Voucher memory voucher = voucherOf(0, signed);
        bytes memory signature = signVoucher(CLIENT_KEY, voucher);
        voucher.cumulative = given;
        vm.expectRevert(_badSignature(voucher, signature));
        escrow.claim(voucher, signature);
    }

    function testFuzz_paysTheHighestVoucherOnce(uint64[8] memory sums) public {
        uint256 highest;
        for (uint256 i = 0; i < sums.length; i++) {
            uint256 sum = sums[i] % (15 * COIN);
            if (sum > highest && highest < 10 * COIN) {
                claim(0, sum);
                highest = sum;
            }
        }
        uint256 paid = highest < 10 * COIN ? highest : 10 * COIN;
        vm.assertEq(coin.balanceOf(provider), paid);
        assertChannel(10 * COIN, paid, 0, 0);
    }

    function claimAgain(uint256 epoch, uint256 cumulative) external {
        claim(epoch, cumulative);
    }

    function _nothingToClaim(uint256 claimed, uint256 cumulative) private pure returns (bytes memory) {
        return abi.encodeWithSelector(KallEscrow.NothingToClaim.selector, claimed, cumulative);
    }

    /// @dev Over another message or domain the same signature recovers some other account.
    function _badSignature(Messages.Voucher memory voucher, bytes memory signature)
        private
        view
        returns (bytes memory)
    {
        bytes32 given = digest("KallEscrow", address(escrow), Messages.voucher(voucher));
        return abi.encodeWithSelector(Signatures.BadSignature.selector, client, recovered(given, signature));
    }
}
