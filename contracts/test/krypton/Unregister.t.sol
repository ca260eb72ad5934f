// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {KallRegistry} from "../../src/KallRegistry.sol";
import {Messages} from "../../src/Messages.sol";
import {Signatures} from "../../src/Signatures.sol";
import {KryptonBase} from "./KryptonBase.sol";

contract UnregisterTest is KryptonBase {
    function setUp() public override {
        super.setUp();
        deploy(PROVIDER_KEY, HOSTNAME);
        registerWith(CLIENT_KEY, PROVIDER_KEY, UUID);
    }

    function test_releasesTheClientAndLeavesNoBody() public {
        uint256 number = registry.numberFor(user, 0);
        vm.assertNotEq(uint256(vm.load(address(krypton), bodySlot(CLIENT, user))), 0);
        bytes memory signature = signRelease(CLIENT_KEY, CLIENT, 1);
        vm.expectEmit(address(registry));
        emit KallRegistry.Released(CLIENT, user, number);
        vm.prank(stranger);
        krypton.unregister(user, 1, deadline, signature);
        vm.assertEq(uint256(vm.load(address(krypton), bodySlot(CLIENT, user))), 0);
        vm.assertEq(registry.resolve(number), address(0));
        expectRefusedQuery(notRegistered(CLIENT, user));
    }

    function test_leavesTheServiceOfTheSameAccount() public {
        registerWith(PROVIDER_KEY, PROVIDER_KEY, UUID);
        unregister(PROVIDER_KEY);
        vm.assertEq(query("location"), HOSTNAME);
    }

    function test_refusesWhoIsNotRegistered() public {
        unregister(CLIENT_KEY);
        bytes memory signature = signRelease(CLIENT_KEY, CLIENT, 2);
        vm.expectRevert(notRegistered(CLIENT, user));
        krypton.unregister(user, 2, deadline, signature);
    }

    function test_refusesAnotherSigner() public {
        bytes32 structHash = Messages.release(CLIENT, user, 1, deadline);
        bytes memory signature = sign(PROVIDER_KEY, digest("KallRegistry", address(registry), structHash));
        vm.expectRevert(abi.encodeWithSelector(Signatures.BadSignature.selector, user, provider));
        krypton.unregister(user, 1, deadline, signature);
        vm.assertEq(query("uuid"), UUID_TEXT);
    }

    function test_refusesReplay() public {
        bytes memory signature = signRelease(CLIENT_KEY, CLIENT, 1);
        krypton.unregister(user, 1, deadline, signature);
        registerWith(CLIENT_KEY, PROVIDER_KEY, UUID);
        vm.expectRevert(abi.encodeWithSelector(KallRegistry.InvalidAccountNonce.selector, user, 3));
        krypton.unregister(user, 1, deadline, signature);
    }

    function test_refusesAfterTheDeadline() public {
        bytes memory signature = signRelease(CLIENT_KEY, CLIENT, 1);
        vm.warp(deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(Signatures.MessageExpired.selector, deadline, deadline + 1));
        krypton.unregister(user, 1, deadline, signature);
    }
}
