// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {KallNumber} from "./KallNumber.sol";
import {Messages} from "./Messages.sol";
import {Signatures} from "./Signatures.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// Client and service registrar. An entry itself lives in the event of the block that its record names; the
/// record keeps the entry's hash, so that one storage proof of two adjacent slots proves an entry from an
/// untrusted source. Every change is a message signed by the account, which anyone may submit.
contract KallRegistry is EIP712 {
    uint8 public constant CLIENT = 1;
    uint8 public constant SERVICE = 2;
    uint256 public constant TERM = 365 days;
    /// How long a lapsed account keeps its number for itself.
    uint256 public constant GRACE = 365 days;
    uint256 public constant MAX_ENTRY = 4096;

    /// @dev One slot, in this order from the low bits.
    struct Head {
        uint40 number; // zero for services
        uint40 expiry;
        uint64 blockNumber; // of the Registered event with the entry
        uint32 nonce;
    }

    struct Record {
        Head head;
        bytes32 entryHash;
    }

    mapping(uint8 kind => mapping(address account => Record)) private _records;
    mapping(uint256 number => address account) private _holders;

    event Registered(
        uint8 indexed kind, address indexed account, uint256 number, uint256 expiry, bytes entry
    );
    event Released(uint8 indexed kind, address indexed account, uint256 number);

    error UnknownKind(uint8 kind);
    error EntrySize(uint256 size, uint256 max);
    error NotRegistered(uint8 kind, address account);
    error NumberTaken(uint256 number, address holder);
    /// @dev The same error as OpenZeppelin's Nonces, so that callers need to know only one.
    error InvalidAccountNonce(address account, uint256 currentNonce);

    constructor() EIP712("KallRegistry", "1") {}

    /// Publishes, replaces or renews the account's entry for another TERM. A client's first registration assigns
    /// the number of (account, salt), which later ones keep; a service has none.
    function register(
        uint8 kind,
        address account,
        bytes calldata entry,
        uint256 salt,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) external {
        require(kind == CLIENT || kind == SERVICE, UnknownKind(kind));
        require(entry.length > 0 && entry.length <= MAX_ENTRY, EntrySize(entry.length, MAX_ENTRY));
        bytes32 entryHash = keccak256(entry);
        bytes32 structHash = Messages.register(kind, account, entryHash, salt, nonce, deadline);
        Head memory head = _authorize(kind, account, nonce, deadline, structHash, signature);

        if (kind == CLIENT && head.number == 0) head.number = _assign(account, salt);
        head.expiry = SafeCast.toUint40(block.timestamp + TERM);
        head.blockNumber = SafeCast.toUint64(block.number);
        head.nonce++;
        _records[kind][account] = Record({head: head, entryHash: entryHash});
        emit Registered(kind, account, head.number, head.expiry, entry);
    }

    /// Takes the entry back and frees the number at once. The nonce stays, so that no old message comes back.
    function release(uint8 kind, address account, uint256 nonce, uint256 deadline, bytes calldata signature)
        external
    {
        bytes32 structHash = Messages.release(kind, account, nonce, deadline);
        Head memory head = _authorize(kind, account, nonce, deadline, structHash, signature);
        require(head.expiry != 0, NotRegistered(kind, account));

        if (head.number != 0) delete _holders[head.number];
        Head memory cleared = Head({number: 0, expiry: 0, blockNumber: 0, nonce: head.nonce + 1});
        _records[kind][account] = Record({head: cleared, entryHash: 0});
        emit Released(kind, account, head.number);
    }

    /// The record as it stands, lapsed or not: compare `head.expiry` with the time.
    function query(uint8 kind, address account) external view returns (Head memory head, bytes32 entryHash) {
        Record storage record = _records[kind][account];
        return (record.head, record.entryHash);
    }

    /// The account behind a number; zero when nobody has it or its entry has lapsed.
    function resolve(uint256 number) external view returns (address) {
        address holder = _holders[number];
        return block.timestamp < _records[CLIENT][holder].head.expiry ? holder : address(0);
    }

    function numberFor(address account, uint256 salt) external pure returns (uint256) {
        return KallNumber.derive(account, salt);
    }

    /// The network API version that this deployment speaks.
    function version() external pure returns (uint256) {
        return 1;
    }

    /// What a provider signs, for the client's entry, to say that it serves the client until `expiry`.
    function agreementDigest(address provider, address client, string calldata serviceType, uint256 expiry)
        external
        view
        returns (bytes32)
    {
        return _hashTypedDataV4(Messages.agreement(provider, client, serviceType, expiry));
    }

    /// What a client signs to open a session with a provider.
    function sessionDigest(address client, address provider, bytes32 challenge)
        external
        view
        returns (bytes32)
    {
        return _hashTypedDataV4(Messages.session(client, provider, challenge));
    }

    function _authorize(
        uint8 kind,
        address account,
        uint256 nonce,
        uint256 deadline,
        bytes32 structHash,
        bytes calldata signature
    ) private view returns (Head memory head) {
        Signatures.requireInTime(deadline);
        head = _records[kind][account].head;
        require(nonce == head.nonce, InvalidAccountNonce(account, head.nonce));
        Signatures.requireBy(account, _hashTypedDataV4(structHash), signature);
    }

    function _assign(address account, uint256 salt) private returns (uint40 number) {
        number = SafeCast.toUint40(KallNumber.derive(account, salt));
        address holder = _holders[number];
        if (holder != address(0)) {
            Head storage held = _records[CLIENT][holder].head;
            require(block.timestamp >= held.expiry + GRACE, NumberTaken(number, holder));
            held.number = 0;
        }
        _holders[number] = account;
    }
}
