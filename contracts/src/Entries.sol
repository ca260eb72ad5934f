// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Cbor} from "./Cbor.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

/// What KRYPTON's verbs need of the registry's entries: maps from small integers, as firmware/kallnet/entries.py
/// writes them.
library Entries {
    uint256 internal constant FORMAT = 1;
    string internal constant PROXY = "proxy";

    bytes private constant FORMAT_KEY = hex"00";
    bytes private constant PROVIDERS_KEY = hex"05";
    bytes private constant UUID_KEY = hex"06";
    bytes private constant TYPE_KEY = hex"03";
    bytes private constant DETAILS_KEY = hex"06";
    bytes private constant DOMAIN_KEY = "fdomain"; // a text of six bytes
    uint256 private constant REF_FIELDS = 4;

    /// @dev The first proxy among the user's providers; what the entry lacks is zero.
    struct User {
        address provider;
        uint256 expiry; // of the agreement, Unix seconds
        bytes agreement;
        bytes16 uuid;
    }

    /// @dev What the entry lacks is empty.
    struct Provider {
        string serviceType;
        string hostname;
    }

    error UnknownFormat(uint256 format);
    error FieldMissing(bytes key);

    function readUser(bytes memory entry) internal pure returns (User memory user) {
        Cbor.Cursor memory cursor = _open(entry);
        if (_find(cursor, UUID_KEY)) user.uuid = bytes16(Cbor.readBytes(cursor, 16));
        if (!_find(cursor, PROVIDERS_KEY)) return user;
        for (uint256 left = Cbor.readArray(cursor); left > 0; left--) {
            if (_readRef(cursor, user)) return user;
        }
    }

    function readProvider(bytes memory entry) internal pure returns (Provider memory provider) {
        Cbor.Cursor memory cursor = _open(entry);
        require(_find(cursor, TYPE_KEY), FieldMissing(TYPE_KEY));
        provider.serviceType = Cbor.readText(cursor);
        if (!_find(cursor, DETAILS_KEY)) return provider;
        if (Cbor.find(cursor, DOMAIN_KEY)) provider.hostname = Cbor.readText(cursor);
    }

    function _open(bytes memory entry) private pure returns (Cbor.Cursor memory cursor) {
        cursor = Cbor.open(entry);
        require(_find(cursor, FORMAT_KEY), FieldMissing(FORMAT_KEY));
        uint256 format = Cbor.readUint(cursor);
        require(format == FORMAT, UnknownFormat(format));
    }

    function _find(Cbor.Cursor memory cursor, bytes memory key) private pure returns (bool) {
        cursor.offset = 0;
        return Cbor.find(cursor, key);
    }

    function _readRef(Cbor.Cursor memory cursor, User memory user) private pure returns (bool isProxy) {
        uint256 start = cursor.offset;
        uint256 fields = Cbor.readArray(cursor);
        require(fields == REF_FIELDS, Cbor.WrongLength(start, REF_FIELDS, fields));
        address provider = address(bytes20(Cbor.readBytes(cursor, 20)));
        isProxy = Strings.equal(Cbor.readText(cursor), PROXY);
        uint256 expiry = Cbor.readUint(cursor);
        bytes memory agreement = Cbor.readBytes(cursor, 65);
        if (isProxy) (user.provider, user.expiry, user.agreement) = (provider, expiry, agreement);
    }
}
