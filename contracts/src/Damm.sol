// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// Check digit over a totally anti-symmetric quasigroup of order ten (H. M. Damm, 2004): catches every single
/// wrong digit and every swap of two neighbours.
library Damm {
    bytes private constant TABLE = "0317598642" "7092154863" "4206871359" "1750983426" "6123045978"
        "3674209581" "5869720134" "8945362017" "9438617205" "2581436790";

    function checkDigit(uint256 number) internal pure returns (uint256 digit) {
        bytes memory table = TABLE;
        uint256 place = 1;
        // What the division cuts off is not missed: `place` takes a decimal place at a time.
        // slither-disable-next-line divide-before-multiply
        while (number / place >= 10) place *= 10;
        for (; place > 0; place /= 10) {
            digit = uint8(table[digit * 10 + (number / place) % 10]) - 0x30;
        }
    }
}
