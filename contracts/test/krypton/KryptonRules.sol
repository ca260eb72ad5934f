// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// KRYPTON's own rules, version 1 of 2017: one flat space of keys for users, uuids and providers, a witness of the
/// user or the provider alone, and refusals that return false. An address is its twenty bytes, as on NEO.
contract KryptonRules {
    mapping(bytes key => bytes value) private _storage;

    function deploy(address provider, string memory location) external returns (bool) {
        if (msg.sender != provider || _has(_key(provider))) return false;
        _storage[_key(provider)] = bytes(location);
        return true;
    }

    function undeploy(address provider) external returns (bool) {
        if (msg.sender != provider || !_has(_key(provider))) return false;
        delete _storage[_key(provider)];
        return true;
    }

    /// @dev A user's second registration deletes the row of the new uuid, which it is about to write, and not the
    /// old one's.
    function register(address user, address provider, string memory uuid) external returns (bool) {
        if (!_isUuid(bytes(uuid)) || msg.sender != user || !_has(_key(provider))) return false;
        if (_has(_key(user))) {
            delete _storage[_key(user)];
            delete _storage[bytes(uuid)];
        }
        _storage[_key(user)] = bytes(uuid);
        _storage[bytes(uuid)] = _key(provider);
        return true;
    }

    function unregister(address user) external returns (bool) {
        bytes memory uuid = _storage[_key(user)];
        if (msg.sender != user || uuid.length == 0) return false;
        delete _storage[_key(user)];
        delete _storage[uuid];
        return true;
    }

    /// Empty where KRYPTON returns false.
    function query(string memory kind, address user) public view returns (bytes memory) {
        bytes memory uuid = _storage[_key(user)];
        if (uuid.length == 0 || _is(kind, "uuid")) return uuid;
        bytes memory provider = _storage[uuid];
        if (provider.length == 0 || _is(kind, "provider")) return provider;
        return _is(kind, "location") ? _storage[provider] : bytes("");
    }

    /// What a provider's registration script asks: does the caller know the user's uuid?
    function authorizes(address user, string memory password) external view returns (bool) {
        return keccak256(query("uuid", user)) == keccak256(bytes(password));
    }

    /// Any row, as anyone can read it from the chain's storage.
    function row(bytes memory key) external view returns (bytes memory) {
        return _storage[key];
    }

    function _has(bytes memory key) private view returns (bool) {
        return _storage[key].length != 0;
    }

    function _key(address account) private pure returns (bytes memory) {
        return abi.encodePacked(account);
    }

    function _is(string memory left, string memory right) private pure returns (bool) {
        return keccak256(bytes(left)) == keccak256(bytes(right));
    }

    function _isUuid(bytes memory uuid) private pure returns (bool) {
        return uuid.length == 36 && uuid[8] == "-" && uuid[13] == "-" && uuid[18] == "-" && uuid[23] == "-"
            && uuid[14] == "4";
    }
}
