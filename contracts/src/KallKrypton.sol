// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {KallRegistry} from "./KallRegistry.sol";

contract KallKrypton {
    KallRegistry public immutable registry;

    constructor(KallRegistry registry_) {
        registry = registry_;
    }
}
