// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Damm} from "./Damm.sol";

/// Ten digits that reach an account from a keypad: the first is 2-9, the last checks the others.
library KallNumber {
    uint256 internal constant SALTS = 16;

    error SaltTooLarge(uint256 salt, uint256 max);

    function derive(address account, uint256 salt) internal pure returns (uint256) {
        require(salt < SALTS, SaltTooLarge(salt, SALTS - 1));
        uint256 digits = uint256(keccak256(abi.encodePacked(account, salt))) % 800_000_000 + 200_000_000;
        return digits * 10 + Damm.checkDigit(digits);
    }
}
