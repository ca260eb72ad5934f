// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {KallEscrow} from "../../src/KallEscrow.sol";
import {Messages} from "../../src/Messages.sol";
import {EscrowBase} from "./EscrowBase.sol";

contract ClaimBatchTest is EscrowBase {
    uint256 private constant FIRST_KEY = 0xba7c41;
    uint256 private constant CLIENTS = 6;

    function setUp() public override {
        super.setUp();
        for (uint256 i = 0; i < CLIENTS; i++) {
            escrow.deposit(vm.addr(FIRST_KEY + i), provider, 10 * COIN);
            escrow.deposit(vm.addr(FIRST_KEY + i), stranger, 10 * COIN);
        }
    }

    function test_paysEveryVoucher() public {
        (Messages.Voucher[] memory vouchers, bytes[] memory signatures) = _batch();
        vm.expectEmit(address(escrow));
        emit KallEscrow.Claimed(vm.addr(FIRST_KEY + 5), provider, 0, 6 * COIN, 6 * COIN);
        vm.assertEq(escrow.claimBatch(vouchers, signatures), 21 * COIN);
        vm.assertEq(coin.balanceOf(provider), 21 * COIN);
    }

    function test_skipsWhatClaimWouldRefuse() public {
        (Messages.Voucher[] memory vouchers, bytes[] memory signatures) = _batch();
        escrow.claim(vouchers[0], signatures[0]); // nothing left to claim
        signatures[1] = signatures[2]; // signed for another voucher
        vouchers[2].epoch = 7;
        signatures[2] = signVoucher(FIRST_KEY + 2, vouchers[2]);
        signatures[3] = malleate(signatures[3]);
        signatures[4] = hex"01";
        vm.assertEq(escrow.claimBatch(vouchers, signatures), 6 * COIN);
        vm.assertEq(coin.balanceOf(provider), 7 * COIN);
    }

    function test_paysTheSameVoucherOnce() public {
        (Messages.Voucher[] memory vouchers, bytes[] memory signatures) = _batch();
        vouchers[1] = vouchers[0];
        signatures[1] = signatures[0];
        vm.assertEq(escrow.claimBatch(vouchers, signatures), 19 * COIN);
    }

    function test_paysEachProvider() public {
        (Messages.Voucher[] memory vouchers, bytes[] memory signatures) = _batch();
        for (uint256 i = 1; i < CLIENTS; i += 2) {
            vouchers[i].provider = stranger;
            signatures[i] = signVoucher(FIRST_KEY + i, vouchers[i]);
        }
        vm.assertEq(escrow.claimBatch(vouchers, signatures), 21 * COIN);
        vm.assertEq(coin.balanceOf(provider), 9 * COIN);
        vm.assertEq(coin.balanceOf(stranger), 12 * COIN);
    }

    function test_paysNothingForNothing() public {
        vm.assertEq(escrow.claimBatch(new Messages.Voucher[](0), new bytes[](0)), 0);
    }

    function test_refusesListsOfDifferentLength() public {
        (Messages.Voucher[] memory vouchers,) = _batch();
        vm.expectRevert(abi.encodeWithSelector(KallEscrow.LengthMismatch.selector, 6, 5));
        escrow.claimBatch(vouchers, new bytes[](5));
    }

    function testFuzz_paysWhatSingleClaimsWouldPay(uint64[CLIENTS] memory sums, uint8 bad) public {
        (Messages.Voucher[] memory vouchers, bytes[] memory signatures) = _batch();
        uint256 expected;
        for (uint256 i = 0; i < CLIENTS; i++) {
            vouchers[i].cumulative = sums[i] % (15 * COIN);
            bool forged = i == bad % CLIENTS;
            signatures[i] = signVoucher(forged ? STRANGER_KEY : FIRST_KEY + i, vouchers[i]);
            if (forged) continue;
            expected += vouchers[i].cumulative < 10 * COIN ? vouchers[i].cumulative : 10 * COIN;
        }
        vm.assertEq(escrow.claimBatch(vouchers, signatures), expected);
        vm.assertEq(coin.balanceOf(provider), expected);
    }

    /// @dev Client i owes the provider i + 1 coins.
    function _batch() private view returns (Messages.Voucher[] memory vouchers, bytes[] memory signatures) {
        vouchers = new Messages.Voucher[](CLIENTS);
        signatures = new bytes[](CLIENTS);
        for (uint256 i = 0; i < CLIENTS; i++) {
            vouchers[i] = Messages.Voucher(vm.addr(FIRST_KEY + i), provider, 0, (i + 1) * COIN);
            signatures[i] = signVoucher(FIRST_KEY + i, vouchers[i]);
        }
    }
}
