// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {KallNumber} from "../../src/KallNumber.sol";
import {KallRegistry} from "../../src/KallRegistry.sol";
import {Messages} from "../../src/Messages.sol";
import {Signatures} from "../../src/Signatures.sol";
import {RegistryBase} from "./RegistryBase.sol";

contract RegisterTest is RegistryBase {
    function test_storesTheRecordAndEmitsTheEntry() public {
        uint256 number = registry.numberFor(client, 3);
        bytes memory signature = signRegister(CLIENT_KEY, CLIENT, client, ENTRY, 3, 0);
        vm.expectEmit(address(registry));
        emit KallRegistry.Registered(CLIENT, client, number, START + 365 days, ENTRY);
        vm.prank(stranger);
        registry.register(CLIENT, client, ENTRY, 3, 0, deadline, signature);

        (KallRegistry.Head memory head, bytes32 entryHash) = registry.query(CLIENT, client);
        vm.assertEq(head.number, number);
        vm.assertEq(head.expiry, START + 365 days);
        vm.assertEq(head.blockNumber, 1000);
        vm.assertEq(head.nonce, 1);
        vm.assertEq(entryHash, keccak256(ENTRY));
        vm.assertEq(registry.resolve(number), client);
    }

    function test_updateRenewsAndKeepsTheNumber() public {
        register(CLIENT_KEY, CLIENT, ENTRY, 3);
        vm.warp(START + 100 days);
        vm.roll(2000);
        register(CLIENT_KEY, CLIENT, hex"02", 4);
        (KallRegistry.Head memory head, bytes32 entryHash) = registry.query(CLIENT, client);
        vm.assertEq(head.number, registry.numberFor(client, 3));
        vm.assertEq(head.expiry, START + 465 days);
        vm.assertEq(head.blockNumber, 2000);
        vm.assertEq(head.nonce, 2);
        vm.assertEq(entryHash, keccak256(hex"02"));
    }

    function test_serviceHasNoNumberAndItsOwnNonce() public {
        register(CLIENT_KEY, CLIENT, ENTRY, 0);
        register(CLIENT_KEY, SERVICE, hex"05", 0);
        (KallRegistry.Head memory head, bytes32 entryHash) = registry.query(SERVICE, client);
        vm.assertEq(head.number, 0);
        vm.assertEq(head.nonce, 1);
        vm.assertEq(entryHash, keccak256(hex"05"));
        vm.assertEq(registry.resolve(0), address(0));
    }

    /// Light clients prove these slots: another layout would make them "prove" absence.
    function test_recordIsTwoAdjacentSlots() public {
        register(CLIENT_KEY, CLIENT, ENTRY, 3);
        bytes32 slot = keccak256(abi.encode(client, keccak256(abi.encode(CLIENT, 2))));
        uint256 number = registry.numberFor(client, 3);
        uint256 head = number | (START + 365 days) << 40 | uint256(1000) << 80 | uint256(1) << 144;
        vm.assertEq(vm.load(address(registry), slot), bytes32(head));
        vm.assertEq(vm.load(address(registry), bytes32(uint256(slot) + 1)), keccak256(ENTRY));
        bytes32 holder = vm.load(address(registry), keccak256(abi.encode(number, 3)));
        vm.assertEq(address(uint160(uint256(holder))), client);
    }

    function testFuzz_takesAnyEntryWithinTheLimits(bytes memory entry, uint256 salt, bool service) public {
        vm.assume(entry.length > 0 && entry.length <= 4096);
        uint8 kind = service ? SERVICE : CLIENT;
        register(CLIENT_KEY, kind, entry, salt % 16);
        (, bytes32 entryHash) = registry.query(kind, client);
        vm.assertEq(entryHash, keccak256(entry));
    }

    function test_takesTheLongestEntry() public {
        register(CLIENT_KEY, CLIENT, new bytes(4096), 0);
    }

    function test_refusesEntryOutsideTheLimits() public {
        _expectRefusal(new bytes(4097), abi.encodeWithSelector(KallRegistry.EntrySize.selector, 4097, 4096));
        _expectRefusal("", abi.encodeWithSelector(KallRegistry.EntrySize.selector, 0, 4096));
    }

    function testFuzz_refusesUnknownKind(uint8 kind) public {
        vm.assume(kind != CLIENT && kind != SERVICE);
        bytes memory signature = signRegister(CLIENT_KEY, kind, client, ENTRY, 0, 0);
        vm.expectRevert(abi.encodeWithSelector(KallRegistry.UnknownKind.selector, kind));
        registry.register(kind, client, ENTRY, 0, 0, deadline, signature);
    }

    function test_refusesLargeSalt() public {
        bytes memory signature = signRegister(CLIENT_KEY, CLIENT, client, ENTRY, 16, 0);
        vm.expectRevert(abi.encodeWithSelector(KallNumber.SaltTooLarge.selector, 16, 15));
        registry.register(CLIENT, client, ENTRY, 16, 0, deadline, signature);
    }

    function test_refusesAfterTheDeadline() public {
        bytes memory signature = signRegister(CLIENT_KEY, CLIENT, client, ENTRY, 0, 0);
        vm.warp(deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(Signatures.MessageExpired.selector, deadline, deadline + 1));
        registry.register(CLIENT, client, ENTRY, 0, 0, deadline, signature);
        vm.warp(deadline);
        registry.register(CLIENT, client, ENTRY, 0, 0, deadline, signature);
    }

    function test_refusesReplay() public {
        bytes memory signature = signRegister(CLIENT_KEY, CLIENT, client, ENTRY, 0, 0);
        registry.register(CLIENT, client, ENTRY, 0, 0, deadline, signature);
        vm.expectRevert(abi.encodeWithSelector(KallRegistry.InvalidAccountNonce.selector, client, 1));
        registry.register(CLIENT, client, ENTRY, 0, 0, deadline, signature);
    }

    function test_refusesReplayAfterRelease() public {
        bytes memory signature = signRegister(CLIENT_KEY, CLIENT, client, ENTRY, 0, 0);
        registry.register(CLIENT, client, ENTRY, 0, 0, deadline, signature);
        release(CLIENT_KEY, CLIENT);
        vm.expectRevert(abi.encodeWithSelector(KallRegistry.InvalidAccountNonce.selector, client, 2));
        registry.register(CLIENT, client, ENTRY, 0, 0, deadline, signature);
    }

    function test_refusesAnotherSigner() public {
        bytes memory signature = signRegister(STRANGER_KEY, CLIENT, client, ENTRY, 0, 0);
        vm.expectRevert(abi.encodeWithSelector(Signatures.BadSignature.selector, client, stranger));
        registry.register(CLIENT, client, ENTRY, 0, 0, deadline, signature);
    }

    function test_refusesMalleableSignature() public {
        bytes memory signature = malleate(signRegister(CLIENT_KEY, CLIENT, client, ENTRY, 0, 0));
        vm.expectRevert(abi.encodeWithSelector(Signatures.BadSignature.selector, client, address(0)));
        registry.register(CLIENT, client, ENTRY, 0, 0, deadline, signature);
    }

    function testFuzz_refusesSignatureOfAnotherLength(uint8 length) public {
        vm.assume(length != 65);
        vm.expectRevert(abi.encodeWithSelector(Signatures.BadSignature.selector, client, address(0)));
        registry.register(CLIENT, client, ENTRY, 0, 0, deadline, new bytes(length));
    }

    /// A signature that recovers nobody must not pass for the zero address.
    function test_refusesTheZeroAddress() public {
        vm.expectRevert(abi.encodeWithSelector(Signatures.BadSignature.selector, address(0), address(0)));
        registry.register(CLIENT, address(0), ENTRY, 0, 0, deadline, new bytes(65));
    }

    function test_refusesAnotherChain() public {
        bytes memory signature = signRegister(CLIENT_KEY, CLIENT, client, ENTRY, 0, 0);
        vm.chainId(99);
        vm.expectRevert(_wrongSigner(signature));
        registry.register(CLIENT, client, ENTRY, 0, 0, deadline, signature);
    }

    function test_refusesAnotherContract() public {
        bytes memory signature = signRegister(CLIENT_KEY, CLIENT, client, ENTRY, 0, 0);
        registry = new KallRegistry();
        vm.expectRevert(_wrongSigner(signature));
        registry.register(CLIENT, client, ENTRY, 0, 0, deadline, signature);
    }

    /// @dev Under another domain the same signature recovers some other account.
    function _wrongSigner(bytes memory signature) private view returns (bytes memory) {
        bytes32 structHash = Messages.register(CLIENT, client, keccak256(ENTRY), 0, 0, deadline);
        address other = recovered(digest("KallRegistry", address(registry), structHash), signature);
        return abi.encodeWithSelector(Signatures.BadSignature.selector, client, other);
    }

    function _expectRefusal(bytes memory entry, bytes memory revertData) private {
        bytes memory signature = signRegister(CLIENT_KEY, CLIENT, client, entry, 0, 0);
        vm.expectRevert(revertData);
        registry.register(CLIENT, client, entry, 0, 0, deadline, signature);
    }
}
