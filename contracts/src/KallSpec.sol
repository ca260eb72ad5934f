// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {KallCoin} from "./KallCoin.sol";

contract KallSpec {
    KallCoin public immutable coin;

    constructor(KallCoin coin_, bytes32, uint256, uint256, uint256, uint256) {
        coin = coin_;
    }
}
