// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {KallEscrow} from "../../src/KallEscrow.sol";
import {Signatures} from "../../src/Signatures.sol";
import {EscrowBase} from "./EscrowBase.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

contract DepositTest is EscrowBase {
    function test_exitDelayHasBounds() public {
        vm.assertEq(escrow.exitDelay(), EXIT_DELAY);
        vm.assertEq(address(escrow.coin()), address(coin));
        new KallEscrow(coin, 30 days);
        vm.expectRevert(abi.encodeWithSelector(KallEscrow.ExitDelayOutOfRange.selector, 30 days + 1, 30 days));
        new KallEscrow(coin, 30 days + 1);
        vm.expectRevert(abi.encodeWithSelector(KallEscrow.ExitDelayOutOfRange.selector, 0, 30 days));
        new KallEscrow(coin, 0);
    }

    function test_anyonePaysForTheClient() public {
        uint256 before = coin.balanceOf(address(this));
        vm.expectEmit(address(escrow));
        emit KallEscrow.Deposited(client, provider, 0, 5 * COIN, 5 * COIN);
        escrow.deposit(client, provider, 5 * COIN);
        vm.expectEmit(address(escrow));
        emit KallEscrow.Deposited(client, provider, 0, 2 * COIN, 7 * COIN);
        escrow.deposit(client, provider, 2 * COIN);
        assertChannel(7 * COIN, 0, 0, 0);
        vm.assertEq(coin.balanceOf(address(escrow)), 7 * COIN);
        vm.assertEq(before - coin.balanceOf(address(this)), 7 * COIN);
    }

    /// Light clients prove this slot: another layout would make them "prove" absence.
    function test_channelIsOneSlot() public {
        escrow.deposit(client, provider, 7 * COIN);
        claim(0, 2 * COIN);
        leaveChannel();
        escrow.deposit(client, provider, 5 * COIN);
        claim(1, 2 * COIN);
        startExit();
        uint256 exitAt = vm.getBlockTimestamp() + EXIT_DELAY;
        uint256 expected = 5 * COIN | (2 * COIN) << 88 | exitAt << 176 | uint256(1) << 216;
        bytes32 slot = keccak256(abi.encode(provider, keccak256(abi.encode(client, 3))));
        vm.assertEq(vm.load(address(escrow), slot), bytes32(expected));
    }

    function test_refusesNothing() public {
        vm.expectRevert(abi.encodeWithSelector(KallEscrow.NothingToDeposit.selector, client, provider));
        escrow.deposit(client, provider, 0);
    }

    function test_refusesPartiesThatCannotBePaid() public {
        address[3] memory parties = [address(0), address(escrow), address(coin)];
        for (uint256 i = 0; i < parties.length; i++) {
            bytes memory refusal = abi.encodeWithSelector(KallEscrow.InvalidParty.selector, parties[i]);
            vm.expectRevert(refusal);
            escrow.deposit(parties[i], provider, 1);
            vm.expectRevert(refusal);
            escrow.deposit(client, parties[i], 1);
        }
    }

    function test_refusesMoreThanTheChannelHolds() public {
        uint256 tooMuch = uint256(type(uint88).max) + 1;
        vm.expectRevert(abi.encodeWithSelector(SafeCast.SafeCastOverflowedUintDowncast.selector, 88, tooMuch));
        escrow.deposit(client, provider, tooMuch);
        escrow.deposit(client, provider, 1);
        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 0x11));
        escrow.deposit(client, provider, type(uint256).max);
    }

    function test_refusesWithoutAllowance() public {
        vm.prank(client);
        vm.expectRevert(_insufficientAllowance(0, COIN));
        escrow.deposit(client, provider, COIN);
    }

    function test_refusesWithoutBalance() public {
        vm.prank(client);
        coin.approve(address(escrow), type(uint256).max);
        vm.prank(client);
        vm.expectRevert(
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientBalance.selector, client, 1000 * COIN, 1000 * COIN + 1
            )
        );
        escrow.deposit(client, provider, 1000 * COIN + 1);
    }

    function test_bySignatureWithPermit() public {
        bytes memory permit = signPermit(CLIENT_KEY, address(escrow), 5 * COIN, deadline);
        bytes memory signature = signDeposit(CLIENT_KEY, 5 * COIN, 0);
        vm.prank(stranger);
        escrow.depositBySignature(client, provider, 5 * COIN, 0, deadline, signature, permit);
        assertChannel(5 * COIN, 0, 0, 0);
        vm.assertEq(coin.balanceOf(client), 995 * COIN);
        vm.assertEq(escrow.nonces(client), 1);
    }

    /// Whoever sees the permit can submit it first; the deposit goes through all the same.
    function test_bySignatureWhenThePermitWasFrontRun() public {
        bytes memory permit = signPermit(CLIENT_KEY, address(escrow), 5 * COIN, deadline);
        bytes memory signature = signDeposit(CLIENT_KEY, 5 * COIN, 0);
        (bytes32 r, bytes32 s, uint8 v) = split(permit);
        vm.prank(stranger);
        coin.permit(client, address(escrow), 5 * COIN, deadline, v, r, s);
        escrow.depositBySignature(client, provider, 5 * COIN, 0, deadline, signature, permit);
        assertChannel(5 * COIN, 0, 0, 0);
    }

    function test_bySignatureOnAStandingAllowance() public {
        _allowAll();
        bytes memory signature = signDeposit(CLIENT_KEY, 5 * COIN, 0);
        escrow.depositBySignature(client, provider, 5 * COIN, 0, deadline, signature, "");
        assertChannel(5 * COIN, 0, 0, 0);
    }

    function test_bySignatureSaysWhenThePermitIsBad() public {
        bytes memory signature = signDeposit(CLIENT_KEY, 5 * COIN, 0);
        bytes memory stolen = signPermit(STRANGER_KEY, address(escrow), 5 * COIN, deadline);
        vm.expectRevert(_insufficientAllowance(0, 5 * COIN));
        escrow.depositBySignature(client, provider, 5 * COIN, 0, deadline, signature, stolen);
        vm.expectRevert(_insufficientAllowance(0, 5 * COIN));
        escrow.depositBySignature(client, provider, 5 * COIN, 0, deadline, signature, hex"01");
    }

    function test_bySignatureRefusesReplayOnAStandingAllowance() public {
        _allowAll();
        bytes memory signature = signDeposit(CLIENT_KEY, 5 * COIN, 0);
        escrow.depositBySignature(client, provider, 5 * COIN, 0, deadline, signature, "");
        vm.expectRevert(abi.encodeWithSelector(Nonces.InvalidAccountNonce.selector, client, 1));
        escrow.depositBySignature(client, provider, 5 * COIN, 0, deadline, signature, "");
        vm.assertEq(coin.balanceOf(client), 995 * COIN);
    }

    function test_bySignatureRefusesAfterTheDeadline() public {
        _allowAll();
        bytes memory signature = signDeposit(CLIENT_KEY, COIN, 0);
        vm.warp(deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(Signatures.MessageExpired.selector, deadline, deadline + 1));
        escrow.depositBySignature(client, provider, COIN, 0, deadline, signature, "");
    }

    function test_bySignatureRefusesAnotherSigner() public {
        _allowAll();
        bytes memory signature = signDeposit(STRANGER_KEY, COIN, 0);
        vm.expectRevert(abi.encodeWithSelector(Signatures.BadSignature.selector, client, stranger));
        escrow.depositBySignature(client, provider, COIN, 0, deadline, signature, "");
    }

    function test_bySignatureRefusesMalleableSignature() public {
        _allowAll();
        bytes memory signature = malleate(signDeposit(CLIENT_KEY, COIN, 0));
        vm.expectRevert(abi.encodeWithSelector(Signatures.BadSignature.selector, client, address(0)));
        escrow.depositBySignature(client, provider, COIN, 0, deadline, signature, "");
    }

    function testFuzz_depositsAddUp(uint64[8] memory amounts) public {
        uint256 sum;
        for (uint256 i = 0; i < amounts.length; i++) {
            uint256 amount = amounts[i] % (1000 * COIN) + 1;
            escrow.deposit(client, provider, amount);
            sum += amount;
        }
        assertChannel(sum, 0, 0, 0);
        vm.assertEq(coin.balanceOf(address(escrow)), sum);
    }

    function _allowAll() private {
        vm.prank(client);
        coin.approve(address(escrow), type(uint256).max);
    }

    function _insufficientAllowance(uint256 allowance, uint256 needed) private view returns (bytes memory) {
        return abi.encodeWithSelector(
            IERC20Errors.ERC20InsufficientAllowance.selector, address(escrow), allowance, needed
        );
    }
}
