// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {KallEscrow} from "../../src/KallEscrow.sol";
import {Base} from "../Base.sol";
import {EscrowHandler} from "./EscrowHandler.sol";

contract EscrowInvariants is Base {
    EscrowHandler private handler;

    function setUp() public override {
        super.setUp();
        handler = new EscrowHandler(coin, escrow);
        coin.transfer(address(handler), SUPPLY);
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function excludeSelectors() external view returns (FuzzSelector[] memory excluded) {
        bytes4[] memory selectors = new bytes4[](2);
        selectors[0] = EscrowHandler.signedStartExit.selector;
        selectors[1] = Base.setUp.selector;
        excluded = new FuzzSelector[](1);
        excluded[0] = FuzzSelector(address(handler), selectors);
    }

    struct FuzzSelector {
        address target;
        bytes4[] selectors;
    }

    function invariant_escrowHoldsWhatIsOwed() public view {
        uint256 owed;
        for (uint256 c = 0; c < handler.CLIENTS(); c++) {
            for (uint256 p = 0; p < handler.PROVIDERS(); p++) {
                KallEscrow.Channel memory channel = handler.channelAt(c, p);
                vm.assertLe(channel.claimed, channel.deposited);
                owed += channel.deposited - channel.claimed;
            }
        }
        vm.assertEq(coin.balanceOf(address(escrow)), owed);
        vm.assertEq(owed, handler.depositedSum() - handler.claimedSum() - handler.refundedSum());
    }

    function invariant_channelsAgreeWithTheBooks() public view {
        for (uint256 c = 0; c < handler.CLIENTS(); c++) {
            for (uint256 p = 0; p < handler.PROVIDERS(); p++) {
                KallEscrow.Channel memory channel = handler.channelAt(c, p);
                vm.assertEq(channel.epoch, handler.epochOf(c, p));
                vm.assertEq(
                    channel.deposited - channel.claimed,
                    handler.depositedIn(c, p) - handler.claimedIn(c, p) - handler.refundedIn(c, p)
                );
            }
        }
    }

    function invariant_providersHaveWhatWasClaimedAndClientsWhatWasRefunded() public view {
        uint256 paid;
        for (uint256 p = 0; p < handler.PROVIDERS(); p++) {
            paid += coin.balanceOf(handler.providerAt(p));
        }
        vm.assertEq(paid, handler.claimedSum());
        uint256 refunded;
        for (uint256 c = 0; c < handler.CLIENTS(); c++) {
            refunded += coin.balanceOf(handler.clientAt(c));
        }
        vm.assertEq(refunded, handler.refundedSum());
    }

    function invariant_clientsCanAlwaysLeave() public {
        uint256 state = vm.snapshotState();
        for (uint256 c = 0; c < handler.CLIENTS(); c++) {
            for (uint256 p = 0; p < handler.PROVIDERS(); p++) {
                if (handler.channelAt(c, p).deposited != 0) _leave(c, p);
            }
        }
        vm.assertEq(coin.balanceOf(address(escrow)), 0);
        vm.revertToState(state);
    }

    function _leave(uint256 c, uint256 p) private {
        KallEscrow.Channel memory channel = handler.channelAt(c, p);
        if (channel.exitAt == 0) handler.signedStartExit(c, p);
        vm.warp(vm.getBlockTimestamp() + EXIT_DELAY);
        address account = handler.clientAt(c);
        uint256 before = coin.balanceOf(account);
        escrow.exit(account, handler.providerAt(p));
        vm.assertEq(coin.balanceOf(account) - before, channel.deposited - channel.claimed);
    }
}
