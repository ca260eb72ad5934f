// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {KallKrypton} from "../../src/KallKrypton.sol";
import {KallRegistry} from "../../src/KallRegistry.sol";
import {Messages} from "../../src/Messages.sol";
import {RegistryBase} from "../registry/RegistryBase.sol";

/// The face, one provider and one user, and their entries in the form of firmware/kallnet/entries.py, but for the
/// public key, which the face does not read: 33 zero bytes. EntryVectors.t.sol has whole ones.
abstract contract KryptonBase is RegistryBase {
    string internal constant HOSTNAME = "proxy.krypton.live";
    bytes16 internal constant UUID = 0x0566161140744b52a1e28d47cd43bd02; // KRYPTON's README
    string internal constant UUID_TEXT = "05661611-4074-4b52-a1e2-8d47cd43bd02";
    string internal constant PROXY = "proxy";

    KallKrypton internal krypton;
    address internal user;

    function setUp() public virtual override {
        super.setUp();
        krypton = new KallKrypton(registry);
        user = client;
    }

    function deploy(uint256 key, string memory hostname) internal {
        deployAs(key, hostname, serviceEntry(PROXY, hostname));
    }

    /// @dev Signed for the entry as it is given, whatever the call says.
    function deployAs(uint256 key, string memory hostname, bytes memory entry) internal {
        address account = vm.addr(key);
        uint256 nonce = nonceOf(SERVICE, account);
        deadline = vm.getBlockTimestamp() + 1 days;
        bytes memory signature = signRegister(key, SERVICE, account, entry, 0, nonce);
        krypton.deploy(account, hostname, entry, nonce, deadline, signature);
    }

    function registerWith(uint256 key, uint256 providerKey, bytes16 uuid) internal {
        bytes memory entry = clientEntry(uuid, agreedRef(providerKey, vm.addr(key)));
        registerAs(key, vm.addr(providerKey), uuid, entry);
    }

    function registerAs(uint256 key, address provider_, bytes16 uuid, bytes memory entry) internal {
        address account = vm.addr(key);
        uint256 nonce = nonceOf(CLIENT, account);
        deadline = vm.getBlockTimestamp() + 1 days;
        bytes memory signature = signRegister(key, CLIENT, account, entry, 0, nonce);
        krypton.register(account, provider_, uuid, entry, 0, nonce, deadline, signature);
    }

    function undeploy(uint256 key) internal {
        uint256 nonce = nonceOf(SERVICE, vm.addr(key));
        deadline = vm.getBlockTimestamp() + 1 days;
        bytes memory signature = signRelease(key, SERVICE, nonce);
        krypton.undeploy(vm.addr(key), nonce, deadline, signature);
    }

    function unregister(uint256 key) internal {
        uint256 nonce = nonceOf(CLIENT, vm.addr(key));
        deadline = vm.getBlockTimestamp() + 1 days;
        bytes memory signature = signRelease(key, CLIENT, nonce);
        krypton.unregister(vm.addr(key), nonce, deadline, signature);
    }

    /// @dev With the provider's agreement for thirty days.
    function agreedRef(uint256 providerKey, address account) internal view returns (bytes memory) {
        uint256 expiry = vm.getBlockTimestamp() + 30 days;
        return ref(
            vm.addr(providerKey),
            PROXY,
            expiry,
            signAgreement(providerKey, vm.addr(providerKey), account, expiry)
        );
    }

    function signAgreement(uint256 key, address provider_, address account, uint256 expiry)
        internal
        view
        returns (bytes memory)
    {
        bytes32 structHash = Messages.agreement(provider_, account, PROXY, expiry);
        return sign(key, digest("KallRegistry", address(registry), structHash));
    }

    function ref(address provider_, string memory serviceType, uint256 expiry, bytes memory agreement)
        internal
        pure
        returns (bytes memory)
    {
        return bytes.concat(
            hex"8454",
            bytes20(provider_),
            text(serviceType),
            hex"1a",
            bytes4(uint32(expiry)),
            hex"5841",
            agreement
        );
    }

    function clientEntry(bytes16 uuid, bytes memory ref_) internal pure returns (bytes memory) {
        return clientEntry(uuid, hex"81", ref_);
    }

    function clientEntry(bytes16 uuid, bytes1 refsHead, bytes memory refs)
        internal
        pure
        returns (bytes memory)
    {
        return bytes.concat(hex"a50001015821", new bytes(33), hex"02810105", refsHead, refs, hex"0650", uuid);
    }

    function serviceEntry(string memory serviceType, string memory hostname)
        internal
        pure
        returns (bytes memory)
    {
        return bytes.concat(
            hex"a60001015821",
            new bytes(33),
            hex"02810103",
            text(serviceType),
            hex"0481830001184606a1",
            hex"66646f6d61696e",
            text(hostname)
        );
    }

    function text(string memory words) internal pure returns (bytes memory) {
        uint256 length = bytes(words).length;
        if (length < 24) return bytes.concat(bytes1(uint8(0x60 + length)), bytes(words));
        if (length < 256) return bytes.concat(hex"78", bytes1(uint8(length)), bytes(words));
        return bytes.concat(hex"79", bytes2(uint16(length)), bytes(words));
    }

    /// @dev The first slot of a cached body: its length, and the body itself while it is short.
    function bodySlot(uint8 kind, address account) internal pure returns (bytes32) {
        return keccak256(abi.encode(account, keccak256(abi.encode(kind, 0))));
    }

    function query(string memory kind) internal view returns (string memory) {
        return krypton.query(kind, user);
    }

    function expectRefusedQuery(bytes memory error_) internal {
        string[3] memory kinds = ["uuid", "location", "provider"];
        for (uint256 i = 0; i < kinds.length; i++) {
            vm.expectRevert(error_);
            krypton.query(kinds[i], user);
        }
    }

    function notRegistered(uint8 kind, address account) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(KallRegistry.NotRegistered.selector, kind, account);
    }

    function notPublished(uint8 kind, address account) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(KallKrypton.NotPublished.selector, kind, account);
    }

    function notDeployed(address account) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(KallKrypton.ProviderNotDeployed.selector, account);
    }
}
