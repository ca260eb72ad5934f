// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Entries} from "../../src/Entries.sol";
import {KallKrypton} from "../../src/KallKrypton.sol";
import {KryptonBase} from "./KryptonBase.sol";

contract QueryTest is KryptonBase {
    function setUp() public override {
        super.setUp();
        deploy(PROVIDER_KEY, HOSTNAME);
        registerWith(CLIENT_KEY, PROVIDER_KEY, UUID);
    }

    function test_answersEachKind() public view {
        vm.assertEq(query("uuid"), UUID_TEXT);
        vm.assertEq(query("location"), HOSTNAME);
        // EIP-55 by forge, which spells addresses with their checksum.
        vm.assertEq(query("provider"), vm.toString(provider));
    }

    function testFuzz_spellsEveryUuid(bytes16 random) public {
        bytes16 uuid = (random & ~bytes16(0x000000000000f000c000000000000000))
            | bytes16(0x00000000000040008000000000000000);
        registerWith(CLIENT_KEY, PROVIDER_KEY, uuid);
        vm.assertEq(query("uuid"), _spelled(vm.toString(bytes32(uuid))));
    }

    function test_refusesUnknownKinds() public {
        _expectUnknown("");
        _expectUnknown("Uuid");
        _expectUnknown("number");
    }

    function test_refusesWhoNeverRegistered() public {
        user = stranger;
        expectRefusedQuery(notRegistered(CLIENT, stranger));
    }

    function test_refusesWhoHasLapsed() public {
        vm.warp(START + 365 days - 1);
        deploy(PROVIDER_KEY, HOSTNAME);
        expectRefusedQuery(_agreementExpired());
        vm.warp(START + 365 days);
        expectRefusedQuery(notRegistered(CLIENT, user));
    }

    function test_refusesWhenTheProviderHasLapsed() public {
        vm.warp(START + 364 days);
        registerWith(CLIENT_KEY, PROVIDER_KEY, UUID);
        vm.warp(START + 365 days - 1);
        vm.assertEq(query("location"), HOSTNAME);
        vm.warp(START + 365 days);
        expectRefusedQuery(notDeployed(provider));
    }

    function test_refusesWhenTheAgreementHasExpired() public {
        vm.warp(START + 30 days - 1);
        vm.assertEq(query("uuid"), UUID_TEXT);
        vm.warp(START + 30 days);
        expectRefusedQuery(_agreementExpired());
    }

    function test_refusesWhatTheRegistryTookUnchecked() public {
        uint256 expiry = START + 30 days;
        _registerNatively(clientEntry(UUID, ref(provider, PROXY, expiry, new bytes(65))));
        expectRefusedQuery(abi.encodeWithSelector(KallKrypton.NotAgreed.selector, provider, user, expiry));
        _registerNatively(clientEntry(UUID, agreedRef(STRANGER_KEY, user)));
        expectRefusedQuery(notDeployed(stranger));
        _registerNatively(clientEntry(UUID, 0x80, ""));
        expectRefusedQuery(abi.encodeWithSelector(KallKrypton.NoProxy.selector, user));
        _registerNatively(ENTRY);
        expectRefusedQuery(abi.encodeWithSelector(Entries.FieldMissing.selector, hex"00"));
    }

    function test_locatesAUserWithoutAUuid() public {
        _registerNatively(bytes.concat(hex"a200010581", agreedRef(PROVIDER_KEY, user)));
        vm.assertEq(query("location"), HOSTNAME);
        vm.expectRevert(abi.encodeWithSelector(KallKrypton.BadUuid.selector, user, bytes16(0)));
        query("uuid");
    }

    function test_refusesAHostnameThatTheRegistryTookUnchecked() public {
        bytes memory entry = serviceEntry(PROXY, "a\nb");
        register(PROVIDER_KEY, SERVICE, entry, 0);
        krypton.publish(SERVICE, provider, entry);
        expectRefusedQuery(abi.encodeWithSelector(KallKrypton.BadHostname.selector, provider, "a\nb"));
    }

    function test_answersAllInsideTheSameRegistration() public {
        deploy(STRANGER_KEY, "other.example.org");
        registerWith(STRANGER_KEY, STRANGER_KEY, UUID);
        vm.assertEq(query("location"), HOSTNAME);
        vm.assertEq(krypton.query("location", stranger), "other.example.org");
        vm.assertEq(krypton.query("uuid", stranger), query("uuid"));
    }

    function _registerNatively(bytes memory entry) private {
        register(CLIENT_KEY, CLIENT, entry, 0);
        krypton.publish(CLIENT, user, entry);
    }

    function _expectUnknown(string memory kind) private {
        vm.expectRevert(abi.encodeWithSelector(KallKrypton.UnknownQuery.selector, kind));
        query(kind);
    }

    function _agreementExpired() private view returns (bytes memory) {
        return abi.encodeWithSelector(KallKrypton.AgreementExpired.selector, provider, user, START + 30 days);
    }

    /// @dev From forge's `0x` and hexadecimal digits.
    function _spelled(string memory hex_) private pure returns (string memory) {
        bytes memory digits = bytes(hex_);
        bytes memory spelled = new bytes(36);
        uint256 from = 2;
        for (uint256 i = 0; i < 36; i++) {
            spelled[i] = i == 8 || i == 13 || i == 18 || i == 23 ? bytes1("-") : digits[from++];
        }
        return string(spelled);
    }
}
