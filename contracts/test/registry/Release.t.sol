// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {KallRegistry} from "../../src/KallRegistry.sol";
import {Signatures} from "../../src/Signatures.sol";
import {RegistryBase} from "./RegistryBase.sol";

contract ReleaseTest is RegistryBase {
    uint256 private number;

    function setUp() public override {
        super.setUp();
        register(CLIENT_KEY, CLIENT, ENTRY, 3);
        number = registry.numberFor(client, 3);
    }

    function test_clearsAllButTheNonce() public {
        bytes memory signature = signRelease(CLIENT_KEY, CLIENT, 1);
        vm.expectEmit(address(registry));
        emit KallRegistry.Released(CLIENT, client, number);
        vm.prank(stranger);
        registry.release(CLIENT, client, 1, deadline, signature);

        (KallRegistry.Head memory head, bytes32 entryHash) = registry.query(CLIENT, client);
        vm.assertEq(head.number, 0);
        vm.assertEq(head.expiry, 0);
        vm.assertEq(head.blockNumber, 0);
        vm.assertEq(head.nonce, 2);
        vm.assertEq(entryHash, bytes32(0));
        vm.assertEq(registry.resolve(number), address(0));
    }

    function test_allowsAnotherNumberAfterwards() public {
        release(CLIENT_KEY, CLIENT);
        register(CLIENT_KEY, CLIENT, ENTRY, 4);
        vm.assertEq(registry.resolve(registry.numberFor(client, 4)), client);
        vm.assertEq(registry.resolve(number), address(0));
    }

    function test_releasesAServiceAlone() public {
        register(CLIENT_KEY, SERVICE, ENTRY, 0);
        release(CLIENT_KEY, SERVICE);
        (KallRegistry.Head memory head,) = registry.query(SERVICE, client);
        vm.assertEq(head.expiry, 0);
        vm.assertEq(registry.resolve(number), client);
    }

    function test_releasesALapsedEntry() public {
        vm.warp(START + 400 days);
        release(CLIENT_KEY, CLIENT);
        vm.assertEq(nonceOf(CLIENT, client), 2);
    }

    function test_refusesWhatIsNotRegistered() public {
        bytes memory signature = signRelease(STRANGER_KEY, CLIENT, 0);
        vm.expectRevert(abi.encodeWithSelector(KallRegistry.NotRegistered.selector, CLIENT, stranger));
        registry.release(CLIENT, stranger, 0, deadline, signature);

        release(CLIENT_KEY, CLIENT);
        signature = signRelease(CLIENT_KEY, CLIENT, 2);
        vm.expectRevert(abi.encodeWithSelector(KallRegistry.NotRegistered.selector, CLIENT, client));
        registry.release(CLIENT, client, 2, deadline, signature);
    }

    function test_refusesReplay() public {
        bytes memory signature = signRelease(CLIENT_KEY, CLIENT, 1);
        registry.release(CLIENT, client, 1, deadline, signature);
        register(CLIENT_KEY, CLIENT, ENTRY, 3);
        vm.expectRevert(abi.encodeWithSelector(KallRegistry.InvalidAccountNonce.selector, client, 3));
        registry.release(CLIENT, client, 1, deadline, signature);
    }

    function test_refusesAfterTheDeadline() public {
        bytes memory signature = signRelease(CLIENT_KEY, CLIENT, 1);
        vm.warp(deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(Signatures.MessageExpired.selector, deadline, deadline + 1));
        registry.release(CLIENT, client, 1, deadline, signature);
    }

    function test_refusesMalleableSignature() public {
        bytes memory signature = malleate(signRelease(CLIENT_KEY, CLIENT, 1));
        vm.expectRevert(abi.encodeWithSelector(Signatures.BadSignature.selector, client, address(0)));
        registry.release(CLIENT, client, 1, deadline, signature);
    }
}
