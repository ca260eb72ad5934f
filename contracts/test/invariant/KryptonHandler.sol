// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {KallKrypton} from "../../src/KallKrypton.sol";
import {KallRegistry} from "../../src/KallRegistry.sol";
import {Messages} from "../../src/Messages.sol";
import {KryptonBase} from "../krypton/KryptonBase.sol";

/// Four accounts, each a user and a provider, by the face and by the registry's own door, and a stranger who
/// publishes, forges and replays. Its books tell which entry each account last signed and whose body was brought.
contract KryptonHandler is KryptonBase {
    uint256 public constant ACCOUNTS = 4;
    uint256 private constant FIRST_KEY = 0x4b50;
    uint256 private constant TERM = 365 days;

    struct Service {
        bytes entry;
        string hostname;
        bool isProxy;
        uint256 lapse;
    }

    struct Registration {
        bytes entry;
        uint256 provider;
        bytes16 uuid;
        bool agreed;
        uint256 agreedUntil;
        uint256 lapse;
    }

    mapping(uint256 index => Service) private _services;
    mapping(uint256 index => Registration) private _registrations;
    mapping(uint8 kind => mapping(uint256 index => bytes32 entryHash)) private _brought;
    bytes[] private _calls;
    bytes[] private _entries;

    constructor(KallRegistry registry_, KallKrypton krypton_) {
        registry = registry_;
        krypton = krypton_;
        stranger = vm.addr(STRANGER_KEY);
    }

    function setUp() public override {}

    function accountAt(uint256 index) public pure returns (address) {
        return vm.addr(_key(index));
    }

    function deployProvider(uint256 index, uint256 name) external {
        index %= ACCOUNTS;
        Service memory service = _service(index, name, true);
        vm.assertTrue(_relay(_deployCall(index, index, service)), "deploy");
        _keep(index, service);
        _brought[SERVICE][index] = keccak256(service.entry);
    }

    function undeployProvider(uint256 index) external {
        index %= ACCOUNTS;
        bool done = _relay(_releaseCall(SERVICE, index, index));
        vm.assertTrue(done == (_services[index].entry.length != 0), "undeploy");
        delete _services[index];
        if (done) delete _brought[SERVICE][index];
    }

    /// @dev Mostly with a provider that is deployed, and now and then without its agreement.
    function registerUser(uint256 index, uint256 p, uint256 name, uint256 term) external {
        index %= ACCOUNTS;
        for (uint256 i = 0; i < ACCOUNTS - 1 && !_isDeployed(p); i++) {
            p = p % ACCOUNTS + 1;
        }
        Registration memory user_ = _registration(index, p % ACCOUNTS, name, term);
        bool done = _relay(_registerCall(index, index, user_));
        vm.assertTrue(done == _serves(user_), "register");
        if (!done) return;
        _keep(index, user_);
        _brought[CLIENT][index] = keccak256(user_.entry);
    }

    function unregisterUser(uint256 index) external {
        index %= ACCOUNTS;
        bool done = _relay(_releaseCall(CLIENT, index, index));
        vm.assertTrue(done == (_registrations[index].entry.length != 0), "unregister");
        delete _registrations[index];
        if (done) delete _brought[CLIENT][index];
    }

    function deployNatively(uint256 index, uint256 name) external {
        index %= ACCOUNTS;
        Service memory service = _service(index, name, name % 3 != 0);
        register(_key(index), SERVICE, service.entry, 0);
        _keep(index, service);
    }

    function registerNatively(uint256 index, uint256 p, uint256 name, uint256 term) external {
        index %= ACCOUNTS;
        Registration memory user_ = _registration(index, p % ACCOUNTS, name, term);
        register(_key(index), CLIENT, user_.entry, 0);
        _keep(index, user_);
    }

    function releaseNatively(bool service, uint256 index) external {
        index %= ACCOUNTS;
        if ((service ? _services[index].entry : _registrations[index].entry).length == 0) return;
        release(_key(index), service ? SERVICE : CLIENT);
        if (service) delete _services[index];
        else delete _registrations[index];
    }

    function publishEntry(bool service, uint256 index) external {
        index %= ACCOUNTS;
        uint8 kind = service ? SERVICE : CLIENT;
        bytes memory entry = service ? _services[index].entry : _registrations[index].entry;
        uint256 lapse = service ? _services[index].lapse : _registrations[index].lapse;
        bool done = _attempt(abi.encodeCall(krypton.publish, (kind, accountAt(index), entry)));
        vm.assertTrue(done == (vm.getBlockTimestamp() < lapse), "publish");
        if (done) _brought[kind][index] = keccak256(entry);
    }

    /// @dev Whatever was once signed or published brings nothing back.
    function replay(uint256 which, bool service, uint256 index) external {
        if (_calls.length == 0) return;
        bytes32 before = answers();
        vm.assertFalse(_attempt(_calls[which % _calls.length]));
        uint8 kind = service ? SERVICE : CLIENT;
        bytes memory old = _entries[which % _entries.length];
        (, bytes32 entryHash) = registry.query(kind, accountAt(index));
        if (keccak256(old) == entryHash) return;
        vm.assertFalse(_attempt(abi.encodeCall(krypton.publish, (kind, accountAt(index), old))));
        vm.assertEq(answers(), before, "a replay changed an answer");
    }

    /// @dev Signed by another account than it is for.
    function forge(uint256 index, uint256 forger, uint256 verb) external {
        index %= ACCOUNTS;
        forger = (index + 1 + forger % (ACCOUNTS - 1)) % ACCOUNTS;
        bytes32 before = answers();
        vm.assertFalse(_attempt(_forged(index, forger, verb % 4)));
        vm.assertEq(answers(), before, "a forgery changed an answer");
    }

    function passTime(uint256 duration) external {
        uint256 most = duration % 4 == 0 ? 400 days : 10 days;
        vm.warp(vm.getBlockTimestamp() + duration % most);
    }

    /// What the books say that a query answers; `served` is false where it must be refused.
    function expected(uint256 index)
        public
        view
        returns (bool served, bytes16 uuid, string memory hostname, address provider_)
    {
        Registration memory user_ = _registrations[index];
        served = vm.getBlockTimestamp() < user_.lapse && _brought[CLIENT][index] == keccak256(user_.entry)
            && _serves(user_);
        return (served, user_.uuid, _services[user_.provider].hostname, accountAt(user_.provider));
    }

    /// All that the face says about anyone.
    function answers() public view returns (bytes32 all) {
        for (uint256 i = 0; i < ACCOUNTS; i++) {
            (bool done, bytes memory location) = ask("location", i);
            (, bytes memory uuid) = ask("uuid", i);
            if (done) all = keccak256(abi.encode(all, i, location, uuid));
        }
    }

    function ask(string memory kind, uint256 index) public view returns (bool, bytes memory) {
        return address(krypton).staticcall(abi.encodeCall(krypton.query, (kind, accountAt(index))));
    }

    function _serves(Registration memory user_) private view returns (bool) {
        return _isDeployed(user_.provider) && user_.agreed && vm.getBlockTimestamp() < user_.agreedUntil;
    }

    function _isDeployed(uint256 index) private view returns (bool) {
        Service memory service = _services[index % ACCOUNTS];
        return service.isProxy && vm.getBlockTimestamp() < service.lapse
            && _brought[SERVICE][index % ACCOUNTS] == keccak256(service.entry);
    }

    function _service(uint256 index, uint256 name, bool isProxy)
        private
        view
        returns (Service memory service)
    {
        service.hostname = string.concat("p", vm.toString(index), ".", vm.toString(name % 3));
        service.isProxy = isProxy;
        service.entry = serviceEntry(isProxy ? PROXY : "turn", service.hostname);
        service.lapse = vm.getBlockTimestamp() + TERM;
    }

    function _registration(uint256 index, uint256 p, uint256 name, uint256 term)
        private
        view
        returns (Registration memory user_)
    {
        user_.provider = p;
        user_.agreed = term % 5 != 0;
        user_.agreedUntil = vm.getBlockTimestamp() + term % (term % 2 == 0 ? 60 days : 800 days);
        user_.uuid = name % 2 == 0 ? UUID : bytes16(uint128(UUID) - 0x100);
        user_.lapse = vm.getBlockTimestamp() + TERM;
        uint256 signer = _key(user_.agreed ? p : p + 1);
        bytes memory agreement = signAgreement(signer, accountAt(p), accountAt(index), user_.agreedUntil);
        user_.entry = clientEntry(user_.uuid, ref(accountAt(p), PROXY, user_.agreedUntil, agreement));
    }

    function _forged(uint256 index, uint256 signer, uint256 verb) private returns (bytes memory) {
        if (verb == 0) return _deployCall(index, signer, _service(signer, verb, true));
        if (verb == 1) return _registerCall(index, signer, _registration(index, signer, verb, 1 + 7 days));
        return _releaseCall(verb == 2 ? SERVICE : CLIENT, index, signer);
    }

    function _deployCall(uint256 index, uint256 signer, Service memory service)
        private
        returns (bytes memory)
    {
        (address account, uint256 nonce) = _next(SERVICE, index);
        bytes memory signature = signRegister(_key(signer), SERVICE, account, service.entry, 0, nonce);
        return abi.encodeCall(
            krypton.deploy, (account, service.hostname, service.entry, nonce, deadline, signature)
        );
    }

    function _registerCall(uint256 index, uint256 signer, Registration memory user_)
        private
        returns (bytes memory)
    {
        (address account, uint256 nonce) = _next(CLIENT, index);
        address to = accountAt(user_.provider);
        bytes memory signature = signRegister(_key(signer), CLIENT, account, user_.entry, 0, nonce);
        return abi.encodeCall(
            krypton.register, (account, to, user_.uuid, user_.entry, 0, nonce, deadline, signature)
        );
    }

    function _releaseCall(uint8 kind, uint256 index, uint256 signer) private returns (bytes memory) {
        (address account, uint256 nonce) = _next(kind, index);
        bytes32 structHash = Messages.release(kind, account, nonce, deadline);
        bytes memory signature = sign(_key(signer), digest("KallRegistry", address(registry), structHash));
        return kind == SERVICE
            ? abi.encodeCall(krypton.undeploy, (account, nonce, deadline, signature))
            : abi.encodeCall(krypton.unregister, (account, nonce, deadline, signature));
    }

    function _next(uint8 kind, uint256 index) private returns (address account, uint256 nonce) {
        deadline = vm.getBlockTimestamp() + 1 days;
        account = accountAt(index);
        nonce = nonceOf(kind, account);
    }

    function _keep(uint256 index, Service memory service) private {
        _services[index] = service;
        _entries.push(service.entry);
    }

    function _keep(uint256 index, Registration memory user_) private {
        _registrations[index] = user_;
        _entries.push(user_.entry);
    }

    function _relay(bytes memory data) private returns (bool done) {
        done = _attempt(data);
        if (done) _calls.push(data);
    }

    function _attempt(bytes memory data) private returns (bool done) {
        vm.prank(stranger);
        (done,) = address(krypton).call(data);
    }

    function _key(uint256 index) private pure returns (uint256) {
        return FIRST_KEY + index % ACCOUNTS;
    }
}
