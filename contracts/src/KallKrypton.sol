// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Entries} from "./Entries.sol";
import {KallRegistry} from "./KallRegistry.sol";
import {Signatures} from "./Signatures.sol";
import {Bytes} from "@openzeppelin/contracts/utils/Bytes.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

/// KRYPTON's verbs over the registry's records. The signatures are the registry's own Register and Release
/// messages, which this contract only passes on: it has no power over a record. It keeps the entries' bodies, and
/// believes one only while its hash is in a record that has not lapsed.
contract KallKrypton {
    uint8 private constant CLIENT = 1;
    uint8 private constant SERVICE = 2;
    uint256 private constant MAX_HOSTNAME = 253; // RFC 1035, 2.3.4, without the root's dot
    bytes32 private constant UUID = keccak256("uuid");
    bytes32 private constant LOCATION = keccak256("location");
    bytes32 private constant PROVIDER = keccak256("provider");

    KallRegistry public immutable registry;

    mapping(uint8 kind => mapping(address account => bytes entry)) private _bodies;

    /// @dev Registered by the registry's own door: `publish` the entry first.
    error NotPublished(uint8 kind, address account);
    error OtherEntry(bytes32 registered, bytes32 published);
    error ProviderNotDeployed(address provider);
    error NotAProxy(address provider, string serviceType);
    error BadHostname(address provider, string hostname);
    error HostnameDiffers(string inEntry, string inCall);
    error NoProxy(address user);
    error ProviderDiffers(address inEntry, address inCall);
    /// @dev Zero when the entry has none.
    error BadUuid(address user, bytes16 uuid);
    error UuidDiffers(bytes16 inEntry, bytes16 inCall);
    error AgreementExpired(address provider, address user, uint256 expiry);
    error NotAgreed(address provider, address user, uint256 expiry);
    error UnknownQuery(string kind);

    constructor(KallRegistry registry_) {
        registry = registry_;
    }

    /// Publishes the provider's service entry, a proxy whose domain is `hostname`. The signature is over the
    /// registry's Register message with salt zero.
    function deploy(
        address provider,
        string calldata hostname,
        bytes calldata entry,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) external {
        string memory inEntry = _hostname(provider, entry);
        require(Strings.equal(inEntry, hostname), HostnameDiffers(inEntry, hostname));
        _bodies[SERVICE][provider] = entry;
        registry.register(SERVICE, provider, entry, 0, nonce, deadline, signature);
    }

    function undeploy(address provider, uint256 nonce, uint256 deadline, bytes calldata signature) external {
        _release(SERVICE, provider, nonce, deadline, signature);
    }

    /// Publishes the user's client entry, whose first proxy is `provider`, deployed and with its agreement.
    function register(
        address user,
        address provider,
        bytes16 uuid,
        bytes calldata entry,
        uint256 salt,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) external {
        _requireSays(user, provider, uuid, entry);
        _bodies[CLIENT][user] = entry;
        registry.register(CLIENT, user, entry, salt, nonce, deadline, signature);
    }

    function unregister(address user, uint256 nonce, uint256 deadline, bytes calldata signature) external {
        _release(CLIENT, user, nonce, deadline, signature);
    }

    /// Brings the body of an entry that the registry has a record of.
    function publish(uint8 kind, address account, bytes calldata entry) external {
        bytes32 registered = _entryHash(kind, account);
        bytes32 published = keccak256(entry);
        require(registered != 0, KallRegistry.NotRegistered(kind, account));
        require(published == registered, OtherEntry(registered, published));
        _bodies[kind][account] = entry;
    }

    /// The user's `uuid` (RFC 4122), its provider's address (`provider`) or hostname (`location`), all only while
    /// the provider is deployed and its agreement with the user stands.
    function query(string calldata kind, address user) external view returns (string memory) {
        bytes32 asked = keccak256(bytes(kind));
        require(asked == UUID || asked == LOCATION || asked == PROVIDER, UnknownQuery(kind));
        Entries.User memory entry = Entries.readUser(_body(CLIENT, user));
        string memory hostname = _requireServed(user, entry);
        if (asked == LOCATION) return hostname;
        if (asked == PROVIDER) return Strings.toChecksumHexString(entry.provider);
        _requireUuid(user, entry.uuid);
        return _uuidText(entry.uuid);
    }

    function version() external pure returns (string memory) {
        return "1";
    }

    function _release(uint8 kind, address account, uint256 nonce, uint256 deadline, bytes calldata signature)
        private
    {
        delete _bodies[kind][account];
        registry.release(kind, account, nonce, deadline, signature);
    }

    function _requireSays(address user, address provider, bytes16 uuid, bytes memory entry) private view {
        Entries.User memory said = Entries.readUser(entry);
        _requireUuid(user, said.uuid);
        require(said.uuid == uuid, UuidDiffers(said.uuid, uuid));
        require(said.provider != address(0), NoProxy(user));
        require(said.provider == provider, ProviderDiffers(said.provider, provider));
        _requireServed(user, said);
    }

    /// @dev Gives the hostname of the provider.
    function _requireServed(address user, Entries.User memory entry)
        private
        view
        returns (string memory hostname)
    {
        address provider = entry.provider;
        require(provider != address(0), NoProxy(user));
        require(_entryHash(SERVICE, provider) != 0, ProviderNotDeployed(provider));
        hostname = _hostname(provider, _body(SERVICE, provider));
        require(block.timestamp < entry.expiry, AgreementExpired(provider, user, entry.expiry));
        bytes32 digest = registry.agreementDigest(provider, user, Entries.PROXY, entry.expiry);
        require(
            Signatures.isByInMemory(provider, digest, entry.agreement),
            NotAgreed(provider, user, entry.expiry)
        );
    }

    function _body(uint8 kind, address account) private view returns (bytes memory body) {
        bytes32 entryHash = _entryHash(kind, account);
        require(entryHash != 0, KallRegistry.NotRegistered(kind, account));
        body = _bodies[kind][account];
        require(keccak256(body) == entryHash, NotPublished(kind, account));
    }

    /// @dev Zero when the account has no record or a lapsed one.
    function _entryHash(uint8 kind, address account) private view returns (bytes32) {
        (KallRegistry.Head memory head, bytes32 entryHash) = registry.query(kind, account);
        return block.timestamp < head.expiry ? entryHash : bytes32(0);
    }

    function _hostname(address provider, bytes memory entry) private pure returns (string memory hostname) {
        Entries.Provider memory said = Entries.readProvider(entry);
        require(Strings.equal(said.serviceType, Entries.PROXY), NotAProxy(provider, said.serviceType));
        hostname = said.hostname;
        require(_isHostname(bytes(hostname)), BadHostname(provider, hostname));
    }

    /// @dev Letters, digits, hyphens and dots, so that no reader of an answer comes to harm. Where they may stand is
    /// left to whoever reads the entry.
    function _isHostname(bytes memory name) private pure returns (bool) {
        for (uint256 i = 0; i < name.length; i++) {
            if (!_isOfHostnames(name[i])) return false;
        }
        return name.length > 0 && name.length <= MAX_HOSTNAME;
    }

    function _isOfHostnames(bytes1 letter) private pure returns (bool) {
        return (letter >= "a" && letter <= "z") || (letter >= "A" && letter <= "Z")
            || (letter >= "0" && letter <= "9") || letter == "-" || letter == ".";
    }

    /// @dev RFC 4122, 4.4: version 4 and the variant of that document.
    function _requireUuid(address user, bytes16 uuid) private pure {
        require(uuid[6] >> 4 == 0x04 && uuid[8] >> 6 == 0x02, BadUuid(user, uuid));
    }

    function _uuidText(bytes16 uuid) private pure returns (string memory) {
        bytes memory digits = bytes(Strings.toHexString(uint128(uuid), 16));
        return string(
            bytes.concat(
                Bytes.slice(digits, 2, 10),
                "-",
                Bytes.slice(digits, 10, 14),
                "-",
                Bytes.slice(digits, 14, 18),
                "-",
                Bytes.slice(digits, 18, 22),
                "-",
                Bytes.slice(digits, 22)
            )
        );
    }
}
