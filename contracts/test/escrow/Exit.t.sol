// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {KallEscrow} from "../../src/KallEscrow.sol";
import {Signatures} from "../../src/Signatures.sol";
import {EscrowBase} from "./EscrowBase.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";

contract ExitTest is EscrowBase {
    function setUp() public override {
        super.setUp();
        escrow.deposit(client, provider, 10 * COIN);
    }

    function test_startIsRelayedAndAnnounced() public {
        bytes memory signature = signStartExit(CLIENT_KEY, 0);
        vm.expectEmit(address(escrow));
        emit KallEscrow.ExitStarted(client, provider, START + EXIT_DELAY);
        vm.prank(stranger);
        escrow.startExit(client, provider, 0, deadline, signature);
        assertChannel(10 * COIN, 0, START + EXIT_DELAY, 0);
        vm.assertEq(escrow.nonces(client), 1);
    }

    function test_returnsTheRestAndOpensTheNextEpoch() public {
        claim(0, 4 * COIN);
        startExit();
        vm.warp(START + EXIT_DELAY);
        vm.expectEmit(address(escrow));
        emit KallEscrow.Exited(client, provider, 0, 6 * COIN);
        vm.prank(stranger);
        vm.assertEq(escrow.exit(client, provider), 6 * COIN);
        assertChannel(0, 0, 0, 1);
        vm.assertEq(coin.balanceOf(client), 1006 * COIN);
        vm.assertEq(coin.balanceOf(address(escrow)), 0);
    }

    function test_endsAnEmptiedChannel() public {
        claim(0, 10 * COIN);
        vm.assertEq(leaveChannel(), 0);
        assertChannel(0, 0, 0, 1);
    }

    function test_providerClaimsUntilTheExit() public {
        startExit();
        vm.warp(START + EXIT_DELAY + 1 days);
        vm.assertEq(claim(0, 4 * COIN), 4 * COIN);
        vm.assertEq(escrow.exit(client, provider), 6 * COIN);
    }

    /// A stranger who adds a millionth of a coin must not hold the client back.
    function test_depositDoesNotMoveAnExit() public {
        startExit();
        vm.warp(START + EXIT_DELAY - 1);
        escrow.deposit(client, provider, 1);
        assertChannel(10 * COIN + 1, 0, START + EXIT_DELAY, 0);
        vm.warp(START + EXIT_DELAY);
        vm.assertEq(escrow.exit(client, provider), 10 * COIN + 1);
    }

    function test_refusesToStartTwice() public {
        startExit();
        bytes memory signature = signStartExit(CLIENT_KEY, 1);
        vm.expectRevert(abi.encodeWithSelector(KallEscrow.ExitAlreadyStarted.selector, START + EXIT_DELAY));
        escrow.startExit(client, provider, 1, deadline, signature);
    }

    function test_refusesToStartOnAnEmptyChannel() public {
        leaveChannel();
        deadline = START + 2 days;
        bytes memory signature = signStartExit(CLIENT_KEY, 1);
        vm.expectRevert(abi.encodeWithSelector(KallEscrow.NothingToExit.selector, client, provider));
        escrow.startExit(client, provider, 1, deadline, signature);
    }

    function test_refusesReplayOfTheStart() public {
        bytes memory signature = signStartExit(CLIENT_KEY, 0);
        escrow.startExit(client, provider, 0, deadline, signature);
        vm.warp(START + EXIT_DELAY);
        escrow.exit(client, provider);
        escrow.deposit(client, provider, COIN);
        vm.expectRevert(abi.encodeWithSelector(Nonces.InvalidAccountNonce.selector, client, 1));
        escrow.startExit(client, provider, 0, deadline, signature);
    }

    function test_refusesToStartAfterTheDeadline() public {
        bytes memory signature = signStartExit(CLIENT_KEY, 0);
        vm.warp(deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(Signatures.MessageExpired.selector, deadline, deadline + 1));
        escrow.startExit(client, provider, 0, deadline, signature);
    }

    function test_refusesAnotherSigner() public {
        bytes memory signature = signStartExit(PROVIDER_KEY, 0);
        vm.expectRevert(abi.encodeWithSelector(Signatures.BadSignature.selector, client, provider));
        escrow.startExit(client, provider, 0, deadline, signature);
    }

    function test_refusesMalleableSignature() public {
        bytes memory signature = malleate(signStartExit(CLIENT_KEY, 0));
        vm.expectRevert(abi.encodeWithSelector(Signatures.BadSignature.selector, client, address(0)));
        escrow.startExit(client, provider, 0, deadline, signature);
    }

    function test_refusesExitThatWasNotStarted() public {
        vm.expectRevert(abi.encodeWithSelector(KallEscrow.ExitNotStarted.selector, client, provider));
        escrow.exit(client, provider);
    }

    function test_refusesExitBeforeItsTime() public {
        startExit();
        vm.warp(START + EXIT_DELAY - 1);
        vm.expectRevert(
            abi.encodeWithSelector(
                KallEscrow.ExitTooEarly.selector, START + EXIT_DELAY, START + EXIT_DELAY - 1
            )
        );
        escrow.exit(client, provider);
    }

    function test_refusesToExitTwice() public {
        leaveChannel();
        vm.expectRevert(abi.encodeWithSelector(KallEscrow.ExitNotStarted.selector, client, provider));
        escrow.exit(client, provider);
    }

    function testFuzz_returnsExactlyWhatIsLeft(uint64 deposit, uint64 cumulative, uint16 wait) public {
        uint256 amount = deposit % (1000 * COIN) + 1;
        escrow.deposit(client, provider, amount);
        if (cumulative != 0) claim(0, cumulative);
        startExit();
        vm.warp(START + EXIT_DELAY + wait);
        uint256 total = 10 * COIN + amount;
        uint256 claimed = cumulative < total ? cumulative : total;
        vm.assertEq(escrow.exit(client, provider), total - claimed);
        vm.assertEq(coin.balanceOf(provider), claimed);
        vm.assertEq(coin.balanceOf(address(escrow)), 0);
    }
}
