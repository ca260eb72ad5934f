// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {KallRegistry} from "../../src/KallRegistry.sol";
import {Messages} from "../../src/Messages.sol";
import {Base} from "../Base.sol";

abstract contract RegistryBase is Base {
    uint8 internal constant CLIENT = 1;
    uint8 internal constant SERVICE = 2;
    bytes internal constant ENTRY = hex"a1016568656c6c6f";

    /// @dev Two keys whose accounts have the same Kall number for salt 0.
    uint256 internal constant TWIN_KEY = 27_360;
    uint256 internal constant OTHER_TWIN_KEY = 32_172;

    function signRegister(
        uint256 key,
        uint8 kind,
        address account,
        bytes memory entry,
        uint256 salt,
        uint256 nonce
    ) internal view returns (bytes memory) {
        bytes32 structHash = Messages.register(kind, account, keccak256(entry), salt, nonce, deadline);
        return sign(key, digest("KallRegistry", address(registry), structHash));
    }

    function signRelease(uint256 key, uint8 kind, uint256 nonce) internal view returns (bytes memory) {
        bytes32 structHash = Messages.release(kind, vm.addr(key), nonce, deadline);
        return sign(key, digest("KallRegistry", address(registry), structHash));
    }

    function register(uint256 key, uint8 kind, bytes memory entry, uint256 salt) internal {
        address account = vm.addr(key);
        uint256 nonce = nonceOf(kind, account);
        deadline = vm.getBlockTimestamp() + 1 days;
        bytes memory signature = signRegister(key, kind, account, entry, salt, nonce);
        registry.register(kind, account, entry, salt, nonce, deadline, signature);
    }

    function release(uint256 key, uint8 kind) internal {
        uint256 nonce = nonceOf(kind, vm.addr(key));
        deadline = vm.getBlockTimestamp() + 1 days;
        bytes memory signature = signRelease(key, kind, nonce);
        registry.release(kind, vm.addr(key), nonce, deadline, signature);
    }

    function nonceOf(uint8 kind, address account) internal view returns (uint256) {
        (KallRegistry.Head memory head,) = registry.query(kind, account);
        return head.nonce;
    }
}
