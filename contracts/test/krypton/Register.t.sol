// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Cbor} from "../../src/Cbor.sol";
import {Entries} from "../../src/Entries.sol";
import {KallKrypton} from "../../src/KallKrypton.sol";
import {KallNumber} from "../../src/KallNumber.sol";
import {KallRegistry} from "../../src/KallRegistry.sol";
import {Signatures} from "../../src/Signatures.sol";
import {KryptonBase} from "./KryptonBase.sol";

contract RegisterTest is KryptonBase {
    uint256 private constant EXPIRY = START + 30 days;
    bytes16 private constant OTHER_UUID = 0xf47ac10b58cc4372a5670e02b2c3d479;

    function setUp() public override {
        super.setUp();
        deploy(PROVIDER_KEY, HOSTNAME);
    }

    function test_registersTheClientInTheRegistry() public {
        bytes memory entry = clientEntry(UUID, agreedRef(PROVIDER_KEY, user));
        uint256 number = registry.numberFor(user, 3);
        bytes memory signature = signRegister(CLIENT_KEY, CLIENT, user, entry, 3, 0);
        vm.expectEmit(address(registry));
        emit KallRegistry.Registered(CLIENT, user, number, START + 365 days, entry);
        vm.prank(stranger);
        krypton.register(user, provider, UUID, entry, 3, 0, deadline, signature);
        (KallRegistry.Head memory head, bytes32 entryHash) = registry.query(CLIENT, user);
        vm.assertEq(head.nonce, 1);
        vm.assertEq(entryHash, keccak256(entry));
        vm.assertEq(registry.resolve(number), user);
    }

    function test_anotherRegistrationReplacesTheFirst() public {
        deploy(STRANGER_KEY, "other.example.org");
        registerWith(CLIENT_KEY, PROVIDER_KEY, UUID);
        registerWith(CLIENT_KEY, STRANGER_KEY, OTHER_UUID);
        vm.assertEq(query("uuid"), "f47ac10b-58cc-4372-a567-0e02b2c3d479");
        vm.assertEq(query("location"), "other.example.org");
    }

    function test_takesTheFirstProxyOfSeveralProviders() public {
        deploy(STRANGER_KEY, "other.example.org");
        bytes memory refs = bytes.concat(
            ref(stranger, "turn", EXPIRY, new bytes(65)),
            agreedRef(PROVIDER_KEY, user),
            agreedRef(STRANGER_KEY, user)
        );
        registerAs(CLIENT_KEY, provider, UUID, clientEntry(UUID, 0x83, refs));
        vm.assertEq(query("location"), HOSTNAME);
    }

    function test_refusesAnotherUuidThanTheEntrys() public {
        bytes memory entry = clientEntry(OTHER_UUID, agreedRef(PROVIDER_KEY, user));
        _expectRefusal(entry, abi.encodeWithSelector(KallKrypton.UuidDiffers.selector, OTHER_UUID, UUID));
    }

    function test_refusesAnotherProviderThanTheEntrys() public {
        deploy(STRANGER_KEY, "other.example.org");
        bytes memory entry = clientEntry(UUID, agreedRef(STRANGER_KEY, user));
        _expectRefusal(
            entry, abi.encodeWithSelector(KallKrypton.ProviderDiffers.selector, stranger, provider)
        );
    }

    function test_refusesAnEntryWithoutAProxy() public {
        bytes memory error_ = abi.encodeWithSelector(KallKrypton.NoProxy.selector, user);
        _expectRefusal(clientEntry(UUID, ref(provider, "turn", EXPIRY, new bytes(65))), error_);
        _expectRefusal(clientEntry(UUID, 0x80, ""), error_);
        _expectRefusal(bytes.concat(hex"a200010650", UUID), error_);
        _expectRefusal(clientEntry(UUID, ref(address(0), PROXY, EXPIRY, new bytes(65))), error_);
    }

    function test_refusesAUuidThatIsNotOfVersionFour() public {
        _expectBadUuid(0x0566161140741b52a1e28d47cd43bd02); // version 1
        _expectBadUuid(0x0566161140744b5221e28d47cd43bd02); // another variant
        _expectBadUuid(0x0566161140744b52e1e28d47cd43bd02);
        bytes memory without = bytes.concat(hex"a200010581", agreedRef(PROVIDER_KEY, user));
        _expectRefusal(without, abi.encodeWithSelector(KallKrypton.BadUuid.selector, user, bytes16(0)));
    }

    function test_refusesAProviderThatIsNotDeployed() public {
        bytes memory entry = clientEntry(UUID, agreedRef(PROVIDER_KEY, user));
        undeploy(PROVIDER_KEY);
        _expectRefusal(entry, notDeployed(provider));
    }

    function test_refusesAProviderWhoseEntryHasLapsed() public {
        vm.warp(START + 365 days);
        deadline = vm.getBlockTimestamp();
        _expectRefusal(clientEntry(UUID, agreedRef(PROVIDER_KEY, user)), notDeployed(provider));
    }

    function test_refusesAProviderWhoseEntryIsNotPublished() public {
        bytes memory entry = clientEntry(UUID, agreedRef(PROVIDER_KEY, user));
        register(PROVIDER_KEY, SERVICE, serviceEntry(PROXY, "new.example.org"), 0);
        _expectRefusal(entry, notPublished(SERVICE, provider));
    }

    function test_refusesAProviderThatIsNoProxyAnyMore() public {
        bytes memory entry = clientEntry(UUID, agreedRef(PROVIDER_KEY, user));
        bytes memory turn = serviceEntry("turn", HOSTNAME);
        register(PROVIDER_KEY, SERVICE, turn, 0);
        krypton.publish(SERVICE, provider, turn);
        _expectRefusal(entry, abi.encodeWithSelector(KallKrypton.NotAProxy.selector, provider, "turn"));
    }

    function test_refusesAnAgreementThatIsNotTheProviders() public {
        _expectNotAgreed(new bytes(65));
        _expectNotAgreed(signAgreement(CLIENT_KEY, provider, user, EXPIRY));
        _expectNotAgreed(signAgreement(PROVIDER_KEY, provider, stranger, EXPIRY));
        _expectNotAgreed(signAgreement(PROVIDER_KEY, stranger, user, EXPIRY));
        _expectNotAgreed(signAgreement(PROVIDER_KEY, provider, user, EXPIRY + 1));
        _expectNotAgreed(malleate(signAgreement(PROVIDER_KEY, provider, user, EXPIRY)));
    }

    function test_refusesAnAgreementThatHasExpired() public {
        bytes memory agreement = signAgreement(PROVIDER_KEY, provider, user, START);
        bytes memory entry = clientEntry(UUID, ref(provider, PROXY, START, agreement));
        _expectRefusal(
            entry, abi.encodeWithSelector(KallKrypton.AgreementExpired.selector, provider, user, START)
        );
        vm.warp(START - 1);
        registerAs(CLIENT_KEY, provider, UUID, entry);
        vm.assertEq(query("location"), HOSTNAME);
    }

    function test_refusesAnEntryOfAnotherShape() public {
        _expectRefusal("", abi.encodeWithSelector(Cbor.Truncated.selector, 0, 1, 0));
        _expectRefusal(hex"a0", abi.encodeWithSelector(Entries.FieldMissing.selector, hex"00"));
        _expectRefusal(hex"a10002", abi.encodeWithSelector(Entries.UnknownFormat.selector, 2));
        _expectRefusal(hex"a20001064100", abi.encodeWithSelector(Cbor.WrongLength.selector, 4, 16, 1));
        bytes memory short = bytes.concat(hex"a300010581830000000650", UUID);
        _expectRefusal(short, abi.encodeWithSelector(Cbor.WrongLength.selector, 5, 4, 3));
        bytes memory agreed =
            clientEntry(UUID, bytes.concat(hex"8454", bytes20(provider), text(PROXY), hex"0040"));
        _expectRefusal(agreed, abi.encodeWithSelector(Cbor.WrongLength.selector, 73, 65, 0));
    }

    function test_refusesAProviderRefOfFiveFields() public {
        bytes memory agreement = signAgreement(PROVIDER_KEY, provider, user, EXPIRY);
        bytes memory four = ref(provider, PROXY, EXPIRY, agreement);
        bytes memory five = bytes.concat(four, hex"00");
        five[0] = 0x85;
        _expectRefusal(clientEntry(UUID, five), abi.encodeWithSelector(Cbor.WrongLength.selector, 44, 4, 5));
    }

    function test_refusesAProvidersEntry() public {
        bytes memory entry = serviceEntry(PROXY, HOSTNAME);
        _expectRefusal(entry, abi.encodeWithSelector(Cbor.WrongType.selector, 57, Cbor.BYTES, Cbor.MAP));
    }

    function test_refusesAnotherSigner() public {
        bytes memory entry = clientEntry(UUID, agreedRef(PROVIDER_KEY, user));
        bytes memory signature = signRegister(STRANGER_KEY, CLIENT, user, entry, 0, 0);
        vm.expectRevert(abi.encodeWithSelector(Signatures.BadSignature.selector, user, stranger));
        krypton.register(user, provider, UUID, entry, 0, 0, deadline, signature);
    }

    function test_refusesReplay() public {
        bytes memory entry = clientEntry(UUID, agreedRef(PROVIDER_KEY, user));
        bytes memory signature = signRegister(CLIENT_KEY, CLIENT, user, entry, 0, 0);
        krypton.register(user, provider, UUID, entry, 0, 0, deadline, signature);
        vm.expectRevert(abi.encodeWithSelector(KallRegistry.InvalidAccountNonce.selector, user, 1));
        krypton.register(user, provider, UUID, entry, 0, 0, deadline, signature);
    }

    function test_refusesAfterTheDeadline() public {
        bytes memory entry = clientEntry(UUID, agreedRef(PROVIDER_KEY, user));
        bytes memory signature = signRegister(CLIENT_KEY, CLIENT, user, entry, 0, 0);
        vm.warp(deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(Signatures.MessageExpired.selector, deadline, deadline + 1));
        krypton.register(user, provider, UUID, entry, 0, 0, deadline, signature);
    }

    function test_refusesALargeSalt() public {
        bytes memory entry = clientEntry(UUID, agreedRef(PROVIDER_KEY, user));
        bytes memory signature = signRegister(CLIENT_KEY, CLIENT, user, entry, 16, 0);
        vm.expectRevert(abi.encodeWithSelector(KallNumber.SaltTooLarge.selector, 16, 15));
        krypton.register(user, provider, UUID, entry, 16, 0, deadline, signature);
    }

    function _expectBadUuid(bytes16 uuid) private {
        bytes memory entry = clientEntry(uuid, agreedRef(PROVIDER_KEY, user));
        _expectRefusal(entry, abi.encodeWithSelector(KallKrypton.BadUuid.selector, user, uuid));
    }

    function _expectNotAgreed(bytes memory agreement) private {
        bytes memory entry = clientEntry(UUID, ref(provider, PROXY, EXPIRY, agreement));
        _expectRefusal(entry, abi.encodeWithSelector(KallKrypton.NotAgreed.selector, provider, user, EXPIRY));
    }

    function _expectRefusal(bytes memory entry, bytes memory error_) private {
        bytes memory signature = signRegister(CLIENT_KEY, CLIENT, user, entry, 0, 0);
        vm.expectRevert(error_);
        krypton.register(user, provider, UUID, entry, 0, 0, deadline, signature);
        vm.assertEq(nonceOf(CLIENT, user), 0);
    }
}
