// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {PLACES, Stv} from "../../src/Stv.sol";

contract StvHarness {
    function place(uint256 ranking, uint256 options) external pure returns (uint256) {
        return Stv.place(ranking, options);
    }

    function count(uint64[PLACES] memory tally, uint256 options) external pure returns (uint256) {
        return Stv.count(tally, options);
    }

    function elect(uint256[] calldata rankings, uint64[] calldata powers, uint256 options)
        external
        pure
        returns (uint256)
    {
        uint64[PLACES] memory tally;
        for (uint256 i = 0; i < rankings.length; i++) {
            tally[Stv.place(rankings[i], options)] += powers[i];
        }
        return Stv.count(tally, options);
    }
}
