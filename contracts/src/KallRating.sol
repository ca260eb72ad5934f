// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {KallEscrow} from "./KallEscrow.sol";

contract KallRating {
    KallEscrow public immutable escrow;

    constructor(KallEscrow escrow_) {
        escrow = escrow_;
    }
}
