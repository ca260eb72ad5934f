// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC20Votes} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Votes.sol";
import {ERC3009} from "@openzeppelin/contracts/token/ERC20/extensions/draft-ERC3009.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";

/// The network's coin: a fixed supply, spendable by signature alone, whose holders vote once they delegate.
contract KallCoin is ERC20, ERC20Permit, ERC20Votes, ERC3009 {
    constructor(address holder, uint256 supply) ERC20("kallCoin", "KALL") ERC20Permit("kallCoin") {
        _mint(holder, supply);
    }

    function decimals() public pure override returns (uint8) {
        return 6;
    }

    function nonces(address owner) public view override(ERC20Permit, Nonces) returns (uint256) {
        return super.nonces(owner);
    }

    /// @dev Wallets that misread a payment link send to the token's own address, where nobody could fetch it.
    function _update(address from, address to, uint256 value) internal override(ERC20, ERC20Votes) {
        require(to != address(this), ERC20InvalidReceiver(to));
        super._update(from, to, value);
    }

    /// @dev Every balance fits a signed 64-bit integer, the widest that SQLite keeps.
    function _maxSupply() internal pure override returns (uint256) {
        return uint256(uint64(type(int64).max));
    }
}
