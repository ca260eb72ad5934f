// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {KallRegistry} from "../../src/KallRegistry.sol";
import {RegistryBase} from "../registry/RegistryBase.sol";

/// Registers, renews and releases four accounts, two of which want the same number.
contract RegistryHandler is RegistryBase {
    uint256 public constant ACCOUNTS = 4;

    mapping(uint256 index => uint256) public changes;
    address[] private _accounts;

    constructor(KallRegistry registry_) {
        registry = registry_;
        for (uint256 i = 0; i < ACCOUNTS; i++) {
            _accounts.push(vm.addr(keyAt(i)));
        }
    }

    function setUp() public override {}

    function keyAt(uint256 index) public pure returns (uint256) {
        return [TWIN_KEY, OTHER_TWIN_KEY, CLIENT_KEY, STRANGER_KEY][index % ACCOUNTS];
    }

    function accountAt(uint256 index) public view returns (address) {
        return _accounts[index % ACCOUNTS];
    }

    function registerClient(uint256 index, uint256 salt) external {
        salt %= 2;
        index %= ACCOUNTS;
        (KallRegistry.Head memory before,) = registry.query(CLIENT, accountAt(index));
        try this.registerAs(index, salt) {
            changes[index]++;
            _checkRegistered(index, salt, before.number);
        } catch (bytes memory reason) {
            vm.assertEq(bytes32(bytes4(reason)), bytes32(KallRegistry.NumberTaken.selector));
        }
    }

    function registerAs(uint256 index, uint256 salt) external {
        register(keyAt(index), CLIENT, ENTRY, salt);
    }

    function releaseClient(uint256 index) external {
        index %= ACCOUNTS;
        (KallRegistry.Head memory before,) = registry.query(CLIENT, accountAt(index));
        if (before.expiry == 0) return;
        release(keyAt(index), CLIENT);
        changes[index]++;
        if (before.number != 0) vm.assertEq(registry.resolve(before.number), address(0));
    }

    function passTime(uint256 duration) external {
        vm.warp(vm.getBlockTimestamp() + duration % 400 days);
    }

    function _checkRegistered(uint256 index, uint256 salt, uint256 numberBefore) private view {
        (KallRegistry.Head memory head,) = registry.query(CLIENT, accountAt(index));
        uint256 expected = numberBefore != 0 ? numberBefore : registry.numberFor(accountAt(index), salt);
        vm.assertEq(head.number, expected, "number");
        vm.assertEq(registry.resolve(head.number), accountAt(index));
    }
}
