// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {KallCoin} from "../src/KallCoin.sol";
import {KallEscrow} from "../src/KallEscrow.sol";
import {KallRegistry} from "../src/KallRegistry.sol";
import {Messages} from "../src/Messages.sol";
import {Base} from "./Base.sol";

contract RegistryHarness is KallRegistry {
    function digestOf(bytes32 structHash) external view returns (bytes32) {
        return _hashTypedDataV4(structHash);
    }
}

contract EscrowHarness is KallEscrow {
    constructor(KallCoin coin_) KallEscrow(coin_, 1) {}

    function digestOf(bytes32 structHash) external view returns (bytes32) {
        return _hashTypedDataV4(structHash);
    }
}

/// The same numbers, struct hashes and digests as everyone else who speaks the network: tests/vectors.
contract VectorsTest is Base {
    string private constant DIGESTS = "../tests/vectors/digests.json";
    string private constant NUMBERS = "../tests/vectors/numbers.json";

    string private json;
    string private message;
    RegistryHarness private registryThere;
    EscrowHarness private escrowThere;
    KallCoin private coinThere;

    function setUp() public override {
        super.setUp();
        json = vm.readFile(DIGESTS);
        vm.chainId(vm.parseJsonUint(json, ".domains.chain_id"));
        coinThere = KallCoin(_place(address(coin), ".domains.coin"));
        registryThere = RegistryHarness(_place(address(new RegistryHarness()), ".domains.registry"));
        escrowThere = EscrowHarness(_place(address(new EscrowHarness(coin)), ".domains.escrow"));
    }

    function test_numbers() public view {
        string memory numbers = vm.readFile(NUMBERS);
        uint256 count;
        for (; vm.keyExistsJson(numbers, _at("", count)); count++) {
            string memory one = _at("", count);
            address account = vm.parseJsonAddress(numbers, string.concat(one, ".account"));
            uint256 salt = vm.parseJsonUint(numbers, string.concat(one, ".salt"));
            uint256 number = vm.parseJsonUint(numbers, string.concat(one, ".number"));
            vm.assertEq(registry.numberFor(account, salt), number, one);
        }
        vm.assertTrue(count >= 10, "too few numbers");
    }

    function test_digests() public {
        bytes32 seen;
        uint256 count;
        for (; vm.keyExistsJson(json, _at(".vectors", count)); count++) {
            string memory one = _at(".vectors", count);
            message = string.concat(one, ".message");
            string memory kind = vm.parseJsonString(json, string.concat(one, ".type"));
            (bytes32 structHash, bytes32 digest_) = _hashes(keccak256(bytes(kind)));
            vm.assertEq(structHash, vm.parseJsonBytes32(json, string.concat(one, ".struct_hash")), one);
            vm.assertEq(digest_, vm.parseJsonBytes32(json, string.concat(one, ".digest")), one);
            bytes memory signature = vm.parseJsonBytes(json, string.concat(one, ".signature"));
            address signer = vm.parseJsonAddress(json, string.concat(one, ".signer"));
            vm.assertEq(recovered(digest_, signature), signer, one);
            seen |= bytes32(1 << _index(keccak256(bytes(kind))));
        }
        vm.assertEq(uint256(seen), 0x7fff, "a type has no vector");
    }

    function _hashes(bytes32 kind) private view returns (bytes32 structHash, bytes32 digest_) {
        uint256 index = _index(kind);
        if (index < 4) {
            structHash = _registryHash(index);
            digest_ = registryThere.digestOf(structHash);
            if (index == 2) vm.assertEq(digest_, _agreementDigest());
            if (index == 3) vm.assertEq(digest_, _sessionDigest());
        } else if (index < 7) {
            structHash = _escrowHash(index);
            digest_ = escrowThere.digestOf(structHash);
        } else if (index == 10) {
            structHash = _callIdentityHash();
            digest_ = registryThere.digestOf(structHash);
        } else if (index > 10) {
            structHash = index == 11 ? _ratingHash() : _voteHash(index);
            string memory name = index == 11 ? "KallRating" : "KallSpec";
            digest_ = digest(
                name, vm.parseJsonAddress(json, index == 11 ? ".domains.rating" : ".domains.spec"), structHash
            );
        } else {
            structHash = index == 7 ? _permitHash() : index == 8 ? _authorizationHash() : _delegationHash();
            digest_ = keccak256(abi.encodePacked(hex"1901", coinThere.DOMAIN_SEPARATOR(), structHash));
        }
    }

    function _index(bytes32 kind) private pure returns (uint256 index) {
        string[15] memory kinds = [
            "Register",
            "Release",
            "Agreement",
            "Session",
            "Voucher",
            "Deposit",
            "StartExit",
            "Permit",
            "TransferWithAuthorization",
            "Delegation",
            "CallIdentity",
            "Rating",
            "Interest",
            "Proposal",
            "Ballot"
        ];
        while (keccak256(bytes(kinds[index])) != kind) index++;
    }

    function _registryHash(uint256 index) private view returns (bytes32) {
        if (index == 0) {
            return Messages.register(
                uint8(_uint("kind")),
                _address("account"),
                keccak256(vm.parseJsonBytes(json, _field("entry"))),
                _uint("salt"),
                _uint("nonce"),
                _uint("deadline")
            );
        }
        if (index == 1) {
            return
                Messages.release(uint8(_uint("kind")), _address("account"), _uint("nonce"), _uint("deadline"));
        }
        if (index == 2) {
            return Messages.agreement(
                _address("provider"), _address("client"), _string("serviceType"), _uint("expiry")
            );
        }
        return Messages.session(_address("client"), _address("provider"), _bytes32("challenge"));
    }

    function _agreementDigest() private view returns (bytes32) {
        return registryThere.agreementDigest(
            _address("provider"), _address("client"), _string("serviceType"), _uint("expiry")
        );
    }

    function _sessionDigest() private view returns (bytes32) {
        return registryThere.sessionDigest(_address("client"), _address("provider"), _bytes32("challenge"));
    }

    function _escrowHash(uint256 index) private view returns (bytes32) {
        address client_ = _address("client");
        address provider_ = _address("provider");
        if (index == 4) {
            return Messages.voucher(Messages.Voucher(client_, provider_, _uint("epoch"), _uint("cumulative")));
        }
        if (index == 5) {
            return Messages.deposit(client_, provider_, _uint("amount"), _uint("nonce"), _uint("deadline"));
        }
        return Messages.startExit(client_, provider_, _uint("nonce"), _uint("deadline"));
    }

    function _callIdentityHash() private view returns (bytes32) {
        return Messages.callIdentity(
            _address("signer"), _address("peer"), _string("callId"), _uint("time"), _bytes32("fingerprint")
        );
    }

    function _ratingHash() private view returns (bytes32) {
        Messages.Rating memory rating = Messages.Rating({
            client: _address("client"),
            service: _address("service"),
            epoch: uint32(_uint("epoch")),
            loss: uint16(_uint("loss")),
            jitter: uint16(_uint("jitter")),
            delay: uint16(_uint("delay")),
            mos: uint16(_uint("mos")),
            duration: uint32(_uint("duration"))
        });
        return Messages.rating(rating, _uint("deadline"));
    }

    function _voteHash(uint256 index) private view returns (bytes32) {
        address account = _address("account");
        uint256 vote = _uint("vote");
        uint256 until = _uint("deadline");
        if (index == 12) return Messages.interest(account, vote, until);
        if (index == 13) return Messages.proposal(account, vote, _bytes32("specHash"), until);
        return Messages.ballot(account, vote, _bytes32("options"), _uint("ranking"), until);
    }

    function _delegationHash() private view returns (bytes32) {
        bytes32 typeHash = keccak256("Delegation(address delegatee,uint256 nonce,uint256 expiry)");
        return keccak256(abi.encode(typeHash, _address("delegatee"), _uint("nonce"), _uint("expiry")));
    }

    function _permitHash() private view returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256(
                    "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
                ),
                _address("owner"),
                _address("spender"),
                _uint("value"),
                _uint("nonce"),
                _uint("deadline")
            )
        );
    }

    function _authorizationHash() private view returns (bytes32) {
        bytes32 typeHash = keccak256(
            "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
        );
        return keccak256(
            abi.encode(
                typeHash,
                _address("from"),
                _address("to"),
                _uint("value"),
                _uint("validAfter"),
                _uint("validBefore"),
                _bytes32("nonce")
            )
        );
    }

    /// @dev Moves a contract to the address that the vectors were signed for; OpenZeppelin's EIP712 notices
    /// and builds its domain anew.
    function _place(address built, string memory key) private returns (address there) {
        there = vm.parseJsonAddress(json, key);
        vm.etch(there, built.code);
    }

    function _at(string memory list, uint256 index) private pure returns (string memory) {
        return string.concat(list, "[", vm.toString(index), "]");
    }

    function _field(string memory name) private view returns (string memory) {
        return string.concat(message, ".", name);
    }

    function _uint(string memory name) private view returns (uint256) {
        return vm.parseJsonUint(json, _field(name));
    }

    function _address(string memory name) private view returns (address) {
        return vm.parseJsonAddress(json, _field(name));
    }

    function _bytes32(string memory name) private view returns (bytes32) {
        return vm.parseJsonBytes32(json, _field(name));
    }

    function _string(string memory name) private view returns (string memory) {
        return vm.parseJsonString(json, _field(name));
    }
}
