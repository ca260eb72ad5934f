// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Cbor} from "../../src/Cbor.sol";
import {Entries} from "../../src/Entries.sol";
import {KallKrypton} from "../../src/KallKrypton.sol";
import {KallRegistry} from "../../src/KallRegistry.sol";
import {Signatures} from "../../src/Signatures.sol";
import {KryptonBase} from "./KryptonBase.sol";

contract DeployTest is KryptonBase {
    function test_version() public view {
        vm.assertEq(krypton.version(), "1");
        vm.assertEq(address(krypton.registry()), address(registry));
    }

    function test_registersTheServiceInTheRegistry() public {
        bytes memory entry = serviceEntry(PROXY, HOSTNAME);
        bytes memory signature = signRegister(PROVIDER_KEY, SERVICE, provider, entry, 0, 0);
        vm.expectEmit(address(registry));
        emit KallRegistry.Registered(SERVICE, provider, 0, START + 365 days, entry);
        vm.prank(stranger);
        krypton.deploy(provider, HOSTNAME, entry, 0, deadline, signature);
        (KallRegistry.Head memory head, bytes32 entryHash) = registry.query(SERVICE, provider);
        vm.assertEq(head.nonce, 1);
        vm.assertEq(entryHash, keccak256(entry));
    }

    function test_anotherDeployMovesTheProvidersUsers() public {
        deploy(PROVIDER_KEY, HOSTNAME);
        registerWith(CLIENT_KEY, PROVIDER_KEY, UUID);
        vm.assertEq(query("location"), HOSTNAME);
        deploy(PROVIDER_KEY, "new.krypton.live");
        vm.assertEq(query("location"), "new.krypton.live");
    }

    function test_refusesAnotherHostnameThanTheEntrys() public {
        bytes memory entry = serviceEntry(PROXY, "other.example.org");
        _expectRefusal(
            entry, abi.encodeWithSelector(KallKrypton.HostnameDiffers.selector, "other.example.org", HOSTNAME)
        );
    }

    function test_refusesAnotherServiceThanAProxy() public {
        bytes memory entry = serviceEntry("turn", HOSTNAME);
        _expectRefusal(entry, abi.encodeWithSelector(KallKrypton.NotAProxy.selector, provider, "turn"));
    }

    function test_refusesHostnamesThatNoHostHas() public {
        _expectBadHostname("");
        _expectBadHostname("two words");
        _expectBadHostname("bell\x07.example.org");
        _expectBadHostname(unicode"zürich.example");
        _expectBadHostname(string(_repeat("a", 254)));
    }

    function test_refusesHostnamesThatHarmTheirReaders() public {
        _expectBadHostname("$(reboot)");
        _expectBadHostname("a/../b");
        _expectBadHostname("x@evil.example");
        _expectBadHostname("\"><script>alert(1)</script>");
        _expectBadHostname("a;transport=udp");
        _expectBadHostname("sip:`id`");
        _expectBadHostname("_sip.example.org");
    }

    /// The bytes beside the ranges are refused as all others are.
    function test_hostnamesHaveLettersDigitsHyphensAndDotsOnly() public {
        uint256 taken;
        for (uint256 letter = 0; letter < 0x80; letter++) {
            string memory hostname = string(bytes.concat("a", bytes1(uint8(letter)), "z"));
            if (!_isOfHostnames(letter)) _expectBadHostname(hostname);
            else taken++;
        }
        vm.assertEq(taken, 64);
        deploy(PROVIDER_KEY, "aZ09-.");
        deploy(PROVIDER_KEY, "zA90.-");
        registerWith(CLIENT_KEY, PROVIDER_KEY, UUID);
        vm.assertEq(query("location"), "zA90.-");
    }

    function testFuzz_refusesAByteThatNoHostnameHas(uint256 place, bytes1 letter) public {
        vm.assume(!_isOfHostnames(uint8(letter)));
        bytes memory hostname = bytes(HOSTNAME);
        hostname[place % hostname.length] = letter;
        _expectBadHostname(string(hostname));
    }

    function test_takesTheLongestHostname() public {
        string memory hostname = string(_repeat("a", 253));
        deploy(PROVIDER_KEY, hostname);
        registerWith(CLIENT_KEY, PROVIDER_KEY, UUID);
        vm.assertEq(query("location"), hostname);
    }

    function test_refusesAnEntryWithoutADomain() public {
        bytes memory bare = bytes.concat(hex"a300010365", bytes(PROXY), hex"0480");
        _expectRefusal(bare, abi.encodeWithSelector(KallKrypton.BadHostname.selector, provider, ""));
        bytes memory otherDetails = bytes.concat(hex"a300010365", bytes(PROXY), hex"06a1636170696178");
        _expectRefusal(otherDetails, abi.encodeWithSelector(KallKrypton.BadHostname.selector, provider, ""));
    }

    function test_refusesAnEntryOfAnotherShape() public {
        _expectRefusal("", abi.encodeWithSelector(Cbor.Truncated.selector, 0, 1, 0));
        _expectRefusal(hex"80", abi.encodeWithSelector(Cbor.WrongType.selector, 0, Cbor.MAP, Cbor.ARRAY));
        _expectRefusal(hex"a0", abi.encodeWithSelector(Entries.FieldMissing.selector, hex"00"));
        _expectRefusal(hex"a10002", abi.encodeWithSelector(Entries.UnknownFormat.selector, 2));
        _expectRefusal(hex"a10001", abi.encodeWithSelector(Entries.FieldMissing.selector, hex"03"));
        _expectRefusal(hex"a10001ff", abi.encodeWithSelector(Cbor.TrailingBytes.selector, 3, 4));
        bytes memory listed = bytes.concat(hex"a300010365", bytes(PROXY), hex"06a166646f6d61696e80");
        _expectRefusal(listed, abi.encodeWithSelector(Cbor.WrongType.selector, 19, Cbor.TEXT, Cbor.ARRAY));
    }

    function test_refusesAUsersEntry() public {
        bytes memory entry = clientEntry(UUID, agreedRef(PROVIDER_KEY, user));
        _expectRefusal(entry, abi.encodeWithSelector(Entries.FieldMissing.selector, hex"03"));
    }

    function test_refusesAnotherSigner() public {
        bytes memory entry = serviceEntry(PROXY, HOSTNAME);
        bytes memory signature = signRegister(STRANGER_KEY, SERVICE, provider, entry, 0, 0);
        vm.expectRevert(abi.encodeWithSelector(Signatures.BadSignature.selector, provider, stranger));
        krypton.deploy(provider, HOSTNAME, entry, 0, deadline, signature);
    }

    function test_refusesReplay() public {
        bytes memory entry = serviceEntry(PROXY, HOSTNAME);
        bytes memory signature = signRegister(PROVIDER_KEY, SERVICE, provider, entry, 0, 0);
        krypton.deploy(provider, HOSTNAME, entry, 0, deadline, signature);
        vm.expectRevert(abi.encodeWithSelector(KallRegistry.InvalidAccountNonce.selector, provider, 1));
        krypton.deploy(provider, HOSTNAME, entry, 0, deadline, signature);
    }

    function test_refusesAfterTheDeadline() public {
        bytes memory entry = serviceEntry(PROXY, HOSTNAME);
        bytes memory signature = signRegister(PROVIDER_KEY, SERVICE, provider, entry, 0, 0);
        vm.warp(deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(Signatures.MessageExpired.selector, deadline, deadline + 1));
        krypton.deploy(provider, HOSTNAME, entry, 0, deadline, signature);
    }

    function _isOfHostnames(uint256 letter) private pure returns (bool) {
        bytes memory all = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";
        for (uint256 i = 0; i < all.length; i++) {
            if (uint8(all[i]) == letter) return true;
        }
        return false;
    }

    function _expectBadHostname(string memory hostname) private {
        bytes memory entry = serviceEntry(PROXY, hostname);
        _expectRefusal(entry, abi.encodeWithSelector(KallKrypton.BadHostname.selector, provider, hostname));
    }

    function _expectRefusal(bytes memory entry, bytes memory error_) private {
        bytes memory signature = signRegister(PROVIDER_KEY, SERVICE, provider, entry, 0, 0);
        vm.expectRevert(error_);
        krypton.deploy(provider, HOSTNAME, entry, 0, deadline, signature);
        vm.assertEq(nonceOf(SERVICE, provider), 0);
    }

    function _repeat(bytes1 letter, uint256 count) private pure returns (bytes memory letters) {
        letters = new bytes(count);
        for (uint256 i = 0; i < count; i++) {
            letters[i] = letter;
        }
    }
}
