// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {KallKrypton} from "../../src/KallKrypton.sol";
import {KryptonBase} from "./KryptonBase.sol";
import {KryptonRules} from "./KryptonRules.sol";

/// Each attack first succeeds against KRYPTON's rules, then fails against ours. The user is registered with the
/// provider in both; the attacker is a stranger with accounts of its own.
contract AttacksTest is KryptonBase {
    uint256 private constant EVIL_PROXY_KEY = 0xe711;
    string private constant EVIL_HOSTNAME = "evil.example.org";
    bytes16 private constant NEW_UUID = 0xf47ac10b58cc4372a5670e02b2c3d479;
    string private constant NEW_UUID_TEXT = "f47ac10b-58cc-4372-a567-0e02b2c3d479";

    KryptonRules private rules;
    address private evilProxy;

    function setUp() public override {
        super.setUp();
        rules = new KryptonRules();
        evilProxy = vm.addr(EVIL_PROXY_KEY);
        _deployBoth(PROVIDER_KEY, HOSTNAME);
        _registerBoth(CLIENT_KEY, PROVIDER_KEY, UUID, UUID_TEXT);
    }

    function test_bothAnswerAlikeWithoutAnAttack() public view {
        vm.assertEq(_rulesSay("uuid"), query("uuid"));
        vm.assertEq(_rulesSay("location"), query("location"));
        vm.assertEq(rules.query("provider", user), abi.encodePacked(provider));
    }

    function test_aPublicUuidTakesOverItsUser() public {
        _deployBoth(EVIL_PROXY_KEY, EVIL_HOSTNAME);
        _registerBoth(STRANGER_KEY, EVIL_PROXY_KEY, UUID, UUID_TEXT);
        vm.assertEq(_rulesSay("location"), EVIL_HOSTNAME);
        vm.assertEq(query("location"), HOSTNAME);
        vm.assertEq(query("provider"), vm.toString(provider));
    }

    function test_aPublicUuidUnregistersItsUser() public {
        _registerBoth(STRANGER_KEY, PROVIDER_KEY, UUID, UUID_TEXT);
        _unregisterBoth(STRANGER_KEY);
        vm.assertEq(_rulesSay("location"), "");
        vm.assertEq(query("location"), HOSTNAME);
    }

    function test_aPublicUuidIsAPassword() public view {
        string memory learnt = _rulesSay("uuid");
        vm.assertTrue(rules.authorizes(user, learnt), "KRYPTON lets anyone in who asks the chain");

        vm.assertEq(query("uuid"), learnt);
        bytes32 challenge = keccak256("challenge");
        bytes32 session = registry.sessionDigest(user, provider, challenge);
        vm.assertNotEq(uint160(recovered(session, sign(STRANGER_KEY, session))), uint160(user));
        vm.assertEq(recovered(session, sign(CLIENT_KEY, session)), user);
    }

    function test_aProviderServesWithoutItsConsent() public {
        vm.prank(stranger);
        vm.assertTrue(rules.register(stranger, provider, NEW_UUID_TEXT));
        vm.assertEq(string(rules.query("location", stranger)), HOSTNAME);

        uint256 expiry = START + 30 days;
        bytes memory forged = signAgreement(STRANGER_KEY, provider, stranger, expiry);
        bytes memory entry = clientEntry(NEW_UUID, ref(provider, PROXY, expiry, forged));
        bytes memory error_ =
            abi.encodeWithSelector(KallKrypton.NotAgreed.selector, provider, stranger, expiry);
        _expectRefusedRegistration(provider, NEW_UUID, entry, error_);
        user = stranger;
        expectRefusedQuery(notRegistered(CLIENT, stranger));

        register(STRANGER_KEY, CLIENT, entry, 0);
        krypton.publish(CLIENT, stranger, entry);
        expectRefusedQuery(error_);
    }

    function test_aProvidersConsentToOneServesAnother() public {
        vm.prank(stranger);
        vm.assertTrue(rules.register(stranger, provider, UUID_TEXT));
        vm.assertEq(string(rules.query("location", stranger)), HOSTNAME);

        bytes memory entry = clientEntry(UUID, agreedRef(PROVIDER_KEY, user));
        _expectRefusedRegistration(
            provider,
            UUID,
            entry,
            abi.encodeWithSelector(KallKrypton.NotAgreed.selector, provider, stranger, START + 30 days)
        );
    }

    function test_consentNeverEnds() public {
        vm.warp(START + 30 days);
        vm.assertEq(_rulesSay("location"), HOSTNAME);
        expectRefusedQuery(
            abi.encodeWithSelector(KallKrypton.AgreementExpired.selector, provider, user, START + 30 days)
        );
    }

    /// One key for the account as a provider and as a user: its uuid becomes the hostname of all of its users.
    function test_aProviderThatRegistersItselfLosesItsHostname() public {
        _registerBoth(PROVIDER_KEY, PROVIDER_KEY, NEW_UUID, NEW_UUID_TEXT);
        vm.assertEq(_rulesSay("location"), NEW_UUID_TEXT);
        vm.assertEq(query("location"), HOSTNAME);
        _unregisterBoth(PROVIDER_KEY);
        vm.assertEq(_rulesSay("location"), "");
        vm.assertEq(query("location"), HOSTNAME);
    }

    /// One key space: any row passes for a provider's.
    function test_aUserPassesForAProvider() public {
        vm.prank(stranger);
        vm.assertTrue(rules.register(stranger, user, NEW_UUID_TEXT));
        vm.assertEq(string(rules.query("location", stranger)), UUID_TEXT);

        bytes memory entry = clientEntry(NEW_UUID, agreedRef(CLIENT_KEY, stranger));
        _expectRefusedRegistration(user, NEW_UUID, entry, notDeployed(user));
    }

    function test_reregistrationLeavesTheOldUuidBehind() public {
        bytes memory old = clientEntry(UUID, agreedRef(PROVIDER_KEY, user));
        _registerBoth(CLIENT_KEY, PROVIDER_KEY, NEW_UUID, NEW_UUID_TEXT);
        vm.assertEq(rules.row(bytes(UUID_TEXT)), abi.encodePacked(provider));
        vm.prank(user);
        rules.unregister(user);
        vm.assertEq(rules.row(bytes(UUID_TEXT)), abi.encodePacked(provider));

        vm.assertEq(query("uuid"), NEW_UUID_TEXT);
        (, bytes32 registered) = registry.query(CLIENT, user);
        vm.expectRevert(abi.encodeWithSelector(KallKrypton.OtherEntry.selector, registered, keccak256(old)));
        krypton.publish(CLIENT, user, old);
        unregister(CLIENT_KEY);
        vm.assertEq(uint256(vm.load(address(krypton), bodySlot(CLIENT, user))), 0);
        expectRefusedQuery(notRegistered(CLIENT, user));
    }

    function test_usersOfAnUndeployedProviderDangle() public {
        _undeployBoth();
        vm.assertEq(_rulesSay("uuid"), UUID_TEXT);
        vm.assertEq(rules.query("provider", user), abi.encodePacked(provider));
        expectRefusedQuery(notDeployed(provider));
    }

    /// Whoever gets the account's row next has KRYPTON's users; here the agreement must still stand.
    function test_usersOfAnUndeployedProviderFallToALaterDeployment() public {
        _undeployBoth();
        vm.warp(START + 60 days);
        _deployBoth(PROVIDER_KEY, EVIL_HOSTNAME);
        vm.assertEq(_rulesSay("location"), EVIL_HOSTNAME);
        expectRefusedQuery(
            abi.encodeWithSelector(KallKrypton.AgreementExpired.selector, provider, user, START + 30 days)
        );
    }

    /// The row of a provider that undeploys falls to the same account's registration as a user.
    function test_usersOfAnUndeployedProviderFallToItsUuid() public {
        _undeployBoth();
        _deployBoth(EVIL_PROXY_KEY, EVIL_HOSTNAME);
        _registerBoth(PROVIDER_KEY, EVIL_PROXY_KEY, NEW_UUID, NEW_UUID_TEXT);
        vm.assertEq(_rulesSay("location"), NEW_UUID_TEXT);
        expectRefusedQuery(notDeployed(provider));
    }

    function test_aLostAccountStaysForEver() public {
        vm.warp(START + 100 * 365 days);
        vm.assertEq(_rulesSay("location"), HOSTNAME);
        expectRefusedQuery(notRegistered(CLIENT, user));
    }

    /// @dev The stranger's, which signs all that it can.
    function _expectRefusedRegistration(
        address provider_,
        bytes16 uuid,
        bytes memory entry,
        bytes memory error_
    ) private {
        deadline = vm.getBlockTimestamp() + 1 days;
        bytes memory signature = signRegister(STRANGER_KEY, CLIENT, stranger, entry, 0, 0);
        vm.expectRevert(error_);
        krypton.register(stranger, provider_, uuid, entry, 0, 0, deadline, signature);
    }

    function _deployBoth(uint256 key, string memory hostname) private {
        vm.prank(vm.addr(key));
        vm.assertTrue(rules.deploy(vm.addr(key), hostname));
        deploy(key, hostname);
    }

    function _undeployBoth() private {
        vm.prank(provider);
        vm.assertTrue(rules.undeploy(provider));
        undeploy(PROVIDER_KEY);
    }

    function _registerBoth(uint256 key, uint256 providerKey, bytes16 uuid, string memory uuidText) private {
        vm.prank(vm.addr(key));
        vm.assertTrue(rules.register(vm.addr(key), vm.addr(providerKey), uuidText));
        registerWith(key, providerKey, uuid);
    }

    function _unregisterBoth(uint256 key) private {
        vm.prank(vm.addr(key));
        vm.assertTrue(rules.unregister(vm.addr(key)));
        unregister(key);
    }

    function _rulesSay(string memory kind) private view returns (string memory) {
        return string(rules.query(kind, user));
    }
}
