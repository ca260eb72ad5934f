// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {KallKrypton} from "../../src/KallKrypton.sol";
import {KallRegistry} from "../../src/KallRegistry.sol";
import {KryptonBase} from "./KryptonBase.sol";

contract PublishTest is KryptonBase {
    bytes private service;
    bytes private entry;

    function setUp() public override {
        super.setUp();
        service = serviceEntry(PROXY, HOSTNAME);
        entry = clientEntry(UUID, agreedRef(PROVIDER_KEY, user));
        register(PROVIDER_KEY, SERVICE, service, 0);
        register(CLIENT_KEY, CLIENT, entry, 0);
    }

    function test_anyoneBringsWhatTheRegistryKnows() public {
        expectRefusedQuery(notPublished(CLIENT, user));
        vm.prank(stranger);
        krypton.publish(CLIENT, user, entry);
        expectRefusedQuery(notPublished(SERVICE, provider));
        vm.prank(stranger);
        krypton.publish(SERVICE, provider, service);
        vm.assertEq(query("location"), HOSTNAME);
        vm.assertEq(query("uuid"), UUID_TEXT);
    }

    /// A relay that carries the message to the registry itself only makes someone publish the entry.
    function test_repairsWhatAFrontRunnerRegistered() public {
        bytes memory renewed = clientEntry(UUID, agreedRef(PROVIDER_KEY, user));
        krypton.publish(SERVICE, provider, service);
        bytes memory signature = signRegister(CLIENT_KEY, CLIENT, user, renewed, 0, 1);
        registry.register(CLIENT, user, renewed, 0, 1, deadline, signature);
        vm.expectRevert(abi.encodeWithSelector(KallRegistry.InvalidAccountNonce.selector, user, 2));
        krypton.register(user, provider, UUID, renewed, 0, 1, deadline, signature);
        krypton.publish(CLIENT, user, renewed);
        vm.assertEq(query("location"), HOSTNAME);
    }

    function test_aBodyDiesWithItsRecordWhateverTheDoor() public {
        krypton.publish(SERVICE, provider, service);
        krypton.publish(CLIENT, user, entry);
        register(CLIENT_KEY, CLIENT, ENTRY, 0);
        expectRefusedQuery(notPublished(CLIENT, user));
        release(CLIENT_KEY, CLIENT);
        expectRefusedQuery(notRegistered(CLIENT, user));
        register(CLIENT_KEY, CLIENT, entry, 0);
        vm.assertEq(query("location"), HOSTNAME);
        release(PROVIDER_KEY, SERVICE);
        expectRefusedQuery(notDeployed(provider));
    }

    function test_renewalByTheRegistrysDoorKeepsTheBody() public {
        krypton.publish(SERVICE, provider, service);
        krypton.publish(CLIENT, user, entry);
        register(CLIENT_KEY, CLIENT, entry, 0);
        vm.assertEq(query("location"), HOSTNAME);
    }

    function test_aLongBodyGivesWayToAShortOne() public {
        krypton.publish(CLIENT, user, entry);
        bytes memory short = bytes.concat(hex"a200010650", UUID);
        register(CLIENT_KEY, CLIENT, short, 0);
        krypton.publish(CLIENT, user, short);
        expectRefusedQuery(abi.encodeWithSelector(KallKrypton.NoProxy.selector, user));
    }

    function testFuzz_refusesAnythingElse(bytes memory other) public {
        vm.assume(keccak256(other) != keccak256(entry));
        vm.expectRevert(
            abi.encodeWithSelector(KallKrypton.OtherEntry.selector, keccak256(entry), keccak256(other))
        );
        krypton.publish(CLIENT, user, other);
    }

    function test_refusesAnOldEntry() public {
        register(CLIENT_KEY, CLIENT, ENTRY, 0);
        vm.expectRevert(
            abi.encodeWithSelector(KallKrypton.OtherEntry.selector, keccak256(ENTRY), keccak256(entry))
        );
        krypton.publish(CLIENT, user, entry);
    }

    function test_refusesWhoIsNotRegistered() public {
        vm.expectRevert(notRegistered(CLIENT, stranger));
        krypton.publish(CLIENT, stranger, entry);
        vm.expectRevert(notRegistered(SERVICE, user));
        krypton.publish(SERVICE, user, entry);
        vm.expectRevert(notRegistered(3, user));
        krypton.publish(3, user, entry);
        vm.warp(START + 365 days);
        vm.expectRevert(notRegistered(CLIENT, user));
        krypton.publish(CLIENT, user, entry);
    }

    /// The hash of nothing must not stand for a body that was never brought.
    function test_refusesNothing() public {
        vm.expectRevert(notRegistered(CLIENT, stranger));
        krypton.publish(CLIENT, stranger, "");
    }
}
