// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Cbor} from "../../src/Cbor.sol";
import {Entries} from "../../src/Entries.sol";
import {KallKrypton} from "../../src/KallKrypton.sol";
import {KallRegistry} from "../../src/KallRegistry.sol";
import {CborHarness} from "./Cbor.t.sol";
import {KryptonBase} from "./KryptonBase.sol";

/// Entries as Python writes them, with an agreement that Python signed: tests/vectors/entries.json.
contract EntryVectorsTest is KryptonBase {
    bytes16 private constant VECTOR_UUID = 0xf47ac10b58cc4372a5670e02b2c3d479;
    uint256 private constant GAS_BOUND = 30_000_000;

    string private json;
    bytes private plain;
    bytes private withUuid;
    bytes private full;
    bytes private proxy;
    CborHarness private reader;

    function setUp() public override {
        super.setUp();
        json = vm.readFile("../tests/vectors/entries.json");
        plain = _entry("client_plain");
        withUuid = _entry("client_krypton");
        full = _entry("client_full");
        proxy = _entry("service_proxy");
        reader = new CborHarness();
    }

    function test_readsUsers() public view {
        Entries.User memory said = reader.readUser(withUuid);
        vm.assertEq(said.provider, _account("service_proxy"));
        vm.assertEq(said.expiry, 1_900_000_000);
        vm.assertEq(said.agreement.length, 65);
        vm.assertEq(bytes32(said.uuid), bytes32(VECTOR_UUID));

        Entries.User memory other = reader.readUser(full);
        vm.assertEq(other.provider, said.provider);
        vm.assertEq(keccak256(other.agreement), keccak256(said.agreement));
        vm.assertEq(bytes32(other.uuid), bytes32(0));

        Entries.User memory none = reader.readUser(plain);
        vm.assertEq(none.provider, address(0));
        vm.assertEq(none.agreement.length, 0);
    }

    function test_readsProviders() public view {
        Entries.Provider memory said = reader.readProvider(proxy);
        vm.assertEq(said.serviceType, "proxy");
        vm.assertEq(said.hostname, "example.org");
    }

    /// The agreement is for another chain and registry, so these are put in their places.
    function test_answersForTheVectors() public {
        _moveThere();
        address provider_ = _account("service_proxy");
        user = _account("client_krypton");
        _record(SERVICE, provider_, proxy);
        _record(CLIENT, user, withUuid);
        krypton.publish(SERVICE, provider_, proxy);
        krypton.publish(CLIENT, user, withUuid);
        vm.assertEq(query("uuid"), "f47ac10b-58cc-4372-a567-0e02b2c3d479");
        vm.assertEq(query("location"), "example.org");
        vm.assertEq(query("provider"), vm.toString(provider_));
        vm.warp(1_900_000_000);
        expectRefusedQuery(
            abi.encodeWithSelector(KallKrypton.AgreementExpired.selector, provider_, user, 1_900_000_000)
        );
    }

    function testFuzz_randomBytesAreReadOrRefused(bytes memory data) public view {
        _assertReadOrRefused(data);
        _assertReadOrRefused(bytes.concat(hex"a40001", data));
    }

    function testFuzz_mutatedEntriesAreReadOrRefused(uint256 which, uint256 seed, uint8 changes) public view {
        bytes memory data = [plain, withUuid, full, proxy][which % 4];
        for (uint256 i = 0; i <= changes % 8; i++) {
            seed = uint256(keccak256(abi.encode(seed)));
            data[(seed >> 8) % data.length] = bytes1(uint8(seed));
        }
        _assertReadOrRefused(data);
    }

    function testFuzz_noPrefixOfAnEntryIsAnEntry(uint256 which, uint256 length) public view {
        bytes memory data = [plain, withUuid, full, proxy][which % 4];
        length %= data.length;
        assembly ("memory-safe") {
            mstore(data, length)
        }
        (bool done, bytes memory reason) = _read(CborHarness.open.selector, data);
        vm.assertFalse(done);
        vm.assertEq(bytes32(bytes4(reason)), bytes32(Cbor.Truncated.selector));
    }

    /// One byte more in a string moves its end into whatever follows: never past the entry.
    function test_everySingleByteOfAnEntryMayBeAnything() public view {
        for (uint256 i = 0; i < withUuid.length; i++) {
            bytes memory data = withUuid;
            for (uint256 value = 0; value < 256; value += 15) {
                data[i] = bytes1(uint8(value));
                _assertReadOrRefused(data);
            }
        }
    }

    function test_theSlowestEntriesAreReadWithinABlock() public view {
        bytes memory numbers = new bytes(4096);
        (numbers[0], numbers[1], numbers[2]) = (0x99, 0x0f, 0xfd);
        (bool done,) = _read(CborHarness.open.selector, numbers);
        vm.assertTrue(done);
        _assertReadOrRefused(numbers);
        (done,) = _read(CborHarness.readUser.selector, _manyFields());
        vm.assertTrue(done);
    }

    /// @dev A map of about 4096 bytes that is searched to its end for the providers and the uuid it lacks.
    function _manyFields() private pure returns (bytes memory map) {
        uint16 last = 1090;
        map = bytes.concat(hex"b9", bytes2(last - 1), hex"0001");
        for (uint16 key = 1; key <= last; key++) {
            if (key == 5 || key == 6) continue;
            bytes memory head = key < 24
                ? bytes.concat(bytes1(uint8(key)))
                : key < 256 ? bytes.concat(hex"18", bytes1(uint8(key))) : bytes.concat(hex"19", bytes2(key));
            map = bytes.concat(map, head, hex"00");
        }
    }

    /// @dev Refused means by an error of ours: neither a panic nor the end of the gas.
    function _assertReadOrRefused(bytes memory data) private view {
        bytes4[2] memory readers = [CborHarness.readUser.selector, CborHarness.readProvider.selector];
        for (uint256 i = 0; i < 2; i++) {
            (bool done, bytes memory reason) = _read(readers[i], data);
            vm.assertTrue(done || _isOurs(bytes4(reason)), "neither read nor refused");
        }
    }

    function _read(bytes4 selector, bytes memory data) private view returns (bool done, bytes memory answer) {
        return address(reader).staticcall{gas: GAS_BOUND}(abi.encodeWithSelector(selector, data));
    }

    function _isOurs(bytes4 error_) private pure returns (bool) {
        bytes4[11] memory ours = [
            Cbor.Truncated.selector,
            Cbor.TrailingBytes.selector,
            Cbor.NoDefiniteLength.selector,
            Cbor.NotShortest.selector,
            Cbor.KeysDoNotRise.selector,
            Cbor.TooDeep.selector,
            Cbor.Unsupported.selector,
            Cbor.WrongType.selector,
            Cbor.WrongLength.selector,
            Entries.UnknownFormat.selector,
            Entries.FieldMissing.selector
        ];
        for (uint256 i = 0; i < ours.length; i++) {
            if (error_ == ours[i]) return true;
        }
        return false;
    }

    function _moveThere() private {
        string memory digests = vm.readFile("../tests/vectors/digests.json");
        vm.chainId(vm.parseJsonUint(digests, ".domains.chain_id"));
        address there = vm.parseJsonAddress(digests, ".domains.registry");
        vm.etch(there, address(registry).code);
        registry = KallRegistry(there);
        krypton = new KallKrypton(registry);
    }

    /// @dev The vectors' keys are Python's: the record is written where the registry would keep it.
    function _record(uint8 kind, address account, bytes memory entry) private {
        bytes32 slot = keccak256(abi.encode(account, keccak256(abi.encode(kind, 2))));
        vm.store(address(registry), slot, bytes32(uint256(type(uint40).max) << 40));
        vm.store(address(registry), bytes32(uint256(slot) + 1), keccak256(entry));
    }

    function _entry(string memory name) private view returns (bytes memory) {
        return vm.parseJsonBytes(json, string.concat(_find(name), ".entry"));
    }

    function _account(string memory name) private view returns (address) {
        return vm.parseJsonAddress(json, string.concat(_find(name), ".account"));
    }

    function _find(string memory name) private view returns (string memory one) {
        for (uint256 i = 0;; i++) {
            one = string.concat("[", vm.toString(i), "]");
            string memory found = vm.parseJsonString(json, string.concat(one, ".name"));
            if (keccak256(bytes(found)) == keccak256(bytes(name))) return one;
        }
    }
}
